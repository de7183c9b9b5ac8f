/**
 * From how far away an IP address means the same host: what one peer says of another's address is of use,
 * and to be believed, only within that distance.
 *
 * @module
 */

import { ipToBytes, isIPv6, isLoopback, readIPv4 } from "./address.ts";

/** Where an IPv4 address is read to: peer exchange asks for thousands of them. */
const scratch = new Uint8Array(4);

/** How far an address reaches: the machine itself, a local network, the whole Internet. */
export const Reach = { machine: 0, site: 1, world: 2 } as const;

/** One of {@link Reach}. */
export type Reach = typeof Reach[keyof typeof Reach];

/**
 * How far `ip` reaches. `undefined` when nobody can be dialled there from elsewhere: it is no IP address,
 * unspecified, multicast, broadcast, reserved, or link-local IPv6, which needs an interface as well.
 */
export function reachOf(ip: string): Reach | undefined {
  if (readIPv4(ip, 0, scratch)) return reachOfIPv4(scratch);
  if (!isIPv6(ip)) return undefined;
  const bytes = ipToBytes(ip);
  if (bytes.length === 4) return reachOfIPv4(bytes);
  return isLoopback(ip) ? Reach.machine : reachOfIPv6(bytes);
}

function reachOfIPv4(bytes: Uint8Array): Reach | undefined {
  const [a, b] = [bytes[0]!, bytes[1]!];
  if (a === 127) return Reach.machine;
  if (a === 0 || a >= 224) return undefined; // "this network"; multicast, reserved, broadcast
  const isSite = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) ||
    (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128); // the last: behind a provider's NAT
  return isSite ? Reach.site : Reach.world;
}

function reachOfIPv6(bytes: Uint8Array): Reach | undefined {
  const [a, b] = [bytes[0]!, bytes[1]!];
  if (a === 0xff || (a === 0xfe && (b & 0xc0) === 0x80)) return undefined; // multicast; link-local
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) return undefined; // unspecified
  return (a & 0xfe) === 0xfc ? Reach.site : Reach.world;
}
