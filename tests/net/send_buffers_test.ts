/**
 * The memory for data on its way to peers.
 * @module
 */

import { assertEquals } from "@std/assert";
import { BATCH_BYTES, BatchBuffers } from "../../lib/net/send_buffers.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

Deno.test({
  name: "buffers are used again",
  permissions: "none",
  fn() {
    const buffers = new BatchBuffers();
    for (const portion of [BATCH_BYTES, 32 * KIB]) {
      const buffer = buffers.acquire(portion, portion + 13);
      buffers.release(buffer);
      assertEquals(buffers.acquire(portion, 100), buffer);
    }
  },
});

Deno.test({
  name: "while much is on its way, each batch takes no more than it needs",
  permissions: "none",
  fn() {
    const buffers = new BatchBuffers();
    const inUse: Uint8Array[] = [];
    const take = () => inUse.push(buffers.acquire(BATCH_BYTES, 16 * KIB + 13));
    while (!buffers.isShort) take();
    const atOnce = inUse.reduce((sum, { length }) => sum + length, 0);
    assertEquals(atOnce >= 32 * MIB && atOnce < 33 * MIB, true);
    for (let i = 0; i < 1000; i++) take();
    assertEquals(inUse.at(-1)!.length, 16 * KIB + 13);
    for (const buffer of inUse.splice(0)) buffers.release(buffer);
    assertEquals(buffers.isShort, false);
    take();
    assertEquals(inUse[0]!.length > BATCH_BYTES, true);
  },
});
