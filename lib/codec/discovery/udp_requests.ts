/**
 * Encodes and decodes client requests to a tracker: BEP 15, and Shoal's `find`, `reach` and `who`.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { decodeFindRequest, decodeReachRequest, encodeFindRequest } from "./shoal_packets.ts";
import {
  Action,
  ANNOUNCE_EVENTS,
  AnnounceAt,
  type AnnounceRequest,
  REQUEST_HEADER_LENGTH,
  type TrackerRequest,
} from "./udp_types.ts";
import { decodeOptions, encodeOptions } from "./url_data.ts";
import { decodeWhoRequest, encodeWhoRequest } from "./who_packets.ts";

/** The constant at the start of every connect request (BEP 15). */
const PROTOCOL_ID = 0x41727101980n;

const CONNECT_LENGTH = 16;
const TWO_TO_32 = 2 ** 32;

/** Encodes a request. Byte counts below 0 or beyond 64 bits are clamped. */
export function encodeRequest(request: TrackerRequest): Uint8Array {
  switch (request.type) {
    case "connect": {
      const packet = new Uint8Array(CONNECT_LENGTH);
      const view = viewOf(packet);
      view.setBigUint64(0, PROTOCOL_ID);
      view.setUint32(8, Action.connect);
      view.setUint32(12, request.transactionId);
      return packet;
    }
    case "announce":
      return encodeAnnounceRequest(request);
    case "scrape": {
      const packet = requestPacket(request, Action.scrape, 20 * request.infoHashes.length);
      request.infoHashes.forEach((hash, i) => packet.set(hash, REQUEST_HEADER_LENGTH + 20 * i));
      return packet;
    }
    case "find":
    case "list": {
      const body = encodeFindRequest(request);
      const packet = requestPacket(request, Action.find, body.length);
      packet.set(body, REQUEST_HEADER_LENGTH);
      return packet;
    }
    case "reach": {
      const packet = requestPacket(request, Action.reach, 2);
      viewOf(packet).setUint16(REQUEST_HEADER_LENGTH, request.port);
      return packet;
    }
    case "who": {
      const body = encodeWhoRequest(request);
      const packet = requestPacket(request, Action.who, body.length);
      packet.set(body, REQUEST_HEADER_LENGTH);
      return packet;
    }
  }
}

/**
 * Decodes a client's packet, or returns `undefined` when it is no request: too short, an unknown action,
 * the wrong protocol id. Clients may send extra bytes at the end.
 *
 * Hashes and ids are views into `packet`.
 */
export function decodeRequest(packet: Uint8Array): TrackerRequest | undefined {
  if (packet.length < REQUEST_HEADER_LENGTH) return undefined;
  const view = viewOf(packet);
  const transactionId = view.getUint32(12);
  const connectionId = packet.subarray(0, 8);
  switch (view.getUint32(8)) {
    case Action.connect:
      return view.getBigUint64(0) === PROTOCOL_ID ? { type: "connect", transactionId } : undefined;
    case Action.announce:
      return packet.length < AnnounceAt.options ? undefined : decodeAnnounceRequest(packet, view);
    case Action.scrape: {
      const infoHashes: Uint8Array[] = [];
      for (let at = REQUEST_HEADER_LENGTH; at + 20 <= packet.length; at += 20) {
        infoHashes.push(packet.subarray(at, at + 20));
      }
      return { type: "scrape", connectionId, transactionId, infoHashes };
    }
    case Action.find:
      return decodeFindRequest(packet);
    case Action.reach:
      return decodeReachRequest(packet);
    case Action.who:
      return decodeWhoRequest(packet);
    default:
      return undefined;
  }
}

function encodeAnnounceRequest(request: AnnounceRequest): Uint8Array {
  const options = encodeOptions(request.urlData);
  const length = AnnounceAt.options - REQUEST_HEADER_LENGTH + options.length;
  const packet = requestPacket(request, Action.announce, length);
  const view = viewOf(packet);
  packet.set(request.infoHash, AnnounceAt.infoHash);
  packet.set(request.peerId, AnnounceAt.peerId);
  setUint64(view, AnnounceAt.downloadedBytes, request.downloadedBytes);
  setUint64(view, AnnounceAt.leftBytes, request.leftBytes);
  setUint64(view, AnnounceAt.uploadedBytes, request.uploadedBytes);
  view.setUint32(AnnounceAt.event, ANNOUNCE_EVENTS.indexOf(request.event));
  // The IPv4 address field in between stays 0, so the tracker uses the sender's address.
  view.setUint32(AnnounceAt.key, request.key);
  view.setInt32(AnnounceAt.numWant, request.numWant);
  view.setUint16(AnnounceAt.port, request.port);
  packet.set(options, AnnounceAt.options);
  return packet;
}

function decodeAnnounceRequest(packet: Uint8Array, view: DataView): AnnounceRequest {
  return {
    type: "announce",
    connectionId: packet.subarray(0, 8),
    transactionId: view.getUint32(12),
    infoHash: packet.subarray(AnnounceAt.infoHash, AnnounceAt.infoHash + 20),
    peerId: packet.subarray(AnnounceAt.peerId, AnnounceAt.peerId + 20),
    downloadedBytes: getUint64(view, AnnounceAt.downloadedBytes),
    leftBytes: getUint64(view, AnnounceAt.leftBytes),
    uploadedBytes: getUint64(view, AnnounceAt.uploadedBytes),
    event: ANNOUNCE_EVENTS[view.getUint32(AnnounceAt.event)] ?? "none",
    key: view.getUint32(AnnounceAt.key),
    numWant: view.getInt32(AnnounceAt.numWant),
    port: view.getUint16(AnnounceAt.port),
    urlData: decodeOptions(packet, AnnounceAt.options),
  };
}

/** A packet with the header of `request` and room for `bodyLength` bytes after it. */
function requestPacket(
  request: Exclude<TrackerRequest, { type: "connect" }>,
  action: number,
  bodyLength: number,
): Uint8Array {
  const packet = new Uint8Array(REQUEST_HEADER_LENGTH + bodyLength);
  packet.set(request.connectionId);
  const view = viewOf(packet);
  view.setUint32(8, action);
  view.setUint32(12, request.transactionId);
  return packet;
}

function getUint64(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_TO_32 + view.getUint32(at + 4);
}

/** Writes a byte count, clamped to 64 bits. */
function setUint64(view: DataView, at: number, value: number): void {
  const whole = Math.max(0, Math.floor(value));
  if (!(whole < 2 ** 64)) return view.setBigUint64(at, 2n ** 64n - 1n);
  view.setUint32(at, Math.floor(whole / TWO_TO_32));
  view.setUint32(at + 4, whole % TWO_TO_32);
}
