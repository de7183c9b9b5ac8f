/**
 * Who sent a packet, by its address.
 *
 * @module
 */

import { bytesToIp, ipToBytes, isLoopback } from "../codec/address.ts";
import type { AddressFamily } from "../codec/udp_tracker.ts";

/** Who sent a packet. */
export interface Sender {
  /** 4 or 16 bytes; an IPv4-mapped IPv6 address has 4. */
  ip: Uint8Array;
  family: AddressFamily;
  loopback: boolean;
}

/** Reads where a packet came from; `undefined` when packets from there cannot be answered. */
export function senderOf(from: { host: string; port: number }): Sender | undefined {
  if (from.port === 0) return undefined;
  // A link-local IPv6 address may name its interface after a percent sign.
  const host = from.host.split("%", 1)[0]!;
  try {
    const ip = ipToBytes(host);
    return { ip, family: ip.length === 4 ? 4 : 6, loopback: isLoopback(bytesToIp(ip)) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
