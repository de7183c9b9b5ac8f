/** How a stream reads: what it asks for, and what it holds. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { DiskError } from "../../lib/errors.ts";
import { UrgentPieces } from "../../lib/peer/download/urgent_pieces.ts";
import type { TransferView } from "../../lib/peer/transfer_view.ts";
import { type ByteRange, FileStream } from "../../lib/session/file_stream.ts";
import { bits, layoutOf } from "../support/peer/peers.ts";

const permissions = "none";
const PIECE = 4 * 16_384;

/** A torrent of 400 pieces of 64 KiB, whose first byte of each piece is its number. */
class Bench {
  readonly urgent = new UrgentPieces();
  readonly have = bits(400);
  readonly reads: [piece: number, begin: number, length: number][] = [];
  isRight = true;
  #piece = Promise.withResolvers<void>();

  stream(range: ByteRange = {}, address = 0): FileStream {
    const transfer = {
      layout: layoutOf(400, 4),
      pieces: { have: this.have },
      urge: () => this.urgent.open(),
    } as unknown as TransferView;
    return new FileStream({
      place: () => Promise.resolve({ transfer, address, length: 400 * PIECE - address }),
      read: (piece, begin, out) => {
        this.reads.push([piece, begin, out.length]);
        out.fill(piece % 256);
        return Promise.resolve(this.isRight);
      },
      nextPiece: () => this.#piece.promise,
    }, range);
  }

  /** Pieces come. */
  stored(...pieces: number[]): void {
    for (const piece of pieces) this.have.set(piece);
    this.#piece.resolve();
    this.#piece = Promise.withResolvers();
  }
}

/** Lets everything happen that needs no more pieces. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a stream that nobody reads holds one chunk, and keeps a few pieces urgent", {
  permissions,
}, async () => {
  const bench = new Bench();
  bench.have.fill();
  const { readable } = bench.stream();
  await settled();
  assertEquals(bench.reads.length, 1);
  const urgent = [0, 1, 63, 64, 399].map((piece) => bench.urgent.has(piece));
  assertEquals(urgent, [true, true, true, false, false], "4 MiB ahead");
  const reader = readable.getReader();
  for (let taken = 1; taken <= 5; taken++) {
    await reader.read();
    await settled();
    assertEquals(bench.reads.length, taken + 1);
  }
  await reader.cancel();
  assertEquals(bench.urgent.isEmpty, true);
});

Deno.test("a stream waits for each piece, and moves its wishes on", { permissions }, async () => {
  const bench = new Bench();
  const reader = bench.stream().readable.getReader();
  let isHere = false;
  const first = reader.read().then((chunk) => {
    isHere = true;
    return chunk;
  });
  bench.stored(1);
  await settled();
  assertEquals([isHere, bench.reads.length], [false, 0], "the first byte is not here");
  bench.stored(0);
  assertEquals((await first).value!.length, PIECE);
  await settled();
  assertEquals(bench.reads, [[0, 0, PIECE], [1, 0, PIECE]]);
  assertEquals([bench.urgent.has(0), bench.urgent.has(1)], [false, true]);
  await reader.cancel();
});

Deno.test("a range reads what it covers, and nothing else is urgent", { permissions }, async () => {
  const bench = new Bench();
  bench.have.fill();
  const { readable } = bench.stream({ start: 10, end: PIECE + 5 }, 2 * PIECE);
  await settled();
  assertEquals([1, 2, 3, 4].map((piece) => bench.urgent.has(piece)), [false, true, true, false]);
  let length = 0;
  for await (const chunk of readable) length += chunk.length;
  assertEquals([length, bench.reads], [PIECE - 5, [[2, 10, PIECE - 10], [3, 0, 5]]]);
  assertEquals(bench.urgent.isEmpty, true);
  for (
    const [range, expected] of [[{ start: 401 * PIECE }, 0], [
      { start: 399 * PIECE },
      PIECE,
    ]] as const
  ) {
    const bytes = await new Response(bench.stream(range).readable).bytes();
    assertEquals(bytes.length, expected, "what lies behind the end is not there");
  }
});

Deno.test(
  "a stream fails when the torrent ends, or the data has changed",
  { permissions },
  async () => {
    const bench = new Bench();
    const waiting = bench.stream();
    const reading = waiting.readable.getReader().read();
    waiting.fail(new Error("the end"));
    await assertRejects(() => reading, Error, "the end");
    bench.have.fill();
    bench.isRight = false;
    const { code } = await assertRejects(
      () => new Response(bench.stream().readable).bytes(),
      DiskError,
    );
    assertEquals([code, bench.urgent.isEmpty], ["content-changed", true]);
  },
);
