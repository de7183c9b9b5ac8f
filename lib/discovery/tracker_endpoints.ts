/**
 * The addresses of one family that a tracker's name leads to. Any of them may be dead, and the name service
 * gives them in any order.
 *
 * @module
 */

import type { AddressFamily } from "../codec/discovery/udp_tracker.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  type AnswerTo,
  type Question,
  type TrackerConnection,
  TrackerErrorResponse,
  TrackerTimeoutError,
} from "./tracker_connection.ts";

/** So long an address may keep silent before the next one is tried as well (RFC 8305 says 250 ms for TCP). */
const NEXT_ADDRESS_MS = 300;

/** What the addresses share. */
interface FamilyOptions {
  readonly family: AddressFamily;
  /** IP addresses, in the order of the name service; at least one. */
  readonly hosts: readonly string[];
  /** Those that kept silent when they were last asked: they are tried last. Kept by the owner. */
  readonly silent: Set<string>;
  /** Opens a socket towards an address. */
  readonly open: (host: string) => TrackerConnection;
  readonly clock: Clock;
}

/** Asks at the address that answers. Close it. */
export class TrackerEndpoints {
  readonly family: AddressFamily;
  readonly #options: FamilyOptions;
  readonly #paths = new Map<string, TrackerConnection>();
  /** In the order in which they are tried. */
  #hosts: string[];

  /**
   * Opens a socket towards the first address.
   *
   * @throws when the machine does not have that family or the address to send from.
   */
  constructor(options: FamilyOptions) {
    const { family, hosts, silent } = options;
    this.family = family;
    this.#options = options;
    this.#hosts = hosts.toSorted((a, b) => Number(silent.has(a)) - Number(silent.has(b)));
    this.#pathTo(this.#hosts[0]!);
  }

  /** The address that answered last; before that, the one that is tried first. */
  get host(): string {
    return this.#hosts[0]!;
  }

  /**
   * As {@link TrackerConnection.ask}. Where an address gives no connection id soon, the next is tried beside it; the
   * first that does is asked, and asked first from then on.
   */
  async ask<Q extends Question>(
    question: Q,
    giveUpMs: number,
    signal: AbortSignal,
  ): Promise<AnswerTo<Q["type"]>> {
    if (this.#hosts.length === 1) {
      return await this.#pathTo(this.#hosts[0]!).ask(question, giveUpMs, signal);
    }
    const deadlineMs = this.#options.clock.nowMs() + giveUpMs;
    let untried = this.#hosts;
    for (;;) {
      const leftMs = () => deadlineMs - this.#options.clock.nowMs();
      const host = await this.#firstToConnect(untried, leftMs(), signal);
      untried = untried.filter((other) => other !== host);
      // It may have died since it gave out its connection id: time is left for the others.
      const shareMs = untried.length > 0 ? leftMs() / 2 : leftMs();
      try {
        const answer = await this.#pathTo(host).ask(question, shareMs, signal);
        this.#options.silent.delete(host);
        this.#hosts = [host, ...this.#hosts.filter((other) => other !== host)];
        return answer;
      } catch (error) {
        if (!(error instanceof TrackerTimeoutError)) throw error;
        this.#options.silent.add(host);
        if (untried.length === 0 || leftMs() <= 0) throw error;
      }
    }
  }

  /** Closes the sockets; questions under way reject. */
  async close(): Promise<void> {
    await Promise.all([...this.#paths.values()].map((path) => path.close()));
  }

  /** The first of these that has a connection id for us. Throws what says most when none has. */
  async #firstToConnect(
    hosts: readonly string[],
    giveUpMs: number,
    signal: AbortSignal,
  ): Promise<string> {
    const { clock, silent } = this.#options;
    const deadlineMs = clock.nowMs() + giveUpMs;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const faults: unknown[] = [];
    let first: string | undefined;
    const attempts: Promise<void>[] = [];
    for (const host of hosts) {
      if (first !== undefined || signal.aborted) break;
      const attempt = this.#connect(host, deadlineMs - clock.nowMs(), either).then(() => {
        first ??= host;
        over.abort();
      }, (fault) => {
        if (!over.signal.aborted) faults.push(fault);
      });
      attempts.push(attempt);
      const soon = new AbortController();
      attempt.then(() => soon.abort());
      await clock.sleep(NEXT_ADDRESS_MS, AbortSignal.any([either, soon.signal]));
    }
    await Promise.all(attempts);
    if (first === undefined) {
      signal.throwIfAborted();
      throw mostTelling(faults);
    }
    for (const host of hosts.slice(0, hosts.indexOf(first))) silent.add(host);
    return first;
  }

  async #connect(host: string, giveUpMs: number, signal: AbortSignal): Promise<void> {
    await this.#pathTo(host).connect(giveUpMs, signal);
  }

  #pathTo(host: string): TrackerConnection {
    let path = this.#paths.get(host);
    if (path === undefined) this.#paths.set(host, path = this.#options.open(host));
    return path;
  }
}

/** Of several failures the one that says most: a refusal before nonsense before silence. */
export function mostTelling(faults: readonly unknown[]): unknown {
  return faults.find((fault) => fault instanceof TrackerErrorResponse) ??
    faults.find((fault) => !(fault instanceof TrackerTimeoutError)) ??
    faults.find((fault) => fault instanceof TrackerTimeoutError && fault.connected) ??
    faults[0];
}
