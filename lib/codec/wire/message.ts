/**
 * Encodes and decodes peer messages (BEP 3, 5, 6, 10, 52).
 *
 * Decoding allocates the message object and, for a message with bytes, one view; it copies nothing.
 * Messages without fields are shared constants.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { readUint16, readUint32, writeUint16, writeUint32 } from "../bytes.ts";
import {
  type BlockRangeMessage,
  HASH_RANGE_LENGTH,
  type HashRangeFields,
  type HashRangeMessage,
  lengthFits,
  type Message,
  MessageId,
  type PieceIndexMessage,
  type SignalMessage,
} from "./message_types.ts";

export type * from "./message_types.ts";
export { MAX_BLOCK_LENGTH, MAX_MESSAGE_LENGTH, MessageId } from "./message_types.ts";

/** Bytes before the block in a `piece` message, length prefix included. */
export const PIECE_HEADER_LENGTH = 13;

/** Bytes of a whole `request`, `cancel` or `reject` message, length prefix included. */
export const REQUEST_MESSAGE_LENGTH = 17;

const signal = (type: SignalMessage["type"]): SignalMessage => Object.freeze({ type });
const KEEP_ALIVE: Message = Object.freeze({ type: "keepAlive" });
const CHOKE = signal("choke");
const UNCHOKE = signal("unchoke");
const INTERESTED = signal("interested");
const NOT_INTERESTED = signal("notInterested");
const HAVE_ALL = signal("haveAll");
const HAVE_NONE = signal("haveNone");

/**
 * Decodes a message from the bytes after its length prefix; no bytes are a keep-alive. Byte fields of the
 * result are views of `frame`.
 *
 * @throws {ProtocolError} when the length is not one that the message's id allows.
 */
export function decodeMessage(frame: Uint8Array): Message {
  return decodeMessageAt(frame, 0, frame.length);
}

/**
 * As {@link decodeMessage}, for a frame at `[start, end)` of a larger buffer, which saves the framer a view
 * per message.
 *
 * @throws {ProtocolError} when the length is not one that the message's id allows.
 */
export function decodeMessageAt(bytes: Uint8Array, start: number, end: number): Message {
  if (start === end) return KEEP_ALIVE;
  const id = bytes[start]!;
  if (!lengthFits(id, end - start)) throw wrongLength(id, end - start);
  const at = start + 1;
  switch (id) {
    case MessageId.piece:
      return {
        type: "piece",
        piece: readUint32(bytes, at),
        begin: readUint32(bytes, at + 4),
        block: bytes.subarray(at + 8, end),
      };
    case MessageId.request:
      return decodeBlockRange("request", bytes, at);
    case MessageId.have:
      return decodePieceIndex("have", bytes, at);
    case MessageId.choke:
      return CHOKE;
    case MessageId.unchoke:
      return UNCHOKE;
    case MessageId.interested:
      return INTERESTED;
    case MessageId.notInterested:
      return NOT_INTERESTED;
    case MessageId.haveAll:
      return HAVE_ALL;
    case MessageId.haveNone:
      return HAVE_NONE;
    case MessageId.bitfield:
      return { type: "bitfield", bits: bytes.subarray(at, end) };
    case MessageId.extended:
      return { type: "extended", id: bytes[at]!, payload: bytes.subarray(at + 1, end) };
    default:
      return decodeRareMessage(id, bytes, at, end);
  }
}

function decodeRareMessage(id: number, bytes: Uint8Array, at: number, end: number): Message {
  switch (id) {
    case MessageId.cancel:
      return decodeBlockRange("cancel", bytes, at);
    case MessageId.reject:
      return decodeBlockRange("reject", bytes, at);
    case MessageId.suggest:
      return decodePieceIndex("suggest", bytes, at);
    case MessageId.allowedFast:
      return decodePieceIndex("allowedFast", bytes, at);
    case MessageId.port:
      return { type: "port", port: readUint16(bytes, at) };
    case MessageId.hashRequest:
      return decodeHashRange("hashRequest", bytes, at);
    case MessageId.hashReject:
      return decodeHashRange("hashReject", bytes, at);
    case MessageId.hashes:
      return decodeHashes(bytes, at, end);
    default:
      return { type: "unknown", id };
  }
}

function decodePieceIndex(
  type: PieceIndexMessage["type"],
  bytes: Uint8Array,
  at: number,
): PieceIndexMessage {
  return { type, piece: readUint32(bytes, at) };
}

function decodeBlockRange(
  type: BlockRangeMessage["type"],
  bytes: Uint8Array,
  at: number,
): BlockRangeMessage {
  return {
    type,
    piece: readUint32(bytes, at),
    begin: readUint32(bytes, at + 4),
    length: readUint32(bytes, at + 8),
  };
}

function decodeHashRange(
  type: HashRangeMessage["type"],
  bytes: Uint8Array,
  at: number,
): HashRangeMessage {
  return { type, ...hashRangeAt(bytes, at) };
}

function decodeHashes(bytes: Uint8Array, at: number, end: number): Message {
  const hashes = bytes.subarray(at + HASH_RANGE_LENGTH - 1, end);
  const range = hashRangeAt(bytes, at);
  if (hashes.length % 32 !== 0 || hashes.length / 32 < range.length) {
    throw new ProtocolError(
      `a hashes message for ${range.length} hashes carries ${hashes.length} bytes of them`,
    );
  }
  return { type: "hashes", ...range, hashes };
}

function hashRangeAt(bytes: Uint8Array, at: number): HashRangeFields {
  return {
    root: bytes.subarray(at, at + 32),
    baseLayer: readUint32(bytes, at + 32),
    index: readUint32(bytes, at + 36),
    length: readUint32(bytes, at + 40),
    proofLayers: readUint32(bytes, at + 44),
  };
}

/** The error for a message whose length its id does not allow. */
export function wrongLength(id: number, length: number): ProtocolError {
  return new ProtocolError(`a message with id ${id} cannot be ${length} bytes long`);
}

/** How many bytes {@link writeMessage} writes for this message, length prefix included. */
export function encodedLength(message: Message): number {
  switch (message.type) {
    case "keepAlive":
      return 4;
    case "bitfield":
      return 5 + message.bits.length;
    case "have":
    case "suggest":
    case "allowedFast":
      return 9;
    case "request":
    case "cancel":
    case "reject":
      return REQUEST_MESSAGE_LENGTH;
    case "piece":
      return PIECE_HEADER_LENGTH + message.block.length;
    case "port":
      return 7;
    case "extended":
      return 6 + message.payload.length;
    case "hashRequest":
    case "hashReject":
      return 4 + HASH_RANGE_LENGTH;
    case "hashes":
      return 4 + HASH_RANGE_LENGTH + message.hashes.length;
    default: {
      message satisfies SignalMessage | { type: "unknown" };
      return 5;
    }
  }
}

/**
 * Writes a message with its length prefix into `out` at `offset`. An unknown message is written as its bare
 * id.
 *
 * @returns the offset after the message.
 * @throws {RangeError} when `out` has less room than {@link encodedLength} says.
 */
export function writeMessage(message: Message, out: Uint8Array, offset: number): number {
  const length = encodedLength(message);
  if (offset + length > out.length) throw new RangeError("the buffer is too short for the message");
  const at = writeUint32(out, offset, length - 4);
  if (message.type === "keepAlive") return at;
  out[at] = message.type === "unknown" ? message.id : MessageId[message.type];
  return writePayload(message, out, at + 1);
}

function writePayload(message: Message, out: Uint8Array, at: number): number {
  switch (message.type) {
    case "have":
    case "suggest":
    case "allowedFast":
      return writeUint32(out, at, message.piece);
    case "bitfield":
      return writeBytes(out, at, message.bits);
    case "request":
    case "cancel":
    case "reject":
      at = writeUint32(out, at, message.piece);
      at = writeUint32(out, at, message.begin);
      return writeUint32(out, at, message.length);
    case "piece":
      at = writeUint32(out, at, message.piece);
      at = writeUint32(out, at, message.begin);
      return writeBytes(out, at, message.block);
    case "port":
      return writeUint16(out, at, message.port);
    case "extended":
      out[at] = message.id;
      return writeBytes(out, at + 1, message.payload);
    case "hashRequest":
    case "hashReject":
      return writeHashRange(out, at, message);
    case "hashes":
      return writeBytes(out, writeHashRange(out, at, message), message.hashes);
    default:
      return at;
  }
}

function writeBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}

function writeHashRange(out: Uint8Array, at: number, range: HashRangeFields): number {
  at = writeBytes(out, at, range.root);
  at = writeUint32(out, at, range.baseLayer);
  at = writeUint32(out, at, range.index);
  at = writeUint32(out, at, range.length);
  return writeUint32(out, at, range.proofLayers);
}

/** Encodes a message with its length prefix, in a new buffer. */
export function encodeMessage(message: Message): Uint8Array {
  const out = new Uint8Array(encodedLength(message));
  writeMessage(message, out, 0);
  return out;
}

/**
 * Writes the first {@link PIECE_HEADER_LENGTH} bytes of a `piece` message, for a sender that reads the
 * block from disk right after them. Creates no message object.
 *
 * @returns the offset at which the block belongs.
 */
export function writePieceHeader(
  out: Uint8Array,
  offset: number,
  piece: number,
  begin: number,
  blockLength: number,
): number {
  offset = writeUint32(out, offset, 9 + blockLength);
  out[offset] = MessageId.piece;
  offset = writeUint32(out, offset + 1, piece);
  return writeUint32(out, offset, begin);
}
