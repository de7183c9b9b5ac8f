/**
 * One limit, several torrents: who gets how much of it.
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { MAX_PAUSE_MS, RateLimiter, type RateShare } from "../../lib/net/rate_limiter.ts";
import { withinReason } from "../support/clients/library.ts";

const permissions = "none";
const MIB = 2 ** 20;
const BLOCK = 16_384;

/** A connection that takes, waits, moves its bytes, and takes again. */
interface Taker {
  readonly share: RateShare;
  readonly bytes: number;
  /** From when on, and until when, it wants anything. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** How late its timers are. */
  readonly lateMs: number;
  /** How long it has nothing to send after each portion. */
  readonly idleMs: number;
  dueMs: number;
  position: number | undefined;
  /** When it moved how much. */
  readonly moved: { atMs: number; bytes: number }[];
}

/** A limiter, its torrents and a clock that only the test moves. */
class Bench {
  nowMs = 0;
  readonly limiter: RateLimiter;
  readonly takers: Taker[] = [];

  constructor(bytesPerSecond: number) {
    this.limiter = new RateLimiter(bytesPerSecond, { nowMs: () => this.nowMs });
  }

  /** Adds a torrent with so many connections; returns what moves of it. */
  torrent(connections: number, how: Partial<Taker> = {}): Taker[] {
    const share = this.limiter.share();
    const { fromMs = 0, untilMs = Infinity, bytes = BLOCK, lateMs = 0, idleMs = 0 } = how;
    const own = Array.from({ length: connections }, (): Taker => ({
      ...{ share, bytes, fromMs, untilMs, lateMs, idleMs, dueMs: fromMs },
      position: undefined,
      moved: [],
    }));
    this.takers.push(...own);
    return own;
  }

  /** Lets time pass until `endMs`, in the way in which sockets use the limiter. */
  run(endMs: number): void {
    for (;;) {
      let next: Taker | undefined;
      for (const taker of this.takers) {
        if (taker.dueMs < (next?.dueMs ?? endMs)) next = taker;
      }
      if (next === undefined) break;
      this.nowMs = next.dueMs;
      this.#step(next);
    }
    this.nowMs = endMs;
  }

  #step(taker: Taker): void {
    const { share, bytes, untilMs, lateMs, idleMs } = taker;
    if (taker.position === undefined) {
      if (this.nowMs >= untilMs) return void (taker.dueMs = Infinity);
      share.take(bytes);
      taker.position = share.position;
    }
    const leftMs = Math.min(share.leftMs(taker.position), MAX_PAUSE_MS);
    if (leftMs > 0) return void (taker.dueMs = this.nowMs + leftMs + lateMs);
    taker.position = undefined;
    taker.moved.push({ atMs: this.nowMs, bytes });
    taker.dueMs = this.nowMs + idleMs + 0.01;
  }
}

/** Bytes per second that moved in a stretch of time. */
function rateOf(takers: readonly Taker[], fromMs: number, untilMs: number): number {
  let sum = 0;
  for (const { moved } of takers) {
    for (const { atMs, bytes } of moved) if (atMs >= fromMs && atMs < untilMs) sum += bytes;
  }
  return sum / (untilMs - fromMs) * 1000;
}

function assertNear(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual / expected - 1) < 0.06, `${what}: ${actual} and not ${expected}`);
}

Deno.test("torrents that want all they can get have equal parts", { permissions }, () => {
  for (const count of [1, 2, 5, 20]) {
    const bench = new Bench(10 * MIB);
    const torrents = Array.from({ length: count }, () => bench.torrent(3));
    bench.run(20_000);
    for (const [i, torrent] of torrents.entries()) {
      assertNear(rateOf(torrent, 1000, 20_000), 10 * MIB / count, `torrent ${i} of ${count}`);
    }
  }
});

Deno.test("one connection gets as much as a hundred of another torrent", { permissions }, () => {
  for (const lateMs of [0, 1, 15]) {
    const bench = new Bench(4 * MIB);
    const many = bench.torrent(100, { lateMs });
    const one = bench.torrent(1, { lateMs, bytes: 2 * BLOCK });
    bench.run(30_000);
    assertNear(rateOf(one, 2000, 30_000), 2 * MIB, `one, timers ${lateMs} ms late`);
    assertNear(rateOf(many, 2000, 30_000), 2 * MIB, `many, timers ${lateMs} ms late`);
    const each = many.map((taker) => rateOf([taker], 2000, 30_000));
    assertLess(Math.max(...each) / Math.min(...each), 1.1, "within the torrent they take turns");
  }
});

Deno.test("a torrent that uses less leaves the rest to the others", { permissions }, () => {
  const bench = new Bench(8 * MIB);
  const slow = bench.torrent(1, { idleMs: 40 }); // 16 KiB in 40 ms: 400 KiB/s at most
  const others = [bench.torrent(1, { bytes: 4 * BLOCK }), bench.torrent(50)];
  bench.run(20_000);
  const slowRate = rateOf(slow, 1000, 20_000);
  assertNear(slowRate, 400 * 1024, "the slow one is not slowed down");
  for (const other of others) {
    assertNear(rateOf(other, 1000, 20_000), (8 * MIB - slowRate) / 2, "an equal part of the rest");
  }
});

Deno.test("the limit holds however many torrents come and go", { permissions }, () => {
  const bench = new Bench(4 * MIB);
  for (let i = 0; i < 40; i++) {
    const fromMs = 250 * i;
    bench.torrent(1 + i % 7, { fromMs, untilMs: fromMs + 3000, idleMs: i % 3 * 5, lateMs: i % 4 });
  }
  bench.torrent(2);
  bench.run(12_000);
  assertNear(rateOf(bench.takers, 0, 12_000), 4 * MIB, "all of the limit is used");
  for (let fromMs = 0; fromMs < 11_000; fromMs += 100) {
    const rate = rateOf(bench.takers, fromMs, fromMs + 1000);
    assert(rate <= 4 * MIB * 1.12, `${rate / MIB} MiB in the second from ${fromMs} ms on`);
  }
});

Deno.test("who is left when others go has all of it within half a second", { permissions }, () => {
  const bench = new Bench(MIB);
  const stays = bench.torrent(100);
  bench.torrent(4, { untilMs: 10_000 });
  const later = bench.torrent(1, { fromMs: 20_000 });
  bench.run(30_000);
  assertNear(rateOf(stays, 2000, 10_000), MIB / 2, "while there are two");
  assertNear(rateOf(stays, 11_000, 20_000), MIB, "alone");
  assertNear(rateOf(later, 21_000, 30_000), MIB / 2, "one that comes later");
});

Deno.test("a rate that is changed holds from then on", { permissions }, () => {
  const bench = new Bench(MIB);
  const torrents = [bench.torrent(100), bench.torrent(1)];
  bench.run(10_000);
  bench.limiter.bytesPerSecond = 4 * MIB;
  bench.run(20_000);
  bench.limiter.bytesPerSecond = MIB / 2;
  bench.run(40_000);
  for (const torrent of torrents) {
    assertNear(rateOf(torrent, 2000, 10_000), MIB / 2, "before");
    assertNear(rateOf(torrent, 10_500, 20_000), 2 * MIB, "more");
    assertNear(rateOf(torrent, 20_500, 40_000), MIB / 4, "less");
  }
  assertEquals(bench.limiter.bytesPerSecond, MIB / 2);
});

Deno.test("nobody waits any more when the limit is lifted", { permissions }, () => {
  let nowMs = 0;
  const limiter = new RateLimiter(1000, { nowMs: () => nowMs });
  const [one, other] = [limiter.share(), limiter.share()];
  assertEquals(one.take(1_000_050) > 0, true);
  const { position } = one;
  assertEquals([one.bytesPerSecond, other.bytesPerSecond], [1000, 500]);
  limiter.bytesPerSecond = 0;
  assertEquals([one.leftMs(position), other.take(2 ** 40)], [0, 0]);
  assertEquals([one.bytesPerSecond, one.portionBytes, one.isLimiting], [Infinity, Infinity, false]);
  nowMs = 1000;
  limiter.bytesPerSecond = 1_000_000;
  assertEquals([one.leftMs(position), one.take(50_000), one.take(1_000_000)], [0, 0, 1000]);
});

Deno.test("a torrent that is closed holds up nobody", { permissions }, () => {
  const limiter = new RateLimiter(1000, { nowMs: () => 0 });
  const [gone, stays] = [limiter.share(), limiter.share()];
  assertEquals(gone.take(1_000_050), 1_000_000);
  const { position } = gone;
  assertEquals(stays.take(1000), 2000);
  gone.close();
  assertEquals([gone.leftMs(position), stays.leftMs(stays.position)], [0, 1000]);
});

Deno.test("a pause is shortened when the limit is lifted meanwhile", async () => {
  const limiter = new RateLimiter(1000);
  const share = limiter.share();
  share.take(1_000_000);
  const passed = share.pass(share.position, new AbortController().signal);
  limiter.bytesPerSecond = 0;
  await withinReason(passed, () => "it waits for a quarter of an hour");
});
