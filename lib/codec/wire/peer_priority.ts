/**
 * Canonical peer priority (BEP 40): a number that both ends of a connection compute alike and neither can
 * choose. A peer with more candidates than room prefers higher priorities, so the swarm's graph stays
 * random, and its members agree on which connections to keep.
 *
 * @module
 */

import { type HostPort, ipToBytes } from "../address.ts";
import { compareBytes, concat, writeUint16 } from "../bytes.ts";

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C of `bytes`. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * The priority of a connection between two peers at their listening addresses, 0 to 2^32-1; higher is
 * better. `undefined` between an IPv4 and an IPv6 address.
 *
 * @throws {RangeError} when a host is no IP address
 */
export function peerPriority(a: HostPort, b: HostPort): number | undefined {
  const [one, two] = [ipToBytes(a.host), ipToBytes(b.host)];
  if (one.length !== two.length) return undefined;
  const common = one.findIndex((byte, i) => byte !== two[i]);
  if (common < 0) return crc32c(sorted(portBytes(a.port), portBytes(b.port)));
  // A peer cannot choose much of its network's address; within one network, more bytes have to count.
  const kept = Math.max(one.length === 4 ? 2 : 6, common + 1);
  return crc32c(sorted(masked(one, kept), masked(two, kept)));
}

/** Keeps half of the bits of every byte after the first `kept`. */
function masked(ip: Uint8Array, kept: number): Uint8Array {
  return ip.map((byte, i) => i < kept ? byte : byte & 0x55);
}

function sorted(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) <= 0 ? concat(a, b) : concat(b, a);
}

function portBytes(port: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeUint16(bytes, 0, port);
  return bytes;
}
