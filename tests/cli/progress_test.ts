import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import {
  bar,
  fitLine,
  hashingLine,
  plainLine,
  trackerLine,
  transferLine,
} from "../../lib/cli/terminal/progress.ts";
import { displayWidth } from "../../lib/cli/text/terminal_text.ts";
import type { TransferStats } from "../../mod.ts";

const pure = { permissions: "none" } as const;
const GIB = 2 ** 30;

function stats(changes: Partial<TransferStats> = {}): TransferStats {
  return {
    name: "ubuntu-24.04-desktop-amd64.iso",
    state: "downloading",
    totalBytes: 4 * GIB,
    haveBytes: 1.5 * GIB,
    downloadedBytes: 1.5 * GIB,
    uploadedBytes: GIB,
    wastedBytes: 0,
    downloadRate: 85.3 * 2 ** 20,
    uploadRate: 1.2 * 2 ** 20,
    pieces: 8192,
    havePieces: 3072,
    etaSeconds: 31,
    copies: 3,
    peers: { known: 9, connecting: 1, connected: 4, away: 2, banned: 0 },
    connections: [],
    sources: [],
    ...changes,
  };
}

Deno.test("a download's line has percentage, bar, rates, peers and the time left", pure, () => {
  assertEquals(
    fitLine(transferLine(stats()), 140),
    "ubuntu-24.04-desktop-amd64.iso  ████████████░░░░░░░░░░░░░░░░░░░░  37.5%  ↓ 85.3 MiB/s  4 peers" +
      "  31s left  1.5 GiB of 4 GiB  ↑ 1.2 MiB/s",
  );
});

Deno.test("on a narrow terminal the least important figures give way first", pure, () => {
  assert(fitLine(transferLine(stats()), 60).endsWith("37.5%  ↓ 85.3 MiB/s  4 peers"));
  assertMatch(fitLine(transferLine(stats()), 34), /37\.5%$/);
  assertEquals(fitLine(transferLine(stats()), 10), "37.5%");
});

Deno.test("no line is ever wider than the terminal", pure, () => {
  const names = ["a", "文件文件文件文件文件.iso", "x".repeat(300), "\x1b[31mred\x1b[0m"];
  const states: TransferStats["state"][] = [
    "hashing",
    "lookup",
    "metadata",
    "checking",
    "downloading",
    "waiting",
    "verifying",
    "flushing",
    "seeding",
    "stopped",
  ];
  let checked = 0;
  for (const name of names) {
    for (const state of states) {
      for (let cells = 1; cells <= 140; cells++) {
        const line = fitLine(transferLine(stats({ name, state }), "nobody has chunk 7"), cells);
        assertLessOrEqual(displayWidth(line), cells, `${state} at ${cells}: ${line}`);
        assert(!line.includes("\x1b"));
        checked++;
      }
    }
  }
  assertEquals(checked, 4 * 10 * 140);
});

Deno.test("in a pipe the same line has no bar and nothing is left out", pure, () => {
  assertEquals(
    plainLine(transferLine(stats())),
    "ubuntu-24.04-desktop-amd64.iso: 37.5%, ↓ 85.3 MiB/s, 4 peers, 31s left, " +
      "1.5 GiB of 4 GiB, ↑ 1.2 MiB/s",
  );
});

Deno.test("a download that waits says why", pure, () => {
  const line = plainLine(transferLine(stats({ state: "waiting" }), "the only seeder is away"));
  assertEquals(line, "ubuntu-24.04-desktop-amd64.iso: 37.5%, waiting: the only seeder is away");
});

Deno.test("a seeder's line tells what it sends, to how many, and how much so far", pure, () => {
  assertEquals(
    plainLine(transferLine(stats({ state: "seeding" }))),
    "seeding ubuntu-24.04-desktop-amd64.iso: ↑ 1.2 MiB/s, 4 peers, 1 GiB sent, ratio 0.25",
  );
});

Deno.test("a seeder that waits for copies tells how many there are", pure, () => {
  assertEquals(
    plainLine(transferLine(stats({ state: "seeding", untilCopies: 5 }))),
    "seeding ubuntu-24.04-desktop-amd64.iso: ↑ 1.2 MiB/s, 4 peers, 3 of 5 complete, 1 GiB sent, " +
      "ratio 0.25",
  );
});

Deno.test("an empty file is complete, not divided by", pure, () => {
  const empty = stats({ totalBytes: 0, haveBytes: 0, uploadedBytes: 0 });
  assertMatch(plainLine(transferLine(empty)), /100%/);
  assertMatch(plainLine(transferLine({ ...empty, state: "seeding" })), /ratio 0\.00/);
  const gradual = stats({ state: "seeding", superSeeding: true });
  assertMatch(plainLine(transferLine(gradual)), /4 peers, handing out gradually, 1 GiB sent/);
  assertMatch(plainLine(hashingLine("hashing", 0, 0, 0)), /100%/);
});

Deno.test("hashing shows how fast it goes and when it ends", pure, () => {
  assertEquals(
    plainLine(hashingLine("hashing", GIB, 4 * GIB, 2)),
    "hashing: 25.0%, 512 MiB/s, 6s left, 1 GiB of 4 GiB",
  );
});

Deno.test("a bar is full only at the end and never longer than it is", pure, () => {
  assertEquals(bar(0, 4), "░░░░");
  assertEquals(bar(0.999, 4), "███░");
  assertEquals(bar(1, 4), "████");
  assertEquals(bar(7, 4), "████");
  assertEquals(bar(-1, 4), "░░░░");
});

Deno.test("a tracker's line counts swarms, seeders and leechers", pure, () => {
  const figures = { torrents: 1, seeders: 3, leechers: 1, announces: 12 };
  assertEquals(
    plainLine(trackerLine(figures, 62)),
    "tracker: 1 swarm, 3 seeders, 1 leecher, 12 announces, up 1m 2s",
  );
});

Deno.test("changing figures do not move the beginning of the line", pure, () => {
  const slow = fitLine(transferLine(stats({ downloadRate: 5, etaSeconds: 100_000 })), 90);
  const fast = fitLine(transferLine(stats({ downloadRate: 1023.9 * 2 ** 20 })), 90);
  assertEquals(slow.slice(0, 30), fast.slice(0, 30));
});
