/**
 * Questions by multicast on the local network, Shoal's own: who has a torrent of this name, and where is a
 * tracker. Answers come by unicast.
 *
 * A packet starts with magic (u32), version (u8), kind (u8) and transaction id (u32). A question about a name
 * goes on with the length of the name (u16) and the name in UTF-8; one about trackers with two zero bytes.
 * Zeros fill a question up, because all answers together are never longer than the question. An answer goes on with a
 * port (u16): the UDP port of a tracker, or the TCP port of a peer. If it is about a name, total matches
 * (u32) and entries here (u16) follow, and per entry v1 hash (20), v2 hash (32), size (u64), seeders (u32) and
 * leechers (u32). A missing hash is zeros. A peer that will soon have a torrent of the name says so with a
 * header and its port.
 *
 * @module
 */

import { strictTextOf, utf8, viewOf } from "../bytes.ts";
import { isListableName } from "./url_data.ts";

/** The length of a question about a name, and the most of any packet: an answer is not fragmented. */
export const MAX_LOCAL_PACKET_LENGTH = 1200;

/** "SHOA": no announce of BEP 14 begins so, and both share a port. */
const MAGIC = 0x53484f41;
const VERSION = 1;

/** The kinds of packets. */
export const LocalKind = {
  findName: 1,
  findTracker: 2,
  trackerLists: 3,
  peerHas: 4,
  trackerHere: 5,
  peerPrepares: 6,
} as const;

const HEADER_LENGTH = 10;
/** Before the name, in a question; before the total, in an answer. */
const FIELDS_AT = 12;
const ENTRIES_AT = 18;
const ENTRY_LENGTH = 68;
const V1_LENGTH = 20;
const V2_LENGTH = 32;
const TWO_TO_32 = 2 ** 32;

/** A question about a name, or about trackers. */
export type LocalQuestion =
  & { readonly transactionId: number }
  & (
    | { readonly type: "findName"; readonly name: string }
    | { readonly type: "findTracker" }
  );

/** A torrent of the name asked for. It has at least one of the hashes. */
export interface LocalEntry {
  /** 20 bytes, for v1 and hybrid torrents. */
  readonly v1Hash?: Uint8Array;
  /** 32 bytes, for v2 and hybrid torrents. */
  readonly v2Hash?: Uint8Array;
  /** Bytes of content, as claimed. */
  readonly length: number;
  /** Peers that have all of it; of a peer's own torrent, itself. */
  readonly seeders: number;
  /** Peers that are still downloading. */
  readonly leechers: number;
}

/** What somebody knows of a name. */
export interface LocalEntries {
  /** All that match, also those that do not fit. */
  readonly total: number;
  /** The entries, the best first. */
  readonly entries: readonly LocalEntry[];
}

/** The answer of a tracker (`trackerLists`, `trackerHere`), or of a peer (`peerHas`, `peerPrepares`). */
export type LocalAnswer =
  & {
    readonly transactionId: number;
    /** UDP of a tracker, TCP of a peer. */
    readonly port: number;
  }
  & (
    | { readonly type: "trackerHere" | "peerPrepares" }
    | ({ readonly type: "trackerLists" | "peerHas" } & LocalEntries)
  );

/** Whether a packet is one of these, or an attempt at it. */
export function isLocalPacket(packet: Uint8Array): boolean {
  return packet.length >= 4 && viewOf(packet).getUint32(0) === MAGIC;
}

/**
 * A question in its bytes. A question about a name is as long as any answer may be.
 *
 * @throws {RangeError} when no directory would list the name
 */
export function encodeLocalQuestion(question: LocalQuestion): Uint8Array {
  if (question.type === "findTracker") return packetOf(question, FIELDS_AT);
  const { name } = question;
  if (!isListableName(name)) throw new RangeError("nobody can have a file of that name");
  const packet = packetOf(question, MAX_LOCAL_PACKET_LENGTH);
  const bytes = utf8(name);
  viewOf(packet).setUint16(HEADER_LENGTH, bytes.length);
  packet.set(bytes, FIELDS_AT);
  return packet;
}

/** Decodes a question; `undefined` when it is none, or malformed. What follows the name is not read. */
export function decodeLocalQuestion(packet: Uint8Array): LocalQuestion | undefined {
  if (!isWhole(packet)) return undefined;
  const view = viewOf(packet);
  const transactionId = view.getUint32(6);
  const kind = packet[5];
  if (kind === LocalKind.findTracker) return { type: "findTracker", transactionId };
  if (kind !== LocalKind.findName) return undefined;
  const end = FIELDS_AT + view.getUint16(HEADER_LENGTH);
  if (end > packet.length) return undefined;
  const name = strictTextOf(packet.subarray(FIELDS_AT, end));
  if (name === undefined || !isListableName(name)) return undefined;
  return { type: "findName", transactionId, name };
}

/**
 * An answer in its bytes, with as many entries as `room` takes. `undefined` when that is too short for the
 * first one.
 *
 * @param room the length of the question
 */
export function encodeLocalAnswer(answer: LocalAnswer, room: number): Uint8Array | undefined {
  const mostBytes = Math.min(room, MAX_LOCAL_PACKET_LENGTH);
  if (!("entries" in answer)) {
    return mostBytes < FIELDS_AT ? undefined : headOf(answer, FIELDS_AT);
  }
  const places = Math.floor((mostBytes - ENTRIES_AT) / ENTRY_LENGTH);
  const entries = answer.entries.slice(0, Math.max(0, places));
  if (entries.length === 0) return undefined;
  const packet = headOf(answer, ENTRIES_AT + ENTRY_LENGTH * entries.length);
  const view = viewOf(packet);
  view.setUint32(FIELDS_AT, answer.total);
  view.setUint16(FIELDS_AT + 4, entries.length);
  for (const [i, entry] of entries.entries()) {
    const at = ENTRIES_AT + ENTRY_LENGTH * i;
    if (entry.v1Hash) packet.set(entry.v1Hash, at);
    if (entry.v2Hash) packet.set(entry.v2Hash, at + V1_LENGTH);
    view.setUint32(at + 52, Math.floor(entry.length / TWO_TO_32));
    view.setUint32(at + 56, entry.length % TWO_TO_32);
    view.setUint32(at + 60, entry.seeders);
    view.setUint32(at + 64, entry.leechers);
  }
  return packet;
}

/**
 * Decodes an answer; `undefined` when it is none, or malformed: without a port, without an entry, with one
 * that has no hash or an impossible size, or of another length than its entries have. Hashes are copies.
 */
export function decodeLocalAnswer(packet: Uint8Array): LocalAnswer | undefined {
  if (!isWhole(packet)) return undefined;
  const view = viewOf(packet);
  const head = { transactionId: view.getUint32(6), port: view.getUint16(HEADER_LENGTH) };
  if (head.port === 0) return undefined;
  const kind = packet[5];
  if (kind === LocalKind.trackerHere || kind === LocalKind.peerPrepares) {
    const type = kind === LocalKind.trackerHere ? "trackerHere" : "peerPrepares";
    return packet.length === FIELDS_AT ? { type, ...head } : undefined;
  }
  const isTracker = kind === LocalKind.trackerLists;
  if ((!isTracker && kind !== LocalKind.peerHas) || packet.length < ENTRIES_AT) return undefined;
  const count = view.getUint16(FIELDS_AT + 4);
  if (count === 0 || packet.length !== ENTRIES_AT + ENTRY_LENGTH * count) return undefined;
  const entries: LocalEntry[] = [];
  for (let at = ENTRIES_AT; at < packet.length; at += ENTRY_LENGTH) {
    const entry = entryOf(packet.subarray(at, at + ENTRY_LENGTH));
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  const total = Math.max(count, view.getUint32(FIELDS_AT));
  return { type: isTracker ? "trackerLists" : "peerHas", ...head, total, entries };
}

function entryOf(bytes: Uint8Array): LocalEntry | undefined {
  const view = viewOf(bytes);
  const v1Hash = hashOf(bytes.slice(0, V1_LENGTH));
  const v2Hash = hashOf(bytes.slice(V1_LENGTH, V1_LENGTH + V2_LENGTH));
  const length = view.getUint32(52) * TWO_TO_32 + view.getUint32(56);
  if ((v1Hash === undefined && v2Hash === undefined) || !Number.isSafeInteger(length)) {
    return undefined;
  }
  return {
    ...(v1Hash && { v1Hash }),
    ...(v2Hash && { v2Hash }),
    length,
    seeders: view.getUint32(60),
    leechers: view.getUint32(64),
  };
}

function hashOf(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.every((byte) => byte === 0) ? undefined : bytes;
}

/** Whether the packet has a header of this version and two bytes more, and is not too long. */
function isWhole(packet: Uint8Array): boolean {
  return packet.length >= FIELDS_AT && packet.length <= MAX_LOCAL_PACKET_LENGTH &&
    isLocalPacket(packet) && packet[4] === VERSION;
}

function packetOf(
  { type, transactionId }: { type: keyof typeof LocalKind; transactionId: number },
  length: number,
): Uint8Array {
  const packet = new Uint8Array(length);
  const view = viewOf(packet);
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint8(5, LocalKind[type]);
  view.setUint32(6, transactionId);
  return packet;
}

function headOf(answer: LocalAnswer, length: number): Uint8Array {
  const packet = packetOf(answer, length);
  viewOf(packet).setUint16(HEADER_LENGTH, answer.port);
  return packet;
}
