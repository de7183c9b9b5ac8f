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
  let before = 0;
  for (let round = 1; round <= IDLE_ROUNDS; round++) {
    ticker.round(0);
    const ticks = idle.reduce((sum, torrent) => sum + torrent.ticks, 0);
    assert(
      ticks - before <= Math.ceil(1000 / IDLE_ROUNDS),
      `${ticks - before} idle ones in one round`,
    );
    before = ticks;
    assertEquals(busy.ticks, round);
  }
  assertEquals(new Set(idle.map(({ ticks }) => ticks)), new Set([1]));
  for (const torrent of [busy, ...idle]) ticker.remove(torrent);
  ticker.round(0);
  assertEquals(busy.ticks, IDLE_ROUNDS);
}); // Deno checks that no timer is left

Deno.test("an idle torrent that becomes busy gets every tick from then on", () => {
  const ticker = new Ticker();
  const torrent = new Torrent(false);
  ticker.add(torrent);
  for (let round = 0; round < IDLE_ROUNDS; round++) ticker.round(0);
  assertEquals(torrent.ticks, 1);
  torrent.isBusy = true;
  for (let round = 0; round < 3; round++) ticker.round(0);
  assertEquals(torrent.ticks, 4);
  ticker.remove(torrent);
});
