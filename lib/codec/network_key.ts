/**
 * Which addresses share a fate: a stranger who has one address of a host or a network can use the rest of
 * it too, so what is rationed is rationed per host or per network and not per address.
 *
 * @module
 */

import { ipToBytes, isIp } from "./address.ts";
import { hex } from "./bytes.ts";

/** Bytes of an IPv6 address that name a host's subnet (/64): the host chooses the rest at will. */
const IPV6_HOST_BYTES = 8;
/** Bytes that name a network: IPv4 /24, IPv6 /48, the smallest that are handed out as a whole. */
const IPV4_NETWORK_BYTES = 3;
const IPV6_NETWORK_BYTES = 6;

/**
 * Names the host behind an address: the IPv4 address itself, or the /64 of an IPv6 address. IPv4-mapped
 * IPv6 addresses count as IPv4. A host name stays as it is.
 */
export function hostKey(host: string): string {
  return keyOf(host, 4, IPV6_HOST_BYTES);
}

/**
 * Names the network behind an address: the /24 of an IPv4 address, the /48 of an IPv6 address.
 * IPv4-mapped IPv6 addresses count as IPv4. A host name stays as it is.
 */
export function networkKey(host: string): string {
  return keyOf(host, IPV4_NETWORK_BYTES, IPV6_NETWORK_BYTES);
}

function keyOf(host: string, ipv4Bytes: number, ipv6Bytes: number): string {
  if (!isIp(host)) return host;
  const bytes = ipToBytes(host);
  return hex(bytes.subarray(0, bytes.length === 4 ? ipv4Bytes : ipv6Bytes));
}
