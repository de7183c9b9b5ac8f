/**
 * One timer looks after all torrents of a client.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { IDLE_ROUNDS, Ticker } from "../../lib/session/ticker.ts";

/** Counts its ticks. */
class Torrent {
  ticks = 0;
  isBusy: boolean;

  constructor(isBusy: boolean) {
    this.isBusy = isBusy;
  }

  tick(): void {
    this.ticks++;
  }
}

Deno.test("a busy torrent gets every tick, an idle one its turn, and no round ticks all idle ones", () => {
  const ticker = new Ticker();
  const busy = new Torrent(true);
  const idle = Array.from({ length: 1000 }, () => new Torrent(false));
  for (const torrent of [busy, ...idle]) ticker.add(torrent);
  ticker.round(0); // now it is known which are idle
  let before = 1000;
  for (let round = 1; round <= IDLE_ROUNDS; round++) {
    ticker.round(0);
    const ticks = idle.reduce((sum, torrent) => sum + torrent.ticks, 0);
    const most = Math.ceil(1000 / IDLE_ROUNDS);
    assert(ticks - before <= most, `${ticks - before} idle ones in one round`);
    before = ticks;
    assertEquals(busy.ticks, round + 1);
  }
  assertEquals(Math.min(...idle.map(({ ticks }) => ticks)), 2);
  assert(Math.max(...idle.map(({ ticks }) => ticks)) <= 3);
  for (const torrent of [busy, ...idle]) ticker.remove(torrent);
  ticker.round(0);
  assertEquals(busy.ticks, IDLE_ROUNDS + 1);
}); // Deno checks that no timer is left

Deno.test("an idle torrent that becomes busy gets every tick, at once if that is said, else from its turn on", () => {
  const ticker = new Ticker();
  const [told, untold] = [new Torrent(false), new Torrent(false)];
  ticker.add(told);
  ticker.add(untold);
  ticker.round(0);
  told.isBusy = untold.isBusy = true;
  ticker.add(told);
  for (let round = 0; round < IDLE_ROUNDS; round++) ticker.round(0);
  assertEquals(told.ticks, IDLE_ROUNDS + 1);
  assert(untold.ticks > 1);
  const before = untold.ticks;
  for (let round = 0; round < 3; round++) ticker.round(0);
  assertEquals(untold.ticks, before + 3);
  ticker.remove(told);
  ticker.remove(untold);
});

Deno.test("a torrent that ends at its tick is ticked no more", () => {
  const ticker = new Ticker();
  for (const isBusy of [true, false]) {
    let ticks = 0;
    const torrent = {
      isBusy,
      tick() {
        ticks++;
        if (ticks === 2) ticker.remove(torrent);
      },
    };
    ticker.add(torrent);
    for (let round = 0; round < 3 * IDLE_ROUNDS; round++) ticker.round(0);
    assertEquals(ticks, 2);
  }
});
