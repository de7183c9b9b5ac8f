/**
 * Limits on everything that clients can make a tracker store.
 *
 * @module
 */

/**
 * Limits on what a tracker stores and answers. There is no limit per host: when one of these limits is
 * reached, the source that holds the most loses an item, see {@link FairShares}.
 */
export interface TrackerLimits {
  /** Peers in one answer, however many the client asks for. */
  maxPeersPerAnswer: number;
  /** Peers for each torrent and address family. */
  maxPeersPerTorrent: number;
  /** Peers in total; a peer counts once for each swarm it is in. */
  maxPeers: number;
  /** Swarms in total: one for each info-hash and address family. */
  maxSwarms: number;
  /** Catalogue entries; each hash of a hybrid has one, and only one of the two is shown. */
  maxNames: number;
  /** Peers of which the label of their machine is kept, the part they want, or their rate. */
  maxNotes: number;
  /** Machines that are remembered after they have left, for a day at most. */
  maxDepartures: number;
}

/**
 * Limits that keep a tracker below a gigabyte even when all are reached at once. A lab of 1,000 machines
 * behind one address that share 100 hybrids each needs 200,000 swarms and entries, which still leaves room.
 */
export const DEFAULT_LIMITS: TrackerLimits = {
  maxPeersPerAnswer: 50,
  maxPeersPerTorrent: 100_000,
  maxPeers: 1_000_000,
  maxSwarms: 250_000,
  maxNames: 250_000,
  maxNotes: 50_000,
  maxDepartures: 10_000,
};
