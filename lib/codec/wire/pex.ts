/**
 * Peer exchange (PEX): the peers that a peer is connected to (BEP 11, `ut_pex`).
 *
 * A message lists the peers added and dropped since the previous one, in compact form: six bytes for an
 * IPv4 address and its port, eighteen for an IPv6 one.
 *
 * @module
 */

import { bytesToIp, formatHostPort, type HostPort, ipToBytes } from "../address.ts";
import { dictOf, encode } from "../bencode.ts";
import { bytesAt } from "../bencode_decoder.ts";
import type { BencodeDict } from "../bencode_value.ts";
import { readUint16, writeUint16 } from "../bytes.ts";
import { dictAtStart } from "./extension.ts";

/** The extension name of PEX. */
export const PEX_EXTENSION = "ut_pex";

/** The most peers a message may add, and the most it may drop (BEP 11). */
export const MAX_PEX_PEERS = 50;

/**
 * The most entries read of one list. Some clients' first message has a hundred. The rest is skipped, so
 * that a message of any length costs little.
 */
const MAX_READ = 200;

/** Flags of an added peer: bits of one byte. */
export const PexFlag = {
  /** It prefers encrypted connections. */
  encryption: 0x01,
  /** It wants nothing more: a seed, or a peer with everything it chose. */
  seed: 0x02,
  /** It speaks uTP. */
  utp: 0x04,
  /** It supports hole punching. */
  holepunch: 0x08,
  /** The sender connected to it, so it can be reached. */
  reachable: 0x10,
  /** It serves the v2 info-hash (libtorrent). */
  v2: 0x80,
} as const;

/** A peer in a PEX message. */
export interface PexPeer extends HostPort {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  /** Bits of {@link PexFlag}. */
  readonly flags: number;
}

/** The peers added and dropped. */
export interface PexMessage {
  readonly added: readonly PexPeer[];
  readonly dropped: readonly HostPort[];
}

/**
 * Encodes the payload of a PEX message, without message id and extension number. Always writes all six
 * lists, each with its flags, because libtorrent reads nothing else.
 *
 * @throws {RangeError} when a host is no IP address
 */
export function encodePex({ added, dropped }: PexMessage): Uint8Array {
  const [added4, added6] = byFamily(added);
  const [dropped4, dropped6] = byFamily(dropped);
  return encode(dictOf({
    "added": compact(added4),
    "added.f": Uint8Array.from(added4, ({ flags }) => flags),
    "added6": compact(added6),
    "added6.f": Uint8Array.from(added6, ({ flags }) => flags),
    "dropped": compact(dropped4),
    "dropped6": compact(dropped6),
  }));
}

/**
 * Decodes the payload of a PEX message. Lists of a wrong type read as empty, and missing flags as none.
 * Skips an incomplete last entry, invalid ports and duplicate addresses.
 *
 * @throws {ProtocolError} when the payload does not begin with a bencoded dictionary
 */
export function decodePex(payload: Uint8Array): PexMessage {
  const { dict } = dictAtStart(payload);
  return {
    added: unique([...peersAt(dict, "added", 4), ...peersAt(dict, "added6", 16)]),
    dropped: unique([...peersAt(dict, "dropped", 4), ...peersAt(dict, "dropped6", 16)])
      .map(({ host, port }) => ({ host, port })),
  };
}

function byFamily<T extends HostPort>(peers: readonly T[]): [T[], T[]] {
  const isV6 = ({ host }: T) => host.includes(":");
  return [peers.filter((peer) => !isV6(peer)), peers.filter(isV6)];
}

function compact(peers: readonly HostPort[]): Uint8Array {
  const entries = peers.map(({ host, port }) => ({ ip: ipToBytes(host), port }));
  const bytes = new Uint8Array(entries.reduce((sum, { ip }) => sum + ip.length + 2, 0));
  let offset = 0;
  for (const { ip, port } of entries) {
    bytes.set(ip, offset);
    offset = writeUint16(bytes, offset + ip.length, port);
  }
  return bytes;
}

function peersAt(dict: BencodeDict, key: string, ipLength: number): PexPeer[] {
  const list = bytesAt(dict, key) ?? new Uint8Array();
  const flags = bytesAt(dict, `${key}.f`) ?? new Uint8Array();
  const count = Math.min(MAX_READ, Math.floor(list.length / (ipLength + 2)));
  return Array.from({ length: count }, (_, i) => {
    const offset = i * (ipLength + 2);
    const host = bytesToIp(list.subarray(offset, offset + ipLength));
    return { host, port: readUint16(list, offset + ipLength), flags: flags[i] ?? 0 };
  });
}

function unique(peers: readonly PexPeer[]): PexPeer[] {
  const seen = new Map<string, PexPeer>();
  for (const peer of peers) {
    const address = formatHostPort(peer.host, peer.port);
    if (peer.port !== 0 && !seen.has(address)) seen.set(address, peer);
  }
  return [...seen.values()];
}
