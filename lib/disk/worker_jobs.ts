/**
 * Messages between the main thread and the piece workers.
 *
 * @module
 */

import type { LayoutFile, PieceIndex } from "../store/layout.ts";
import type { PieceHash } from "../store/pieces.ts";
import type { FileId } from "./exclusive_file.ts";
import type { Written } from "./foreign_writes.ts";
import type { NotesPlace } from "./resume_format.ts";

/** A torrent, and where it is on disk. */
export interface WorkerSetup {
  readonly layout: {
    readonly pieceLength: number;
    readonly version: "v1" | "v2" | "hybrid";
    readonly files: readonly LayoutFile[];
  };
  /** The path of each file of the layout; empty for a file without a place on disk, such as a pad. */
  readonly paths: readonly string[];
  /** Absent when nothing is written. */
  readonly writing?: WritingSetup;
}

/** What a worker needs to know to write. */
export interface WritingSetup {
  /**
   * The identity of each file when it was made or examined; empty for files that must not be written to.
   */
  readonly ids: readonly FileId[];
  /** Where the worker notes what it wrote. */
  readonly notes: NotesPlace;
}

/** A job for a worker. */
export type Job =
  /**
   * Verify a piece, write it, and note it in the resume file as `note`, one of `NOTE_…`. The buffer is
   * transferred and comes back with the answer, so the piece is never copied.
   */
  | {
    readonly type: "store";
    readonly piece: PieceIndex;
    readonly buffer: ArrayBuffer;
    readonly expected: PieceHash;
    readonly note: number;
    /** Return block hashes even when the piece matches. */
    readonly digests: boolean;
  }
  /** Hash `count` pieces on disk starting at `first`. */
  | {
    readonly type: "hash";
    readonly first: number;
    readonly count: number;
    readonly wanted: HashKinds;
  }
  /** SHA-256 of a whole file. The thread does other jobs between its parts. */
  | { readonly type: "digest"; readonly file: number };

/** Which hashes of a piece are wanted: v2, v1 or both. */
export interface HashKinds {
  readonly sha256: boolean;
  readonly sha1: boolean;
}

/** Hashes of consecutive pieces, packed; `readable` is 0 for an incomplete piece. */
export interface HashResult {
  readonly roots: Uint8Array;
  readonly sha1s: Uint8Array;
  readonly readable: Uint8Array;
}

/** The outcome for a piece, with its buffer. */
export interface StoreResult {
  readonly matches: boolean;
  readonly buffer: ArrayBuffer;
  /** SHA-256 of each block, packed: if the piece does not match, or they were requested. */
  readonly digests?: Uint8Array;
  /** The files' marks around each write. */
  readonly written: readonly Written[];
}

/** The result of a job. */
export type JobAnswer =
  | StoreResult
  | HashResult
  | { readonly sha256: string }
  | Record<string, never>;

/** What a thread is told. Orders come in batches: all that were given in one turn of the event loop. */
export type Order =
  /** Jobs of this torrent follow. */
  | { readonly type: "open"; readonly torrent: number; readonly setup: WorkerSetup }
  | JobOrder
  /** No more jobs of this torrent follow: close its files, then answer. */
  | { readonly type: "drop"; readonly torrent: number; readonly id: number };

/** A job for one torrent; its answer has the same number. */
export interface JobOrder {
  readonly type: "job";
  readonly torrent: number;
  readonly id: number;
  readonly job: Job;
}

/** The answer to the order of the same number, or the error and the file it is about. */
export interface NumberedAnswer {
  readonly id: number;
  readonly answer?: JobAnswer;
  readonly error?: { readonly message: string; readonly code?: string; readonly path: string };
}
