/**
 * The jobs of one torrent for the worker threads that all torrents share.
 *
 * @module
 */

import { DiskError } from "../errors.ts";
import type { ForeignWrites } from "./foreign_writes.ts";
import type {
  HashKinds,
  HashResult,
  Job,
  JobAnswer,
  StoreResult,
  WorkerSetup,
} from "./worker_jobs.ts";
import type { WaitingJob } from "./worker_thread.ts";

/**
 * Bytes per job when hashing files: 5 ms of work, which is also how much longer one thread may run at the
 * end.
 */
const HASH_JOB_BYTES = 4 * 1024 * 1024;

/** Hashing jobs per thread: one running and one queued. */
const HASH_JOBS_PER_THREAD = 2;

/** A torrent that the threads work for, and its jobs that no thread has taken yet. */
export interface TorrentQueue {
  /** The number by which threads know it. */
  readonly torrent: number;
  readonly setup: WorkerSetup;
  /** Its jobs alone start at most this many threads. */
  readonly count: number;
  readonly jobs: WaitingJob[];
}

/** What the jobs of a torrent need from the pool of threads. */
interface Threads {
  warmUp(): void;
  queued(queue: TorrentQueue): void;
  drop(queue: TorrentQueue): Promise<void>;
}

/** The worker threads as one torrent sees them. An error of its disk touches no other torrent. */
export class TorrentWorkers {
  readonly #threads: Threads;
  readonly #queue: TorrentQueue;
  readonly #watch: ForeignWrites | undefined;
  readonly #pending = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** Opened by the pool; `watch` is told of every write. */
  constructor(threads: Threads, queue: TorrentQueue, watch: ForeignWrites | undefined) {
    this.#threads = threads;
    this.#queue = queue;
    this.#watch = watch;
  }

  /** Starts a thread if none runs, because a job is expected. */
  warmUp(): void {
    if (this.#closing === undefined) this.#threads.warmUp();
  }

  /**
   * Verifies a piece and writes it if it matches. Its buffer is transferred to the thread and comes back.
   *
   * @throws {DiskError} when it could not be written; the buffer is lost then
   */
  async store(
    job: Omit<Job & { type: "store" }, "type">,
  ): Promise<StoreResult> {
    // Transferring a view would copy its whole underlying array to the thread.
    const expected = { ...job.expected, hash: job.expected.hash.slice() };
    const order: Job = { type: "store", ...job, expected };
    const answer = await this.#run(order, job.buffer.byteLength) as StoreResult;
    for (const written of answer.written) this.#watch?.wrote(written);
    return answer;
  }

  /**
   * Hashes all `pieceCount` pieces on disk, on as many threads as the torrent may start.
   *
   * @param onPart called with the first piece and the hashes of each finished stretch
   * @throws {DiskError} when a file cannot be read
   */
  async hashAll(
    pieceCount: number,
    pieceLength: number,
    wanted: HashKinds,
    onPart: (first: number, part: HashResult) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const perJob = Math.max(1, Math.floor(HASH_JOB_BYTES / pieceLength));
    let next = 0;
    // Each lane keeps one job pending, so a slow thread holds up no other.
    const lane = async () => {
      while (next < pieceCount) {
        signal?.throwIfAborted();
        const first = next;
        const count = Math.min(perJob, pieceCount - first);
        next += count;
        const job: Job = { type: "hash", first, count, wanted };
        onPart(first, await this.#run(job, count * pieceLength) as HashResult);
      }
    };
    const lanes = Array.from({ length: this.#queue.count * HASH_JOBS_PER_THREAD }, lane);
    try {
      await Promise.all(lanes);
    } finally {
      next = pieceCount; // if one failed, the others stop
    }
  }

  /**
   * SHA-256 of one whole file, in hex.
   *
   * @throws {DiskError} when it cannot be read
   */
  async digest(file: number): Promise<string> {
    const answer = await this.#run({ type: "digest", file }, HASH_JOB_BYTES);
    return (answer as { sha256: string }).sha256;
  }

  /** Waits for pending jobs, and until no thread has a file of the torrent open. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled([...this.#pending]);
      await this.#threads.drop(this.#queue);
    })();
    return this.#closing;
  }

  #run(job: Job, bytes: number): Promise<JobAnswer> {
    if (this.#closing !== undefined) {
      return Promise.reject(new DiskError("the threads were stopped"));
    }
    const answer = new Promise<JobAnswer>((resolve, reject) => {
      this.#queue.jobs.push({ job, bytes, resolve, reject });
      this.#threads.queued(this.#queue);
    });
    const tracked = answer.finally(() => this.#pending.delete(tracked)).catch(() => {});
    this.#pending.add(tracked);
    return answer;
  }
}
