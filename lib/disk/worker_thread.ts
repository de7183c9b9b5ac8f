/**
 * One piece worker: a thread, the torrents it knows, and the jobs it has not answered.
 *
 * @module
 */

import { DiskError } from "../errors.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { diskError } from "./disk_error.ts";
import type { Job, JobAnswer, NumberedAnswer, Order, WorkerSetup } from "./worker_jobs.ts";

/**
 * A thread is given jobs of this many bytes ahead, so that it need not wait for the main thread. A job of
 * another torrent waits behind them: 10 ms or so.
 */
const AHEAD_BYTES = 8 * 1024 * 1024;
/** And this many jobs, however long they are: one to do and one to follow. */
const AHEAD_JOBS = 2;

/** A job that waits for a thread, or for its answer. */
export interface WaitingJob {
  readonly job: Job;
  /** How much there is to hash. */
  readonly bytes: number;
  readonly resolve: (answer: JobAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** What a thread tells its pool. */
interface ThreadHost {
  /** It has answered, and may have room for more jobs. */
  onAnswers(): void;
  /** It has failed, and answers nothing any more. */
  onFailed(thread: WorkerThread): void;
}

/** A running thread. */
export class WorkerThread {
  /** Bytes of the jobs it has not answered. */
  load = 0;
  /** When it last had something to do. */
  busyMs: number = performance.now();
  readonly #worker: Worker;
  readonly #host: ThreadHost;
  readonly #known = new Set<number>();
  readonly #waiting = new Map<number, Omit<WaitingJob, "job">>();
  #outbox: Order[] = [];
  #nextId = 0;

  /** Starts a thread. */
  constructor(host: ThreadHost) {
    this.#host = host;
    this.#worker = new Worker(new URL("./piece_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<NumberedAnswer[]>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failed(event);
    };
  }

  /** Whether it has nothing to do. */
  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** Whether it takes another job now. */
  get hasRoom(): boolean {
    return this.#waiting.size < AHEAD_JOBS || this.load < AHEAD_BYTES;
  }

  /** Gives it a job for a torrent. */
  post(torrent: number, setup: WorkerSetup, { job, ...waiting }: WaitingJob): void {
    if (!this.#known.has(torrent)) {
      this.#known.add(torrent);
      this.#order({ type: "open", torrent, setup });
    }
    this.#order({ type: "job", torrent, id: this.#expect(waiting), job });
    // A long job is sent alone, so that it does not delay the answer to the one before it.
    if (job.type === "hash") this.#send();
  }

  /** Resolves when it has closed the files of a torrent, which has no more jobs. */
  async drop(torrent: number): Promise<void> {
    if (!this.#known.delete(torrent)) return;
    await new Promise<void>((resolve) => {
      const id = this.#expect({ bytes: 0, resolve: () => resolve(), reject: () => resolve() });
      this.#order({ type: "drop", torrent, id });
    });
  }

  /** Ends the thread after it has closed its files. */
  async retire(): Promise<void> {
    await Promise.all([...this.#known].map((torrent) => this.drop(torrent)));
    this.#worker.terminate();
  }

  /** Ends the thread at once; what it has not answered fails. */
  end(error: Error): void {
    this.#worker.terminate();
    this.#failAll(error);
  }

  #expect(waiting: Omit<WaitingJob, "job">): number {
    const id = this.#nextId++;
    this.load += waiting.bytes;
    this.#waiting.set(id, waiting);
    return id;
  }

  #order(order: Order): void {
    if (this.#outbox.push(order) === 1) queueMicrotask(() => this.#send());
  }

  #send(): void {
    if (this.#outbox.length === 0) return;
    const orders = this.#outbox;
    this.#outbox = [];
    const buffers = orders.flatMap((order) =>
      order.type === "job" && order.job.type === "store" ? [order.job.buffer] : []
    );
    this.#worker.postMessage(orders, buffers);
  }

  #settle(answers: readonly NumberedAnswer[]): void {
    this.busyMs = performance.now();
    for (const { id, answer, error } of answers) {
      const { bytes, resolve, reject } = this.#waiting.get(id)!;
      this.#waiting.delete(id);
      this.load -= bytes;
      if (error) reject(diskError(error, error.path || "the file"));
      else resolve(answer!);
    }
    this.#host.onAnswers();
  }

  /** The thread could not be started, or it hit a bug. */
  #failed(event: ErrorEvent): void {
    this.#host.onFailed(this);
    const refusal = describeDenial(event);
    const text = `a hashing thread failed: ${refusal ?? event.message}`;
    const isBug = refusal === undefined && event.message.startsWith("Uncaught");
    this.#failAll(isBug ? new Error(text) : new DiskError(text));
    this.#host.onAnswers();
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.load = 0;
  }
}
