/**
 * One timer for all torrents of a client.
 *
 * @module
 */

/** Something that is looked after regularly. */
export interface Ticking {
  /** Whether it needs every tick. An idle one gets one of {@link IDLE_ROUNDS}. */
  readonly isBusy: boolean;
  /** Called with the time in milliseconds. */
  tick(nowMs: number): void;
}

/** The time between the ticks of a busy torrent. */
const TICK_MS = 250;
/** An idle torrent is ticked once in this many rounds: every four seconds. */
export const IDLE_ROUNDS = 16;

/** Ticks everything that was added. The timer runs only while there is something to tick. */
export class Ticker {
  readonly #all = new Set<Ticking>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #round = 0;

  /** Ticks it from now on. */
  add(ticking: Ticking): void {
    this.#all.add(ticking);
    this.#timer ??= setInterval(() => this.round(performance.now()), TICK_MS);
  }

  /** Ticks it no more. */
  remove(ticking: Ticking): void {
    this.#all.delete(ticking);
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One round of the timer. The idle ones take turns, so that no round ticks them all. */
  round(nowMs: number): void {
    this.#round++;
    let place = this.#round;
    for (const ticking of this.#all) {
      if (ticking.isBusy || place % IDLE_ROUNDS === 0) ticking.tick(nowMs);
      place++;
    }
  }
}
