/** Requests for blocks become long stretches, and what comes back becomes blocks again. @module */

import { assert, assertEquals } from "@std/assert";
import { type Batch, BlockSplitter, RangeQueue } from "../../lib/net/web_seed/range_requests.ts";
import { BLOCK_LENGTH, Layout, type LayoutSource } from "../../lib/store/layout.ts";
import { seededRandom } from "../../support/random.ts";

const permissions = "none";
const K = 1024;

/** A queue in which every block of these pieces waits. */
function queueOf(layout: Layout, pieces: Iterable<number> = layout.pieces()): RangeQueue {
  const queue = new RangeQueue(layout);
  for (const n of pieces) {
    const piece = layout.pieceIndex(n)!;
    for (let block = 0; block < layout.blockCount(piece); block++) {
      const length = layout.blockLength(piece, block, false);
      queue.add({ piece, begin: block * BLOCK_LENGTH, length });
    }
  }
  return queue;
}

function takeAll(queue: RangeQueue, maxBytes: number): Batch[] {
  const batches: Batch[] = [];
  for (let batch; (batch = queue.take(maxBytes)) !== undefined;) batches.push(batch);
  return batches;
}

const single = (length: number, pieceLength = 64 * K): LayoutSource => ({
  version: "v1",
  pieceLength,
  files: [{ length, pad: false }],
});

Deno.test("consecutive blocks and pieces are one stretch of one file", { permissions }, () => {
  const queue = queueOf(new Layout(single(200_000)));
  assertEquals(queue.bytes, 200_000);
  const [batch, ...more] = takeAll(queue, 4 * K * K);
  assertEquals(more, []);
  assertEquals(batch!.spans, [{ file: 0, offset: 0, length: 200_000, at: 0 }]);
  assertEquals(batch!.blocks.length, 13);
  assertEquals(queue.bytes, 0);
});

Deno.test("a stretch has a longest length, and ends where a block was not asked for", {
  permissions,
}, () => {
  const layout = new Layout(single(640 * K));
  const lengths = takeAll(queueOf(layout), 256 * K).map(({ length }) => length / K);
  assertEquals(lengths, [256, 256, 128]);
  const [first, second] = takeAll(queueOf(layout, [1, 2, 5]), 256 * K);
  assertEquals([first!.spans[0]!.offset, first!.length], [64 * K, 128 * K]);
  assertEquals([second!.spans[0]!.offset, second!.length], [320 * K, 64 * K]);
});

Deno.test("the order of asking does not matter, and asking twice changes nothing", {
  permissions,
}, () => {
  const layout = new Layout(single(192 * K));
  const queue = queueOf(layout, [0, 2, 1, 1, 0]);
  assertEquals(queue.bytes, 192 * K);
  assertEquals(takeAll(queue, 4 * K * K).length, 1);
});

Deno.test("what was cancelled is not fetched", { permissions }, () => {
  const layout = new Layout(single(64 * K));
  const queue = queueOf(layout);
  const block = { piece: layout.pieceIndex(0)!, begin: 16 * K, length: 16 * K };
  assert(queue.cancel(block));
  assert(!queue.cancel(block));
  assertEquals(takeAll(queue, 4 * K * K).map(({ length }) => length / K), [16, 32]);
});

Deno.test("files of a folder are spans of their own, and pads are none", { permissions }, () => {
  const layout = new Layout({
    version: "v1",
    pieceLength: 32 * K,
    files: [
      { length: 20 * K, pad: false },
      { length: 12 * K, pad: true },
      { length: 0, pad: false },
      { length: 10 * K, pad: false },
      { length: 40 * K, pad: false },
    ],
  });
  const [batch, ...more] = takeAll(queueOf(layout), 4 * K * K);
  assertEquals(more, []);
  assertEquals(batch!.length, 82 * K);
  assertEquals(batch!.spans, [
    { file: 0, offset: 0, length: 20 * K, at: 0 },
    { file: 3, offset: 0, length: 10 * K, at: 32 * K },
    { file: 4, offset: 0, length: 40 * K, at: 42 * K },
  ]);
});

Deno.test("bytes in parts of any size come out as the blocks that were asked for", {
  permissions,
}, () => {
  const random = seededRandom(3);
  let blocks = 0;
  for (let round = 0; round < 200; round++) {
    const length = 1 + Math.floor(random() * 200_000);
    const layout = new Layout(single(length, 32 * K));
    const content = Uint8Array.from({ length }, () => random() * 256);
    const batch = queueOf(layout).take(Infinity)!;
    const cutter = new BlockSplitter(batch.blocks, ({ piece, begin, length }, block) => {
      const start = piece * layout.pieceLength + begin;
      assertEquals(block.length, length);
      assert(block.every((byte, i) => byte === content[start + i]));
      blocks++;
    });
    for (let at = 0; at < length;) {
      const end = at + 1 + Math.floor(random() * (round % 2 === 0 ? 100 : 100_000));
      cutter.push(content.subarray(at, end));
      at = end;
    }
  }
  assert(blocks > 1000, `${blocks} blocks`);
});
