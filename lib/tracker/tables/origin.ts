/**
 * The sender of a packet, by its address.
 *
 * @module
 */

import { ipToBytes, readIPv4 } from "../../codec/address.ts";
import type { AddressFamily } from "../../codec/discovery/udp_tracker.ts";

const IPV4_LENGTH = 4;
const IPV6_LENGTH = 16;
/** Prefix of an IPv4 sender's address on a dual-stack socket. */
const MAPPED = "::ffff:";
const LOOPBACK_NETWORK = 127;

/** Where a packet came from: an IP address, and the port of the socket that sent it. */
export interface Origin {
  hostname: string;
  port: number;
}

/**
 * Where a packet came from, and the address at which its sender can be reached as a peer. One object is
 * reused for all packets, because allocating one for each would cost more than the rest of answering it.
 */
export class RequestOrigin {
  /** Address family of the packet; an IPv4-mapped IPv6 address counts as IPv4. */
  family: AddressFamily = 4;
  /** Whether the packet came from this machine. */
  loopback = false;
  /** IP address and port in the format of answers; only the first 3 or 9 words are used. */
  readonly words = new Uint16Array((IPV6_LENGTH + 2) / 2);
  readonly #bytes = new Uint8Array(this.words.buffer);
  readonly #ipv4 = this.#bytes.subarray(0, IPV4_LENGTH);
  readonly #ipv6 = this.#bytes.subarray(0, IPV6_LENGTH);

  /** The IP address, 4 or 16 bytes; valid until the next packet. */
  get ip(): Uint8Array {
    return this.family === 4 ? this.#ipv4 : this.#ipv6;
  }

  /** The port the sender listens on, see {@link RequestOrigin.setPort}. */
  get port(): number {
    const at = this.ip.length;
    return this.#bytes[at]! << 8 | this.#bytes[at + 1]!;
  }

  /** How many of {@link RequestOrigin.words} are used. */
  get addressWords(): number {
    return (this.ip.length + 2) / 2;
  }

  /** Reads where a packet came from; returns false if packets from there cannot be answered. */
  read({ hostname, port }: Origin): boolean {
    if (port === 0) return false;
    if (readIPv4(hostname, hostname.startsWith(MAPPED) ? MAPPED.length : 0, this.#bytes)) {
      this.family = 4;
    } else if (!this.#readAny(hostname)) return false;
    this.loopback = isLoopback(this.ip);
    return true;
  }

  /** Sets the port that the sender listens on. */
  setPort(port: number): void {
    const at = this.ip.length;
    this.#bytes[at] = port >>> 8;
    this.#bytes[at + 1] = port;
  }

  #readAny(hostname: string): boolean {
    try {
      // A link-local IPv6 address may carry a zone id after a percent sign.
      const ip = ipToBytes(hostname.split("%", 1)[0]!);
      this.#bytes.set(ip);
      this.family = ip.length === IPV4_LENGTH ? 4 : 6;
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}

/** Whether an IP address, 4 or 16 bytes, is a loopback address. */
function isLoopback(ip: Uint8Array): boolean {
  if (ip.length === IPV4_LENGTH) return ip[0] === LOOPBACK_NETWORK;
  return ip.every((byte, i) => byte === (i === IPV6_LENGTH - 1 ? 1 : 0));
}
