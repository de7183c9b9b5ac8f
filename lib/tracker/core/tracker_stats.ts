/**
 * Statistics of a tracker.
 *
 * @module
 */

/** Current contents and counters of a tracker. */
export interface TrackerStats {
  /** Torrents with at least one peer; a hybrid with both of its hashes counts once. */
  torrents: number;
  /** Peers in swarms; a peer that announces over both address families counts twice. */
  peers: number;
  /** Peers that have their whole torrent. */
  seeders: number;
  /** Peers that do not. */
  leechers: number;
  /** Entries in the catalogue. */
  names: number;
  /** Connection ids issued. */
  connects: number;
  /** Announces answered. */
  announces: number;
  /** Scrapes answered. */
  scrapes: number;
  /** Lookups by name, and pages of the catalogue. */
  finds: number;
  /** Reach requests: peers asking whether they can be reached. */
  reaches: number;
  /** Roll-calls answered, by the packet. */
  whos: number;
  /** Requests refused with an error packet. */
  refused: number;
  /** Packets that were not requests. */
  ignored: number;
}
