/**
 * Looks up a name at trackers that may have just started.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import type { CatalogueEntry } from "./catalogue_entries.ts";
import { findByName, type FindOptions, NotFoundYetError } from "./find_by_name.ts";

/** Delay between two queries. */
const RETRY_MS = 2000;
/** Maximum total wait, whatever a tracker says about how long it needs to know all of its peers. */
const LONGEST_WAIT_MS = 120_000;

/** Callbacks and limits of the wait. */
interface RetryOptions extends FindOptions {
  /** Called once, if the name is unknown and a tracker says that it does not know all of its peers yet. */
  readonly onWaiting?: (sentence: string) => void;
  /** For tests. */
  readonly clock?: Clock;
}

/**
 * Like {@link findByName}. If the name is not found and a tracker has just started, the query is repeated
 * until the tracker's former peers have had time to come back.
 */
export async function findWithRetries(
  name: string,
  trackerUrls: readonly string[],
  { onWaiting, clock = systemClock, ...options }: RetryOptions,
): Promise<CatalogueEntry[]> {
  const startMs = clock.nowMs();
  for (let isFirst = true;; isFirst = false) {
    try {
      return await findByName(name, trackerUrls, options);
    } catch (error) {
      const isTooLate = clock.nowMs() - startMs > LONGEST_WAIT_MS;
      if (!(error instanceof NotFoundYetError) || isTooLate) throw error;
      if (isFirst) onWaiting?.(error.waiting);
      const waitMs = Math.min(RETRY_MS, 1000 * error.settlesInSeconds);
      await clock.sleep(waitMs, options.signal);
      options.signal?.throwIfAborted();
    }
  }
}
