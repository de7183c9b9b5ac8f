/**
 * The addresses of one family that a tracker's name resolves to. Any of them may be dead, and name resolution
 * returns them in any order.
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

/**
 * How long an address may stay silent before the next one is tried as well (RFC 8305 says 250 ms for TCP).
 */
const NEXT_ADDRESS_MS = 300;

/** What all addresses of a family share. */
interface FamilyOptions {
  readonly family: AddressFamily;
  /** IP addresses in the order of name resolution; at least one. */
  readonly hosts: readonly string[];
  /** Addresses that did not answer when last asked; they are tried last. The set belongs to the caller. */
  readonly silent: Set<string>;
  /** Opens a socket for sending to an address. */
  readonly open: (host: string) => TrackerConnection;
  readonly clock: Clock;
}

/** Sends requests to the address that answers. The owner must close it. */
export class TrackerEndpoints {
  readonly family: AddressFamily;
  readonly #options: FamilyOptions;
  readonly #paths = new Map<string, TrackerConnection>();
  /** In the order of attempts. */
  #hosts: string[];

  /**
   * Opens a socket for the first address.
   *
   * @throws if the machine lacks that family or the address to send from.
   */
  constructor(options: FamilyOptions) {
    const { family, hosts, silent } = options;
    this.family = family;
    this.#options = options;
    this.#hosts = hosts.toSorted((a, b) => Number(silent.has(a)) - Number(silent.has(b)));
    this.#pathTo(this.#hosts[0]!);
  }

  /** The address that answered last; before the first answer, the one that is tried first. */
  get host(): string {
    return this.#hosts[0]!;
  }

  /**
   * Like {@link TrackerConnection.ask}. If an address does not soon issue a connection id, the next one is
   * tried in parallel. The first to issue one gets the request, and is tried first from then on.
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
      // The address may have died since it issued its connection id, so leave time for the others.
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

  /** Closes the sockets; pending requests reject. */
  async close(): Promise<void> {
    await Promise.all([...this.#paths.values()].map((path) => path.close()));
  }

  /** The first of these hosts to issue a connection id. Throws the most informative error if none does. */
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

/** The most informative of several errors: a refusal before an invalid answer before silence. */
export function mostTelling(faults: readonly unknown[]): unknown {
  return faults.find((fault) => fault instanceof TrackerErrorResponse) ??
    faults.find((fault) => !(fault instanceof TrackerTimeoutError)) ??
    faults.find((fault) => fault instanceof TrackerTimeoutError && fault.connected) ??
    faults[0];
}
