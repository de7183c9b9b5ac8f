/**
 * What a download has on disk: where its files are while they grow, and what becomes of them.
 *
 * While it is incomplete it is called `NAME.part`, a file or a folder with the layout of the finished
 * one, and `NAME.part.resume` beside it notes which pieces are verified. When everything is, it
 * gets its name, unless something else has that by then. Where the folder `NAME` is there already, since some of its files were fetched before, the
 * others are moved into it, each as a whole.
 *
 * @module
 */

import type { Metainfo } from "../../codec/torrent/metainfo.ts";
import type { PieceLayer } from "../../codec/torrent/piece_layer.ts";
import type { Bitfield } from "../../store/bitfield.ts";
import type { Layout } from "../../store/layout.ts";
import type { Selection } from "../../store/selection.ts";
import type { ForeignWrites } from "../foreign_writes.ts";
import type { WritingSetup } from "../worker_jobs.ts";

/** What a download wants to do on disk. */
export interface DownloadPlan {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** Which files to get. */
  readonly selection: Selection;
  /** Folder or file; default: the current folder. */
  readonly out?: string | undefined;
  /** Whether a file that is something else may be replaced. */
  readonly overwrite: boolean;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** The files of one download. */
export interface DownloadStorage {
  /** What is on disk, verified. */
  readonly have: Bitfield;
  /** Pieces that are stored in part only, since their other bytes belong to files not chosen. */
  readonly fragments: Bitfield | undefined;
  /** The finished file or folder. */
  readonly finalPath: string;
  /** True when everything that was chosen was there already. */
  readonly wasComplete: boolean;
  /** Some pieces of a hybrid were verified by SHA-1 only. */
  readonly hasSha1Pieces: boolean;
  /** Where the data of each file is now; empty for what is not there. */
  readonly paths: readonly string[];
  /** Where the bytes of each file are written; empty for what is not to be written to. */
  readonly writtenPaths: readonly string[];
  /** What the piece workers need to know to write; absent when everything was there already. */
  readonly writing: WritingSetup | undefined;
  /** Hears of every write. */
  readonly watch: ForeignWrites | undefined;
  /** Notes the piece layers, so that a restart knows them. */
  noteTorrent(): void;
  /**
   * Everything is verified: the file or folder gets its name.
   *
   * @throws {DiskError} when that is not possible, or when somebody else changed what was written: then
   * what is still right is kept for the next run
   */
  finish(): Promise<void>;
  /** Unfinished: everything is written and may be trusted next time. */
  leave(): Promise<void>;
}
