/**
 * Encodes and decodes tracker answers: BEP 15, and Shoal's `find`, `reach` and `who`.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { bytesToIp, ipToBytes } from "../address.ts";
import { textOf, utf8, viewOf } from "../bytes.ts";
import {
  decodeFindResponse,
  decodeReachResponse,
  encodeFindEntries,
  REACH_RESPONSE_LENGTH,
} from "./shoal_packets.ts";
import {
  Action,
  type AddressFamily,
  ANNOUNCE_HEADER_LENGTH,
  type AnnounceResponse,
  REACH_ANSWERS,
  RESPONSE_HEADER_LENGTH,
  type SwarmCounts,
  type TrackerResponse,
} from "./udp_types.ts";
import { decodeWhoResponse, encodeWhoBody } from "./who_packets.ts";

const CONNECT_LENGTH = 16;
const SCRAPE_STRIDE = 12;

/** Bytes of one compact peer: address and port. */
export function peerStride(family: AddressFamily): number {
  return family === 4 ? 6 : 18;
}

/** Encodes an answer. */
export function encodeResponse(response: TrackerResponse): Uint8Array {
  switch (response.type) {
    case "connect": {
      const packet = responsePacket(Action.connect, response.transactionId, CONNECT_LENGTH);
      packet.set(response.connectionId, 8);
      return packet;
    }
    case "announce": {
      const length = ANNOUNCE_HEADER_LENGTH + response.peers.length;
      const packet = responsePacket(Action.announce, response.transactionId, length);
      const view = viewOf(packet);
      view.setUint32(8, response.intervalSeconds);
      view.setUint32(12, response.leechers);
      view.setUint32(16, response.seeders);
      packet.set(response.peers, ANNOUNCE_HEADER_LENGTH);
      return packet;
    }
    case "scrape": {
      const length = RESPONSE_HEADER_LENGTH + SCRAPE_STRIDE * response.swarms.length;
      const packet = responsePacket(Action.scrape, response.transactionId, length);
      const view = viewOf(packet);
      response.swarms.forEach((swarm, i) => {
        const at = RESPONSE_HEADER_LENGTH + SCRAPE_STRIDE * i;
        view.setUint32(at, swarm.seeders);
        view.setUint32(at + 4, swarm.completed);
        view.setUint32(at + 8, swarm.leechers);
      });
      return packet;
    }
    case "error": {
      const text = utf8(response.message);
      const length = RESPONSE_HEADER_LENGTH + text.length;
      const packet = responsePacket(Action.error, response.transactionId, length);
      packet.set(text, RESPONSE_HEADER_LENGTH);
      return packet;
    }
    case "find": {
      const body = encodeFindEntries(response);
      const length = RESPONSE_HEADER_LENGTH + body.length;
      const packet = responsePacket(Action.find, response.transactionId, length);
      packet.set(body, RESPONSE_HEADER_LENGTH);
      return packet;
    }
    case "reach": {
      const packet = responsePacket(Action.reach, response.transactionId, REACH_RESPONSE_LENGTH);
      packet[RESPONSE_HEADER_LENGTH] = REACH_ANSWERS.indexOf(response.reach);
      return packet;
    }
    case "who": {
      const body = encodeWhoBody(response);
      const length = RESPONSE_HEADER_LENGTH + body.length;
      const packet = responsePacket(Action.who, response.transactionId, length);
      packet.set(body, RESPONSE_HEADER_LENGTH);
      return packet;
    }
  }
}

/**
 * Decodes a tracker's answer to a client that reached it over `family`.
 *
 * @throws {ProtocolError} on short packets, unknown actions, and incomplete peers.
 */
export function decodeResponse(packet: Uint8Array, family: AddressFamily): TrackerResponse {
  requireLength(packet, RESPONSE_HEADER_LENGTH);
  const view = viewOf(packet);
  const transactionId = view.getUint32(4);
  switch (view.getUint32(0)) {
    case Action.connect:
      requireLength(packet, CONNECT_LENGTH);
      return { type: "connect", transactionId, connectionId: packet.slice(8, 16) };
    case Action.announce:
      return decodeAnnounceResponse(packet, family);
    case Action.scrape: {
      const swarms: SwarmCounts[] = [];
      for (let at = RESPONSE_HEADER_LENGTH; at + SCRAPE_STRIDE <= packet.length; at += 12) {
        swarms.push({
          seeders: view.getUint32(at),
          completed: view.getUint32(at + 4),
          leechers: view.getUint32(at + 8),
        });
      }
      return { type: "scrape", transactionId, swarms };
    }
    case Action.error: {
      const message = textOf(packet.subarray(RESPONSE_HEADER_LENGTH)).replace(/\0+$/, "");
      return { type: "error", transactionId, message };
    }
    case Action.find:
      return decodeFindResponse(packet);
    case Action.reach:
      return decodeReachResponse(packet);
    case Action.who:
      return decodeWhoResponse(packet);
    default:
      throw new ProtocolError("the tracker answered with an action nobody asked for");
  }
}

/** The transaction id of an answer, or `undefined` when the packet is too short. */
export function transactionOf(response: Uint8Array): number | undefined {
  return response.length < RESPONSE_HEADER_LENGTH ? undefined : viewOf(response).getUint32(4);
}

/** The addresses of compact peers, without those with port 0 or the unspecified address. */
export function peersOf(
  compact: Uint8Array,
  family: AddressFamily,
): { host: string; port: number }[] {
  const stride = peerStride(family);
  const view = viewOf(compact);
  const peers: { host: string; port: number }[] = [];
  for (let at = 0; at + stride <= compact.length; at += stride) {
    const port = view.getUint16(at + stride - 2);
    const address = compact.subarray(at, at + stride - 2);
    if (port === 0 || address.every((byte) => byte === 0)) continue;
    peers.push({ host: bytesToIp(address), port });
  }
  return peers;
}

/**
 * One compact peer: 6 bytes for IPv4, 18 for IPv6.
 *
 * @throws {RangeError} when `ip` is no IP address.
 */
export function compactPeer(ip: string, port: number): Uint8Array {
  const address = ipToBytes(ip);
  const compact = new Uint8Array(address.length + 2);
  compact.set(address);
  viewOf(compact).setUint16(address.length, port);
  return compact;
}

function responsePacket(action: number, transactionId: number, length: number): Uint8Array {
  const packet = new Uint8Array(length);
  const view = viewOf(packet);
  view.setUint32(0, action);
  view.setUint32(4, transactionId);
  return packet;
}

function decodeAnnounceResponse(packet: Uint8Array, family: AddressFamily): AnnounceResponse {
  requireLength(packet, ANNOUNCE_HEADER_LENGTH);
  const peers = packet.slice(ANNOUNCE_HEADER_LENGTH);
  if (peers.length % peerStride(family) !== 0) {
    throw new ProtocolError("the tracker's list of peers ends in the middle of one");
  }
  const view = viewOf(packet);
  return {
    type: "announce",
    transactionId: view.getUint32(4),
    intervalSeconds: view.getUint32(8),
    leechers: view.getUint32(12),
    seeders: view.getUint32(16),
    peers,
  };
}

function requireLength(packet: Uint8Array, length: number): void {
  if (packet.length < length) throw new ProtocolError("the tracker's answer is too short");
}
