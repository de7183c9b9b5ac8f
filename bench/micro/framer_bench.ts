/**
 * How fast the framer splits a stream into messages: file data, small messages, and requests.
 *
 *     deno bench -A bench/micro/framer_bench.ts
 *
 * The names give the bytes of one round; divide them by the time.
 *
 * @module
 */

import { concat } from "../../lib/codec/bytes.ts";
import { Framer } from "../../lib/codec/wire/framer.ts";
import { encodeMessage, type Message } from "../../lib/codec/wire/message.ts";

const BLOCK = new Uint8Array(16 * 1024);
/** The most bytes of one read. */
const READ_BYTES = 1024 * 1024;

function stream(count: number, message: (i: number) => Message): Uint8Array {
  return concat(...Array.from({ length: count }, (_, i) => encodeMessage(message(i))));
}

const piece = (i: number): Message => (
  { type: "piece", piece: i >> 5, begin: (i & 31) * BLOCK.length, block: BLOCK }
);
const have = (i: number): Message => ({ type: "have", piece: i });
const request = (i: number): Message => (
  { type: "request", piece: i >> 5, begin: (i & 31) * BLOCK.length, length: BLOCK.length }
);

/** Feeds a stream as reads of up to `readBytes`, and takes all messages. */
function bench(name: string, bytes: Uint8Array, count: number, readBytes: number): void {
  const framer = new Framer();
  const size = `${(bytes.length / 1e6).toFixed(2)} MB`;
  Deno.bench(`${name}, ${size}`, () => {
    let taken = 0;
    for (let at = 0; at < bytes.length;) {
      const space = framer.space();
      const part = bytes.subarray(at, at + Math.min(space.length, readBytes));
      space.set(part);
      framer.advance(part.length);
      at += part.length;
      while (framer.next() !== undefined) taken++;
    }
    if (taken !== count) throw new Error(`${taken} messages instead of ${count}`);
  });
}

const pieces = stream(512, piece);
bench("512 blocks, read a mebibyte at a time", pieces, 512, READ_BYTES);
bench("512 blocks, read 64 KiB at a time", pieces, 512, 64 * 1024);
bench("10,000 haves", stream(10_000, have), 10_000, READ_BYTES);
bench("10,000 requests", stream(10_000, request), 10_000, READ_BYTES);

/** Each round copies its stream into the framer in place of a socket; this measures that copy alone. */
const target = new Uint8Array(READ_BYTES);
Deno.bench("the same 8.40 MB copied and no more", () => {
  for (let at = 0; at < pieces.length; at += READ_BYTES) {
    target.set(pieces.subarray(at, at + READ_BYTES));
  }
});
