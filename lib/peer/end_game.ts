/**
 * When the end game is: everything is begun, and what is still owed is late.
 *
 * @module
 */

import type { RarityOrder } from "./rarity.ts";

/**
 * So long after the last piece was begun, what is still owed is late: peers are asked for what they
 * deliver in a quarter of a second. To ask others before that would waste their upload.
 */
const END_GAME_DELAY_MS = 500;

/** Watches how long it is that no piece is left to begin. */
export class EndGame {
  readonly #unbegun: RarityOrder;
  /** When the last piece was begun; `undefined` while one is not. */
  #allBegunMs: number | undefined;

  /** @param unbegun the wanted pieces that nobody has begun */
  constructor(unbegun: RarityOrder) {
    this.#unbegun = unbegun;
  }

  /** Whether blocks may be asked for that others owe. */
  isOn(nowMs: number): boolean {
    if (this.#unbegun.size > 0) this.#allBegunMs = undefined;
    else this.#allBegunMs ??= nowMs;
    return this.#allBegunMs !== undefined && nowMs - this.#allBegunMs >= END_GAME_DELAY_MS;
  }
}
