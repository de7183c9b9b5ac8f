/**
 * How much a tracker keeps: everything strangers can make it remember has a bound.
 *
 * @module
 */

/**
 * Bounds on what a tracker remembers and answers. No host has a bound of its own: when one of these is
 * met, who holds most gives way, see {@link FairShares}.
 */
export interface TrackerLimits {
  /** Peers in one answer, whatever the asker wants. */
  maxPeersPerAnswer: number;
  /** Peers of one torrent and family. */
  maxPeersPerTorrent: number;
  /** Peers in total; one that is in several swarms counts in each. */
  maxPeers: number;
  /** Swarms in total: one for each info-hash and address family. */
  maxSwarms: number;
  /** Entries of the catalogue; each hash of a hybrid has one, of which one is seen. */
  maxNames: number;
}

/**
 * Bounds that keep a tracker below a gigabyte when all are met at once. A lab of 1,000 machines behind one
 * address that share 100 hybrids each has 200,000 swarms and entries, and room to spare.
 */
export const DEFAULT_LIMITS: TrackerLimits = {
  maxPeersPerAnswer: 50,
  maxPeersPerTorrent: 100_000,
  maxPeers: 1_000_000,
  maxSwarms: 250_000,
  maxNames: 250_000,
};
