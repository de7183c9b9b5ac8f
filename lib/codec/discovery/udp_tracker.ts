/**
 * The packets between a tracker and its clients: BEP 15, BEP 41, and Shoal's `find`,
 * `reach` and `who`.
 *
 * One datagram is one message; all integers are big-endian. This module re-exports the others.
 *
 * @module
 */

export { cleanLabel, MAX_LABEL_LENGTH, sharesLabels } from "./label.ts";
export { MAX_FIND_RESPONSE_LENGTH, packEntries } from "./shoal_packets.ts";
export { decodeRequest, encodeRequest } from "./udp_requests.ts";
export {
  compactPeer,
  decodeResponse,
  encodeResponse,
  peersOf,
  peerStride,
  transactionOf,
} from "./udp_responses.ts";
export * from "./udp_types.ts";
export {
  decodeOptions,
  formatUrlData,
  hasUnprintable,
  type HostedFile,
  isListableName,
  isTruncationOf,
  MAX_NAME_LENGTH,
  parseUrlData,
} from "./url_data.ts";
export { packMachines } from "./who_packets.ts";
