/**
 * The payloads of extended messages: the extended handshake (BEP 10), metadata exchange (BEP 9) and
 * `lt_donthave` (BEP 54).
 *
 * The receiver chooses an extension's number: send with the number from the *peer's* handshake, receive
 * with the numbers from our own.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { type Decoded, type DecodeOptions, decodePrefix, dictOf, encode } from "../bencode.ts";
import { bytesAt, dictAt, integerAt, isDict } from "../bencode_decoder.ts";
import type { BencodeDict } from "../bencode_value.ts";
import { concat, readUint32, textOf, utf8, writeUint32 } from "../bytes.ts";

/** The number of the extended handshake; it negotiates every other number. */
export const EXTENDED_HANDSHAKE_ID = 0;

/** The name under which metadata exchange is negotiated (BEP 9). */
export const METADATA_EXTENSION = "ut_metadata";

/** The name under which "I no longer have this piece" is negotiated (BEP 54). */
export const DONT_HAVE_EXTENSION = "lt_donthave";

/** Bytes of a piece of the metadata; the last one may be shorter, never empty (BEP 9). */
export const METADATA_PIECE_LENGTH = 16384;

/** Longer client names are cut for display. */
const MAX_CLIENT_LENGTH = 64;

/** A peer writes these dictionaries; none needs to be deep or large, and they may be non-canonical. */
const LENIENT: DecodeOptions = { strict: false, maxDepth: 10, maxItems: 4096 };

/** The extended handshake (BEP 10). Everything but `ids` is optional. */
export interface ExtendedHandshake {
  /**
   * Extension names (binary strings) and the numbers, 0 to 255, under which the sender wants to receive
   * them; 0 disables one. A later handshake adds to an earlier one.
   */
  readonly ids: ReadonlyMap<string, number>;
  /** TCP port the sender listens on, 1 to 65535. */
  readonly port?: number;
  /** Name and version of the program. When decoded: no control characters, 64 characters at most. */
  readonly client?: string;
  /** The receiver's address as the sender sees it, 4 or 16 bytes. */
  readonly yourIp?: Uint8Array;
  /** How many requests the sender queues before it drops some, at least 1. */
  readonly requestQueue?: number;
  /** Bytes of the info dictionary, at least 1. The peer's claim: bound it before allocating. */
  readonly metadataSize?: number;
  /** The sender does not want to download anything (BEP 21). */
  readonly uploadOnly?: boolean;
  /**
   * The sender is super-seeding (BEP 16): it has more pieces than it announces. Shoal's own key, for
   * display; other clients ignore it.
   */
  readonly superSeeding?: boolean;
}

/** Encodes the payload of an extended handshake, without message id and extension number. */
export function encodeExtendedHandshake(handshake: ExtendedHandshake): Uint8Array {
  const { client, uploadOnly, superSeeding } = handshake;
  return encode(dictOf({
    m: new Map(handshake.ids),
    metadata_size: handshake.metadataSize,
    p: handshake.port,
    reqq: handshake.requestQueue,
    super_seeding: superSeeding === undefined ? undefined : Number(superSeeding),
    upload_only: uploadOnly === undefined ? undefined : Number(uploadOnly),
    v: client === undefined ? undefined : utf8(client),
    yourip: handshake.yourIp,
  }));
}

/**
 * Decodes the payload of an extended handshake. Ignores unknown keys, and known keys with a value of the
 * wrong type or out of range. The result holds copies.
 *
 * @throws {ProtocolError} when the payload does not begin with a bencoded dictionary.
 */
export function decodeExtendedHandshake(payload: Uint8Array): ExtendedHandshake {
  const { dict } = dictAtStart(payload);
  const port = integerWithin(dict, "p", 1, 0xffff);
  const requestQueue = integerWithin(dict, "reqq", 1, Number.MAX_SAFE_INTEGER);
  const metadataSize = integerWithin(dict, "metadata_size", 1, Number.MAX_SAFE_INTEGER);
  const uploadOnly = integerAt(dict, "upload_only");
  const superSeeding = integerAt(dict, "super_seeding");
  const client = bytesAt(dict, "v");
  const yourIp = bytesAt(dict, "yourip");
  return {
    ids: extensionIds(dictAt(dict, "m")),
    ...(port !== undefined && { port }),
    ...(client !== undefined && { client: displayName(client) }),
    ...((yourIp?.length === 4 || yourIp?.length === 16) && { yourIp: yourIp.slice() }),
    ...(requestQueue !== undefined && { requestQueue }),
    ...(metadataSize !== undefined && { metadataSize }),
    ...(uploadOnly !== undefined && { uploadOnly: uploadOnly !== 0 }),
    ...(superSeeding !== undefined && { superSeeding: superSeeding !== 0 }),
  };
}

function extensionIds(dict: BencodeDict | undefined): Map<string, number> {
  const ids = new Map<string, number>();
  for (const name of dict?.keys() ?? []) {
    const id = integerWithin(dict!, name, 0, 0xff);
    if (id !== undefined) ids.set(name, id);
  }
  return ids;
}

/** The name is shown in terminals and on pages, so it must not contain anything they interpret. */
function displayName(bytes: Uint8Array): string {
  const text = textOf(bytes.subarray(0, 4 * MAX_CLIENT_LENGTH)).replace(/[\p{C}\p{Z}]+/gu, " ");
  return Array.from(text.trim()).slice(0, MAX_CLIENT_LENGTH).join("");
}

function integerWithin(dict: BencodeDict, key: string, least: number, most: number) {
  const value = integerAt(dict, key);
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

/** A message of the metadata exchange (BEP 9). Discriminated by `type`. */
export type MetadataMessage =
  | {
    /** The piece is requested, or refused. */
    readonly type: "request" | "reject";
    /** Number of the metadata piece, from 0. */
    readonly piece: number;
  }
  | {
    readonly type: "data";
    /** Number of the metadata piece, from 0. */
    readonly piece: number;
    /** Bytes of the whole info dictionary, according to the sender. */
    readonly totalSize: number;
    /** Exactly the bytes of this piece. When decoded, a view of the payload: copy it to keep it. */
    readonly data: Uint8Array;
  }
  | {
    /** An unknown kind of message, to be ignored. */
    readonly type: "unknown";
  };

const METADATA_REQUEST = 0;
const METADATA_DATA = 1;
const METADATA_REJECT = 2;

/** Number of metadata pieces in an info dictionary of `size` bytes. */
export function metadataPieceCount(size: number): number {
  return Math.ceil(size / METADATA_PIECE_LENGTH);
}

/** Bytes of one metadata piece of an info dictionary of `size` bytes; 0 if there is no such piece. */
export function metadataPieceLength(piece: number, size: number): number {
  return Math.max(0, Math.min(METADATA_PIECE_LENGTH, size - piece * METADATA_PIECE_LENGTH));
}

/** Encodes the payload of a metadata message, without message id and extension number. */
export function encodeMetadataMessage(
  message: Exclude<MetadataMessage, { type: "unknown" }>,
): Uint8Array {
  const { type, piece } = message;
  if (type !== "data") {
    const kind = type === "request" ? METADATA_REQUEST : METADATA_REJECT;
    return encode(dictOf({ msg_type: kind, piece }));
  }
  const head = dictOf({ msg_type: METADATA_DATA, piece, total_size: message.totalSize });
  return concat(encode(head), message.data);
}

/**
 * Decodes the payload of a metadata message. Ignores bytes after the expected ones.
 *
 * @throws {ProtocolError} when it is not a bencoded dictionary with the fields of its kind, or the data is
 * shorter than the piece it claims to be.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage {
  const { dict, end } = dictAtStart(payload);
  const kind = integerAt(dict, "msg_type");
  if (kind === undefined) throw new ProtocolError("a metadata message does not say of what kind");
  if (kind < METADATA_REQUEST || kind > METADATA_REJECT) return { type: "unknown" };
  const piece = integerWithin(dict, "piece", 0, 0xffffffff);
  if (piece === undefined) throw new ProtocolError("a metadata message names no piece");
  if (kind === METADATA_REQUEST) return { type: "request", piece };
  if (kind === METADATA_REJECT) return { type: "reject", piece };
  const totalSize = integerWithin(dict, "total_size", 1, Number.MAX_SAFE_INTEGER) ?? 0;
  const length = metadataPieceLength(piece, totalSize);
  if (length === 0 || end + length > payload.length) {
    throw new ProtocolError(`metadata piece ${piece} of ${totalSize} bytes is not all there`);
  }
  return { type: "data", piece, totalSize, data: payload.subarray(end, end + length) };
}

/**
 * The dictionary at the start of an extension's payload, and its end.
 *
 * @throws {ProtocolError} when the payload does not begin with one
 */
export function dictAtStart(payload: Uint8Array): { dict: BencodeDict; end: Decoded["end"] } {
  const { value, end } = decodePrefix(payload, LENIENT);
  if (!isDict(value)) throw new ProtocolError("an extension message is not a dictionary");
  return { dict: value, end };
}

/** Encodes the payload that revokes a `have` (BEP 54), without message id and extension number. */
export function encodeDontHave(piece: number): Uint8Array {
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, piece);
  return payload;
}

/**
 * Decodes the piece that the sender no longer has (BEP 54); not yet checked against the torrent.
 *
 * @throws {ProtocolError} when the payload is not four bytes long.
 */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) {
    throw new ProtocolError(`a don't-have message cannot carry ${payload.length} bytes`);
  }
  return readUint32(payload, 0);
}

/** The peer controls the claimed size; we never allocate more than this. */
export const MAX_METADATA_LENGTH = 16 * 1024 * 1024;
