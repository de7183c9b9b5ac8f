/** What becomes of requests and blocks. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { BLOCK_LENGTH } from "../../../lib/codec/torrent/merkle.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { Layout } from "../../../lib/store/layout.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import { at, bits, DownloadHarness, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";
const slow = { fast: false };

Deno.test({
  name: "a download from one peer asks, verifies, tells everybody and completes",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 3, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    const onlooker = bench.seed(2, {}, bits(3));
    assertEquals(sentTo(bench.settle(), peer)[0], { type: "interested" });
    for (const { piece, block } of bench.owed(peer)) bench.deliver(peer, piece, block);
    const verify = bench.settle().filter(({ type }) => type === "verify");
    assertEquals(verify.length, 3);
    bench.verifyFull();
    const actions = bench.settle();
    const haves = sentTo(actions, onlooker).map((message) => message.type);
    assertEquals(haves, ["have", "have", "have"]);
    assertEquals(sentTo(actions, peer).at(-1), { type: "notInterested" });
    assertEquals(actions.filter(({ type }) => type === "pieceStored").length, 3);
    assert(bench.pieces.isComplete);
    assertEquals(peer.peer.verifiedBytes, 6 * BLOCK_LENGTH);
    assertEquals(bench.download.wastedBytes, 0);
  },
});

Deno.test({
  name: "blocks go to the slot of their piece, at their place",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 3 });
    const peer = bench.seed(1);
    bench.settle();
    bench.deliver(peer, 1, 2);
    const { slot } = bench.pieces.active.get(at(1))!;
    assertEquals(bench.stored, [{ slot, begin: 2 * BLOCK_LENGTH, length: BLOCK_LENGTH }]);
  },
});

Deno.test({
  name: "interest follows what a peer has, also while it chokes us",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 1 });
    const peer = bench.seed(1, {}, bits(2));
    peer.download.peerChoking = true;
    const said = () => sentTo(bench.settle(), peer).map(({ type }) => type);
    assertEquals(said(), []);
    bench.download.onHave(peer, at(1));
    assertEquals(said(), ["interested"]);
    bench.download.onHave(peer, at(1));
    bench.download.onHave(peer, at(0));
    assertEquals(said(), []);
    bench.download.onDontHave(peer, at(0));
    assertEquals(said(), []);
    bench.download.onBitfield(peer, bits(2));
    assertEquals(said(), ["notInterested"]);
  },
});

Deno.test({
  name: "what was lost from the disk after the download is not wanted again",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 1 });
    const peer = bench.seed(1);
    bench.settle();
    bench.deliverAll(peer);
    bench.verifyFull();
    bench.pieces.lost(at(1));
    bench.check();
    const late = bench.seed(2);
    bench.settle();
    assert(!late.pieces.amInterested);
    bench.download.onDontHave(late, at(1));
    bench.check();
  },
});

Deno.test({
  name: "a choke without the fast extension frees all requests, and others are asked at once",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 4 });
    const choking = bench.seed(1, slow);
    bench.settle();
    bench.deliver(choking, 0, 0);
    const other = bench.seed(2, slow, bits(2));
    bench.settle();
    bench.download.onBitfield(other, bits(2, 0, 1));
    bench.settle();
    bench.download.onChoke(choking);
    assertEquals(choking.download.outstanding.size, 0);
    bench.settle();
    assertEquals(bench.owed(other).length, 7);
    bench.deliver(choking, 0, 1); // it was under way already
    assertEquals(bench.download.wastedBytes, 0, "a block that is still wanted is taken");
  },
});

Deno.test({
  name: "a choke with the fast extension keeps requests until each is answered",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 4 });
    const choking = bench.seed(1);
    bench.settle();
    bench.download.onChoke(choking);
    assertEquals(bench.requests(choking), []);
    assertEquals(choking.download.outstanding.size, 4);
    bench.deliver(choking, 0, 0);
    for (const block of [1, 2, 3]) bench.reject(choking, 0, block);
    assertEquals(choking.download.outstanding.size, 0);
    assertEquals(bench.requests(choking), []);
    bench.download.onUnchoke(choking);
    assertEquals(bench.requests(choking).map(({ begin }) => begin / BLOCK_LENGTH), [1, 2, 3]);
  },
});

Deno.test({
  name: "while a peer chokes us, only what it allows is asked of it",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 6, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    bench.download.onChoke(peer);
    assertEquals(bench.requests(peer), []);
    peer.download.allowedFast.add(4);
    bench.ready.enqueue(peer);
    assertEquals(bench.requests(peer).map(({ piece }) => piece), [4, 4]);
    bench.reject(peer, 4, 0);
    assertEquals(bench.requests(peer), [], "and not again what it refused");
  },
});

Deno.test({
  name: "a rejected block is asked of somebody else at once, idle as that may have been",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 3, blocksPerPiece: 2, slotCount: 2 });
    const refusing = bench.seed(1);
    bench.settle();
    const idle = bench.seed(2);
    bench.settle();
    assertEquals(bench.owed(idle), []);
    const { piece, block } = bench.owed(refusing)[0]!;
    bench.reject(refusing, piece, block);
    assertEquals(bench.requests(idle).map(({ piece }) => piece), [piece]);
    assertEquals(bench.requests(refusing), []);
  },
});

Deno.test({
  name: "a peer that refused a piece is asked again after a while, for it may be the only one",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 1 });
    const only = bench.seed(1);
    bench.settle();
    bench.reject(only, 0, 0);
    for (let i = 0; i < 7; i++) {
      bench.tick(1000);
      assertEquals(
        bench.requests(only),
        [],
        "not at once, which would go on at the speed of light",
      );
    }
    bench.tick(1000);
    assertEquals(bench.requests(only).length, 1);
  },
});

Deno.test({
  name: "a reject of something never asked for changes nothing",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    bench.settle();
    const nonsense = [[99, 0], [0, 5], [0, 999 * BLOCK_LENGTH]] as const;
    for (const [piece, begin] of nonsense) {
      bench.download.onReject(peer, { type: "reject", piece, begin, length: BLOCK_LENGTH });
    }
    bench.check();
    assertEquals([peer.download.outstanding.size, peer.download.refused.size], [4, 0]);
  },
});

Deno.test({
  name: "a peer that owes blocks for eight seconds loses them to others, who are asked first",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 4 });
    const silent = bench.seed(1);
    bench.settle();
    bench.tick(7900);
    assert(!silent.download.snubbed);
    bench.deliver(silent, 1, 0);
    bench.tick(7900);
    assert(!silent.download.snubbed, "a block in between counts");
    const other = bench.seed(2, {}, bits(2, 0));
    bench.settle();
    bench.tick(100);
    assert(silent.download.snubbed);
    bench.settle();
    assertEquals(bench.owed(silent), []);
    assertEquals(bench.owed(other).length, 4);
    assertEquals(bench.pieces.active.get(at(0))!.requesters(0), 1);
    bench.tick(250);
    assertEquals(bench.requests(silent).length, 1, "then it may try again, with one block");
    bench.deliverAll(silent);
    assert(!silent.download.snubbed);
    assert(bench.requests(silent).length > 1);
  },
});

Deno.test({
  name: "a late block of a peer that was given up on still counts",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 2 });
    const late = bench.seed(1);
    bench.settle();
    bench.deliver(late, 0, 0);
    bench.tick(8000);
    bench.deliver(late, 0, 1);
    assert(bench.pieces.active.get(at(0))!.isFull);
    assertEquals(bench.download.wastedBytes, 0);
  },
});

Deno.test({
  name: "a seed lost in the middle leaves its blocks to others and what it gave is kept",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 4, blocksPerPiece: 4 });
    const lost = bench.seed(1);
    bench.settle();
    const owed = bench.owed(lost);
    for (const { piece, block } of owed.slice(0, 6)) bench.deliver(lost, piece, block);
    const other = bench.seed(2);
    bench.verifyFull();
    bench.leave(lost);
    bench.settle();
    bench.deliverAll(other);
    bench.verifyFull();
    assert(bench.pieces.isComplete);
    assertEquals(other.peer.verifiedBytes, 10 * BLOCK_LENGTH);
    assertEquals(bench.download.wastedBytes, 0);
  },
});

Deno.test({
  name: "the second to deliver a block in the end game is cancelled, and waits for the answer",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 2 });
    const one = bench.seed(1);
    bench.settle();
    const [fast, old] = [bench.seed(2), bench.seed(3, slow)];
    bench.settleToEndGame();
    bench.deliver(one, 0, 0);
    const actions = bench.settle();
    const cancel = { type: "cancel", piece: 0, begin: 0, length: BLOCK_LENGTH };
    assertEquals<unknown>(sentTo(actions, fast), [cancel]);
    assertEquals<unknown>(sentTo(actions, old), [cancel]);
    assertEquals([fast.download.outstanding.size, old.download.outstanding.size], [2, 1]);
    bench.reject(fast, 0, 0);
    assertEquals(
      [fast.download.outstanding.size, fast.download.refused.size],
      [1, 0],
      "no refusal of the piece",
    );
    bench.deliver(old, 0, 0); // crossed the cancel
    assertEquals(bench.download.wastedBytes, BLOCK_LENGTH);
  },
});

Deno.test({
  name: "an answer from before a piece failed does not disturb the next attempt",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 2 });
    const one = bench.seed(1);
    bench.settle();
    const other = bench.seed(2);
    bench.settleToEndGame();
    assertEquals(bench.owed(other).length, 2);
    bench.deliver(one, 0, 0);
    bench.deliver(one, 0, 1);
    bench.verify(0, false);
    bench.leave(one);
    bench.settle();
    assertEquals(bench.owed(other).length, 2);
    bench.reject(other, 0, 0); // the answer to the cancel of the first attempt
    for (let i = 0; i < 20 && !bench.pieces.isComplete; i++) {
      bench.tick(1000);
      bench.settle();
      if (i >= 8) bench.deliverAll(other);
      bench.verifyFull();
    }
    assert(bench.pieces.isComplete);
  },
});

Deno.test({
  name: "a piece that could not be stored is missing again",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 1 });
    const peer = bench.seed(1);
    bench.settle();
    bench.deliver(peer, 0, 0);
    bench.download.onStoreFailed(at(0));
    bench.check();
    assertEquals(bench.pieces.state(at(0)), "missing");
  },
});

Deno.test({
  name: "a block that is no block of the torrent costs the connection",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    bench.settle();
    const bad: [piece: number, begin: number, length: number][] = [
      [2, 0, BLOCK_LENGTH],
      [2 ** 32 - 1, 0, BLOCK_LENGTH],
      [0, 1, BLOCK_LENGTH],
      [0, 2 * BLOCK_LENGTH, BLOCK_LENGTH],
      [0, 0, BLOCK_LENGTH - 1],
      [0, 0, BLOCK_LENGTH + 1],
      [0, 0, 0],
    ];
    for (const [piece, begin, length] of bad) {
      const message = { type: "piece", piece, begin, block: new Uint8Array(length) } as const;
      assertThrows(() => bench.download.block(peer, message, 0), ProtocolError, "never asked");
    }
    bench.check();
    assertEquals([bench.stored.length, peer.download.outstanding.size], [0, 4]);
  },
});

Deno.test({
  name: "blocks nobody asked for are borne up to a limit",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    bench.settle();
    bench.deliver(peer, 0, 0);
    let borne = 0;
    assertThrows(
      () => {
        for (; borne < 5000; borne++) bench.deliver(peer, 0, 0);
      },
      ProtocolError,
      "keeps sending",
    );
    assertEquals(borne, 1024, "sixteen mebibytes");
    assertEquals(bench.pieces.active.get(at(0))!.receivedCount, 1);
  },
});

Deno.test({
  name: "a peer that loses a piece is not asked for it any more",
  permissions,
  fn() {
    for (const fast of [false, true]) {
      const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 8, slotCount: 1 });
      const peer = bench.seed(1, { fast });
      peer.extension.requestQueue = 4;
      bench.settle();
      const { piece } = bench.owed(peer)[0]!;
      const other = bench.seed(2, {}, bits(2, piece));
      other.extension.requestQueue = 2;
      bench.settle();
      bench.download.onDontHave(peer, at(piece));
      bench.check();
      assertEquals(peer.download.outstanding.size, fast ? 4 : 0, "with BEP 6 rejects will come");
      bench.deliver(other, piece, bench.owed(other)[0]!.block);
      bench.settle();
      for (const owed of bench.owed(other)) assertEquals(owed.piece, at(piece));
      if (!fast) assertEquals(bench.owed(peer), []);
    }
  },
});

Deno.test({
  name: "requests end at the data on a v2 connection and at the pad on a v1 one",
  permissions,
  fn() {
    const pieceLength = 2 * BLOCK_LENGTH;
    const files = [
      { length: pieceLength + 100, pad: false, root: new Uint8Array(32) },
      { length: pieceLength - 100, pad: true },
      { length: 5, pad: false, root: new Uint8Array(32) },
      { length: pieceLength - 5, pad: true },
    ];
    const layout = new Layout({ pieceLength, version: "hybrid", files });
    const lengths = (v2: boolean) => {
      const bench = new DownloadHarness({ layout });
      const peer = bench.seed(1, { v2 });
      const asked = bench.requests(peer).map(({ piece, length }) => [piece, length]);
      bench.deliverAll(peer);
      assertEquals(bench.verifyFull().length, 0);
      assert(bench.pieces.isComplete);
      return asked.sort((a, b) => a[0]! - b[0]!);
    };
    assertEquals(lengths(true), [[0, 16384], [0, 16384], [1, 100], [2, 5]]);
    assertEquals(lengths(false), [[0, 16384], [0, 16384], [1, 16384], [2, 16384]]);
  },
});

Deno.test({
  name: "whatever peers do, all invariants hold and honest peers complete the download",
  permissions,
  fn() {
    const counts: Record<string, number> = {};
    for (let seed = 0; seed < 60; seed++) chaos(seed, counts);
    const least = {
      block: 2500,
      reject: 200,
      choke: 400,
      leave: 200,
      snub: 50,
      drop: 200,
      cancel: 50,
      fail: 150,
      alone: 200,
    };
    for (const [what, times] of Object.entries(least)) {
      assert((counts[what] ?? 0) >= times, `${what} happened ${counts[what]} times`);
    }
  },
});

/** Peers that join, leave, choke, reject, forget and lose pieces at random; then one good one. */
function chaos(seed: number, counts: Record<string, number>): void {
  const random = seededRandom(seed);
  const pieceCount = integerFrom(random, 1, 20);
  const bench = new DownloadHarness({
    pieceCount,
    blocksPerPiece: integerFrom(random, 1, 8),
    slotCount: integerFrom(random, 1, 6),
    seed,
  });
  const did = (what: string) => counts[what] = (counts[what] ?? 0) + 1;
  let nextId = 1;
  for (let i = 0; i < 500 && !bench.pieces.isComplete; i++) {
    const connections = [...bench.connections.values()];
    if (connections.length < 4 && random() < 0.3) {
      const has = bits(pieceCount);
      for (let piece = 0; piece < pieceCount; piece++) if (random() < 0.6) has.set(piece);
      bench.seed(nextId++, { fast: random() < 0.5 }, has).extension.requestQueue = integerFrom(
        random,
        1,
        9,
      );
      continue;
    }
    const peer = connections[integerFrom(random, 0, connections.length - 1)];
    if (peer === undefined) continue;
    const owed = bench.owed(peer);
    const one = owed[integerFrom(random, 0, owed.length - 1)];
    const choice = random();
    if (choice < 0.65) {
      if (one === undefined) bench.download.onUnchoke(peer);
      else if (choice > 0.55 && peer.negotiated.fast) {
        bench.reject(peer, one.piece, one.block);
        did("reject");
      } else {
        bench.deliver(peer, one.piece, one.block, random() < 0.1 ? peer.peer.id + 1 : 0);
        did("block");
      }
    } else if (choice < 0.7) bench.download.onChoke(peer), did("choke");
    else if (choice < 0.8) bench.download.onUnchoke(peer);
    else if (choice < 0.83) bench.leave(peer), did("leave");
    else if (choice < 0.88) {
      bench.download.onHave(peer, at(integerFrom(random, 0, pieceCount - 1)));
    } else if (choice < 0.91) {
      bench.download.onDontHave(peer, at(integerFrom(random, 0, pieceCount - 1)));
      did("drop");
    } else {
      bench.tick(integerFrom(random, 100, 5000));
      if (peer.download.snubbed) did("snub");
    }
    for (const _ of bench.verifyFull()) did("fail");
    if ([...bench.pieces.active.values()].some(({ exclusive }) => exclusive)) did("alone");
    for (const action of bench.settle()) {
      if (action.type === "send" && action.message.type === "cancel") did("cancel");
      if (action.type === "request") {
        assert(
          action.connection.download.outstanding.size <= action.connection.extension.requestQueue,
        );
      }
    }
  }
  for (const peer of [...bench.connections.values()]) bench.leave(peer);
  const good = bench.seed(nextId, {});
  for (let i = 0; i < 400 && !bench.pieces.isComplete; i++) {
    bench.tick(250);
    bench.settle();
    bench.deliverAll(good);
    bench.verifyFull();
  }
  assert(bench.pieces.isComplete, `seed ${seed} did not complete`);
}
