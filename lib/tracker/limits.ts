/**
 * How much a tracker keeps: everything strangers can make it remember has a bound.
 *
 * @module
 */

/** Bounds on what a tracker remembers and answers. */
export interface TrackerLimits {
  /** Peers in one answer, whatever the asker wants. */
  maxPeersPerAnswer: number;
  /** Peers of one torrent and family. Those beyond get peers, but are not handed out. */
  maxPeersPerTorrent: number;
  /** Peers from one IPv4 address or one IPv6 /64 network, over all torrents. */
  maxPeersPerAddress: number;
  /** Peers in total. */
  maxPeers: number;
  /** Torrents in total. */
  maxTorrents: number;
  /** Entries of the catalogue. Files beyond are shared, but not found by name. */
  maxNames: number;
}

/** Bounds that keep a tracker below about half a gigabyte, whoever talks to it. */
export const DEFAULT_LIMITS: TrackerLimits = {
  maxPeersPerAnswer: 50,
  maxPeersPerTorrent: 100_000,
  maxPeersPerAddress: 10_000,
  maxPeers: 1_000_000,
  maxTorrents: 200_000,
  maxNames: 50_000,
};
