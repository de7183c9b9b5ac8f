/**
 * What all torrents of one client share on the disk side.
 *
 * @module
 */

import { Slots } from "../runtime/slots.ts";
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
  /**
   * Of many files to share, as many are hashed at once as there are threads for them. So each is read from its
   * beginning to its end, the first is ready soon, and few are open.
   */
  readonly hashing: Slots = new Slots(hashingWorkerCount(Infinity));
  /** Spot checks are short, and do not wait until long files are hashed. */
  readonly spotChecks: Slots = new Slots(SPOT_CHECKS);
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
