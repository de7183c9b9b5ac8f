/**
 * What happens in swarms, for those who watch a tracker.
 *
 * @module
 */

import { bytesToIp } from "../../codec/address.ts";
import { readUint16 } from "../../codec/bytes.ts";
import { indexOf, isSeeder, type PeerSlot, type Swarm } from "../tables/swarm.ts";

/** A change in a swarm. Announces that change nothing are none. */
export interface SwarmEvent {
  /** `expired` is a peer that fell silent, `displaced` one that made room when the tracker was full. */
  type: "joined" | "completed" | "left" | "expired" | "displaced";
  /** 40 hex digits. */
  infoHash: string;
  /** The peer's IP address. */
  host: string;
  /** Its TCP port. */
  port: number;
  /** It has all of the torrent. */
  seeder: boolean;
  /** What the peer says it hosts, if it does. */
  name?: string;
}

/**
 * The event that something of this type happens to a peer.
 *
 * @param name What it lists in the catalogue.
 */
export function eventOf(
  type: SwarmEvent["type"],
  swarm: Swarm,
  seat: PeerSlot,
  name: string | undefined,
): SwarmEvent {
  const { words, stride } = swarm.rosterOf(seat);
  const compact = new Uint8Array(
    words.slice(indexOf(seat) * stride, (indexOf(seat) + 1) * stride).buffer,
  );
  return {
    type,
    infoHash: swarm.infoHash,
    host: bytesToIp(compact.subarray(0, -2)),
    port: readUint16(compact, compact.length - 2),
    seeder: isSeeder(seat),
    ...(name !== undefined && { name }),
  };
}
