/**
 * The figures of a tracker.
 *
 * @module
 */

/** What a tracker holds and has done. */
export interface TrackerStats {
  /** Torrents that someone shares; a hybrid is one, with both of its hashes. */
  torrents: number;
  /** Peers in swarms; one that comes over two families counts twice. */
  peers: number;
  /** Those of them with all of their torrent. */
  seeders: number;
  /** Those of them without. */
  leechers: number;
  /** Entries in the catalogue. */
  names: number;
  /** Connection ids given out. */
  connects: number;
  /** Announces answered. */
  announces: number;
  /** Scrapes answered. */
  scrapes: number;
  /** Look-ups by name, and pages of the catalogue. */
  finds: number;
  /** Questions of peers whether they can be reached. */
  reaches: number;
  /** Requests refused with an error packet. */
  refused: number;
  /** Packets that were no requests. */
  ignored: number;
}
