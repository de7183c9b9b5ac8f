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
  name: "a download that ends in the middle of its pieces gives their memory back",
  permissions,
  fn() {
    const pool = new BufferPool(new PieceBudget(4 * LENGTH));
    const buffers = new PieceBuffers(4, LENGTH, pool);
    for (let slot = 0; slot < 3; slot++) {
      buffers.taken();
      buffers.store(slot, 0, Uint8Array.of(slot));
    }
    buffers.close();
    assertEquals(pool.bytes, 0);
  },
});
