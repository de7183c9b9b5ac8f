/**
 * The messages after the handshake: one interface per message, ids and length limits in one table.
 *
 * @module
 */

/** A keep-alive (BEP 3), the only message without an id. */
export interface KeepAliveMessage {
  readonly type: "keepAlive";
}

/** A message without fields: choke, unchoke, interest (BEP 3), have all and have none (BEP 6). */
export interface SignalMessage {
  readonly type: "choke" | "unchoke" | "interested" | "notInterested" | "haveAll" | "haveNone";
}

/** A message with only a piece index: have (BEP 3), suggest and allowed fast (BEP 6). */
export interface PieceIndexMessage {
  readonly type: "have" | "suggest" | "allowedFast";
  /** As received: not yet checked against the torrent. */
  readonly piece: number;
}

/** Which pieces the sender has, one bit each, the high bit of byte 0 first (BEP 3). */
export interface BitfieldMessage {
  readonly type: "bitfield";
  /** A view into the receive buffer: copy it to keep it. */
  readonly bits: Uint8Array;
}

/** A range of a piece: requested, cancelled (BEP 3), or refused (BEP 6). */
export interface BlockRangeMessage {
  readonly type: "request" | "cancel" | "reject";
  readonly piece: number;
  /** Offset in the piece, bytes. */
  readonly begin: number;
  /** Bytes. */
  readonly length: number;
}

/** A block's data (BEP 3). */
export interface PieceMessage {
  readonly type: "piece";
  readonly piece: number;
  /** Offset in the piece, bytes. */
  readonly begin: number;
  /** A view into the receive buffer: copy it to keep it. May be empty. */
  readonly block: Uint8Array;
}

/** The sender's DHT node listens on this UDP port (BEP 5). */
export interface PortMessage {
  readonly type: "port";
  readonly port: number;
}

/** A message of the extension protocol (BEP 10). */
export interface ExtendedMessage {
  readonly type: "extended";
  /** 0 is the extended handshake; others are numbers the *receiver* chose in its own handshake. */
  readonly id: number;
  /** A view into the receive buffer: copy it to keep it. */
  readonly payload: Uint8Array;
}

/** A range of hashes in one layer of a file's Merkle tree (BEP 52). */
export interface HashRangeFields {
  /** The file's `pieces root`, 32 bytes. A view into the receive buffer: copy it to keep it. */
  readonly root: Uint8Array;
  /** Layer of the base hashes; 0 is the layer of the block hashes. */
  readonly baseLayer: number;
  /** First hash, counted within the base layer of this file. */
  readonly index: number;
  /** Number of base hashes. */
  readonly length: number;
  /** Layers to prove, counted from the one above the base layer. */
  readonly proofLayers: number;
}

/** A range of hashes, requested or refused (BEP 52). */
export interface HashRangeMessage extends HashRangeFields {
  readonly type: "hashRequest" | "hashReject";
}

/** The answer to a hash request (BEP 52). */
export interface HashesMessage extends HashRangeFields {
  readonly type: "hashes";
  /** The base hashes, then the uncles, 32 bytes each. A view into the receive buffer. */
  readonly hashes: Uint8Array;
}

/** A message with an unknown id; its payload has been skipped. */
export interface UnknownMessage {
  readonly type: "unknown";
  readonly id: number;
}

/** Any message. Discriminated by `type`. */
export type Message =
  | KeepAliveMessage
  | SignalMessage
  | PieceIndexMessage
  | BitfieldMessage
  | BlockRangeMessage
  | PieceMessage
  | PortMessage
  | ExtendedMessage
  | HashRangeMessage
  | HashesMessage
  | UnknownMessage;

/** The id byte of each message that has its own. */
export const MessageId = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/**
 * The longest message, in bytes without its length prefix: 1 MiB of payload, which is libtorrent's limit
 * and a bitfield of eight million pieces, plus the nine bytes of the longest header before a payload. The
 * *peer* controls the claim, so nothing is allocated for it.
 */
export const MAX_MESSAGE_LENGTH = 1024 * 1024 + 9;

/**
 * The longest block accepted in a `piece` message. *We* control this, since a block answers a request of
 * ours, and we request 16 KiB; 128 KiB is the most that any client has ever used.
 */
export const MAX_BLOCK_LENGTH = 128 * 1024;

/**
 * The longest `extended` message. The peer controls it; a metadata piece needs 16.5 KiB, handshakes and PEX
 * a few KiB. It limits what the bencode decoder can be made to build.
 */
export const MAX_EXTENDED_LENGTH = 128 * 1024;

/**
 * The most hashes in one `hashes` message: 8192 base hashes, the longest request libtorrent answers, and an
 * uncle for each of 31 layers.
 */
export const MAX_HASHES = 8192 + 31;

/** Bytes of a hash request without its prefix: id, root, four numbers. */
export const HASH_RANGE_LENGTH = 49;

const KNOWN_IDS = 24;
const shortest = new Uint32Array(KNOWN_IDS).fill(1);
const longest = new Uint32Array(KNOWN_IDS).fill(MAX_MESSAGE_LENGTH);
const lengths: readonly (readonly [id: number, shortest: number, longest: number])[] = [
  [MessageId.choke, 1, 1],
  [MessageId.unchoke, 1, 1],
  [MessageId.interested, 1, 1],
  [MessageId.notInterested, 1, 1],
  [MessageId.have, 5, 5],
  [MessageId.request, 13, 13],
  [MessageId.piece, 9, 9 + MAX_BLOCK_LENGTH],
  [MessageId.cancel, 13, 13],
  [MessageId.port, 3, 3],
  [MessageId.suggest, 5, 5],
  [MessageId.haveAll, 1, 1],
  [MessageId.haveNone, 1, 1],
  [MessageId.reject, 13, 13],
  [MessageId.allowedFast, 5, 5],
  [MessageId.extended, 2, MAX_EXTENDED_LENGTH],
  [MessageId.hashRequest, HASH_RANGE_LENGTH, HASH_RANGE_LENGTH],
  [MessageId.hashes, HASH_RANGE_LENGTH, HASH_RANGE_LENGTH + 32 * MAX_HASHES],
  [MessageId.hashReject, HASH_RANGE_LENGTH, HASH_RANGE_LENGTH],
];
for (const [id, least, most] of lengths) {
  shortest[id] = least;
  longest[id] = most;
}

/**
 * Whether a message with this id may be `length` bytes long (id included, prefix not). True for unknown ids
 * up to {@link MAX_MESSAGE_LENGTH}.
 */
export function lengthFits(id: number, length: number): boolean {
  if (id >= KNOWN_IDS) return length <= MAX_MESSAGE_LENGTH;
  return length >= shortest[id]! && length <= longest[id]!;
}
