/**
 * Looking a name up at trackers that may just have been started.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import { type CatalogueEntry, findByName, NotFoundYetError } from "./find_by_name.ts";

/** Between two questions. */
const RETRY_MS = 2000;
/** No tracker is believed that it needs longer to know everybody. */
const LONGEST_WAIT_MS = 120_000;

/** Who hears of the waiting, and what it may take. */
interface RetryOptions {
  readonly signal?: AbortSignal;
  /** Told once, when the name is not known and a tracker says that it does not know everybody yet. */
  readonly onWaiting?: (sentence: string) => void;
  /** For tests. */
  readonly clock?: Clock;
}

/**
 * Like {@link findByName}. When nobody hosts the name and a tracker has just been started, it is asked again
 * until those who used it before have had the time to come back.
 */
export async function findWithRetries(
  name: string,
  trackerUrls: readonly string[],
  { signal, onWaiting, clock = systemClock }: RetryOptions,
): Promise<CatalogueEntry[]> {
  const startMs = clock.nowMs();
  for (let isFirst = true;; isFirst = false) {
    try {
      return await findByName(name, trackerUrls, signal ? { signal } : {});
    } catch (error) {
      const isTooLate = clock.nowMs() - startMs > LONGEST_WAIT_MS;
      if (!(error instanceof NotFoundYetError) || isTooLate) throw error;
      if (isFirst) onWaiting?.(error.waiting);
      const waitMs = Math.min(RETRY_MS, 1000 * error.settlesInSeconds);
      await clock.sleep(waitMs, signal);
      signal?.throwIfAborted();
    }
  }
}
