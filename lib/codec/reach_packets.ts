/**
 * Asking a tracker whether it could connect to the asker: Shoal's addition to BEP 15, beside `find`.
 *
 * The request after its header: the TCP port in question (u16), at the address the packet comes from.
 * The answer after its header: 0 not known (yet), 1 it can be reached, 2 it cannot (u8). The answer is
 * shorter than the request.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { viewOf } from "./bytes.ts";
import {
  REACH_ANSWERS,
  type ReachRequest,
  type ReachResponse,
  REQUEST_HEADER_LENGTH,
  RESPONSE_HEADER_LENGTH,
} from "./udp_tracker_types.ts";

/** Bytes of a request. */
export const REACH_REQUEST_LENGTH = REQUEST_HEADER_LENGTH + 2;

/** Bytes of an answer. */
export const REACH_RESPONSE_LENGTH = RESPONSE_HEADER_LENGTH + 1;

/** Reads a whole request packet with the action `reach`; `undefined` when it is malformed. */
export function decodeReachRequest(packet: Uint8Array): ReachRequest | undefined {
  if (packet.length < REACH_REQUEST_LENGTH) return undefined;
  const view = viewOf(packet);
  const port = view.getUint16(REQUEST_HEADER_LENGTH);
  if (port === 0) return undefined;
  const transactionId = view.getUint32(12);
  return { type: "reach", connectionId: packet.subarray(0, 8), transactionId, port };
}

/**
 * Reads a whole answer packet with the action `reach`.
 *
 * @throws {ProtocolError} when it is too short or says something else than the three answers.
 */
export function decodeReachResponse(packet: Uint8Array): ReachResponse {
  const reach = REACH_ANSWERS[packet[RESPONSE_HEADER_LENGTH] ?? -1];
  if (reach === undefined) throw new ProtocolError("the tracker's answer about a port is none");
  return { type: "reach", transactionId: viewOf(packet).getUint32(4), reach };
}
