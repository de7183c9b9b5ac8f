/** Requests written without an object for each. @module */

import { assertEquals } from "@std/assert";
import { concat } from "../../../lib/codec/bytes.ts";
import { encodeMessage } from "../../../lib/codec/wire/message.ts";
import { requestsLength, writeRequests } from "../../../lib/codec/wire/request_batch.ts";

Deno.test("requests written together are the bytes of each, one after the other", {
  permissions: "none",
}, () => {
  const blocks = [0, 0, 16_384, 7, 32_768, 1, 0xfffffffe, 0x80000000, 0xffffffff];
  const one = (piece: number, begin: number, length: number) =>
    encodeMessage({ type: "request", piece, begin, length });
  const expected = concat(
    new Uint8Array(5),
    one(0, 0, 16_384),
    one(7, 32_768, 1),
    one(0xfffffffe, 0x80000000, 0xffffffff),
  );
  const out = new Uint8Array(5 + requestsLength(blocks));
  assertEquals(writeRequests(blocks, out, 5), out.length);
  assertEquals(out, expected);
  assertEquals([requestsLength([]), writeRequests([], out, 5)], [0, 5]);
});
