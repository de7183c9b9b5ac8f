/**
 * What is to be done, until somebody takes it.
 *
 * @module
 */

import type { Action, Emit } from "./actions.ts";

const NOTHING: readonly Action[] = [];

/** A list of actions. */
export class Outbox {
  #actions: Action[] = [];

  /** Adds one. */
  readonly emit: Emit = (action) => {
    this.#actions.push(action);
  };

  /** All of them in order; the list is empty afterwards. */
  take(): readonly Action[] {
    if (this.#actions.length === 0) return NOTHING;
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
