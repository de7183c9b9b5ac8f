/**
 * Events in swarms, for tools that watch a tracker.
 *
 * @module
 */

import { bytesToIp } from "../../codec/address.ts";
import { readUint16 } from "../../codec/bytes.ts";
import { indexOf, isSeeder, type PeerSlot, type Swarm } from "../tables/swarm.ts";

/** A change in a swarm. Announces that change nothing cause no event. */
export interface SwarmEvent {
  /**
   * `expired` is a peer that stopped announcing, `displaced` one that was removed because the tracker was
   * full.
   */
  type: "joined" | "completed" | "left" | "expired" | "displaced";
  /** 40 hex digits. */
  infoHash: string;
  /** The peer's IP address. */
  host: string;
  /** Its TCP port. */
  port: number;
  /** Whether it has the whole torrent. */
  seeder: boolean;
  /** The name the peer claims to host, if any. */
  name?: string;
  /** The name its machine gives itself, if any. */
  label?: string;
}

/**
 * Builds the event for something that happened to a peer.
 *
 * @param name The name it lists in the catalogue.
 * @param label The name of its machine.
 */
export function eventOf(
  type: SwarmEvent["type"],
  swarm: Swarm,
  slot: PeerSlot,
  name: string | undefined,
  label: string | undefined,
): SwarmEvent {
  const { words, stride } = swarm.rosterOf(slot);
  const compact = new Uint8Array(
    words.slice(indexOf(slot) * stride, (indexOf(slot) + 1) * stride).buffer,
  );
  return {
    type,
    infoHash: swarm.infoHash,
    host: bytesToIp(compact.subarray(0, -2)),
    port: readUint16(compact, compact.length - 2),
    seeder: isSeeder(slot),
    ...(name !== undefined && { name }),
    ...(label !== undefined && { label }),
  };
}
