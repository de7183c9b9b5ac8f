/**
 * A limit on bytes per second that several torrents share.
 *
 * The limiter hands out bytes as a fluid would flow: at every moment it divides the rate equally among the
 * shares that have taken more than has flowed so far (generalized processor sharing). A share that takes less
 * than its part leaves the rest to the others. Nothing is simulated in between: the level, which is what each
 * busy share has been given, is brought up to date when somebody takes or asks.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";

/** Maximum burst after a pause, in seconds of the rate; it makes up for late timers. */
const BURST_SECONDS = 0.05;
/** Amount to take at once, in seconds of the rate; smaller values give a smoother flow. */
const PORTION_SECONDS = 0.02;
/** One block, which is the smallest unit of file data. */
const MIN_PORTION = 16_384;
/** What is left because fractions of bytes are rounded counts as nothing. */
const ROUNDING_BYTES = 0.001;
/** Longest pause before looking again: the rate, or the number of torrents that share it, may have changed. */
export const MAX_PAUSE_MS = 500;

/** A limit that its {@link RateShare}s divide among themselves. Without a limit it costs a comparison. */
export class RateLimiter {
  #bytesPerSecond: number;
  readonly #clock: Pick<Clock, "nowMs">;
  /** What may pass at once because nobody took it; below zero what has passed too early. */
  #tokens: number;
  #filledMs: number;
  /** Bytes given to each share that has been busy all the time. */
  #level = 0;
  /** The shares that have taken more than the level. */
  readonly #busy: RateShare[] = [];
  /** Up to this level all of them stay busy. */
  #busyUntil = Infinity;

  /** @param bytesPerSecond `Infinity` or 0 means no limit */
  constructor(bytesPerSecond: number, clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#bytesPerSecond = bytesPerSecond > 0 ? bytesPerSecond : Infinity;
    this.#clock = clock;
    this.#tokens = this.#burst;
    this.#filledMs = clock.nowMs();
  }

  /** Bytes per second; `Infinity` without a limit. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Those who wait notice a change within {@link MAX_PAUSE_MS}. `Infinity` or 0 means no limit. */
  set bytesPerSecond(bytesPerSecond: number) {
    if (this.isLimiting) this.#flow();
    this.#filledMs = this.#clock.nowMs();
    this.#bytesPerSecond = bytesPerSecond > 0 ? bytesPerSecond : Infinity;
    this.#tokens = Math.max(-this.#burst, Math.min(this.#tokens, this.#burst));
    if (this.isLimiting) return;
    this.#tokens = Infinity;
    for (const share of this.#busy.splice(0)) share.position = this.#level;
    this.#busyUntil = Infinity;
  }

  /** Whether there is a limit. */
  get isLimiting(): boolean {
    return this.#bytesPerSecond !== Infinity;
  }

  /** A new share, which costs the others nothing before it takes something. */
  share(): RateShare {
    return new RateShare(this);
  }

  /** The part of the rate that the share may count on, in bytes per second. */
  partOf(share: RateShare): number {
    return this.#bytesPerSecond / (this.#busy.length + (share.position > this.#level ? 0 : 1));
  }

  /** See {@link RateShare.take}. */
  take(share: RateShare, bytes: number): number {
    if (!this.isLimiting || bytes === 0) return 0;
    this.#flow();
    if (share.position > this.#level) share.position += bytes;
    else {
      share.position = this.#startOf(share, bytes) + bytes;
      if (share.position <= this.#level) return 0;
      this.#busy.push(share);
    }
    this.#busyUntil = Math.min(this.#busyUntil, share.position);
    return this.#untilMs(share.position);
  }

  /** See {@link RateShare.leftMs}. */
  leftMs(share: RateShare, position: number): number {
    if (!this.isLimiting) return 0;
    this.#flow();
    const isThrough = share.position <= this.#level || position <= this.#level;
    return isThrough ? 0 : this.#untilMs(position);
  }

  /** See {@link RateShare.close}. */
  leave(share: RateShare): void {
    share.position = this.#level;
    const at = this.#busy.indexOf(share);
    if (at >= 0) this.#busy.splice(at, 1);
  }

  get #burst(): number {
    return this.#bytesPerSecond * BURST_SECONDS;
  }

  /** How long the level takes to a position if the same shares stay busy. */
  #untilMs(position: number): number {
    const bytes = (position - this.#level) * this.#busy.length - Math.min(this.#tokens, 0);
    return bytes < ROUNDING_BYTES ? 0 : bytes / this.#bytesPerSecond * 1000;
  }

  /**
   * The position from which a share that was idle takes `bytes`. It is below the level by what may pass at
   * once: what nobody took or, while others are busy, what it has just missed, for its timer was late. The
   * others wait for the latter.
   */
  #startOf({ position }: RateShare, bytes: number): number {
    const isFirst = this.#busy.length === 0;
    const missed = Math.min(this.#level - position, this.#burst / (this.#busy.length + 1));
    const most = isFirst ? this.#tokens : Math.min(missed, this.#burst + this.#tokens);
    const atOnce = Math.max(0, Math.min(bytes, most));
    this.#tokens -= atOnce;
    return this.#level - (atOnce === bytes && !isFirst ? missed : atOnce);
  }

  /** Brings the level up to date. */
  #flow(): void {
    const nowMs = this.#clock.nowMs();
    let bytes = (nowMs - this.#filledMs) / 1000 * this.#bytesPerSecond;
    this.#filledMs = nowMs;
    if (this.#tokens < 0) {
      const due = Math.min(bytes, -this.#tokens);
      this.#tokens += due;
      bytes -= due;
    }
    while (bytes > 0 && this.#busy.length > 0) {
      const rise = Math.min(bytes / this.#busy.length, this.#busyUntil - this.#level);
      bytes -= rise * this.#busy.length;
      this.#level = Math.min(this.#level + rise, this.#busyUntil);
      if (this.#level === this.#busyUntil) this.#dropIdle();
      else break;
    }
    if (this.#busy.length === 0) this.#tokens = Math.min(this.#tokens + bytes, this.#burst);
  }

  /** Takes out the shares that have been given all they took. */
  #dropIdle(): void {
    this.#busyUntil = Infinity;
    for (let i = this.#busy.length - 1; i >= 0; i--) {
      const { position } = this.#busy[i]!;
      if (position > this.#level) {
        this.#busyUntil = Math.min(this.#busyUntil, position);
        continue;
      }
      const last = this.#busy.pop()!;
      if (i < this.#busy.length) this.#busy[i] = last;
    }
  }
}

/**
 * One torrent's share of a limit, for all its connections. A connection that takes more than is available
 * waits until the rest has flowed, and later ones wait for that too, so they take turns.
 */
export class RateShare {
  /** The level at which all that was taken has flowed. Only the limiter changes it. */
  position = 0;
  readonly #limiter: RateLimiter;

  /** A share of this limiter: see {@link RateLimiter.share}. */
  constructor(limiter: RateLimiter) {
    this.#limiter = limiter;
  }

  /** Whether there is a limit. */
  get isLimiting(): boolean {
    return this.#limiter.isLimiting;
  }

  /** The part of the limit that the torrent may count on now; `Infinity` without a limit. */
  get bytesPerSecond(): number {
    return this.isLimiting ? this.#limiter.partOf(this) : Infinity;
  }

  /** A sensible amount to take at once: what passes in a fiftieth of a second. */
  get portionBytes(): number {
    return this.isLimiting
      ? Math.max(MIN_PORTION, this.#limiter.partOf(this) * PORTION_SECONDS)
      : Infinity;
  }

  /**
   * Takes `bytes`; returns the pause in milliseconds that the caller must make. It holds unless the limit or
   * the number of busy torrents changes; {@link leftMs} says what is left of it then.
   */
  take(bytes: number): number {
    return this.#limiter.take(this, bytes);
  }

  /** What is left of a pause, in milliseconds; `position` is that of the share just after the taking. */
  leftMs(position: number): number {
    return this.#limiter.leftMs(this, position);
  }

  /** Makes the pause for what was taken up to `position`, or ends as soon as the signal is aborted. */
  async pass(position: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const ms = Math.min(this.leftMs(position), MAX_PAUSE_MS);
      if (ms <= 0 || signal.aborted) return;
      await pause(ms, signal);
    }
  }

  /** Gives up what was taken and has not flowed. Those who wait for it may go. */
  close(): void {
    this.#limiter.leave(this);
  }
}

/** Resolves after `ms`, or as soon as the signal is aborted. Leaves no timer behind. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
