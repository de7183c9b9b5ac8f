/**
 * A member of a swarm, for tools that watch a tracker.
 *
 * @module
 */

/** A member of a swarm. */
export interface SwarmMember {
  /** `host:port` as the tracker saw it. */
  readonly address: string;
  /** Whether it has the whole torrent. */
  readonly seeder: boolean;
  /** Fraction that it has of what it wants, 0 to 1; absent when unknown. */
  readonly progress?: number;
  /** Time since its last announce. */
  readonly lastSeenSeconds: number;
  /** Time between joining the swarm and its last announce. */
  readonly sinceSeconds: number;
  /** How long it had received nothing, as of its last announce. */
  readonly stillSeconds: number;
  /** The first 8 bytes of its peer id, as a binary string. */
  readonly agent: string;
  /** Whether the tracker could connect to it; absent if it has not tried. */
  readonly reachable?: boolean;
  /** The name its machine gives itself; absent when it gives none. */
  readonly label?: string;
  /** It had everything at its first announce, so it is no recipient. */
  readonly isSource?: true;
  /** It wants some of the files only. */
  readonly isPartial?: true;
  /** The rate at which it received data between its last two announces; absent when unknown. */
  readonly rateBytesPerSecond?: number;
  /** How long it will still take at that rate; absent when unknown. */
  readonly etaSeconds?: number;
}
