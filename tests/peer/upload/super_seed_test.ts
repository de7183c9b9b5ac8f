/** Super-seeding: one copy goes out in pieces, each to somebody else. @module */

import { assert, assertEquals } from "@std/assert";
import { fromLatin1, hex } from "../../../lib/codec/bytes.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { SuperSeed } from "../../../lib/peer/upload/super_seed.ts";
import { Pieces, type Wanted } from "../../../lib/store/pieces.ts";
import { allOf, at, bits, connect, contextOf, layoutOf, sentTo } from "../../support/peer/peers.ts";
import { type MemoryNodeOptions, MemorySwarm } from "../../support/swarm/memory_swarm.ts";
import { MemoryTorrent } from "../../support/swarm/memory_torrent.ts";

const permissions = "none";

Deno.test({
  name: "a super-seeder counts as a seeder, and as gradual until it says that it wants nothing",
  permissions,
  fn() {
    const peer = connect(new PeerList(() => {}), 1, {}, 0);
    peer.pieces.have = bits(4, 0, 2);
    assertEquals([peer.isSeeder, peer.handsOutGradually], [false, false]);
    peer.extension.isSuperSeeder = true;
    assertEquals([peer.isSeeder, peer.handsOutGradually], [true, true]);
    peer.extension.uploadOnly = true; // all was shown but what the other had before
    assertEquals([peer.isSeeder, peer.handsOutGradually], [true, false]);
  },
});

const MIB = 1024 * 1024;
/** Pieces of 1 MiB: four of them are offered ahead while no rate is known. */
const BLOCKS_PER_PIECE = 64;
const AHEAD = 4;

/** A super-seeder of so many pieces; the test plays its peers. */
class SuperSeedHarness {
  readonly superSeed: SuperSeed;
  readonly have;
  readonly connections = new Map<number, Connection>();
  /** Every piece that was offered, in order; the same one twice when it was offered again. */
  readonly offered: number[] = [];
  nowMs = 0;
  readonly #pieceCount: number;
  readonly #book = new PeerList(() => {});
  readonly #news = new Map<Connection, number[]>();

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount;
    this.have = allOf(pieceCount);
    const layout = layoutOf(pieceCount, BLOCKS_PER_PIECE);
    const { connections } = this;
    const pieces = new Pieces(layout, this.have, 0);
    const emit = (action: Action) => this.#note(action);
    this.superSeed = new SuperSeed(contextOf({ layout, pieces, connections, emit }));
  }

  /** A peer that wants everything and is served, with these pieces; whether it is told "nothing". */
  join(id: number, ...pieces: number[]): { peer: Connection; isGuest: boolean } {
    const peer = connect(this.#book, id, {}, this.nowMs);
    peer.pieces.have = bits(this.#pieceCount, ...pieces);
    peer.upload.peerInterested = true;
    peer.upload.amChoking = false;
    this.connections.set(peer.id, peer);
    const isGuest = this.superSeed.onConnected(peer);
    for (const piece of pieces) this.superSeed.onHave(peer, at(piece));
    return { peer, isGuest };
  }

  /** So many guests with nothing, who are offered something only when all are there. */
  guests(count: number): Connection[] {
    const peers = Array.from({ length: count }, (_, i) => this.join(i + 1).peer);
    this.superSeed.offerPieces();
    return peers;
  }

  leave(peer: Connection): void {
    this.connections.delete(peer.id);
    this.superSeed.onDisconnected(peer);
    this.superSeed.offerPieces();
  }

  /** What the peer was told of since the last time. */
  news(peer: Connection): number[] {
    const news = this.#news.get(peer) ?? [];
    this.#news.delete(peer);
    return news;
  }

  /** A piece is sent to the peer, who says then that it has it. */
  fetch(peer: Connection, piece: number): void {
    const length = BLOCKS_PER_PIECE * 16_384;
    peer.upload.meter.add(length, this.nowMs);
    this.superSeed.onUpload(peer, [{ piece: at(piece), begin: 0, length }]);
    this.has(peer, piece);
  }

  /** The peer says that it has a piece. */
  has(peer: Connection, piece: number): void {
    peer.pieces.have.set(piece);
    this.superSeed.onHave(peer, at(piece));
    this.superSeed.offerPieces();
  }

  tick(byMs: number): void {
    this.nowMs += byMs;
    this.superSeed.tick(this.nowMs);
  }

  #note(action: Action): void {
    if (action.type !== "send") throw new Error(`it wants ${action.type}`);
    const { connection } = action;
    for (const message of sentTo([action], connection)) {
      if (message.type !== "have") throw new Error(`it says ${message.type}`);
      this.offered.push(message.piece);
      this.#news.set(connection, [...this.#news.get(connection) ?? [], message.piece]);
    }
  }
}

Deno.test({
  name: "each peer is given pieces of its own, and no piece goes out twice before all are out",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(40);
    const guests = bench.guests(4);
    const shares = guests.map(() => 0);
    for (let sent = 0; sent < 40;) {
      assert(bench.superSeed.isHiding);
      for (const [i, guest] of guests.entries()) {
        for (const piece of bench.superSeed.isHiding ? bench.news(guest) : []) {
          bench.fetch(guest, piece);
          shares[i]!++;
          sent++;
        }
      }
    }
    assert(shares.every((share) => share >= 9 && share <= 11), `they got ${shares}`);
    const first = bench.offered.slice(0, 40);
    assertEquals(first.toSorted((a, b) => a - b), Array.from({ length: 40 }, (_, i) => i));
    assertEquals(bench.superSeed.isHiding, false);
  },
});

Deno.test({
  name: "when one copy is out everybody is shown everything, and so is whoever comes then",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(AHEAD + 1);
    const [a, b] = bench.guests(2);
    const told = new Map([[a!, bench.news(a!)], [b!, bench.news(b!)]]);
    for (let left = AHEAD + 1; left > 0;) {
      for (const guest of [a!, b!]) {
        const pieces = told.get(guest)!.filter((piece) => !guest.pieces.have.get(piece));
        for (const piece of pieces) bench.fetch(guest, piece);
        left -= pieces.length;
        told.get(guest)!.push(...bench.news(guest));
      }
    }
    assertEquals(bench.superSeed.isHiding, false);
    for (const guest of [a!, b!]) {
      const all = [...told.get(guest)!, ...bench.news(guest)];
      assertEquals(all.toSorted((x, y) => x - y), [0, 1, 2, 3, 4], "each piece is told once");
    }
    assertEquals(bench.join(3).isGuest, false);
  },
});

Deno.test({
  name: "what was given to a peer that leaves is given to another",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const [a, b] = bench.guests(2);
    const lost = bench.news(a!);
    assertEquals(lost.length, AHEAD / 2);
    bench.fetch(a!, lost[0]!); // it had not passed on what it got
    lost.push(...bench.news(a!));
    bench.leave(a!);
    for (let i = 0; i < 30; i++) for (const piece of bench.news(b!)) bench.fetch(b!, piece);
    assert(lost.every((piece) => b!.pieces.have.get(piece)));
    assert(b!.pieces.have.isFull);
  },
});

Deno.test({
  name: "what a peer that left had passed on is not given again",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const [a, b, c] = bench.guests(3);
    const [piece] = bench.news(a!);
    bench.fetch(a!, piece!);
    bench.has(b!, piece!);
    bench.leave(a!);
    for (let i = 0; i < 30 && bench.superSeed.isHiding; i++) {
      for (const guest of [b!, c!]) {
        for (const other of bench.news(guest)) bench.fetch(guest, other);
      }
    }
    // Once it was offered, and once it was shown to the only one who lacked it.
    assertEquals(bench.offered.filter((other) => other === piece).length, 2);
  },
});

Deno.test({
  name: "what a peer does not fetch for three seconds is given to another, it itself gets no more",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const [a, b] = bench.guests(2);
    const held = bench.news(a!);
    assertEquals(held.length, 2);
    for (let i = 0; i < 11; i++) {
      bench.tick(250);
      for (const piece of bench.news(b!).slice(0, 1)) bench.fetch(b!, piece);
    }
    assert(held.every((piece) => !b!.pieces.have.get(piece)), "that was too early");
    bench.tick(250);
    for (let i = 0; i < 30; i++) for (const piece of bench.news(b!)) bench.fetch(b!, piece);
    assert(held.every((piece) => b!.pieces.have.get(piece)));
    assertEquals(bench.news(a!).filter((piece) => held.includes(piece)), []);
  },
});

Deno.test({
  name: "a peer that stalled and fetches again is offered more",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(40);
    const [a, b] = bench.guests(2);
    const held = bench.news(a!);
    bench.tick(2750);
    bench.fetch(b!, bench.news(b!)[0]!);
    bench.news(a!);
    bench.tick(250);
    assertEquals(bench.news(a!), []);
    bench.fetch(a!, held[0]!);
    bench.tick(250);
    for (let i = 0; i < 3; i++) for (const piece of bench.news(b!)) bench.fetch(b!, piece);
    assert(bench.news(a!).length > 0);
  },
});

Deno.test({
  name: "who passes on what it got is given more, who keeps it waits behind the others",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(100);
    const [giver, keeper, other] = bench.guests(3);
    const given = new Map([[giver, 0], [keeper, 0], [other, 0]]);
    for (let i = 0; i < 60 && bench.superSeed.isHiding; i++) {
      for (const guest of [giver!, keeper!, other!]) {
        for (const piece of bench.news(guest).slice(0, 1)) {
          given.set(guest, given.get(guest)! + 1);
          bench.fetch(guest, piece);
          if (guest === giver) bench.has(other!, piece);
          if (guest === other) bench.has(giver!, piece);
        }
      }
    }
    const [g, k, o] = [...given.values()];
    assert(k! < g! / 2 && k! < o! / 2, `the keeper got ${k}, the others ${g} and ${o}`);
  },
});

Deno.test({
  name: "one leecher alone always has something to fetch, until it has everything",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(30);
    const [only] = bench.guests(1);
    const waiting = bench.news(only!);
    for (let sent = 0; sent < 30; sent++) {
      const piece = waiting.shift();
      assert(piece !== undefined, `nothing to fetch after ${sent} pieces`);
      bench.fetch(only!, piece);
      waiting.push(...bench.news(only!));
      bench.tick(250);
    }
    assert(only!.pieces.have.isFull);
    assertEquals([waiting, bench.superSeed.isHiding], [[], false]);
  },
});

Deno.test({
  name: "who comes to peers that have pieces sees everything; who comes first sees nothing yet",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(8);
    assertEquals(bench.superSeed.isHiding, false);
    assertEquals(bench.join(1).isGuest, true);
    assertEquals(bench.join(2).isGuest, true);

    const late = new SuperSeedHarness(8);
    assertEquals(late.join(1).isGuest, true);
    const [first] = late.connections.values();
    late.leave(first!);
    late.connections.set(first!.id, first!);
    first!.pieces.have.set(0); // somebody has a piece by now
    assertEquals(late.join(2).isGuest, false);
  },
});

Deno.test({
  name: "rTorrent, which rests when it has got all it knows of, sees everything at once",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(8);
    const peerId = hex(fromLatin1("-lt0D80-xxxxxxxxxxxx"));
    const rtorrent = connect(new PeerList(() => {}), 1, { peerId });
    assertEquals(bench.superSeed.onConnected(rtorrent), false, "it comes first");
    assertEquals(bench.superSeed.isHiding, false);
    assertEquals(bench.join(2).isGuest, true);
    assertEquals(bench.superSeed.onConnected(rtorrent), false, "it comes later");
    assertEquals(bench.superSeed.isHiding, true, "others are given their own pieces all the same");
  },
});

Deno.test({
  name: "after everybody has left, the next one is served as the first was",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(8);
    const [a] = bench.guests(1);
    for (const piece of bench.news(a!)) bench.fetch(a!, piece);
    bench.leave(a!);
    assertEquals(bench.superSeed.isHiding, false);
    const { peer, isGuest } = bench.join(2);
    bench.superSeed.offerPieces();
    assertEquals(isGuest, true);
    for (let i = 0; i < 8; i++) for (const piece of bench.news(peer)) bench.fetch(peer, piece);
    assert(peer.pieces.have.isFull);
  },
});

Deno.test({
  name: "who wants nothing of what it is offered is shown everything after a second",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const [chooser, b] = bench.guests(2);
    chooser!.upload.peerInterested = false;
    const offered = bench.news(chooser!);
    bench.tick(750);
    assertEquals(bench.news(chooser!), []);
    bench.tick(250);
    const all = [...offered, ...bench.news(chooser!)];
    assertEquals(all.toSorted((x, y) => x - y), Array.from({ length: 20 }, (_, i) => i));
    assert(bench.superSeed.isHiding, "the other one is a guest as before");
    for (let i = 0; i < 30; i++) for (const piece of bench.news(b!)) bench.fetch(b!, piece);
    assert(b!.pieces.have.isFull, "what it was offered went to the other");
  },
});

Deno.test({
  name: "when nobody asks for what it was offered, everybody is shown everything",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const [a, b] = bench.guests(2); // another peer promised them just these pieces
    const told = [...bench.news(a!)];
    bench.tick(2750);
    assert(bench.superSeed.isHiding);
    bench.tick(250);
    assertEquals(bench.superSeed.isHiding, false);
    told.push(...bench.news(a!));
    assertEquals(told.toSorted((x, y) => x - y), Array.from({ length: 20 }, (_, i) => i));
    assertEquals(bench.news(b!).length, 20);
  },
});

Deno.test({
  name: "who waits for a slot is not taken for one that wants nothing",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const { peer } = bench.join(1);
    peer.upload.amChoking = true;
    bench.superSeed.offerPieces();
    bench.tick(6000);
    assert(bench.superSeed.isHiding);
    const [piece] = bench.news(peer);
    peer.upload.amChoking = false;
    bench.fetch(peer, piece!);
    assertEquals(bench.news(peer).length, AHEAD);
  },
});

Deno.test({
  name: "a peer has its three seconds also when the seeder has just begun to look at its clock",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    bench.nowMs = 50_000;
    const [only] = bench.guests(1);
    bench.tick(100);
    assert(bench.superSeed.isHiding);
    for (const piece of bench.news(only!)) bench.fetch(only!, piece);
    assertEquals(bench.news(only!).length, AHEAD);
  },
});

Deno.test({
  name: "what somebody brought along is not handed out",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(8);
    const { peer: a } = bench.join(1);
    const { peer: b } = bench.join(2, 0, 1, 2);
    bench.superSeed.offerPieces();
    const offered: number[] = [];
    while (bench.superSeed.isHiding) {
      for (const guest of [a, b]) {
        for (const piece of bench.news(guest)) {
          offered.push(piece);
          if (bench.superSeed.isHiding) bench.fetch(guest, piece);
        }
      }
    }
    assertEquals(bench.offered.slice(0, 5).toSorted(), [3, 4, 5, 6, 7]);
  },
});

Deno.test({
  name: "a peer without a slot is offered one piece, so that it asks for a slot",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(20);
    const { peer: served } = bench.join(1);
    const { peer: waiting } = bench.join(2);
    waiting.upload.amChoking = true;
    bench.superSeed.offerPieces();
    assertEquals([bench.news(served).length, bench.news(waiting).length], [AHEAD - 1, 1]);
  },
});

Deno.test({
  name: "a piece that the disk lost is not offered, and the others are",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(8);
    bench.have.clear(at(5));
    const [only] = bench.guests(1);
    for (let i = 0; i < 8; i++) for (const piece of bench.news(only!)) bench.fetch(only!, piece);
    assertEquals([only!.pieces.have.count, only!.pieces.have.get(5)], [7, false]);
    assertEquals(bench.superSeed.isHiding, false);
  },
});

/** What a stranger does every quarter of a second; `round` counts them. */
type Habit = (bench: SuperSeedHarness, guest: Connection, round: number) => void;

function takes(bench: SuperSeedHarness, guest: Connection, piece: number, length: number): void {
  guest.upload.meter.add(length, bench.nowMs);
  bench.superSeed.onUpload(guest, [{ piece: at(piece), begin: 0, length }]);
  bench.superSeed.offerPieces();
}

/** The pieces a stranger was offered, all of them. */
const offers = new WeakMap<Connection, number[]>();
function offersOf(bench: SuperSeedHarness, guest: Connection): number[] {
  const all = [...offers.get(guest) ?? [], ...bench.news(guest)];
  offers.set(guest, all);
  return all;
}

const HABITS: Record<string, Habit> = {
  "fetch nothing": () => {},
  "ask for what nobody offered them": (bench, guest, round) => {
    if (round % 4 === 0) takes(bench, guest, 0, 16_384);
  },
  "take some bytes of each offer": (bench, guest) => {
    for (const piece of offersOf(bench, guest)) takes(bench, guest, piece, 5);
  },
  "say to have all they are offered": (bench, guest) => {
    for (const piece of bench.news(guest)) bench.has(guest, piece);
  },
  "say so after a while": (bench, guest, round) => {
    if (round % 11 === 0) { for (const piece of bench.news(guest)) bench.has(guest, piece); }
  },
  "fetch the same piece again and again": (bench, guest) => {
    const [piece] = offersOf(bench, guest);
    if (piece !== undefined) takes(bench, guest, piece, 1024 * 1024);
  },
};

for (const [habit, act] of Object.entries(HABITS)) {
  for (const count of [3, 12]) {
    Deno.test({
      name: `${count} strangers that ${habit} do not keep the seeder from a leecher`,
      permissions,
      fn() {
        const pieces = 40;
        const bench = new SuperSeedHarness(pieces);
        const strangers = bench.guests(count);
        bench.tick(1000);
        const { peer: leecher } = bench.join(100);
        bench.superSeed.offerPieces();
        const waiting: number[] = [];
        let rounds = 0;
        for (; !leecher.pieces.have.isFull && rounds < 200; rounds++) {
          bench.tick(250);
          for (const stranger of strangers) act(bench, stranger, rounds);
          // It fetches two pieces a round, so that it is through in twenty when it is alone.
          for (let i = 0; i < 2; i++) {
            waiting.push(...bench.news(leecher));
            const piece = waiting.shift();
            if (piece !== undefined && !leecher.pieces.have.get(piece)) bench.fetch(leecher, piece);
          }
        }
        assert(
          rounds < 80,
          `it has ${leecher.pieces.have.count} of ${pieces} after ${rounds} rounds`,
        );
      },
    });
  }
}

Deno.test({
  name: "who takes first copies and leaves, again and again, waits behind those who stay",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(100);
    const { peer: leecher } = bench.join(100);
    const { peer: first } = bench.join(7);
    let burned = 0;
    for (let visit = 0, guest = first; visit < 10; visit++) {
      bench.superSeed.offerPieces();
      for (const piece of bench.news(guest)) {
        bench.fetch(guest, piece);
        burned++;
      }
      bench.leave(guest);
      for (const piece of bench.news(leecher)) bench.fetch(leecher, piece);
      guest = bench.join(7).peer;
    }
    assert(
      leecher.pieces.have.count > 20 && burned <= AHEAD,
      `${burned}, ${leecher.pieces.have.count}`,
    );
  },
});

/** A super-seeder and leechers, every one of which sends at most 4 MiB per second. */
function swarmOf(seed: number, leechers: readonly Partial<MemoryNodeOptions>[], mib = 16) {
  const torrent = new MemoryTorrent({ lengths: [mib * MIB], pieceLength: 256 * 1024 });
  const world = new MemorySwarm(torrent, seed);
  const upBytesPerSecond = 4 * MIB;
  const seeder = world.add({
    has: "everything",
    superSeed: true,
    upBytesPerSecond,
    uploadSlots: 8,
  });
  const others = leechers.map((options) =>
    world.add({ has: "nothing", slotCount: 64, upBytesPerSecond, uploadSlots: 8, ...options })
  );
  world.introduceAll();
  return { world, seeder, others };
}

Deno.test({
  name:
    "to eight leechers the only seeder sends little more than one copy, in little more than its time",
  permissions,
  fn() {
    const { world, seeder, others } = swarmOf(1, Array.from({ length: 8 }, () => ({})), 24);
    const done = world.run(60, () => others.every(({ isComplete }) => isComplete));
    assert(done, `only ${others.map(({ transfer }) => transfer.pieces.have.count)} pieces`);
    for (const { disk } of others) assert(world.torrent.isOn(disk));
    const copies = seeder.swarm.uploadedBytes / (24 * MIB);
    assert(copies >= 1 && copies <= 1.25, `${copies} copies`);
    const seconds = Math.max(...others.map(({ completeMs }) => completeMs!)) / 1000;
    assert(seconds < 1.25 * 24 / 4, `it took ${seconds} s`);
  },
});

Deno.test({
  name: "a leecher that chose a few files is not kept waiting by the super-seeder",
  permissions,
  fn() {
    const count = 16 * 4;
    const wanted = bits(count, 40, 41, 42);
    const chosen: Wanted = { wanted };
    const { world, others: [chooser] } = swarmOf(1, [{ chosen }]);
    assert(world.run(4, () => chooser!.isComplete));
    assertEquals([...chooser!.transfer.pieces.have.ones()], [40, 41, 42]);

    const among = swarmOf(2, [{}, {}, { chosen }]);
    assert(among.world.run(20, () => among.others.every(({ isComplete }) => isComplete)));
  },
});

Deno.test({
  name: "a piece that a peer wishes for is offered to it next, but not one that another has",
  permissions,
  fn() {
    const bench = new SuperSeedHarness(40);
    const [one, other] = bench.guests(2);
    assertEquals(bench.offered, [0, 1, 2, 3]);
    for (const piece of [30, 30, 40, 1e6]) bench.superSeed.onWish(one!, piece);
    assertEquals(bench.offered, [0, 1, 2, 3, 30], "once, and what exists");
    bench.superSeed.onWish(other!, 30);
    assertEquals(bench.offered.length, 5);
    for (let piece = 20; piece < 40; piece++) bench.superSeed.onWish(one!, piece);
    assertEquals(bench.offered.length, 4 + 6, "eight for one at most, of which two came in turn");
    other!.upload.amChoking = true;
    bench.superSeed.onWish(other!, 39);
    assertEquals(bench.offered.length, 10, "a choked peer could not fetch it");
  },
});
