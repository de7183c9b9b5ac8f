/**
 * The worker threads of one torrent, and whose turn it is.
 *
 * @module
 */

import { DiskError } from "../errors.ts";
import type {
  HashKinds,
  HashResult,
  Job,
  JobAnswer,
  NumberedAnswer,
  NumberedJob,
  StoreResult,
  WorkerSetup,
} from "./piece_jobs.ts";
import { diskError } from "./disk_error.ts";

/** Pieces hashed per job when files are hashed as they are: about 8 MiB. */
const HASH_JOB_BYTES = 8 * 1024 * 1024;

interface Waiting {
  readonly resolve: (answer: JobAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** How many threads hash a file: all cores, within reason. */
export function hashingWorkerCount(): number {
  return Math.min(8, Math.max(1, navigator.hardwareConcurrency));
}

/** How many threads verify while the main thread transfers: it needs a core for itself. */
export function verifyingWorkerCount(): number {
  return Math.min(4, Math.max(1, navigator.hardwareConcurrency - 1));
}

/** A thread, and how many jobs it has. */
interface Thread {
  readonly worker: Worker;
  load: number;
  /** What is sent to it at the end of this turn. */
  readonly outbox: NumberedJob[];
}

/** Up to a number of piece workers, started as they are needed. Jobs go to the one with least to do. */
export class PieceWorkers {
  readonly #setup: WorkerSetup;
  readonly #count: number;
  readonly #threads: Thread[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #closed = false;

  /** Will start up to `count` threads. */
  constructor(setup: WorkerSetup, count: number) {
    this.#setup = setup;
    this.#count = count;
  }

  /** Starts a thread if there is none: a job is to be expected. */
  warmUp(): void {
    if (this.#threads.length === 0 && !this.#closed) this.#start();
  }

  /**
   * Verifies a piece and writes it if it matches. Its buffer goes to the thread and comes back.
   *
   * @throws {DiskError} when it could not be written; the buffer is lost then
   */
  async store(
    job: Omit<Job & { type: "store" }, "type">,
  ): Promise<StoreResult> {
    // A view would take the whole array it is a view of along to the thread.
    const expected = { ...job.expected, hash: job.expected.hash.slice() };
    const answer = await this.#run({ type: "store", ...job, expected });
    return answer as StoreResult;
  }

  /**
   * Hashes all `pieceCount` pieces as they are on disk, on all threads, in order.
   *
   * @param onPart hears of each stretch, in order: its first piece, and its hashes
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
    const ahead: Array<{ first: number; part: Promise<HashResult> }> = [];
    let next = 0;
    while (next < pieceCount || ahead.length > 0) {
      signal?.throwIfAborted();
      while (next < pieceCount && ahead.length < this.#count * 2) {
        const count = Math.min(perJob, pieceCount - next);
        const part = this.#run({ type: "hash", first: next, count, wanted }) as Promise<HashResult>;
        part.catch(() => {}); // seen when its turn comes
        ahead.push({ first: next, part });
        next += count;
      }
      const { first, part } = ahead.shift()!;
      onPart(first, await part);
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

  /** Waits for what is under way, closes the files and ends the threads. */
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
      this.#failAll(new DiskError(`a hashing thread failed: ${event.message}`));
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
