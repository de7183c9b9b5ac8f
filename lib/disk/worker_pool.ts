/**
 * The worker threads of all torrents of a client, and how jobs are distributed.
 *
 * The torrents take turns, so that one with many jobs does not hold up the others. Each job goes to the
 * least busy thread.
 *
 * @module
 */

import { DiskError } from "../errors.ts";
import type { ForeignWrites } from "./foreign_writes.ts";
import { type TorrentQueue, TorrentWorkers } from "./torrent_workers.ts";
import type { WorkerSetup } from "./worker_jobs.ts";
import { WorkerThread } from "./worker_thread.ts";

/** A thread without work is ended after this time, while there are torrents that may need it again. */
const IDLE_MS = 15_000;
/** And after this time when there are none. Of many files to hash, the next often follows at once. */
const UNUSED_MS = 500;

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

/** A pool of piece workers, started as needed. */
export class WorkerPool {
  readonly #threads: WorkerThread[] = [];
  readonly #open = new Set<number>();
  /** The torrents with jobs that no thread has taken, in the order of their turns. */
  readonly #waiting = new Set<TorrentQueue>();
  readonly #host = {
    onAnswers: () => this.#deal(),
    onFailed: (thread: WorkerThread) => this.#remove(thread),
  };
  /** Threads that close their files before they end. */
  readonly #retiring = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextTorrent = 0;

  /** Threads running now. */
  get threadCount(): number {
    return this.#threads.length;
  }

  /**
   * Opens a torrent; its jobs alone start at most `count` threads.
   *
   * @param watch is told of every write
   */
  open(setup: WorkerSetup, count: number, watch?: ForeignWrites): TorrentWorkers {
    const torrent = this.#nextTorrent++;
    this.#open.add(torrent);
    if (this.#open.size === 1) this.#restLater();
    return new TorrentWorkers(this, { torrent, setup, count, jobs: [] }, watch);
  }

  /** Starts a thread if none runs, because a job is expected. */
  warmUp(): void {
    if (this.#threads.length === 0) this.#start();
  }

  /** Takes the newest job of a queue into account. */
  queued(queue: TorrentQueue): void {
    this.#waiting.add(queue);
    this.#deal();
  }

  /** Resolves when all threads have closed the files of a torrent, which has no more jobs. */
  async drop({ torrent, setup }: TorrentQueue): Promise<void> {
    const dropped = this.#threads.map((thread) => thread.drop(torrent));
    await Promise.all([...dropped, ...this.#retiring]);
    this.#open.delete(torrent);
    if (this.#open.size > 0) return;
    // Most clients hash one file and then share it, or are done when a download is.
    if (setup.writing !== undefined || this.#nextTorrent === 1) this.#endThreads();
    else this.#restLater();
  }

  /** Ends all threads. All torrents must have been closed. */
  async close(): Promise<void> {
    await Promise.all(this.#retiring);
    this.#endThreads();
  }

  #endThreads(): void {
    clearTimeout(this.#timer);
    const stopped = new DiskError("the hashing threads were stopped");
    for (const thread of this.#threads.splice(0)) thread.end(stopped);
    for (const { jobs } of this.#waiting) for (const { reject } of jobs.splice(0)) reject(stopped);
    this.#waiting.clear();
  }

  /** Gives jobs to the threads that have room, one of each torrent in turn. */
  #deal(): void {
    for (const queue of this.#waiting) {
      const thread = this.#threadFor(queue.count);
      if (thread === undefined) continue;
      this.#waiting.delete(queue);
      thread.post(queue.torrent, queue.setup, queue.jobs.shift()!);
      if (queue.jobs.length > 0) this.#waiting.add(queue); // its next turn comes after all others
    }
  }

  /** The thread that takes the next job of a torrent, if one has room or may be started. */
  #threadFor(count: number): WorkerThread | undefined {
    let idlest = this.#threads[0];
    for (const thread of this.#threads) if (thread.load < idlest!.load) idlest = thread;
    const wantsMore = idlest === undefined || idlest.load > 0;
    if (wantsMore && this.#threads.length < count) return this.#start();
    return idlest?.hasRoom ? idlest : undefined;
  }

  #start(): WorkerThread {
    const thread = new WorkerThread(this.#host);
    if (this.#threads.push(thread) === 1) this.#restLater();
    return thread;
  }

  #remove(thread: WorkerThread): void {
    const place = this.#threads.indexOf(thread);
    if (place !== -1) this.#threads.splice(place, 1);
  }

  /** Ends threads that nothing has needed for a while, from now on. */
  #restLater(): void {
    clearTimeout(this.#timer);
    if (this.#threads.length === 0) return;
    const patienceMs = this.#open.size > 0 ? IDLE_MS : UNUSED_MS;
    this.#timer = setTimeout(() => {
      this.#rest(performance.now() - patienceMs);
      this.#restLater();
    }, patienceMs);
    Deno.unrefTimer(this.#timer);
  }

  #rest(sinceMs: number): void {
    for (const thread of [...this.#threads]) {
      if (!thread.isIdle || thread.busyMs > sinceMs) continue;
      this.#remove(thread);
      const retired = thread.retire().finally(() => this.#retiring.delete(retired));
      this.#retiring.add(retired);
    }
  }
}
