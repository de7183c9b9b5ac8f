/** Whom we know, and when somebody is tried again. @module */

import { assert, assertEquals } from "@std/assert";
import { addressOf, type Peer, type PeerSource } from "../../../lib/peer/connection/peer.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";

const permissions = "none";
const half = () => 0.5; // back-offs exactly as long as they are on average

function book(): PeerList {
  return new PeerList(() => {});
}

/** Learns of a peer, dials it and fails, `times` times in a row; returns the waits in milliseconds. */
function fail(book: PeerList, peer: Peer, times: number): number[] {
  const waits: number[] = [];
  let nowMs = 1000;
  for (let i = 0; i < times && book.byId(peer.id) !== undefined; i++) {
    book.apply(peer, "dial");
    book.lost(peer, "refuses connections", false, nowMs, half);
    waits.push(peer.retryAtMs - nowMs);
    nowMs = peer.retryAtMs;
    book.refresh(nowMs);
  }
  return waits;
}

Deno.test({
  name: "a peer told of twice is one peer, and what the user named stays the user's",
  permissions,
  fn() {
    const peers = book();
    const first = peers.addPeer("10.0.0.1", 6881, "user")!;
    assertEquals(peers.addPeer("10.0.0.1", 6881, "tracker", { v2: true }), first);
    assertEquals([peers.size, first.source, first.v2], [1, "user", true]);
    const other = peers.addPeer("10.0.0.1", 6882, "tracker")!;
    assert(other !== first);
    assertEquals(peers.addPeer("10.0.0.1", 6882, "user")!.source, "user");
    assertEquals(addressOf(peers.addPeer("2001:db8::1", 1, "tracker")!), "[2001:db8::1]:1");
  },
});

Deno.test({
  name: "ports that do not exist are not learned",
  permissions,
  fn() {
    const peers = book();
    for (const port of [0, -1, 65536]) {
      assertEquals(peers.addPeer("10.0.0.1", port, "user"), undefined);
    }
    assertEquals(peers.size, 0);
  },
});

Deno.test({
  name: "a peer that fails is tried again after two, four, eight seconds, at most thirty",
  permissions,
  fn() {
    const peers = book();
    const peer = peers.addPeer("10.0.0.1", 6881, "user")!;
    const waits = fail(peers, peer, 12);
    assertEquals(waits.slice(0, 5), [2000, 4000, 8000, 16_000, 30_000]);
    assertEquals(new Set(waits.slice(5)), new Set([30_000]));
  },
});

Deno.test({
  name: "back-offs differ by chance, so that not all come back at the same moment",
  permissions,
  fn() {
    for (const [random, wait] of [[0, 1500], [0.999, 2500]] as const) {
      const peers = book();
      const peer = peers.addPeer("10.0.0.1", 6881, "tracker")!;
      peers.apply(peer, "dial");
      peers.lost(peer, "", false, 0, () => random);
      assertEquals(Math.round(peer.retryAtMs / 10) * 10, wait);
    }
  },
});

Deno.test({
  name: "a peer is away until its back-off is over, and a good connection starts the count anew",
  permissions,
  fn() {
    const peers = book();
    const peer = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    fail(peers, peer, 4);
    peers.apply(peer, "dial");
    peers.apply(peer, "handshake");
    peers.lost(peer, "closed", true, 0, half);
    assertEquals([peer.state, peer.failures, peer.retryAtMs, peer.reason], [
      "away",
      0,
      1000,
      "closed",
    ]);
    peers.refresh(999);
    assertEquals(peer.state, "away");
    peers.refresh(1000);
    assertEquals(peer.state, "available");
  },
});

Deno.test({
  name: "a peer that fails nine times in a row is forgotten, unless the user named it",
  permissions,
  fn() {
    for (const source of ["user", "tracker", "peer"] as PeerSource[]) {
      const peers = book();
      const peer = peers.addPeer("10.0.0.1", 6881, source)!;
      assertEquals(fail(peers, peer, 100).length, source === "user" ? 100 : 9);
      assertEquals(peers.size, source === "user" ? 1 : 0);
    }
  },
});

Deno.test({
  name: "somebody who came from a port where nobody listens is forgotten when it leaves",
  permissions,
  fn() {
    const peers = book();
    const peer = peers.addPeer("10.0.0.1", 50_000, "inbound")!;
    assert(!peer.dialable);
    peers.apply(peer, "accept");
    peers.apply(peer, "handshake");
    peers.lost(peer, "closed", true, 0, half);
    assertEquals([peers.size, peers.byId(peer.id)], [0, undefined]);
  },
});

Deno.test({
  name: "an inbound peer that says where it listens can be dialled there later",
  permissions,
  fn() {
    const peers = book();
    const peer = peers.addPeer("10.0.0.1", 50_000, "inbound")!;
    peers.apply(peer, "accept");
    peers.apply(peer, "handshake");
    peers.setListenPort(peer, 6881);
    assertEquals([peer.dialable, addressOf(peer), peers.size], [true, "10.0.0.1:6881", 1]);
    assertEquals(peers.addPeer("10.0.0.1", 6881, "tracker"), peer);
    peers.lost(peer, "closed", true, 0, half);
    assertEquals(peer.state, "away");
  },
});

Deno.test({
  name: "an inbound peer that listens where it came from can be dialled there later",
  permissions,
  fn() {
    const peers = book();
    const peer = peers.addPeer("10.0.0.1", 6881, "inbound")!;
    peers.apply(peer, "accept");
    peers.apply(peer, "handshake");
    peers.setListenPort(peer, 6881);
    assertEquals([peer.dialable, peers.size, [...peers.values()]], [true, 1, [peer]]);
  },
});

Deno.test({
  name: "an inbound peer and the one a tracker told of become one, with all that is known of both",
  permissions,
  fn() {
    const peers = book();
    const known = peers.addPeer("10.0.0.1", 6881, "user", { v2: true })!;
    known.verifiedBytes = 100;
    const inbound = peers.addPeer("10.0.0.1", 50_000, "inbound")!;
    inbound.verifiedBytes = 11;
    peers.apply(inbound, "accept");
    peers.apply(inbound, "handshake");
    peers.setListenPort(inbound, 6881);
    assertEquals([...peers.values()], [inbound]);
    const { source, v2, verifiedBytes, state } = inbound;
    assertEquals<unknown>({ source, v2, verifiedBytes, state }, {
      source: "user",
      v2: true,
      verifiedBytes: 111,
      state: "connected",
    });
    assertEquals(peers.byId(known.id), inbound, "blocks the earlier one sent are its own");
  },
});

Deno.test({
  name: "who gave verified data is counted once, also when two entries turn out to be one peer",
  permissions,
  fn() {
    const peers = book();
    const known = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    known.verifiedBytes = 100;
    peers.credit(known);
    const inbound = peers.addPeer("10.0.0.1", 50_000, "inbound")!;
    inbound.verifiedBytes = 11;
    peers.credit(inbound);
    peers.apply(inbound, "accept");
    peers.setListenPort(inbound, 6881);
    const credited = [...peers.contributors()].map((peer) => [addressOf(peer), peer.verifiedBytes]);
    assertEquals(credited, [["10.0.0.1:6881", 111]]);
  },
});

Deno.test({
  name: "a peer that comes and goes for ever leaves no trail behind",
  permissions,
  fn() {
    const peers = book();
    const ids: number[] = [];
    for (let i = 0; i < 100; i++) {
      const peer = peers.addPeer("10.0.0.1", 40_000 + i, "inbound")!;
      ids.push(peer.id);
      peers.apply(peer, "accept");
      peers.apply(peer, "handshake");
      peers.setListenPort(peer, 6881);
      peers.lost(peer, "closed", true, 0, half);
    }
    assertEquals(peers.size, 1);
    assert(ids.filter((id) => peers.byId(id) !== undefined).length < 20);
  },
});

Deno.test({
  name: "two connections to one address are not mixed up",
  permissions,
  fn() {
    for (const state of ["connecting", "connected"] as const) {
      const peers = book();
      const known = peers.addPeer("10.0.0.1", 6881, "tracker")!;
      peers.apply(known, "dial");
      if (state === "connected") peers.apply(known, "handshake");
      const inbound = peers.addPeer("10.0.0.1", 50_000, "inbound")!;
      peers.apply(inbound, "accept");
      peers.setListenPort(inbound, 6881);
      assertEquals([peers.size, known.state, inbound.port], [2, state, 50_000]);
    }
  },
});

Deno.test({
  name: "a banned peer is banned whatever happens, and so is who comes back from its address",
  permissions,
  fn() {
    const peers = book();
    const bad = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    peers.apply(bad, "dial");
    peers.apply(bad, "handshake");
    peers.ban(bad, "aa", "sent corrupt data");
    peers.lost(bad, "closed", true, 0, half);
    peers.addPeer("10.0.0.1", 6881, "user");
    peers.refresh(1e9);
    assertEquals([bad.state, bad.reason], ["banned", "sent corrupt data"]);
    const again = peers.addPeer("10.0.0.1", 50_000, "inbound")!;
    peers.apply(again, "accept");
    peers.apply(again, "handshake");
    peers.setListenPort(again, 6881);
    assertEquals(again.state, "banned");
  },
});

Deno.test({
  name: "a banned peer is known by its id, at its host: others cannot be banned in its name",
  permissions,
  fn() {
    const peers = book();
    const bad = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    peers.apply(bad, "dial");
    assert(!peers.isBannedId("10.0.0.1", "aa"));
    peers.ban(bad, "aa", "");
    assert(peers.isBannedId("10.0.0.1", "aa"));
    assert(!peers.isBannedId("10.0.0.1", "bb"));
    assert(!peers.isBannedId("10.0.0.2", "aa"));
  },
});

Deno.test({
  name: "our own address is not learned again",
  permissions,
  fn() {
    const peers = book();
    const ourselves = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    peers.apply(ourselves, "dial");
    peers.isOurselves(ourselves);
    peers.lost(ourselves, "that is ourselves", false, 0, half);
    assertEquals(peers.size, 0);
    assertEquals(peers.addPeer("10.0.0.1", 6881, "tracker"), undefined);
    assert(peers.addPeer("10.0.0.1", 6882, "tracker") !== undefined);
  },
});

Deno.test({
  name: "a flood of addresses is remembered up to a limit, and real peers still find room",
  permissions,
  fn() {
    const peers = book();
    const user = peers.addPeer("10.9.9.9", 1, "user")!;
    for (let i = 0; i < 4000; i++) {
      peers.addPeer(`10.0.${i >> 8}.${i & 255}`, 6881, "tracker", { by: "10.9.9.8" });
    }
    assertEquals(peers.size, 3000);
    const inbound = peers.addPeer("10.1.0.1", 50_000, "inbound")!;
    assertEquals([peers.size, peers.byId(inbound.id)], [3000, inbound]);
    const named = peers.addPeer("10.1.0.2", 6881, "user")!;
    assertEquals([peers.size, peers.byId(named.id)], [3000, named]);
    const again = () => peers.addPeer("10.0.7.7", 6882, "tracker", { by: "10.9.9.8" });
    assertEquals(again(), undefined, "its network holds as much as any other");
    const failed = [...peers.values()].find((peer) => peer.source === "tracker")!;
    fail(peers, failed, 1);
    peers.apply(failed, "dial");
    peers.lost(failed, "", false, 1e6, half);
    assert(again() !== undefined, "in place of one that failed");
    assertEquals([peers.byId(failed.id), peers.byId(user.id)], [undefined, user]);
  },
});

Deno.test({
  name: "every change of a peer's state is reported once",
  permissions,
  fn() {
    const seen: string[] = [];
    const peers = new PeerList((peer) => seen.push(peer.state));
    const peer = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    peers.addPeer("10.0.0.1", 6881, "tracker");
    peers.apply(peer, "dial");
    peers.apply(peer, "handshake");
    peers.lost(peer, "closed", true, 0, half);
    peers.refresh(5000);
    peers.refresh(6000);
    peers.ban(peer, undefined, "");
    assertEquals(seen, ["connecting", "connected", "away", "available", "banned"]);
  },
});

/** A book filled by one tracker, with addresses from all over the world. */
function filledBy(tracker: string): PeerList {
  const peers = book();
  for (let i = 0; i < 3000; i++) {
    peers.addPeer(`${1 + (i >> 8)}.${i & 255}.1.1`, 6881, "tracker", { by: tracker });
  }
  assertEquals(peers.size, 3000);
  return peers;
}

Deno.test({
  name: "when the book is full, what another tracker names takes the places of who named most",
  permissions,
  fn() {
    const peers = filledBy("198.51.100.1");
    for (let i = 0; i < 100; i++) {
      const learned = peers.addPeer(`203.0.113.${i}`, 6881, "tracker", { by: "192.0.2.1" });
      assert(learned !== undefined && peers.byId(learned.id) === learned, `${i}`);
    }
    assertEquals(peers.size, 3000);
    const more = peers.addPeer("203.0.113.200", 6881, "tracker", { by: "198.51.100.1" });
    assertEquals(more, undefined, "who fills the book drives out nobody else's");
  },
});

Deno.test({
  name: "peers that came and went well and fill the book make room for those of other networks",
  permissions,
  fn() {
    const peers = book();
    for (let i = 0; i < 3000; i++) {
      const peer = peers.addPeer("203.0.113.1", 2000 + i, "inbound")!;
      peers.apply(peer, "accept");
      peers.apply(peer, "handshake");
      peers.setListenPort(peer, 2000 + i); // it says that it listens there
      peers.lost(peer, "closed", true, 0, half);
    }
    assertEquals(peers.size, 3000);
    for (let i = 0; i < 50; i++) {
      assert(peers.addPeer(`192.0.2.${i}`, 6881, "tracker", { by: "192.0.2.1" }) !== undefined);
    }
  },
});

Deno.test({
  name: "peers of one network that others tell of leave room for those of other networks",
  permissions,
  fn() {
    const peers = book();
    for (let i = 0; i < 1000; i++) {
      const host = `203.0.${112 + (i & 1)}.${i >> 2}`;
      peers.addPeer(host, 6881 + (i & 2), "peer", { by: "203.0.112.1" });
    }
    const before = peers.size;
    for (let i = 0; i < 50; i++) {
      assert(peers.addPeer(`192.0.2.${i}`, 6881, "peer", { by: "198.51.100.1" }) !== undefined);
    }
    assertEquals(peers.size, before, "in their places");
  },
});

Deno.test({
  name: "whoever is banned takes nobody's place, and of too many the first is forgotten",
  permissions,
  fn() {
    const peers = book();
    const banned: Peer[] = [];
    for (let i = 0; i < 4000; i++) {
      const peer = peers.addPeer(`10.0.${i >> 8}.${i & 255}`, 50_000, "inbound")!;
      peers.apply(peer, "accept");
      peers.ban(peer, `id${i}`, "lies");
      peers.lost(peer, "closed", false, 0, half);
      banned.push(peer);
    }
    assertEquals([peers.size, peers.connecting.size], [500, 0]);
    assertEquals([...peers.values()], banned.slice(-500));
    assert(peers.isBannedId("10.0.15.159", "id3999") && !peers.isBannedId("10.0.0.0", "id0"));
    assertEquals(peers.byId(banned[0]!.id), undefined);
    for (let i = 0; i < 3000; i++) {
      const host = `192.168.${i >> 8}.${i & 255}`;
      assert(peers.addPeer(host, 6881, "tracker", { by: "10.9.9.9" }) !== undefined, `${i}`);
    }
    assertEquals(peers.addPeer("10.0.15.159", 50_000, "tracker")!.state, "banned");
  },
});
