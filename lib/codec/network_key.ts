/**
 * Groups addresses by host and by network. A peer that has one address of a host or network can use its other
 * addresses too, so limits apply per host or per network rather than per address.
 *
 * @module
 */

import { ipToBytes, isIp } from "./address.ts";
import { hex } from "./bytes.ts";

/** Bytes of an IPv6 address that identify a host's subnet (/64); the host chooses the rest freely. */
const IPV6_HOST_BYTES = 8;
/** Bytes that identify a network: IPv4 /24, IPv6 /48, the smallest that are assigned as a whole. */
const IPV4_NETWORK_BYTES = 3;
const IPV6_NETWORK_BYTES = 6;

/**
 * The host an address belongs to: the IPv4 address itself, or the /64 of an IPv6 address. IPv4-mapped IPv6
 * addresses count as IPv4. A host name stays as it is.
 */
export function hostKey(host: string): string {
  return keyOf(host, 4, IPV6_HOST_BYTES);
}

/**
 * The network an address belongs to: the /24 of an IPv4 address, the /48 of an IPv6 address. IPv4-mapped
 * IPv6 addresses count as IPv4. A host name stays as it is.
 */
export function networkKey(host: string): string {
  return keyOf(host, IPV4_NETWORK_BYTES, IPV6_NETWORK_BYTES);
}

function keyOf(host: string, ipv4Bytes: number, ipv6Bytes: number): string {
  if (!isIp(host)) return host;
  const bytes = ipToBytes(host);
  return hex(bytes.subarray(0, bytes.length === 4 ? ipv4Bytes : ipv6Bytes));
}
