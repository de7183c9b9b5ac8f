/**
 * The storage of a download: where its files are while unfinished, and how they are finished.
 *
 * An unfinished download is called `NAME.part`, a file or a folder laid out like the finished one.
 * `NAME.part.resume` beside it notes which pieces are verified. Once all are, the download is renamed to
 * `NAME`, unless something else has taken that name. If the folder `NAME` already exists, because some of
 * its files were downloaded before, each other file is moved into it when complete.
 *
 * @module
 */

import type { Metainfo } from "../../codec/torrent/metainfo.ts";
import type { PieceLayer } from "../../codec/torrent/piece_layer.ts";
import type { Bitfield } from "../../store/bitfield.ts";
import type { Layout } from "../../store/layout.ts";
import type { Selection } from "../../store/selection.ts";
import type { DiskResources } from "../disk_resources.ts";
import type { ForeignWrites } from "../foreign_writes.ts";
import type { WritingSetup } from "../worker_jobs.ts";

/** The storage settings of a download. */
export interface DownloadPlan {
  /** What all torrents share. */
  readonly disk: DiskResources;
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** Which files to download. */
  readonly selection: Selection;
  /** Output folder or file; default: the current folder. */
  readonly out?: string | undefined;
  /** Whether other files in the way may be replaced. */
  readonly overwrite: boolean;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** The files of one download. */
export interface DownloadStorage {
  /** The verified pieces on disk. */
  readonly have: Bitfield;
  /** Pieces stored only in part, because their other bytes belong to files that were not chosen. */
  readonly fragments: Bitfield | undefined;
  /** Path of the finished file or folder. */
  readonly finalPath: string;
  /** Whether everything chosen was already there. */
  readonly wasComplete: boolean;
  /** Some pieces of a hybrid were verified by SHA-1 only. */
  readonly hasSha1Pieces: boolean;
  /** The current path of each file's data; empty for a missing file. */
  readonly paths: readonly string[];
  /** The path each file is written to; empty for files that must not be written. */
  readonly writtenPaths: readonly string[];
  /** What the piece workers need to write; absent when everything was already there. */
  readonly writing: WritingSetup | undefined;
  /** Told of every write. */
  readonly watch: ForeignWrites | undefined;
  /** Saves the piece layers for a restart. */
  noteTorrent(): void;
  /**
   * Called once everything is verified. Renames the file or folder to its final name.
   *
   * @throws {DiskError} when that is not possible, or when another program changed the data; what is still
   * right is then kept for the next run
   */
  finish(): Promise<void>;
  /** Stops unfinished: flushes everything, so that the next run can trust it. */
  leave(): Promise<void>;
}
