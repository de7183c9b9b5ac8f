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
  readonly #busy = new Set<Ticking>();
  /** Those whose turn comes first are first. */
  readonly #idle = new Set<Ticking>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * Ticks it from now on: at every tick, until it turns out to be idle. Call it again when an idle one has
   * become busy; otherwise that is noticed at its next turn.
   */
  add(ticking: Ticking): void {
    this.#idle.delete(ticking);
    this.#busy.add(ticking);
    this.#timer ??= setInterval(() => this.round(performance.now()), TICK_MS);
  }

  /** Ticks it no more. */
  remove(ticking: Ticking): void {
    this.#busy.delete(ticking);
    this.#idle.delete(ticking);
    if (this.#busy.size > 0 || this.#idle.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One round of the timer. The idle ones take turns, so that no round ticks them all. */
  round(nowMs: number): void {
    let turns = Math.ceil(this.#idle.size / IDLE_ROUNDS);
    for (const ticking of this.#busy) {
      ticking.tick(nowMs);
      if (ticking.isBusy || !this.#busy.delete(ticking)) continue; // it may have been removed
      this.#idle.add(ticking);
    }
    for (const ticking of this.#idle) {
      if (turns-- === 0) return;
      ticking.tick(nowMs);
      if (this.#idle.delete(ticking)) (ticking.isBusy ? this.#busy : this.#idle).add(ticking);
    }
  }
}
