/**
 * Starts and ends the shares of a watched folder, by their names: a few at the same time, and never two of
 * one name.
 *
 * @module
 */

import { isOperational } from "../../runtime/operational_errors.ts";
import { Slots } from "../../runtime/slots.ts";

/** How many are started at the same time. */
const STARTED_AT_ONCE = 16;

/** Something that is shared, such as a `Seeder`. */
export interface Share {
  /** Resolves when it has ended. */
  readonly done: Promise<void>;
  /** Ends it. */
  close(): Promise<void>;
}

/** What a {@link ShareQueue} calls. */
export interface ShareQueueHandlers {
  /** Shares the entry. If it rejects with an operational error, that goes to `onFailed`. */
  share(name: string, signal: AbortSignal): Promise<Share>;
  onStarted(name: string): void;
  onFailed(name: string, error: Error): void;
}

interface Running {
  readonly stop: AbortController;
  share?: Share;
  /** Resolves when it has been started, has failed, or was ended before. */
  begun: Promise<void>;
}

/** The shares of one folder. */
export class ShareQueue {
  readonly #handlers: ShareQueueHandlers;
  readonly #slots = new Slots(STARTED_AT_ONCE);
  readonly #running = new Map<string, Running>();
  readonly #ending = new Map<string, Promise<void>>();

  /** Nothing is shared yet. */
  constructor(handlers: ShareQueueHandlers) {
    this.#handlers = handlers;
  }

  /** Shares an entry, which must not be shared already. It may be ending. */
  start(name: string): void {
    const running: Running = { stop: new AbortController(), begun: Promise.resolve() };
    this.#running.set(name, running);
    running.begun = this.#begin(name, running);
  }

  /** Ends the share of this name. Resolves when it has ended; nothing happens if there is none. */
  end(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return this.#ending.get(name) ?? Promise.resolve();
    this.#running.delete(name);
    running.stop.abort();
    const ended = running.begun.then(() => running.share?.close()).finally(() => {
      if (this.#ending.get(name) === ended) this.#ending.delete(name);
    });
    this.#ending.set(name, ended);
    return ended;
  }

  /** Ends all of them. */
  async endAll(): Promise<void> {
    const names = [...this.#running.keys()];
    await Promise.all([...names.map((name) => this.end(name)), ...this.#ending.values()]);
  }

  async #begin(name: string, running: Running): Promise<void> {
    await this.#ending.get(name);
    await this.#slots.run(() => this.#share(name, running));
  }

  async #share(name: string, running: Running): Promise<void> {
    const { signal } = running.stop;
    if (signal.aborted) return;
    try {
      running.share = await this.#handlers.share(name, signal);
    } catch (error) {
      if (!isOperational(error)) throw error;
      if (signal.aborted) return;
      this.#running.delete(name);
      return this.#handlers.onFailed(name, error as Error);
    }
    if (signal.aborted) return;
    this.#handlers.onStarted(name);
    void running.share.done.then(() => {
      if (this.#running.get(name) === running) this.#running.delete(name);
    });
  }
}
