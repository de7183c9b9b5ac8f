/**
 * A tracker's swarms with peers that are told by numbers, for tests of the pure tracker.
 * @module
 */

import { bytesToIp, normalizeIp } from "../../../lib/codec/address.ts";
import type { Claimant } from "../../../lib/tracker/core/catalogue.ts";
import { DEFAULT_LIMITS } from "../../../lib/tracker/tables/limits.ts";
import { RequestOrigin } from "../../../lib/tracker/tables/origin.ts";
import { indexOf, type PeerSlot, type Swarm } from "../../../lib/tracker/tables/swarm.ts";
import type { Announced } from "../../../lib/tracker/tables/announced.ts";
import { type SwarmsOptions, SwarmTable } from "../../../lib/tracker/tables/swarm_table.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { seededRandom } from "../../../support/random.ts";

export const HASH = pseudoRandomBytes(20, 1);

/** Swarms without anybody in them. */
export function noSwarms(options: Partial<SwarmsOptions> = {}): SwarmTable {
  return new SwarmTable({
    limits: DEFAULT_LIMITS,
    hashKey: Uint32Array.of(3, 4),
    random: seededRandom(7),
    onRemoval: () => {},
    ...options,
  });
}

/** Somebody at an address. */
export function senderAt(hostname: string, port: number): RequestOrigin {
  const sender = new RequestOrigin();
  if (!sender.read({ hostname, port })) throw new Error(`${hostname} is no address`);
  sender.setPort(port);
  return sender;
}

/** Somebody at an address who claims to host something. */
export function claimantAt(hostname: string): Claimant {
  const { words, addressWords } = senderAt(hostname, 6881);
  return { words, at: 0, stride: addressWords };
}

/** The address of the peer with a number, of either family. */
export function hostOf(number: number, family: 4 | 6 = 4): string {
  return family === 4
    ? `10.${number >> 16}.${number >> 8 & 255}.${number & 255}`
    : normalizeIp(`2001:db8:0:${(number >> 8).toString(16)}::${(number & 255).toString(16)}`);
}

/** The announce of the peer with a number, of the torrent {@link HASH} unless told otherwise. */
export function announced(
  number: number,
  seeder: boolean,
  { family = 4, packet = HASH, completed = false }: {
    family?: 4 | 6;
    packet?: Uint8Array;
    completed?: boolean;
  } = {},
): Announced {
  const sender = senderAt(hostOf(number, family), 6881);
  const leftBytes = seeder ? 0 : 1000;
  return { packet, hashAt: 0, sender, leftBytes, peerIdAt: 0, completed };
}

/** The host of the peer at a slot. */
export function hostAt(swarm: Swarm, slot: PeerSlot): string {
  const { words, stride } = swarm.rosterOf(slot);
  const at = indexOf(slot) * stride;
  const bytes = new Uint8Array(words.slice(at, at + stride).buffer);
  return bytesToIp(bytes.subarray(0, -2));
}

/** The hosts of all peers of a swarm, sorted. */
export function hostsOf(swarm: Swarm): string[] {
  return Array.from({ length: swarm.size }, (_, i) => hostAt(swarm, swarm.slotWithIndex(i))).sort();
}
