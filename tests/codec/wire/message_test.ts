import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { concat, fromHex } from "../../../lib/codec/bytes.ts";
import {
  decodeMessage,
  encodedLength,
  encodeMessage,
  MAX_BLOCK_LENGTH,
  type Message,
  MessageId,
  PIECE_HEADER_LENGTH,
  writeMessage,
  writePieceHeader,
} from "../../../lib/codec/wire/message.ts";
import { MAX_EXTENDED_LENGTH, MAX_HASHES } from "../../../lib/codec/wire/message_types.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { F81921_ROOT, WIRE_VECTORS, wireVector } from "../../support/vectors/wire_vectors.ts";

const permissions = "none";

/** Ids whose messages have exactly one length, and that length. */
const FIXED_LENGTHS: [id: number, length: number][] = [
  [MessageId.choke, 1],
  [MessageId.unchoke, 1],
  [MessageId.interested, 1],
  [MessageId.notInterested, 1],
  [MessageId.have, 5],
  [MessageId.request, 13],
  [MessageId.cancel, 13],
  [MessageId.port, 3],
  [MessageId.suggest, 5],
  [MessageId.haveAll, 1],
  [MessageId.haveNone, 1],
  [MessageId.reject, 13],
  [MessageId.allowedFast, 5],
  [MessageId.hashRequest, 49],
  [MessageId.hashReject, 49],
];

function frameOf(id: number, length: number): Uint8Array {
  const frame = new Uint8Array(length);
  if (length > 0) frame[0] = id;
  return frame;
}

Deno.test({
  name: "every message of the wire is read from its published bytes",
  permissions,
  fn() {
    for (const { name, wire, message } of WIRE_VECTORS) {
      assertEquals(decodeMessage(wire.subarray(4)), message, name);
    }
    const types = new Set(WIRE_VECTORS.map((vector) => vector.message.type));
    assertEquals(types.size, Object.keys(MessageId).length + 1, "the vectors name every message");
  },
});

Deno.test({
  name: "every message of the wire is written as its published bytes",
  permissions,
  fn() {
    for (const { name, wire, message } of WIRE_VECTORS) {
      assertEquals(encodeMessage(message), wire, name);
      assertEquals(encodedLength(message), wire.length, name);
    }
    const piece = createHash("sha1").update(encodeMessage(wireVector("piece").message));
    assertEquals(piece.digest("hex"), "1290d71ae53df25583f959afa8ffc78f7103bf53");
  },
});

Deno.test({
  name: "messages are written one behind another into one buffer",
  permissions,
  fn() {
    const out = new Uint8Array(WIRE_VECTORS.reduce((sum, { wire }) => sum + wire.length, 3));
    let offset = 3;
    for (const { message } of WIRE_VECTORS) offset = writeMessage(message, out, offset);
    assertEquals(offset, out.length);
    assertEquals(out.subarray(3), concat(...WIRE_VECTORS.map(({ wire }) => wire)));
  },
});

Deno.test({
  name: "a message is not written over the end of a buffer",
  permissions,
  fn() {
    for (const { name, wire, message } of WIRE_VECTORS) {
      const out = new Uint8Array(wire.length + 7);
      assertThrows(() => writeMessage(message, out, 8), RangeError, "too short", name);
      assertEquals(out, new Uint8Array(out.length), name);
    }
  },
});

Deno.test({
  name: "a message of fixed length is refused when it is a byte longer or shorter",
  permissions,
  fn() {
    for (const [id, length] of FIXED_LENGTHS) {
      decodeMessage(frameOf(id, length));
      assertThrows(() => decodeMessage(frameOf(id, length + 1)), ProtocolError, `id ${id}`);
      if (length > 1) {
        assertThrows(() => decodeMessage(frameOf(id, length - 1)), ProtocolError, `id ${id}`);
      }
    }
  },
});

Deno.test({
  name: "a message of variable length is refused below its header and above its limit",
  permissions,
  fn() {
    const bounds: [id: number, shortest: number, longest: number][] = [
      [MessageId.piece, 9, 9 + MAX_BLOCK_LENGTH],
      [MessageId.extended, 2, MAX_EXTENDED_LENGTH],
      [MessageId.hashes, 49, 49 + 32 * MAX_HASHES],
    ];
    for (const [id, shortest, longest] of bounds) {
      decodeMessage(frameOf(id, shortest));
      decodeMessage(frameOf(id, longest));
      assertThrows(() => decodeMessage(frameOf(id, shortest - 1)), ProtocolError, `id ${id}`);
      assertThrows(() => decodeMessage(frameOf(id, longest + 1)), ProtocolError, `id ${id}`);
    }
  },
});

Deno.test({
  name: "a hashes message must carry whole hashes, and as many as it says",
  permissions,
  fn() {
    const range = { root: F81921_ROOT, baseLayer: 0, index: 4, length: 2, proofLayers: 2 };
    const frame = (byteCount: number, length = 2) =>
      encodeMessage({ type: "hashes", ...range, length, hashes: new Uint8Array(byteCount) })
        .subarray(4);
    decodeMessage(frame(64));
    decodeMessage(frame(96));
    for (const byteCount of [0, 32, 63, 65, 95]) {
      assertThrows(() => decodeMessage(frame(byteCount)), ProtocolError, "carries");
    }
    assertThrows(() => decodeMessage(frame(64, 0xffffffff)), ProtocolError, "carries");
  },
});

Deno.test({
  name: "numbers on the wire are unsigned",
  permissions,
  fn() {
    const ones = 0xffffffff;
    const sent: Message[] = [
      { type: "have", piece: ones },
      { type: "request", piece: 0x80000000, begin: 0xfffffffe, length: ones },
      { type: "port", port: 0xffff },
      { type: "piece", piece: ones, begin: 0x80000001, block: fromHex("00ff") },
    ];
    for (const message of sent) {
      assertEquals(decodeMessage(encodeMessage(message).subarray(4)), message);
    }
  },
});

Deno.test({
  name: "an id that nobody knows is named and skipped, whatever its length",
  permissions,
  fn() {
    for (const id of [10, 11, 12, 18, 19, 24, 100, 255]) {
      for (const length of [1, 2, 5, 100_000]) {
        assertEquals(decodeMessage(frameOf(id, length)), { type: "unknown", id });
      }
      assertEquals(
        encodeMessage({ type: "unknown", id }),
        fromHex("00000001" + id.toString(16).padStart(2, "0")),
      );
    }
  },
});

Deno.test({
  name: "an empty block is a message, since some peers refuse a request that way",
  permissions,
  fn() {
    const message = decodeMessage(fromHex("070000000100004000"));
    assertEquals(message, { type: "piece", piece: 1, begin: 16384, block: new Uint8Array() });
  },
});

Deno.test({
  name: "reading a message copies no bytes, and one without fields allocates nothing",
  permissions,
  fn() {
    for (const { name, wire } of WIRE_VECTORS) {
      const message = decodeMessage(wire.subarray(4));
      for (const value of Object.values(message)) {
        if (value instanceof Uint8Array) assertStrictEquals(value.buffer, wire.buffer, name);
      }
      if (Object.keys(message).length > 1) continue;
      assertStrictEquals(decodeMessage(wire.subarray(4)), message, name);
      assert(Object.isFrozen(message), name);
    }
  },
});

Deno.test({
  name: "the header written on the upload path is that of the message it stands for",
  permissions,
  fn() {
    const block = fromHex("0102030405");
    const piece = new Uint8Array(PIECE_HEADER_LENGTH + block.length + 2);
    const at = writePieceHeader(piece, 2, 0xfffffffd, 0x80004000, block.length);
    assertEquals(at, 2 + PIECE_HEADER_LENGTH);
    piece.set(block, at);
    assertEquals(
      piece.subarray(2),
      encodeMessage({ type: "piece", piece: 0xfffffffd, begin: 0x80004000, block }),
    );
  },
});
