/**
 * The worker threads of one torrent, and how jobs are distributed.
 *
 * @module
 */

import { DiskError } from "../errors.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { diskError } from "./disk_error.ts";
import type { ForeignWrites } from "./foreign_writes.ts";
import type {
  HashKinds,
  HashResult,
  Job,
  JobAnswer,
  NumberedAnswer,
  NumberedJob,
  StoreResult,
  WorkerSetup,
} from "./worker_jobs.ts";

/**
 * Bytes per job when hashing files: 5 ms of work, which is also how much longer one thread may run at the
 * end.
 */
const HASH_JOB_BYTES = 4 * 1024 * 1024;

/** Hashing jobs per thread: one running and one queued. */
const HASH_JOBS_PER_THREAD = 2;

interface Waiting {
  readonly resolve: (answer: JobAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A running thread hashes this much in the time another takes to start. */
const HASHED_DURING_START_BYTES = 32 * 1024 * 1024;

/** Threads to use for hashing this many bytes on disk: all cores, within reason and if it pays. */
export function hashingWorkerCount(bytes: number): number {
  const worthwhile = Math.ceil(bytes / HASHED_DURING_START_BYTES);
  return Math.max(1, Math.min(8, navigator.hardwareConcurrency, worthwhile));
}

/** Threads that verify during a transfer: the main thread needs a core for itself. */
export function verifyingWorkerCount(): number {
  return Math.min(4, Math.max(1, navigator.hardwareConcurrency - 1));
}

/** A worker thread and its pending jobs. */
interface Thread {
  readonly worker: Worker;
  load: number;
  /** Messages to send at the end of this turn. */
  readonly outbox: NumberedJob[];
}

/** A pool of piece workers, started as needed. Each job goes to the least busy one. */
export class WorkerPool {
  readonly #setup: WorkerSetup;
  readonly #count: number;
  readonly #watch: ForeignWrites | undefined;
  readonly #threads: Thread[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #closed = false;

  /** Starts up to `count` threads; `watch` is told of every write. */
  constructor(setup: WorkerSetup, count: number, watch?: ForeignWrites) {
    this.#watch = watch;
    this.#setup = setup;
    this.#count = count;
  }

  /** Starts a thread if none runs, because a job is expected. */
  warmUp(): void {
    if (this.#threads.length === 0 && !this.#closed) this.#start();
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
    const answer = await this.#run({ type: "store", ...job, expected }) as StoreResult;
    for (const written of answer.written) this.#watch?.wrote(written);
    return answer;
  }

  /**
   * Hashes all `pieceCount` pieces on disk, on all threads.
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
        onPart(first, await this.#run({ type: "hash", first, count, wanted }) as HashResult);
      }
    };
    const lanes = Array.from({ length: this.#count * HASH_JOBS_PER_THREAD }, lane);
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
    return (await this.#run({ type: "digest", file }) as { sha256: string }).sha256;
  }

  /** Waits for pending jobs, closes the files and ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(
      this.#threads.map((thread) => this.#post(thread, { type: "close" })),
    );
    this.#failAll(new DiskError("the hashing threads were stopped"));
    for (const { worker } of this.#threads) worker.terminate();
    this.#threads.length = 0;
  }

  #start(): Thread {
    const worker = new Worker(new URL("./piece_worker.ts", import.meta.url), { type: "module" });
    const thread: Thread = { worker, load: 0, outbox: [] };
    worker.onmessage = ({ data }: MessageEvent<NumberedAnswer[]>) => {
      thread.load -= data.length;
      for (const answer of data) this.#settle(answer);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      // The thread is gone and answers nothing; waiting for it to close would never end.
      const place = this.#threads.indexOf(thread);
      if (place !== -1) this.#threads.splice(place, 1);
      const refusal = describeDenial(event);
      const text = `a hashing thread failed: ${refusal ?? event.message}`;
      // The thread could not be started, or it hit a bug.
      const isBug = refusal === undefined && event.message.startsWith("Uncaught");
      this.#failAll(isBug ? new Error(text) : new DiskError(text));
    };
    worker.postMessage(this.#setup);
    this.#threads.push(thread);
    return thread;
  }

  #run(job: Job): Promise<JobAnswer> {
    if (this.#closed) return Promise.reject(new DiskError("the threads were stopped"));
    let idlest = this.#threads[0];
    for (const thread of this.#threads) if (thread.load < idlest!.load) idlest = thread;
    const wantsMore = idlest === undefined || idlest.load > 0;
    if (wantsMore && this.#threads.length < this.#count) idlest = this.#start();
    return this.#post(idlest!, job);
  }

  #post(thread: Thread, job: Job): Promise<JobAnswer> {
    const id = this.#nextId++;
    thread.load++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // A long job is sent alone, so that it does not delay the answer to the one before it.
      if (job.type === "hash") return thread.worker.postMessage([{ id, job }]);
      if (thread.outbox.push({ id, job }) === 1) queueMicrotask(() => this.#send(thread));
    });
  }

  #send({ worker, outbox }: Thread): void {
    const jobs = outbox.splice(0);
    worker.postMessage(jobs, jobs.flatMap(({ job }) => job.type === "store" ? [job.buffer] : []));
  }

  #settle({ id, answer, error }: NumberedAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(diskError(error, error.path || "the file"));
    else waiting?.resolve(answer!);
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
