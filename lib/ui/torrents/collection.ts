/**
 * What a page needs of a client with several torrents.
 *
 * @module
 */

import type { TransferDetails } from "../../session/details.ts";
import type { TransferEvent, TransferStats } from "../../session/events.ts";

/** A torrent of a collection: a seeder or a leecher. */
export interface CollectedTorrent {
  /** 1 for the first of its collection; no other one ever gets the same. */
  readonly id: number;
  /** The TCP port it listens on. */
  readonly port: number;
  /** Settles when it ends; rejects if it has failed. */
  readonly done: Promise<void>;
  /** The finished download. Only a leecher has it. */
  readonly complete?: Promise<unknown>;
  /** The current statistics. */
  stats(): TransferStats;
  /** Details beyond the statistics. */
  details(): TransferDetails;
}

/** An event, with the number of the torrent that it is about; without one it is about all of them. */
export type CollectedEvent = TransferEvent & { readonly torrent?: number };

/** Several torrents that come and go. */
export interface TorrentCollection {
  /** Those that are there now, in order of arrival. */
  readonly torrents: readonly CollectedTorrent[];
  /** Registers a listener for the events of all torrents; the returned function removes it. */
  on(listener: (event: CollectedEvent) => void): () => void;
}
