/**
 * Stretches of pieces read once for many small batches.
 * @module
 */

import { assertEquals } from "@std/assert";
import { ReadAhead, ReadAheadMemory } from "../../lib/disk/read_ahead.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import { formulaBytes } from "../../support/content.ts";

const KIB = 1024;
const PIECE = 1024 * KIB;
const LENGTH = 40 * PIECE + 100 * KIB;
const BYTES = formulaBytes(LENGTH);
const LAYOUT = new Layout({
  pieceLength: PIECE,
  version: "v1",
  files: [{ length: LENGTH, pad: false }],
});

interface Counted {
  ahead: ReadAhead;
  /** What the source was asked for, as `piece+begin length`. */
  reads: string[];
  /** Reads a range and holds it against the content; whether it could be read. */
  read(piece: number, begin: number, length: number, nowMs?: number): Promise<boolean>;
}

function counted(
  source: (piece: number) => Promise<boolean> = () => Promise.resolve(true),
  memory: ReadAheadMemory = new ReadAheadMemory(),
): Counted {
  const reads: string[] = [];
  const ahead = new ReadAhead(LAYOUT, async (piece, begin, length, out) => {
    reads.push(`${piece}+${begin / KIB} ${length / KIB}`);
    if (!await source(piece)) return false;
    out.set(BYTES.subarray(piece * PIECE + begin, piece * PIECE + begin + length));
    return true;
  }, memory);
  return {
    ahead,
    reads,
    async read(piece, begin, length, nowMs = 0) {
      const out = new Uint8Array(length);
      const isRead = await ahead.read(piece as PieceIndex, begin, length, out, nowMs);
      const from = piece * PIECE + begin;
      if (isRead) assertEquals(out, BYTES.slice(from, from + length));
      return isRead;
    },
  };
}

Deno.test("a piece taken in small batches, by several peers at once, is read in two goes", async () => {
  const { reads, read } = counted();
  const batches: Promise<boolean>[] = [];
  for (let begin = 0; begin < PIECE; begin += 32 * KIB) {
    batches.push(read(3, begin, 32 * KIB), read(3, begin, 32 * KIB));
  }
  assertEquals(new Set(await Promise.all(batches)), new Set([true]));
  assertEquals(reads, ["3+0 512", "3+512 512"]);
});

Deno.test("a large batch goes straight to the file", async () => {
  const { ahead, reads, read } = counted();
  await read(0, 0, 512 * KIB);
  await read(0, 512 * KIB, 272 * KIB);
  assertEquals(reads, ["0+0 512", "0+512 272"]);
  assertEquals(ahead.size, 0);
});

Deno.test("a range across two stretches, and one beyond the last, are read as they are", async () => {
  const { reads, read } = counted();
  await read(0, 496 * KIB, 32 * KIB);
  await read(40, 0, 16 * KIB);
  await read(40, 64 * KIB, 36 * KIB);
  assertEquals(reads, ["0+0 512", "0+496 32", "40+0 100"]);
});

Deno.test("memory is bounded: when all of it is in use, batches are read as they are", async () => {
  const { ahead, reads, read } = counted();
  for (let piece = 0; piece < 40; piece++) await read(piece, 0, 16 * KIB);
  assertEquals(ahead.size, 16);
  assertEquals(reads.filter((text) => text.endsWith(" 512")).length, 16);
  assertEquals(reads.at(-1), "39+0 16");
});

Deno.test("what is used up makes room, and after a second what nobody came back for", async () => {
  const { ahead, reads, read } = counted();
  for (let piece = 0; piece < 16; piece++) await read(piece, 0, 16 * KIB);
  for (let begin = 16 * KIB; begin < 512 * KIB; begin += 16 * KIB) await read(7, begin, 16 * KIB);
  await read(20, 0, 16 * KIB, 10);
  assertEquals(reads.at(-1), "20+0 512");
  await read(21, 0, 16 * KIB, 20);
  assertEquals(reads.at(-1), "21+0 16");
  await read(22, 0, 16 * KIB, 1000);
  assertEquals(reads.at(-1), "22+0 512");
  assertEquals(ahead.size, 16);
});

Deno.test("what could not be read is tried anew", async () => {
  let good = false;
  const { ahead, reads, read } = counted(() => Promise.resolve(good));
  assertEquals(await Promise.all([read(1, 0, 16 * KIB), read(1, 16 * KIB, 16 * KIB)]), [
    false,
    false,
  ]);
  assertEquals(ahead.size, 0);
  good = true;
  assertEquals(await read(1, 0, 16 * KIB), true);
  assertEquals(reads, ["1+0 512", "1+0 512"]);
});

/** Torrents that share one memory. */
function sharing(count: number): { memory: ReadAheadMemory; torrents: Counted[] } {
  const memory = new ReadAheadMemory();
  return { memory, torrents: Array.from({ length: count }, () => counted(undefined, memory)) };
}

Deno.test("all torrents share one memory, and each gets its share of it", async () => {
  const { memory, torrents } = sharing(5);
  const [greedy, ...others] = torrents;
  for (let piece = 0; piece < 40; piece++) await greedy!.read(piece, 0, 16 * KIB);
  assertEquals(greedy!.ahead.size, 16);
  for (const other of others) {
    for (let piece = 0; piece < 8; piece++) await other.read(piece, 0, 16 * KIB);
  }
  assertEquals(memory.size, 16);
  for (const { ahead } of torrents) assertEquals(ahead.size >= 3 && ahead.size <= 5, true);
});

Deno.test("of more torrents than there is memory for, none takes what another needs", async () => {
  const { memory, torrents } = sharing(20);
  for (let round = 0; round < 2; round++) {
    for (const { read } of torrents) assertEquals(await read(0, 16 * KIB * round, 16 * KIB), true);
  }
  assertEquals(memory.size, 16);
  assertEquals(torrents.slice(0, 16).map(({ reads }) => reads), Array(16).fill(["0+0 512"]));
  assertEquals(torrents.at(-1)!.reads, ["0+0 16", "0+16 16"]);
});

Deno.test("a torrent that ends leaves its memory to the others", async () => {
  const { memory, torrents: [first, second] } = sharing(2);
  for (let piece = 0; piece < 16; piece++) await first!.read(piece, 0, 16 * KIB);
  first!.ahead.close();
  assertEquals([memory.size, first!.ahead.size], [0, 0]);
  for (let piece = 0; piece < 16; piece++) await second!.read(piece, 0, 16 * KIB);
  assertEquals(second!.ahead.size, 16);
});
