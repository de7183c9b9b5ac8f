/**
 * Notices when this machine's addresses change: from Wi-Fi to Ethernet, a new lease, a VPN, or a night's
 * sleep, after which trackers and peers have forgotten us.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { reachableNow } from "./network_interfaces.ts";

/** The changes since the last check. */
interface AddressChange {
  /** Addresses that this machine no longer has; connections from them are dead. */
  readonly gone: ReadonlySet<string>;
}

/** Called on a change. */
type AddressListener = (change: AddressChange) => void;

/** How often it checks; one check takes a tenth of a millisecond. */
const LOOK_MS = 2000;
/** If wall time advances this much more than the monotonic clock, the machine was asleep. */
const SLEPT_MS = 30_000;

/** What it checks. */
interface AddressWatchOptions {
  /** The addresses by which other machines may reach this one. */
  readonly addresses: () => Iterable<string>;
  /** Stops while the machine sleeps. */
  readonly clock: Clock;
  /** Wall time in milliseconds. */
  readonly calendarMs: () => number;
}

/** Checks regularly while it has listeners. */
export class AddressWatch {
  readonly #options: AddressWatchOptions;
  readonly #listeners = new Set<AddressListener>();
  #stop = new AbortController();

  /** Does nothing until there is a listener. */
  constructor(options: AddressWatchOptions) {
    this.#options = options;
  }

  /** Calls `listener` on each change; the returned function removes it. */
  on(listener: AddressListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#stop = new AbortController();
      void this.#run(this.#stop.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop.abort();
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    const { addresses, clock, calendarMs } = this.#options;
    let known = new Set(addresses());
    let asleepMs = calendarMs() - clock.nowMs();
    while (!stop.aborted) {
      await clock.sleep(LOOK_MS, stop);
      if (stop.aborted) return;
      const now = new Set(addresses());
      const apartMs = calendarMs() - clock.nowMs();
      const gone = known.difference(now);
      const isNew = now.difference(known).size > 0;
      const hasSlept = apartMs - asleepMs > SLEPT_MS;
      known = now;
      asleepMs = apartMs;
      if (gone.size === 0 && !isNew && !hasSlept) continue;
      for (const listener of this.#listeners) listener({ gone });
    }
  }
}

const shared = new AddressWatch({
  addresses: reachableNow,
  clock: systemClock,
  calendarMs: Date.now,
});

/** Calls `listener` when this machine's addresses change; the returned function removes it. */
export function watchAddresses(listener: AddressListener): () => void {
  return shared.on(listener);
}
