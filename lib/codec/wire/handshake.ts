/**
 * The 68-byte handshake that opens a connection (BEP 3): info-hash, peer id and supported extensions.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { equalBytes, fromLatin1 } from "../bytes.ts";

/** Bytes of a whole handshake. */
export const HANDSHAKE_LENGTH = 68;

/**
 * Bytes of a handshake up to its peer id. An acceptor can look up the torrent and answer after these; some
 * initiators hold back their peer id until it does.
 */
export const HANDSHAKE_HEAD_LENGTH = 48;

/** The part of a handshake before the peer id. */
export interface HandshakeHead {
  /** The v1 info-hash or the first 20 bytes of the v2 info-hash. */
  readonly infoHash: Uint8Array;
  /** Supports the extension protocol (BEP 10). */
  readonly extensions: boolean;
  /** Supports the fast extension (BEP 6). */
  readonly fast: boolean;
  /** Runs a DHT node (BEP 5). */
  readonly dht: boolean;
  /**
   * The torrent is a hybrid, the info-hash is its v1 one, and the answer may carry the v2 one instead (BEP
   * 52). Never set for a v1-only torrent: libtorrent would close the connection.
   */
  readonly v2Upgrade: boolean;
}

/** A whole handshake. A feature is used only when both sides announce it. */
export interface Handshake extends HandshakeHead {
  /** 20 bytes chosen by the peer. */
  readonly peerId: Uint8Array;
}

/** The length byte, 19, and the protocol name. */
const PROTOCOL = fromLatin1("\x13BitTorrent protocol");
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;

/** Which byte of the handshake's eight reserved ones, and which bit of it. */
const EXTENSIONS = { byte: RESERVED_AT + 5, bit: 0x10 };
const DHT = { byte: RESERVED_AT + 7, bit: 0x01 };
const FAST = { byte: RESERVED_AT + 7, bit: 0x04 };
const V2_UPGRADE = { byte: RESERVED_AT + 7, bit: 0x10 };

/**
 * Encodes the 68 bytes of a handshake.
 *
 * @throws {RangeError} when the info-hash or the peer id is not 20 bytes long.
 */
export function encodeHandshake(handshake: Handshake): Uint8Array<ArrayBuffer> {
  const { infoHash, peerId } = handshake;
  if (infoHash.length !== 20) throw new RangeError("an info-hash on the wire has 20 bytes");
  if (peerId.length !== 20) throw new RangeError("a peer id has 20 bytes");
  const bytes = new Uint8Array(HANDSHAKE_LENGTH);
  bytes.set(PROTOCOL);
  const raise = ({ byte, bit }: typeof FAST) => bytes[byte]! |= bit;
  if (handshake.extensions) raise(EXTENSIONS);
  if (handshake.dht) raise(DHT);
  if (handshake.fast) raise(FAST);
  if (handshake.v2Upgrade) raise(V2_UPGRADE);
  bytes.set(infoHash, INFO_HASH_AT);
  bytes.set(peerId, HANDSHAKE_HEAD_LENGTH);
  return bytes;
}

/** Whether a connection starts with a plain handshake, given its first bytes, 20 or more. */
export function isPlainHandshake(firstBytes: Uint8Array): boolean {
  return equalBytes(firstBytes.subarray(0, PROTOCOL.length), PROTOCOL);
}

/**
 * Decodes the first {@link HANDSHAKE_HEAD_LENGTH} bytes of a handshake. The result holds copies.
 *
 * @throws {ProtocolError} when there are fewer bytes or they belong to another protocol.
 */
export function decodeHandshakeHead(bytes: Uint8Array): HandshakeHead {
  if (bytes.length < HANDSHAKE_HEAD_LENGTH) {
    throw new ProtocolError(`a handshake cannot be ${bytes.length} bytes long`);
  }
  if (!isPlainHandshake(bytes)) {
    throw new ProtocolError("the peer does not speak the BitTorrent protocol");
  }
  const has = ({ byte, bit }: typeof FAST) => (bytes[byte]! & bit) !== 0;
  return {
    infoHash: bytes.slice(INFO_HASH_AT, HANDSHAKE_HEAD_LENGTH),
    extensions: has(EXTENSIONS),
    fast: has(FAST),
    dht: has(DHT),
    v2Upgrade: has(V2_UPGRADE),
  };
}

/**
 * Decodes a whole handshake. The result holds copies.
 *
 * @throws {ProtocolError} when there are not exactly 68 bytes or they belong to another protocol.
 */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  if (bytes.length !== HANDSHAKE_LENGTH) {
    throw new ProtocolError(`a handshake cannot be ${bytes.length} bytes long`);
  }
  return { ...decodeHandshakeHead(bytes), peerId: bytes.slice(HANDSHAKE_HEAD_LENGTH) };
}
