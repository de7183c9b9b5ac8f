/** Whom to dial next, when to try again, and where we are ourselves. @module */

import { assert, assertEquals } from "@std/assert";
import { ipToBytes } from "../../../lib/codec/address.ts";
import type { Peer, PeerSource } from "../../../lib/peer/connection/peer.ts";
import { TokenBucket } from "../../../lib/peer/connection/token_bucket.ts";
import { ExternalAddress } from "../../../lib/peer/peers/external_address.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import { bits } from "../../support/peer/peers.ts";
import { SwarmHarness } from "../../support/swarm/swarm_harness.ts";

const permissions = "none";
const half = () => 0.5;

function dialled(peers: PeerList, count: number, weWantNothing = false): string[] {
  const byHost = (peer: Peer) => Number(peer.host.split(".").at(-1));
  return peers.nextToDial(count, weWantNothing, byHost).map(({ host }) => host);
}

Deno.test({
  name: "who is surest to be there is dialled first, and among equals the highest priority",
  permissions,
  fn() {
    const peers = new PeerList(() => {});
    const learn = (source: PeerSource, ...last: number[]) => {
      for (const i of last) peers.addPeer(`10.0.0.${i}`, 6881, source);
    };
    learn("peer", 90, 91);
    learn("tracker", 10, 12, 11);
    learn("local", 50);
    learn("user", 1);
    const order = [1, 50, 12, 11, 10, 91, 90].map((i) => `10.0.0.${i}`);
    for (let count = 0; count <= 7; count++) {
      assertEquals(new Set(dialled(peers, count)), new Set(order.slice(0, count)));
    }
    learn("tracker", 90); // now it is sure to be there
    assertEquals(new Set(dialled(peers, 6)), new Set([...order.slice(0, 5), "10.0.0.90"]));
    learn("peer", 1);
    assertEquals(dialled(peers, 1), ["10.0.0.1"], "what is sure stays so");
  },
});

Deno.test({
  name: "only who is available is dialled: not who is connecting, connected, away, or forgotten",
  permissions,
  fn() {
    const peers = new PeerList(() => {});
    const peer = peers.addPeer("10.0.0.1", 6881, "tracker")!;
    const inbound = peers.addPeer("10.0.0.2", 50_000, "inbound")!;
    assertEquals([dialled(peers, 9), peers.connecting.size], [["10.0.0.1"], 0]);
    peers.apply(inbound, "accept");
    peers.apply(peer, "dial");
    assertEquals([dialled(peers, 9), peers.connecting.size], [[], 2]);
    peers.apply(peer, "handshake");
    assertEquals([dialled(peers, 9), peers.connecting.size], [[], 1]);
    peers.lost(peer, "closed", true, 0, half);
    assertEquals(dialled(peers, 9), []);
    peers.refresh(1000);
    assertEquals(dialled(peers, 9), ["10.0.0.1"]);
    peers.ban(peer, undefined, "lies");
    assertEquals(dialled(peers, 9), []);
  },
});

Deno.test({
  name: "a peer that was forgotten while it was away does not come back by itself",
  permissions,
  fn() {
    const peers = new PeerList(() => {});
    const inbound = peers.addPeer("10.0.0.2", 50_000, "inbound")!;
    peers.apply(inbound, "accept");
    peers.lost(inbound, "closed", true, 0, half);
    peers.refresh(1e6);
    assertEquals([peers.size, dialled(peers, 9)], [0, []]);
  },
});

Deno.test({
  name: "whoever wanted nothing is not dialled while we want nothing either",
  permissions,
  fn() {
    const peers = new PeerList(() => {});
    peers.addPeer("10.0.0.1", 6881, "peer", { wantsNothing: true });
    peers.addPeer("10.0.0.2", 6881, "peer");
    assertEquals([dialled(peers, 9, true), dialled(peers, 9).length], [["10.0.0.2"], 2]);
  },
});

Deno.test({
  name: "what the book says of whom to dial and whom to try again holds whatever happens",
  permissions,
  fn() {
    const random = seededRandom(8);
    const integer = (most: number) => integerFrom(random, 0, most);
    const peers = new PeerList(() => {});
    const sources: PeerSource[] = ["user", "tracker", "inbound", "peer", "local"];
    const done: Record<string, number> = {};
    let nowMs = 0;
    for (let step = 0; step < 20_000; step++) {
      const all = [...peers.values()];
      const peer = all[integer(all.length)];
      const what = ["learn", "dial", "open", "lose", "twin", "wait", "name", "ban"][integer(7)]!;
      const is = (...states: string[]) => peer !== undefined && states.includes(peer.state);
      if (what === "learn") {
        peers.addPeer(`10.0.0.${integer(40)}`, 6881, sources[integer(4)]!, {
          wantsNothing: integer(1) === 0,
        });
      } else if (what === "dial" && is("available")) {
        peers.apply(peer!, peer!.dialable ? "dial" : "accept");
      } else if (what === "open" && is("connecting")) peers.apply(peer!, "handshake");
      else if (what === "lose" && is("connecting", "connected")) {
        peers.lost(peer!, "", integer(1) === 0, nowMs, random);
      } else if (what === "twin" && is("connecting", "connected")) {
        peers.duplicate(peer!, "", nowMs);
      } else if (what === "wait") peers.refresh(nowMs += integer(5000));
      else if (what === "name" && is("connecting", "connected")) {
        peers.setListenPort(peer!, 7000 + integer(2));
      } else if (what === "ban" && peer !== undefined && integer(20) === 0) {
        peers.ban(peer, undefined, "");
      } else continue;
      done[what] = (done[what] ?? 0) + 1;
      const now = [...peers.values()];
      const ready = now.filter(({ state, dialable }) => state === "available" && dialable);
      assertEquals(new Set(peers.nextToDial(1e6, false, () => 0)), new Set(ready));
      const connecting = now.filter(({ state }) => state === "connecting").length;
      assertEquals(peers.connecting.size, connecting);
      if (what !== "wait") continue;
      for (const { state, retryAtMs } of now) assert(state !== "away" || retryAtMs > nowMs);
    }
    for (const [what, times] of Object.entries(done)) assert(times > 20, `${what}: ${times}`);
    assertEquals(Object.keys(done).length, 8);
  },
});

Deno.test({
  name: "we are where most peers see us, as they are near or far",
  permissions,
  fn() {
    const own = new ExternalAddress(6881);
    assertEquals(own.forPeer("10.0.0.1"), undefined);
    const said = (ip: string, from: string) => own.vote(ipToBytes(ip), from);
    said("10.0.0.77", "10.0.0.1");
    said("203.0.113.9", "198.51.100.1");
    said("203.0.113.9", "198.51.100.2");
    said("192.0.2.66", "198.51.100.3"); // one that lies
    said("192.0.2.66", "198.51.100.3"); // has one vote
    said("192.0.2.66", "198.51.100.3");
    said("2001:db8::9", "2001:db8::1");
    assertEquals(own.forPeer("10.0.0.200"), "10.0.0.77");
    assertEquals(own.forPeer("192.0.2.1"), "203.0.113.9");
    assertEquals(own.forPeer("2001:db8::7"), "2001:db8::9");
    assertEquals(own.forPeer("127.0.0.1"), undefined);
    for (let i = 0; i < 40; i++) said("203.0.113.10", `198.51.101.${i}`); // a new address
    assertEquals(own.forPeer("192.0.2.1"), "203.0.113.10");
    assertEquals(own.forPeer("10.0.0.200"), undefined, "what was said long ago is forgotten");
  },
});

Deno.test({
  name: "an allowance can be saved up to a limit, and then comes at its rate",
  permissions,
  fn() {
    const allowance = new TokenBucket(3, 2, 0);
    const takeAll = (nowMs: number) => {
      let taken = 0;
      while (allowance.tryTake(nowMs)) taken++;
      return taken;
    };
    assertEquals([takeAll(0), takeAll(400), takeAll(500), takeAll(1500)], [3, 0, 1, 2]);
    assertEquals([allowance.isUsedUp(1600), takeAll(100_000)], [true, 3]);
  },
});

Deno.test({
  name: "one host's many ports and one network's many hosts leave others their turn to be dialled",
  permissions,
  fn() {
    const dialled = (flood: (i: number) => [string, number]) => {
      const bench = new SwarmHarness({ have: bits(4), maxConnections: 200 });
      for (let i = 0; i < 100; i++) bench.swarm.addPeer(...flood(i), "tracker");
      bench.pass(250);
      bench.swarm.addPeer("198.51.100.7", 6881, "tracker"); // all attempts are still under way
      bench.pass(250);
      return bench.actions().flatMap((action) => action.type === "dial" ? [action.peer.host] : []);
    };
    const ports = dialled((i) => ["192.0.2.1", 7000 + i]);
    assertEquals([ports.length, ports.at(-1)], [16, "198.51.100.7"]);
    const hosts = dialled((i) => [`192.0.2.${i}`, 7000]);
    assertEquals([hosts.length, hosts.at(-1)], [24, "198.51.100.7"]);
  },
});

Deno.test({
  name:
    "among a hundred invented ports of hosts nearby, the one that is there is dialled within a round",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 200 });
    const hosts = Array.from({ length: 20 }, (_, i) => `192.0.2.${i + 1}`);
    for (const host of hosts) {
      for (let port = 7000; port < 7100; port++) bench.swarm.addPeer(host, port, "tracker");
    }
    bench.swarm.addPeer("192.0.2.77", 6881, "tracker");
    const tried: string[] = [];
    for (let turns = 0; turns < 40 && !tried.includes("192.0.2.77"); turns++) {
      bench.pass(250);
      for (const action of bench.actions()) {
        if (action.type !== "dial") continue;
        tried.push(action.peer.host);
        bench.swarm.dialFailed(action.peer, "cannot be reached", bench.nowMs);
      }
    }
    assert(tried.includes("192.0.2.77"), `not among ${tried.length}`);
    assert(tried.length < 5 * hosts.length, `${tried.length} attempts`);
  },
});
