/**
 * Notices that this machine's addresses have changed: from Wi-Fi to a cable, a new lease, a VPN, or a night's
 * sleep, after which nobody outside remembers us.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { reachableNow } from "./network_interfaces.ts";

/** What has changed since the last look. */
interface AddressChange {
  /** Addresses that this machine no longer has: what was connected from them is cut off. */
  readonly gone: ReadonlySet<string>;
}

/** Hears of a change. */
type AddressListener = (change: AddressChange) => void;

/** How often it looks; a look takes a tenth of a millisecond. */
const LOOK_MS = 2000;
/** When so much more time has passed by the calendar than by the clock, the machine was asleep. */
const SLEPT_MS = 30_000;

/** What it looks at. */
interface AddressWatchOptions {
  /** The addresses that others may reach this machine under. */
  readonly addresses: () => Iterable<string>;
  /** It stands still while the machine sleeps. */
  readonly clock: Clock;
  /** Milliseconds of the calendar. */
  readonly calendarMs: () => number;
}

/** Looks again and again while somebody listens. */
export class AddressWatch {
  readonly #options: AddressWatchOptions;
  readonly #listeners = new Set<AddressListener>();
  #stop = new AbortController();

  /** Nobody listens yet, so nothing is done. */
  constructor(options: AddressWatchOptions) {
    this.#options = options;
  }

  /** Calls `listener` on each change from now on; the returned function ends that. */
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

/** Calls `listener` when this machine's addresses change; the returned function ends that. */
export function watchAddresses(listener: AddressListener): () => void {
  return shared.on(listener);
}
