/**
 * Finding torrents by name on a tracker: Shoal's addition to BEP 15.
 *
 * The request, after its header: length of the name (u16) and the name in UTF-8, or 0 and the offset (u32)
 * from which to list the whole catalogue. The answer, after its header: total matches (u32), entries here
 * (u16), and per entry v1 hash (20), v2 hash (32), size (u64), seeders (u32), leechers (u32), length of the
 * name (u16), name. A missing hash is zeros. If there are no entries, a tracker that has just started
 * appends the seconds (u32) until it knows every peer.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { strictTextOf, textOf, utf8, viewOf } from "../bytes.ts";
import {
  type FindRequest,
  type FindResponse,
  type FoundEntry,
  type ListRequest,
  REACH_ANSWERS,
  type ReachRequest,
  type ReachResponse,
  REQUEST_HEADER_LENGTH,
  RESPONSE_HEADER_LENGTH,
} from "./udp_types.ts";

/** The largest answer to `find`, so that it is not fragmented. */
export const MAX_FIND_RESPONSE_LENGTH = 1200;

/** Bytes of the total and the count, after the header of an answer. */
const COUNTS_LENGTH = 6;
/** Bytes of the settling time, which replaces the entries while a new tracker does not know every peer. */
const SETTLES_LENGTH = 4;
/** Bytes of an entry without its name. */
const ENTRY_LENGTH = 70;
const V1_LENGTH = 20;
const V2_LENGTH = 32;
const NO_HASH = new Uint8Array(V2_LENGTH);
const TWO_TO_32 = 2 ** 32;

/** The body of a `find` or `list` request. */
export function encodeFindRequest(request: FindRequest | ListRequest): Uint8Array {
  if (request.type === "list") {
    const body = new Uint8Array(6);
    viewOf(body).setUint32(2, request.offset);
    return body;
  }
  const name = utf8(request.name);
  const body = new Uint8Array(2 + name.length);
  viewOf(body).setUint16(0, name.length);
  body.set(name, 2);
  return body;
}

/** Decodes a whole request packet with the action `find`; `undefined` when it is malformed. */
export function decodeFindRequest(packet: Uint8Array): FindRequest | ListRequest | undefined {
  const nameAt = REQUEST_HEADER_LENGTH + 2;
  if (packet.length < nameAt) return undefined;
  const view = viewOf(packet);
  const head = { connectionId: packet.subarray(0, 8), transactionId: view.getUint32(12) };
  const length = view.getUint16(REQUEST_HEADER_LENGTH);
  if (length === 0) {
    if (packet.length < nameAt + 4) return undefined;
    return { type: "list", ...head, offset: view.getUint32(nameAt) };
  }
  if (packet.length < nameAt + length) return undefined;
  const name = strictTextOf(packet.subarray(nameAt, nameAt + length));
  return name === undefined ? undefined : { type: "find", ...head, name };
}

/** As many entries from the start as fit one answer. */
export function packEntries(entries: Iterable<FoundEntry>): FoundEntry[] {
  const packed: FoundEntry[] = [];
  let length = RESPONSE_HEADER_LENGTH + COUNTS_LENGTH;
  for (const entry of entries) {
    length += ENTRY_LENGTH + utf8(entry.name).length;
    if (length > MAX_FIND_RESPONSE_LENGTH) break;
    packed.push(entry);
  }
  return packed;
}

/** The body of an answer; the entries must fit, see {@link packEntries}. */
export function encodeFindEntries(response: FindResponse): Uint8Array {
  if (response.entries.length === 0 && response.settlesInSeconds) {
    const body = new Uint8Array(COUNTS_LENGTH + SETTLES_LENGTH);
    viewOf(body).setUint32(COUNTS_LENGTH, response.settlesInSeconds);
    return body;
  }
  const names = response.entries.map((entry) => utf8(entry.name));
  const nameBytes = names.reduce((sum, name) => sum + name.length, 0);
  const body = new Uint8Array(COUNTS_LENGTH + ENTRY_LENGTH * names.length + nameBytes);
  const view = viewOf(body);
  view.setUint32(0, response.total);
  view.setUint16(4, names.length);
  let at = COUNTS_LENGTH;
  response.entries.forEach((entry, i) => {
    const name = names[i]!;
    body.set(entry.v1Hash ?? NO_HASH.subarray(0, V1_LENGTH), at);
    body.set(entry.v2Hash ?? NO_HASH, at + 20);
    view.setUint32(at + 52, Math.floor(entry.length / TWO_TO_32));
    view.setUint32(at + 56, entry.length % TWO_TO_32);
    view.setUint32(at + 60, entry.seeders);
    view.setUint32(at + 64, entry.leechers);
    view.setUint16(at + 68, name.length);
    body.set(name, at + 70);
    at += ENTRY_LENGTH + name.length;
  });
  return body;
}

/**
 * Decodes a whole answer packet with the action `find`. Hashes are copies.
 *
 * @throws {ProtocolError} when it is truncated, or an entry has no hash or no name.
 */
export function decodeFindResponse(packet: Uint8Array): FindResponse {
  const view = viewOf(packet);
  let at = RESPONSE_HEADER_LENGTH + COUNTS_LENGTH;
  if (packet.length < at) throw new ProtocolError("the tracker's answer is too short");
  const count = view.getUint16(12);
  const entries: FoundEntry[] = [];
  for (let i = 0; i < count; i++) {
    const nameAt = at + 70;
    const end = packet.length < nameAt ? Infinity : nameAt + view.getUint16(at + 68);
    if (end > packet.length) throw new ProtocolError("the tracker's answer ends within an entry");
    entries.push(decodeEntry(packet.subarray(at, end)));
    at = end;
  }
  const settlesInSeconds = count === 0 && packet.length >= at + SETTLES_LENGTH
    ? view.getUint32(at)
    : 0;
  return {
    type: "find",
    transactionId: view.getUint32(4),
    total: view.getUint32(8),
    entries,
    ...(settlesInSeconds > 0 && { settlesInSeconds }),
  };
}

function decodeEntry(bytes: Uint8Array): FoundEntry {
  const view = viewOf(bytes);
  const v1Hash = hashOf(bytes.slice(0, 20));
  const v2Hash = hashOf(bytes.slice(20, 52));
  const name = textOf(bytes.subarray(70));
  if (name === "" || (v1Hash === undefined && v2Hash === undefined)) {
    throw new ProtocolError("the tracker's answer holds an entry without a hash or a name");
  }
  return {
    ...(v1Hash && { v1Hash }),
    ...(v2Hash && { v2Hash }),
    length: view.getUint32(52) * TWO_TO_32 + view.getUint32(56),
    seeders: view.getUint32(60),
    leechers: view.getUint32(64),
    name,
  };
}

function hashOf(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.every((byte) => byte === 0) ? undefined : bytes;
}

/** Bytes of a request. */
const REACH_REQUEST_LENGTH = REQUEST_HEADER_LENGTH + 2;

/** Bytes of an answer. */
export const REACH_RESPONSE_LENGTH = RESPONSE_HEADER_LENGTH + 1;

/** Decodes a whole request packet with the action `reach`; `undefined` when it is malformed. */
export function decodeReachRequest(packet: Uint8Array): ReachRequest | undefined {
  if (packet.length < REACH_REQUEST_LENGTH) return undefined;
  const view = viewOf(packet);
  const port = view.getUint16(REQUEST_HEADER_LENGTH);
  if (port === 0) return undefined;
  const transactionId = view.getUint32(12);
  return { type: "reach", connectionId: packet.subarray(0, 8), transactionId, port };
}

/**
 * Decodes a whole answer packet with the action `reach`.
 *
 * @throws {ProtocolError} when it is too short or holds none of the three answers.
 */
export function decodeReachResponse(packet: Uint8Array): ReachResponse {
  const reach = REACH_ANSWERS[packet[RESPONSE_HEADER_LENGTH] ?? -1];
  if (reach === undefined) throw new ProtocolError("the tracker's answer about a port is none");
  return { type: "reach", transactionId: viewOf(packet).getUint32(4), reach };
}
