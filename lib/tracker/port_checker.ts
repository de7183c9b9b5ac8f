/**
 * Dials the peers of a tracker back to see whether others can connect to them.
 *
 * @module
 */

import type { Reach } from "../codec/discovery/udp_tracker.ts";
import { closeQuietly, connect } from "../net/handshake.ts";
import type { Clock } from "../runtime/clock.ts";
import type { PortCheck, PortChecks } from "./core/port_checks.ts";

/** Long enough to retransmit a lost packet twice. Firewalls that drop packets send no answer at all. */
const CHECK_TIMEOUT_MS = 3000;

/** Works through the queue of {@link PortChecks} until closed. */
export class PortChecker {
  readonly #checks: PortChecks;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #dials = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #wake = Promise.withResolvers<void>();

  /** Starts at once, and dials as soon as a peer is waiting. */
  constructor(checks: PortChecks, clock: Clock) {
    this.#checks = checks;
    this.#clock = clock;
    checks.onWaiting = () => this.#wake.resolve();
    this.#running = this.#run();
  }

  /** Aborts running checks and starts no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.resolve();
    await this.#running;
    await Promise.all(this.#dials);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.#checks.waiting === 0) {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
        continue;
      }
      const check = this.#checks.next(this.#clock.nowMs());
      if (check !== undefined) this.#begin(check);
      await this.#clock.sleep(this.#checks.gapMs, signal);
    }
  }

  #begin(check: PortCheck): void {
    const dial = this.#dial(check).finally(() => this.#dials.delete(dial));
    this.#dials.add(dial);
  }

  async #dial(check: PortCheck): Promise<void> {
    const reach = await tryPort(check, this.#closing.signal);
    this.#checks.done(check, reach, this.#clock.nowMs());
  }
}

/** Connects and closes the connection at once, without sending anything. */
async function tryPort({ host, port }: PortCheck, signal: AbortSignal): Promise<Reach> {
  try {
    closeQuietly(await connect(host, port, signal, CHECK_TIMEOUT_MS));
    return "reachable";
  } catch (error) {
    return isOurs(error) ? "unknown" : "unreachable";
  }
}

/** Whether the failure is the tracker's own: it cannot, or is not permitted to, connect to any peer. */
function isOurs(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied ||
    (error instanceof Error && /os error (23|24|10024)\b/.test(error.message)); // no file descriptor is left
}
