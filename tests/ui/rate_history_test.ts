/**
 * The rates of the last five minutes.
 * @module
 */

import { assertEquals } from "@std/assert";
import { History } from "../../lib/ui/rate_history.ts";

const pure = { permissions: "none" } as const;

Deno.test(
  "each second has the rate of what moved in it, and the peaks are the largest",
  pure,
  () => {
    const history = new History();
    const moved = [[0, 0], [1000, 10], [1000, 30], [4000, 30]] as const;
    for (const [i, [downloadedBytes, uploadedBytes]] of moved.entries()) {
      history.sample({ downloadedBytes, uploadedBytes }, 1000 * i);
    }
    assertEquals(history.toJSON(), {
      everySeconds: 1,
      down: [1000, 0, 3000],
      up: [10, 20, 0],
      peakDown: 3000,
      peakUp: 20,
    });
  },
);

Deno.test("a second that took longer does not look faster", pure, () => {
  const history = new History();
  history.sample({ downloadedBytes: 0, uploadedBytes: 0 }, 0);
  history.sample({ downloadedBytes: 3000, uploadedBytes: 0 }, 3000);
  history.sample({ downloadedBytes: 9000, uploadedBytes: 0 }, 3000); // a clock that stands still
  assertEquals(history.toJSON().down, [1000]);
});

Deno.test("after five minutes the oldest is forgotten", pure, () => {
  const history = new History();
  for (let i = 0; i <= 1000; i++) {
    history.sample({ downloadedBytes: i * i, uploadedBytes: 0 }, 1000 * i);
  }
  const { down, up, peakDown } = history.toJSON();
  assertEquals([down.length, up.length], [300, 300]);
  assertEquals([down[0], down.at(-1), peakDown], [701 ** 2 - 700 ** 2, 1999, 1999]);
});
