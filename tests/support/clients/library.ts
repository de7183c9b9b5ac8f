/**
 * The library in a test: seeders and leechers on 127.0.0.1 in this process, and what they tell.
 * @module
 */

import { deadline } from "@std/async/deadline";
import { join } from "@std/path";
import {
  createTorrent,
  Leecher,
  type LeecherOptions,
  Seeder,
  type SeederOptions,
  type Torrent,
  type TransferEvent,
  type TransferResult,
} from "../../../mod.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { DEADLINE_MS } from "../../../support/process.ts";
import type { TempFolder } from "../../../support/temp.ts";

/** On 127.0.0.1, at a free port. */
export const LOCAL = { host: "127.0.0.1", port: 0 } as const;

type Of<T extends TransferEvent["type"]> = Extract<TransferEvent, { type: T }>;

/** Keeps what a seeder or leecher tells. */
export class EventLog {
  readonly all: TransferEvent[] = [];
  #onEvent = Promise.withResolvers<void>();

  /** The listener to hand over. */
  readonly listener = (event: TransferEvent): void => {
    this.all.push(event);
    this.#onEvent.resolve();
    this.#onEvent = Promise.withResolvers();
  };

  /** All events of one type. */
  of<T extends TransferEvent["type"]>(type: T): Of<T>[] {
    return this.all.filter((event): event is Of<T> => event.type === type);
  }

  /**
   * The first event, past or to come, of this type for which `fits` holds; `nth` counts such events.
   * @throws Error when it does not come
   */
  async until<T extends TransferEvent["type"]>(
    type: T,
    fits: (event: Of<T>) => boolean = () => true,
    nth = 1,
  ): Promise<Of<T>> {
    const found = async () => {
      for (;;) {
        const event = this.of(type).filter(fits)[nth - 1];
        if (event !== undefined) return event;
        await this.#onEvent.promise;
      }
    };
    return await withinReason(found(), () => `no such ${type} in ${JSON.stringify(this.all)}`);
  }
}

/** What `promise` gives. @throws Error with `why()` when it takes too long */
export async function withinReason<T>(
  promise: Promise<T>,
  why: () => string,
  timeoutMs = DEADLINE_MS,
): Promise<T> {
  return await deadline(promise, timeoutMs).catch((error) => {
    if (error instanceof DOMException && error.name === "TimeoutError") throw new Error(why());
    throw error;
  });
}

/** A file for a test: where it is, and its bytes. */
export interface Origin {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Writes a file of pseudo-random bytes below `temp/origin`. */
export async function makeOrigin(
  temp: TempFolder,
  length: number,
  { name = "data.bin", seed = 1 } = {},
): Promise<Origin> {
  const bytes = pseudoRandomBytes(length, seed);
  const path = join(await temp.folder("origin"), name);
  await Deno.writeFile(path, bytes);
  return { path, bytes };
}

/** A torrent of `path`, not remembered anywhere. */
export function torrentOf(
  path: string,
  options: Parameters<typeof createTorrent>[1] = {},
): Promise<Torrent> {
  return createTorrent(path, { cache: false, ...options });
}

/** A seeder in this process that hosts no tracker and uses no cache. */
export function seed(path: string, options: SeederOptions = {}): Promise<Seeder> {
  return Seeder.start(path, { ...LOCAL, cache: false, embeddedTracker: false, ...options });
}

/** `host:port` of a seeder or leecher in this process. */
export function addressOf(peer: { port: number }): string {
  return `127.0.0.1:${peer.port}`;
}

/** A leecher in this process that ends when complete, and what it tells. */
export interface Leeching extends AsyncDisposable {
  readonly leecher: Leecher;
  readonly log: EventLog;
  /** `leecher.complete`, within reason. */
  complete(timeoutMs?: number): Promise<TransferResult>;
}

/** Starts a leecher in this process. */
export async function leechFrom(what: string, options: LeecherOptions): Promise<Leeching> {
  const log = new EventLog();
  const leecher = await Leecher.start(what, { ...LOCAL, onEvent: log.listener, ...options });
  return {
    leecher,
    log,
    complete: (timeoutMs) =>
      withinReason(
        leecher.complete,
        () => `not complete: ${JSON.stringify([leecher.stats(), log.all.slice(-40)])}`,
        timeoutMs,
      ),
    [Symbol.asyncDispose]: () => leecher.close(),
  };
}
