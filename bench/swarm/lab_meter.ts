/**
 * Watches the interfaces of a lab while a swarm is running: when data begins to flow, when half of it has
 * arrived, and how much the seeder sent. It needs nothing from the programs, so all are measured alike.
 *
 * @module
 */

import { median } from "../measure/table.ts";
import type { Lab, Traffic } from "./network_namespaces.ts";

const POLL_MS = 20;
/** What the seeder sends before this is handshakes; beyond it there is data. */
const FIRST_DATA_BYTES = 32 * 1024;
/** Below this a host has only sent ARP requests; an announce is more. */
const ANNOUNCE_BYTES = 150;

/** How often a line of the trace is printed. */
const TRACE_MS = 1000;

/** Counts from its construction until it is disposed of. Host 0 is the seeder. */
export class Meter implements Disposable {
  /** Resolves once half of the watched leechers have received half of the file. */
  readonly halfway: Promise<void>;
  /** Resolves once every watched leecher has sent something. */
  readonly everyoneSends: Promise<void>;
  /** When the seeder sent its first data, on the clock of `performance.now()`. */
  firstDataMs = Infinity;

  readonly #lab: Lab;
  readonly #sentBefore: number;
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  /**
   * `leechers` are the indexes of the hosts to watch, `bytes` the length of the file. With `trace` it
   * prints the hosts' rates every second.
   */
  constructor(lab: Lab, leechers: readonly number[], bytes: number, trace: boolean) {
    this.#lab = lab;
    this.#sentBefore = lab.traffic()[0]!.sent;
    const halfway = Promise.withResolvers<void>();
    const everyoneSends = Promise.withResolvers<void>();
    this.halfway = halfway.promise;
    this.everyoneSends = everyoneSends.promise;
    if (trace) this.#timers.push(startTrace(lab));
    const poll = setInterval(() => {
      const traffic = lab.traffic();
      const watched = leechers.map((index) => traffic[index]!);
      if (watched.every(({ sent }) => sent > ANNOUNCE_BYTES)) everyoneSends.resolve();
      const half = watched.filter(({ received }) => received >= bytes / 2);
      if (half.length >= watched.length / 2) halfway.resolve();
      if (this.firstDataMs === Infinity && this.seederSent() >= FIRST_DATA_BYTES) {
        this.firstDataMs = performance.now();
      }
    }, POLL_MS);
    this.#timers.push(poll);
  }

  /** Bytes the seeder's host has sent since then, protocol headers included. */
  seederSent(): number {
    return this.#lab.traffic()[0]!.sent - this.#sentBefore;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}

function startTrace(lab: Lab): ReturnType<typeof setInterval> {
  let before = lab.traffic();
  let beforeMs = performance.now();
  const startMs = beforeMs;
  return setInterval(() => {
    const now = lab.traffic();
    const nowMs = performance.now();
    const rates = (which: keyof Traffic) =>
      now.map((host, i) => (host[which] - before[i]![which]) * 8 / 1000 / (nowMs - beforeMs));
    const [seeder = 0, ...sent] = rates("sent");
    const received = rates("received").slice(1);
    console.error(
      `${((nowMs - startMs) / 1000).toFixed(1)} s, Mbit/s: seeder sends ${seeder.toFixed(0)}, ` +
        `leechers send ${spread(sent)}, receive ${spread(received)}`,
    );
    before = now;
    beforeMs = nowMs;
  }, TRACE_MS);
}

function spread(values: number[]): string {
  const of = [Math.min(...values), median(values), Math.max(...values)];
  return of.map((value) => value.toFixed(0)).join("..");
}
