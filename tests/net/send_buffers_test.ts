/**
 * The memory for data on its way to peers.
 * @module
 */

import { assertEquals } from "@std/assert";
import { RateLimiter } from "../../lib/net/rate_limiter.ts";
import { BATCH_BYTES, BatchBuffers } from "../../lib/net/send_buffers.ts";
import { UploadBatches, type UploadSource } from "../../lib/net/upload_batches.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import type { BlockRequest } from "../../lib/peer/connection/upload_state.ts";
import type { PieceIndex } from "../../lib/store/layout.ts";
import { FakeClock } from "../support/fake_clock.ts";

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

/** A peer that takes a lot, and asks for all blocks of one piece. */
function fastPeer(buffers: BatchBuffers): UploadBatches {
  const queue: BlockRequest[] = Array.from({ length: 64 }, (_, i) => {
    return { piece: 0 as PieceIndex, begin: i * 16 * KIB, length: 16 * KIB };
  });
  const source: UploadSource = {
    buffers,
    uploadLimiter: new RateLimiter(0).share(),
    takeUploads: (_, maxBytes) => queue.splice(0, maxBytes / (16 * KIB)),
    readBlocks: (_, out) => Promise.resolve(out.fill(7).length > 0),
    refuseUpload: () => {},
  };
  const connection = { upload: { meter: { rate: () => 1e9 } } } as unknown as Connection;
  return new UploadBatches(connection, source, new FakeClock());
}

Deno.test({
  name: "a fast peer gets long batches, but block by block while others hold a lot of memory",
  permissions: "none",
  async fn() {
    const buffers = new BatchBuffers();
    const peer = fastPeer(buffers);
    const first = await peer.next();
    assertEquals(first!.dataBytes, 512 * KIB);
    const held: Uint8Array[] = [];
    while (!buffers.isShort) held.push(buffers.acquire(BATCH_BYTES, BATCH_BYTES));
    const short = await peer.next();
    assertEquals([short!.dataBytes, short!.length], [16 * KIB, 16 * KIB + 13]);
    for (const buffer of held) buffers.release(buffer);
    assertEquals((await peer.next())!.dataBytes, 31 * 16 * KIB);
  },
});
