import { assertEquals } from "@std/assert";
import {
  count,
  formatBytes,
  formatElapsed,
  formatEta,
  formatPercent,
  formatRate,
  formatSeconds,
  parseRate,
  parseSize,
} from "../../lib/cli/text/units.ts";

const pure = { permissions: "none" } as const;

Deno.test("sizes take binary suffixes in either case", pure, () => {
  assertEquals(parseSize("16384"), 16384);
  assertEquals(parseSize("512K"), 524288);
  assertEquals(parseSize("16m"), 16777216);
  assertEquals(parseSize("1.5G"), 1610612736);
  assertEquals(parseSize("4GiB"), 4294967296);
  assertEquals(parseSize("2 MB"), 2097152);
  assertEquals(parseSize("0"), 0);
});

Deno.test("what is no size is refused", pure, () => {
  for (const bad of ["", "K", "-1", "1X", "1e3", "0x10", "1 2", "1KK", "NaN", "9999999999999T"]) {
    assertEquals(parseSize(bad), undefined, bad);
  }
});

Deno.test("rates may say per second", pure, () => {
  assertEquals(parseRate("2M/s"), 2097152);
  assertEquals(parseRate("500K"), 512000);
  assertEquals(parseRate("fast"), undefined);
});

Deno.test("bytes are shown with binary units", pure, () => {
  assertEquals(formatBytes(0), "0 B");
  assertEquals(formatBytes(1023), "1023 B");
  assertEquals(formatBytes(1024), "1 KiB");
  assertEquals(formatBytes(1.5 * 2 ** 20), "1.5 MiB");
  assertEquals(formatBytes(4 * 2 ** 30), "4 GiB");
  assertEquals(formatRate(89_443_533.4), "85.3 MiB/s");
});

Deno.test("durations are short, and have no seconds from an hour on", pure, () => {
  assertEquals(formatSeconds(0), "0s");
  assertEquals(formatSeconds(32.4), "32s");
  assertEquals(formatSeconds(92), "1m 32s");
  assertEquals(formatSeconds(7534), "2h 5m");
  assertEquals(formatElapsed(1.25), "1.3s");
  assertEquals(formatElapsed(9.96), "10s");
});

Deno.test("an unknown or absurd time left is not shown", pure, () => {
  assertEquals(formatEta(31.2), "32s");
  for (const none of [undefined, NaN, Infinity, -1, 1e9]) assertEquals(formatEta(none), undefined);
});

Deno.test("it says 100% only when everything is there", pure, () => {
  assertEquals(formatPercent(999_999, 1_000_000), "99.9%");
  assertEquals(formatPercent(1_000_000, 1_000_000), "100%");
  assertEquals(formatPercent(0, 5), "0.0%");
  assertEquals(formatPercent(0, 0), "100%");
});

Deno.test("one is singular", pure, () => {
  assertEquals([count(1, "peer"), count(0, "peer"), count(2, "peer")], [
    "1 peer",
    "0 peers",
    "2 peers",
  ]);
});
