/**
 * What the page receives about several torrents: a list with a row for each, and its differences.
 *
 * @module
 */

import type { Severity } from "../status_text.ts";

/** What a torrent does, in one word; what needs attention comes first. */
export type TorrentGroup = "failed" | "waiting" | "downloading" | "seeding";

/** A torrent of the list. Rates in bytes per second. */
export interface TorrentRow {
  /** 1 for the first torrent of its client. No other torrent ever gets the same. */
  readonly id: number;
  /** Name of the file or folder; empty while unknown. */
  readonly name: string;
  readonly group: TorrentGroup;
  /** The status, with the reason. */
  readonly sentence: string;
  readonly tone: Severity;
  /** The share that is verified and on disk, 0 to 1; absent while the size is unknown. */
  readonly progress?: number;
  /** Length of the selected files; 0 while unknown. */
  readonly totalBytes: number;
  readonly uploadedBytes: number;
  readonly downloadRate: number;
  readonly uploadRate: number;
  /** Whole seconds; absent while nothing is received. */
  readonly etaSeconds?: number;
  /** The number of connected peers. */
  readonly peers: number;
}

/** All torrents at a glance. Rates in bytes per second. */
export interface ListOverview {
  /** How many do what, with the reason of the first that needs attention. */
  readonly sentence: string;
  readonly tone: Severity;
  /** The number of torrents in each group. */
  readonly counts: Readonly<Record<TorrentGroup, number>>;
  readonly downloadRate: number;
  readonly uploadRate: number;
  readonly uploadedBytes: number;
  readonly totalBytes: number;
  readonly peers: number;
}

/** The list, or what has changed in it. */
export interface ListSnapshot extends ListOverview {
  readonly program: "client";
  readonly version: string;
  /** Whether `rows` are all there are. Otherwise they replace those with the same `id`, or are new. */
  readonly isWhole: boolean;
  /** At most 5,000, in order of arrival. */
  readonly rows: readonly TorrentRow[];
  /** The `id`s of those that have left. */
  readonly gone: readonly number[];
}

/** A list of which a reader may have an earlier version. */
export interface ListView {
  /** Grows with every change. */
  readonly revision: number;
  /** What has changed since that revision; without one, or after too long, the whole list. */
  since(revision?: number): ListSnapshot;
}
