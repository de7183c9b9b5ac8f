/**
 * What happens in swarms, for those who watch a tracker.
 *
 * @module
 */

import { bytesToIp } from "../codec/address.ts";
import { fromLatin1, hex, viewOf } from "../codec/bytes.ts";
import type { Peer } from "./swarm.ts";

/** A change in a swarm. Announces that change nothing are none. */
export interface SwarmEvent {
  /** `expired` is a peer that fell silent. */
  type: "joined" | "completed" | "left" | "expired";
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

/** The event that something of this type happened to a peer. */
export function eventOf(type: SwarmEvent["type"], peer: Peer): SwarmEvent {
  const { compact, swarm, seeder, listing } = peer;
  return {
    type,
    infoHash: hex(fromLatin1(swarm.key)),
    host: bytesToIp(compact.subarray(0, -2)),
    port: viewOf(compact).getUint16(compact.length - 2),
    seeder,
    ...(listing && { name: listing.name }),
  };
}
