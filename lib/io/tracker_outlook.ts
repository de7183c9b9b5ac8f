/**
 * What a download may expect of its trackers, all of them together.
 *
 * @module
 */

import type { TrackerFault } from "./announcer.ts";
import type { TrackerStanding } from "./tracker_board.ts";

/** How a tracker fails, by a stable name: no answer, a refusal, or anything else. */
export type TrackerFailure = "tracker-silent" | "tracker-refuses" | "tracker-fails";

/** What there is to expect of the trackers. */
export type TrackerOutlook =
  /** There is none. */
  | { readonly state: "none" }
  /** None was named, but the local network is asked. */
  | { readonly state: "local" }
  /** None has answered or failed to yet. */
  | { readonly state: "asking" }
  /** None helps. This one says most; when it is asked again, if ever. */
  | ({ readonly state: "failing"; readonly nextInSeconds?: number } & TrackerFault)
  /** At least one answers; how many besides us they know, as far as the best of them tells. */
  | { readonly state: "answering"; readonly others: number };

/** Of several failures the first of these says most. */
const MOST_TELLING: readonly TrackerFailure[] = [
  "tracker-refuses",
  "tracker-fails",
  "tracker-silent",
];

/** What to expect of trackers that stand like this. */
export function outlookOf(standings: readonly TrackerStanding[]): TrackerOutlook {
  const answering = standings.filter(({ ok }) => ok === true);
  if (answering.length > 0) {
    // We are one of the leechers ourselves.
    const others = answering.map(({ seeders = 0, leechers = 0 }) =>
      seeders + Math.max(0, leechers - 1)
    );
    return { state: "answering", others: Math.max(...others) };
  }
  for (const code of MOST_TELLING) {
    const failing = standings.find(({ fault }) => fault?.code === code);
    if (failing?.fault === undefined) continue;
    const { fault, nextInSeconds } = failing;
    return { state: "failing", ...fault, ...(nextInSeconds !== undefined && { nextInSeconds }) };
  }
  return { state: "asking" };
}

/** When something is tried again, in words. */
export function inSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole > 0 ? `next try in ${whole} s` : "trying again";
}
