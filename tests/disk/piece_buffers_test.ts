/** The buffers in which pieces are collected. @module */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { BufferPool, PieceBuffers } from "../../lib/disk/piece_buffers.ts";
import { PieceBudget } from "../../lib/store/piece_budget.ts";

const permissions = "none";
const LENGTH = 32_768;

Deno.test({
  name: "a buffer that a piece has left serves the next one, of any download",
  permissions,
  fn() {
    const pool = new BufferPool(new PieceBudget(4 * LENGTH));
    const [first, second] = [new PieceBuffers(4, LENGTH, pool), new PieceBuffers(4, LENGTH, pool)];
    first.taken();
    first.store(2, 0, Uint8Array.of(1, 2, 3));
    const buffer = first.take(2);
    first.giveBack(2, buffer); // verified
    first.freed(2);
    assertEquals(pool.bytes, LENGTH);
    second.taken();
    second.store(0, 16_384, Uint8Array.of(9));
    assertStrictEquals(second.take(0), buffer);
    assertEquals([pool.bytes, new Uint8Array(buffer)[16_384]], [LENGTH, 9]);
  },
});

Deno.test({
  name: "buffers that nobody uses make room for those of another length",
  permissions,
  fn() {
    const pool = new BufferPool(new PieceBudget(4 * LENGTH));
    const [short, long] = [
      new PieceBuffers(4, LENGTH, pool),
      new PieceBuffers(4, 3 * LENGTH, pool),
    ];
    for (let slot = 0; slot < 4; slot++) {
      short.taken();
      short.store(slot, 0, Uint8Array.of(slot));
    }
    for (let slot = 0; slot < 4; slot++) short.freed(slot);
    assertEquals(pool.bytes, 4 * LENGTH);
    long.taken();
    long.store(0, 0, Uint8Array.of(1));
    assertEquals(pool.bytes, 4 * LENGTH);
    long.freed(0);
    assertEquals(pool.bytes, 4 * LENGTH);
    short.close();
    long.close();
    assertEquals(pool.budget.usedBytes, 0);
  },
});

Deno.test({
  name: "buffers are kept for pieces that were begun and have no block yet",
  permissions,
  fn() {
    const pool = new BufferPool(new PieceBudget(2 * LENGTH));
    const buffers = new PieceBuffers(2, LENGTH, pool);
    const seen = new Set<ArrayBuffer>();
    const collect = (slot: number) => {
      buffers.store(slot, 0, Uint8Array.of(1));
      const buffer = buffers.take(slot);
      seen.add(buffer);
      buffers.giveBack(slot, buffer); // verified
      buffers.freed(slot);
      buffers.taken(); // the next piece begins at once; its blocks come later
    };
    buffers.taken();
    buffers.taken();
    for (let piece = 0; piece < 10; piece++) {
      buffers.store(1, 0, Uint8Array.of(1));
      collect(0);
      collect(1);
    }
    assertEquals([seen.size, pool.bytes], [2, 2 * LENGTH]);
  },
});

Deno.test({
  name: "a buffer that was lost with its piece does not count any more",
  permissions,
  fn() {
    const pool = new BufferPool(new PieceBudget(2 * LENGTH));
    const buffers = new PieceBuffers(2, LENGTH, pool);
    buffers.taken();
    buffers.store(1, 0, Uint8Array.of(1));
    buffers.take(1);
    assertEquals(pool.bytes, LENGTH);
    buffers.freed(1);
    assertEquals([pool.bytes, pool.budget.usedBytes], [0, 0]);
  },
});

Deno.test({
  name: "a download that ends leaves its buffers to the others, and the last one leaves none",
  permissions,
  fn() {
    const pool = new BufferPool(new PieceBudget(4 * LENGTH));
    const [first, last] = [new PieceBuffers(4, LENGTH, pool), new PieceBuffers(4, LENGTH, pool)];
    for (let slot = 0; slot < 3; slot++) {
      first.taken();
      first.store(slot, 0, Uint8Array.of(slot));
    }
    last.taken();
    last.store(0, 0, Uint8Array.of(1));
    first.close();
    assertEquals([pool.bytes, pool.budget.usedBytes], [4 * LENGTH, LENGTH]);
    last.close();
    assertEquals([pool.bytes, pool.budget.usedBytes], [0, 0]);
  },
});
