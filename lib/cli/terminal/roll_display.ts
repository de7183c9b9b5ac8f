/**
 * Shows which machines have the torrents of a tracker.
 *
 * @module
 */

import { rollSentence, type Tracker } from "../../../mod.ts";
import { rollTables } from "./roll_table.ts";
import type { Room } from "./screen.ts";

/** The biggest swarms are shown. */
const MOST_TORRENTS = 10;

/** Reads a tracker whenever something is to be shown. */
export class RollDisplay {
  readonly #tracker: Pick<Tracker, "survey" | "rollCall" | "abandoned">;
  #told = "";

  /** @param tracker Whose roll-calls are shown. */
  constructor(tracker: Pick<Tracker, "survey" | "rollCall" | "abandoned">) {
    this.#tracker = tracker;
  }

  /** The roll-calls of the named torrents. */
  table(room: Room): string[] {
    return rollTables(this.#rolls(), room);
  }

  /** As {@link table}, but nothing if no headline has changed since the last time, apart from rates. */
  news(room: Room): string[] {
    const rolls = this.#rolls();
    const headlines = rolls.map((roll) => `${roll.name} ${rollSentence(roll)}`).join("\n");
    if (headlines === this.#told) return [];
    this.#told = headlines;
    return rollTables(rolls, room);
  }

  #rolls() {
    const { swarms } = this.#tracker.survey("", MOST_TORRENTS);
    return [...swarms, ...this.#tracker.abandoned()]
      .filter(({ name }) => name !== undefined)
      .slice(0, MOST_TORRENTS)
      .map(({ hash, name }) => ({ ...this.#tracker.rollCall(hash), name: name! }));
  }
}
