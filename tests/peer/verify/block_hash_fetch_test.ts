/** Block-level recovery of v2 pieces: leaf hashes tell which blocks are wrong (BEP 52). @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { merkleRoot } from "../../../lib/codec/torrent/merkle.ts";
import type { HashesMessage, HashRangeMessage } from "../../../lib/codec/wire/message.ts";
import { CorruptDataError } from "../../../lib/errors.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { requestsOf } from "../../../simulation/requests.ts";
import { at, bits, DownloadHarness, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";
const BLOCKS = 4;
/** On the bench the digest of a right block is all zeros. */
const LEAVES = new Uint8Array(32 * BLOCKS);
const ROOT = new Uint8Array(32).fill(9);

interface Setup {
  bench: DownloadHarness;
  /** Sent blocks 0 and 1, right ones. */
  good: Connection;
  /** Sent blocks 2 and 3, of which the last was wrong. */
  bad: Connection;
  /** Had no part in it. */
  others: Connection[];
}

/** A v2 piece of four blocks that two peers have filled, and that has failed. */
function failed(otherCount = 3, v2 = true, slotCount = 16): Setup {
  const bench = new DownloadHarness({
    pieceCount: 8,
    blocksPerPiece: BLOCKS,
    slotCount,
    placeOf: (piece) => ({
      root: ROOT,
      range: { baseLayer: 0, index: piece * BLOCKS, length: BLOCKS, proofLayers: 0 },
      pieceHash: merkleRoot(LEAVES, 0),
    }),
  });
  const only = bits(8, 0);
  const [good, bad] = [bench.seed(1, { v2 }, only), bench.seed(2, { v2 }, only)];
  good.extension.requestQueue = bad.extension.requestQueue = 2;
  bench.settle();
  assertEquals([good, bad].map((peer) => bench.owed(peer).map(({ block }) => block)), [
    [0, 1],
    [2, 3],
  ]);
  const others = Array.from({ length: otherCount }, (_, i) => bench.seed(10 + i, { v2 }, only));
  bench.deliverAll(good);
  bench.deliver(bad, 0, 2);
  bench.deliver(bad, 0, 3, 7);
  bench.verify(0);
  return { bench, good, bad, others };
}

/** Who is asked for leaf hashes in these actions. */
function asked(actions: readonly Action[], peers: readonly Connection[]): Connection[] {
  return peers.filter((peer) => sentTo(actions, peer).some(({ type }) => type === "hashRequest"));
}

function answer(hashes = LEAVES, piece = 0): HashesMessage {
  const range = { baseLayer: 0, index: piece * BLOCKS, length: BLOCKS, proofLayers: 0 };
  return { type: "hashes", root: ROOT, ...range, hashes };
}

function refusal(): HashRangeMessage {
  const { hashes: _, ...fields } = answer();
  return { ...fields, type: "hashReject" };
}

Deno.test({
  name:
    "the one wrong block of a failed piece is found, fetched again, and costs its sender all trust",
  permissions,
  fn() {
    const { bench, good, bad, others } = failed();
    const first = asked(bench.settle(), [good, bad, ...others]);
    assertEquals(first, others.slice(0, 2), "two at a time, and first who had no part in it");
    assertEquals(bench.pieces.state(at(0)), "verifying");
    assertEquals(bench.banned, []);
    assert(bench.failures.onHashes(first[0]!, answer()));
    bench.check();
    assertEquals(bench.pieces.state(at(0)), "inFlight");
    assertEquals(bench.banned, [bad.peer]);
    bench.leave(bad);
    const requests = bench.settle().flatMap((action) =>
      action.type === "request" ? requestsOf(action.blocks) : []
    );
    assertEquals(requests.length, 1);
    assertEquals(bench.download.wastedBytes, 16_384);
    const fetcher = [good, ...others].find((peer) => bench.owed(peer).length > 0)!;
    assertEquals(bench.owed(fetcher), [{ piece: at(0), block: 3 }]);
    bench.deliverAll(fetcher);
    bench.verify(0);
    assert(bench.pieces.have.get(0));
    assertEquals(bench.banned, [bad.peer]);
    assertEquals(good.peer.verifiedBytes, (fetcher === good ? 3 : 2) * 16_384);
    assertEquals(bad.peer.verifiedBytes, 16_384, "one of its blocks was right");
    assert(!bench.failures.onHashes(first[1]!, answer()), "a late answer means nothing");
  },
});

Deno.test({
  name: "a piece whose wrong block is replaced by another wrong one convicts that sender at once",
  permissions,
  fn() {
    const { bench, bad, others: [first, second] } = failed(2);
    bench.settle();
    bench.failures.onHashes(first!, answer());
    bench.leave(bad);
    bench.download.poll(second!, bench.nowMs);
    assertEquals(bench.owed(second!), [{ piece: at(0), block: 3 }]);
    bench.settle();
    bench.deliver(second!, 0, 3, 8);
    bench.verify(0);
    assertEquals(bench.banned, [bad.peer, second!.peer]);
    assertEquals(bench.pieces.state(at(0)), "inFlight");
    assertEquals(asked(bench.settle(), [first!]), [], "the hashes are known");
  },
});

Deno.test({
  name: "a piece all of which is wrong is dropped, and its sender convicted",
  permissions,
  fn() {
    const { bench, bad, others } = failed();
    bench.failures.onHashes(others[0]!, answer());
    bench.leave(bad);
    const fresh = bench.seed(30, { v2: true }, bits(8, 1));
    bench.settle();
    for (let block = 0; block < BLOCKS; block++) bench.deliver(fresh, 1, block, 5);
    bench.verify(1);
    assertEquals(bench.banned.at(-1), fresh.peer, "it was alone: no hashes are needed for that");
    bench.leave(fresh);
    assertEquals(bench.pieces.state(at(1)), "missing", "and nobody else could give them");
  },
});

Deno.test({
  name:
    "who refuses leaf hashes, is silent or leaves is followed by others; then all is fetched again",
  permissions,
  fn() {
    for (const how of ["refuses", "is silent", "leaves"]) {
      const { bench, good, bad, others } = failed(3);
      const all = [good, bad, ...others];
      let current = asked(bench.settle(), all);
      const everybody = new Set<Connection>(current);
      for (let i = 0; i < 40 && bench.pieces.state(at(0)) === "verifying"; i++) {
        if (how === "is silent") bench.tick(250);
        else {for (const peer of current) {
            if (how === "leaves") bench.leave(peer);
            else bench.failures.onHashReject(peer, refusal());
          }}
        current = asked(bench.settle(), all);
        for (const peer of current) everybody.add(peer);
      }
      assertEquals(everybody.size, 5, how);
      bench.check();
      assert(bench.failures.suspect.has(at(0)), how);
      assertEquals(bench.banned, []);
      assert(bench.nowMs <= 4250, `${bench.nowMs} ms`);
    }
  },
});

Deno.test({
  name: "hashes that do not lead to the piece's hash convict their sender, and others are asked",
  permissions,
  fn() {
    const { bench, others } = failed(3);
    const [liar, honest] = asked(bench.settle(), others);
    const lie = LEAVES.slice();
    lie[40] = 1;
    assertThrows(() => bench.failures.onHashes(liar!, answer(lie)), CorruptDataError);
    assertThrows(
      () => bench.failures.onHashes(liar!, answer(LEAVES.subarray(32))),
      CorruptDataError,
    );
    assertEquals(asked(bench.settle(), others), [others[2]!]);
    assertEquals(bench.pieces.state(at(0)), "verifying");
    assert(bench.failures.onHashes(honest!, answer()));
    assertEquals(bench.pieces.state(at(0)), "inFlight");
  },
});

Deno.test({
  name: "hashes of other places are not taken for those of the piece",
  permissions,
  fn() {
    const { bench, others } = failed();
    assert(!bench.failures.onHashes(others[0]!, answer(LEAVES, 1)));
    assert(!bench.failures.onHashes(others[0]!, { ...answer(), root: new Uint8Array(32) }));
    assert(!bench.failures.onHashes(others[0]!, { ...answer(), baseLayer: 1 }));
    assertEquals(bench.pieces.state(at(0)), "verifying");
  },
});

Deno.test({
  name: "without v2 connections the whole piece is fetched again at once",
  permissions,
  fn() {
    const { bench, good, bad, others } = failed(3, false);
    assertEquals(asked(bench.settle(), [good, bad, ...others]), []);
    assertEquals([...bench.failures.suspect], [at(0)]);
  },
});

Deno.test({
  name: "pieces that wait for hashes take half of the piece memory at most",
  permissions,
  fn() {
    const { bench, good, bad, others } = failed(1, true, 2);
    assertEquals(bench.pieces.state(at(0)), "verifying");
    for (const peer of [good, bad]) bench.download.onBitfield(peer, bits(8, 1));
    assertEquals(asked(bench.settle(), others), others);
    for (const peer of [good, bad]) {
      for (const { piece, block } of bench.owed(peer)) bench.deliver(peer, piece, block, peer.id);
    }
    bench.verify(1);
    assertEquals([0, 1].map((piece) => bench.pieces.state(at(piece))), ["verifying", "missing"]);
    assert(bench.failures.suspect.has(at(1)));
    assertEquals(asked(bench.settle(), others), [], "nobody is asked for the second");
  },
});
