/**
 * What the main thread and the piece workers say to each other.
 *
 * @module
 */

import type { LayoutFile, PieceIndex } from "../store/layout.ts";
import type { PieceHash } from "../store/pieces.ts";
import type { FileId } from "./exclusive_file.ts";
import type { Written } from "./foreign_writes.ts";
import type { NotesPlace } from "./resume_format.ts";

/** The first message to a worker: what torrent, and where on disk. */
export interface WorkerSetup {
  readonly layout: {
    readonly pieceLength: number;
    readonly version: "v1" | "v2" | "hybrid";
    readonly files: readonly LayoutFile[];
  };
  /** Where each file of the layout is on disk; empty for what has no place there, like pads. */
  readonly paths: readonly string[];
  /** Absent where nothing is written. */
  readonly writing?: WritingSetup;
}

/** What a worker needs to know to write. */
export interface WritingSetup {
  /** Which files the paths led to when they were made or looked at; empty for those not to be written to. */
  readonly ids: readonly FileId[];
  /** Where it notes what it wrote. */
  readonly notes: NotesPlace;
}

/** Something for a worker to do. */
export type Job =
  /**
   * Verify a piece, write it, note it in the resume file as `note`, one of `NOTE_…`. The buffer is handed over
   * and comes back with the answer, so the piece is never copied.
   */
  | {
    readonly type: "store";
    readonly piece: PieceIndex;
    readonly buffer: ArrayBuffer;
    readonly expected: PieceHash;
    readonly note: number;
    /** Hash the blocks also when the piece matches. */
    readonly digests: boolean;
  }
  /** Hash `count` pieces from `first` on as they are on disk. */
  | {
    readonly type: "hash";
    readonly first: number;
    readonly count: number;
    readonly wanted: HashKinds;
  }
  /** SHA-256 of a whole file. */
  | { readonly type: "digest"; readonly file: number }
  /** Close all files. */
  | { readonly type: "close" };

/** Which hashes of a piece are wanted: the v2 one, the v1 one, or both. */
export interface HashKinds {
  readonly sha256: boolean;
  readonly sha1: boolean;
}

/** Hashes of consecutive pieces, packed; `readable` is 0 for a piece that is not all there. */
export interface HashResult {
  readonly roots: Uint8Array;
  readonly sha1s: Uint8Array;
  readonly readable: Uint8Array;
}

/** What became of a piece, and its buffer back. */
export interface StoreResult {
  readonly matches: boolean;
  readonly buffer: ArrayBuffer;
  /** The SHA-256 of each block, packed: when the piece does not match, or they were asked for. */
  readonly digests?: Uint8Array;
  /** What the files were like around each write. */
  readonly written: readonly Written[];
}

/** What a job gives back. */
export type JobAnswer =
  | StoreResult
  | HashResult
  | { readonly sha256: string }
  | Record<string, never>;

/** Jobs travel several at a time: whatever came up in one turn of the event loop. */
export interface NumberedJob {
  readonly id: number;
  readonly job: Job;
}

/** The answer to the job with the same number, or why there is none and which file it is about. */
export interface NumberedAnswer {
  readonly id: number;
  readonly answer?: JobAnswer;
  readonly error?: { readonly message: string; readonly code?: string; readonly path: string };
}
