/**
 * How things stand with the trackers, for those who look.
 * @module
 */

import { assertEquals } from "@std/assert";
import { TrackerStatusTable } from "../../lib/discovery/tracker_status.ts";

const pure = { permissions: "none" } as const;
const A = "udp://a:1", B = "udp://b:1";

Deno.test("trackers that are named are there before they have answered", pure, () => {
  const board = new TrackerStatusTable();
  board.expect([A, B, A]);
  assertEquals(board.standings(0), [{ url: A }, { url: B }]);
  assertEquals(board.mostSeeders, 0);
});

Deno.test("each has its last word, and the time to the next one runs down", pure, () => {
  const board = new TrackerStatusTable();
  board.expect([A, B]);
  board.heard({ url: A, ok: true, seeders: 3, leechers: 1 }, 10, 1000);
  board.heard({ url: B, ok: false, error: "silent" }, undefined, 1000);
  assertEquals(board.standings(4500), [
    { url: A, ok: true, seeders: 3, leechers: 1, nextInSeconds: 7 },
    { url: B, ok: false, error: "silent" },
  ]);
  assertEquals(board.mostSeeders, 3);
  board.heard({ url: A, ok: false, error: "silent" }, 2, 20_000);
  assertEquals(board.standings(60_000)[0], {
    url: A,
    ok: false,
    error: "silent",
    nextInSeconds: 0,
  });
  assertEquals(board.mostSeeders, 3);
});

Deno.test("a tracker that nobody named is seen once it answers, and not before", pure, () => {
  const board = new TrackerStatusTable();
  board.heard({ url: A, ok: false, error: "silent" }, 2, 0);
  assertEquals(board.standings(0), []);
  board.heard({ url: A, ok: true }, undefined, 0);
  assertEquals(board.standings(0), [{ url: A, ok: true }]);
});
