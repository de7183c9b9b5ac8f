/**
 * What all torrents of one client share on the disk side.
 *
 * @module
 */

import { Turns } from "./turns.ts";
import { OpenFiles } from "./open_files.ts";
import { BufferPool } from "./piece_buffers.ts";
import { ReadAheadMemory } from "./read_ahead.ts";
import { hashingWorkerCount, WorkerPool } from "./worker_pool.ts";

/** Spot checks at the same time. Each has a file open. */
const SPOT_CHECKS = 16;

/** Threads, open files and memory, with one bound for all torrents. Takes next to nothing until it is used. */
export class DiskResources implements AsyncDisposable {
  /** The threads that verify, write and hash. */
  readonly workers: WorkerPool = new WorkerPool();
  /** The turns in which new files are hashed: as many at once as there are threads for them. */
  readonly hashing: Turns = new Turns(hashingWorkerCount(Infinity));
  /** The turns of spot checks, which are short and do not wait until long files are hashed. */
  readonly spotChecks: Turns = new Turns(SPOT_CHECKS);
  /** The files that are open for reading. */
  readonly openFiles: OpenFiles = new OpenFiles();
  /** The memory for pieces being downloaded. */
  readonly pieceBuffers: BufferPool = new BufferPool();
  /** What was read ahead for peers. */
  readonly readAhead: ReadAheadMemory = new ReadAheadMemory();

  /** Ends the threads. All torrents must have been closed. */
  close(): Promise<void> {
    return this.workers.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
