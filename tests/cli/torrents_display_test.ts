/**
 * The terminal of a program with several torrents.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { setColorEnabled } from "@std/fmt/colors";
import { plainLine } from "../../lib/cli/terminal/progress.ts";
import { Screen } from "../../lib/cli/terminal/screen.ts";
import { TorrentsDisplay } from "../../lib/cli/terminal/torrents_display.ts";
import type { TransferStats } from "../../mod.ts";

const CLEAR = "\r\x1b[K";
const MIB = 2 ** 20;

/** A screen of ten rows of which four stay free, and what was written to it. */
function stage(program: "seeder" | "leecher", redraws = false, verbosity = 0) {
  setColorEnabled(false);
  const written: string[] = [];
  const surface = {
    write: (text: string) => void written.push(text),
    ...{ isReady: true, isFull: false, redraws, glyphs: "unicode" as const },
    size: () => ({ columns: 83, rows: 10 }),
  };
  const screen = new Screen(surface, { quiet: false, verbosity });
  const clock = { nowMs: 0 };
  const display = new TorrentsDisplay(screen, program, () => clock.nowMs);
  return { screen, display, written, clock, [Symbol.dispose]: () => screen.close() };
}

function transfer(name: string, stats: Partial<TransferStats> = {}) {
  const peers = { known: 1, connecting: 0, connected: 1, away: 0, banned: 0 };
  const full: TransferStats = {
    ...{ name, state: "downloading", totalBytes: 10 * MIB, haveBytes: MIB, pieces: 0 },
    ...{ downloadedBytes: 0, uploadedBytes: 0, wastedBytes: 0, havePieces: 0, copies: 0, peers },
    ...{ downloadRate: MIB, uploadRate: 0, connections: [], sources: [] },
    ...stats,
  };
  return { stats: () => full, details: () => ({}) };
}

const SEEDING = { state: "seeding", haveBytes: 10 * MIB, downloadRate: 0 } as const;

Deno.test("in a pipe each download has a line with its name, and all together have one", () => {
  using shown = stage("leecher");
  for (const [i, name] of ["a.iso", "b.iso"].entries()) {
    shown.display.add(i + 1, name);
    shown.display.watch(i + 1, transfer(name));
  }
  shown.display.add(3, "c.iso");
  shown.display.watch(3, transfer("c.iso", SEEDING));
  shown.screen.draw();
  shown.screen.draw();
  assertEquals(
    shown.written,
    [
      "a.iso: 10.0%, ↓ 1 MiB/s, 1 peer, 9s left, 1 MiB of 10 MiB\n",
      "b.iso: 10.0%, ↓ 1 MiB/s, 1 peer, 9s left, 1 MiB of 10 MiB\n",
      "1 of 3 torrents complete: ↓ 2 MiB/s, 3 peers, 9s left, 12 MiB of 30 MiB\n",
    ].map((line) => line.replace(", 9s left, 1 MiB", ", 1 MiB")),
  );
});

Deno.test("on a terminal the lines fit its height, and one is for those that have no room", () => {
  using shown = stage("leecher", true);
  for (let torrent = 1; torrent <= 9; torrent++) {
    shown.display.add(torrent, `${torrent}.iso`);
    shown.display.watch(torrent, transfer(`${torrent}.iso`));
  }
  shown.screen.draw();
  const lines = shown.written[0]!.split("\n").map((line) => line.replace(CLEAR, ""));
  assertEquals(lines.length, 6);
  assertEquals(
    lines.slice(0, 4).map((line) => line.split(" ")[0]),
    [1, 2, 3, 4].map((n) => `${n}.iso`),
  );
  assertEquals(lines[4], "and 5 others  ↓ 5 MiB/s");
  assertMatch(lines[5]!, /^0 of 9 torrents complete {2}↓ 9 MiB\/s/);
});

Deno.test("a seeder with many has one line of sums, and a line for each that is being hashed", () => {
  using shown = stage("seeder");
  for (let torrent = 1; torrent <= 1000; torrent++) {
    shown.display.add(torrent, `${torrent}.iso`);
    if (torrent < 1000) shown.display.watch(torrent, transfer(`${torrent}.iso`, SEEDING));
  }
  shown.display.onEvent({ type: "hashing", doneBytes: 1, totalBytes: 4, torrent: 1000 });
  assertEquals(
    plainLine(shown.display.line()),
    "seeding 999 of 1000 torrents: ↑ 0 B/s, 999 peers, 0 B sent",
  );
  assertEquals(shown.display.lines(5).map(({ title }) => title), ["hashing 1000.iso"]);
  shown.display.onEvent({ type: "hashing", doneBytes: 4, totalBytes: 4, torrent: 1000 });
  shown.display.watch(1000, transfer("1000.iso", { ...SEEDING, uploadRate: MIB }));
  assertEquals(shown.display.lines(5), []);
  assertMatch(plainLine(shown.display.line()), /^seeding 1000 torrents: ↑ 1 MiB\/s, 1000 peers/);
  shown.display.remove(1000);
  assertMatch(plainLine(shown.display.line()), /^seeding 999 torrents: ↑ 0 B\/s/);
});

Deno.test("with -v a table has the busiest torrents, and says how many more there are", () => {
  using shown = stage("seeder", false, 1);
  for (let torrent = 1; torrent <= 30; torrent++) {
    shown.display.add(torrent, `${torrent}.iso`);
    const uploadRate = torrent * MIB;
    shown.display.watch(torrent, transfer(`${torrent}.iso`, { ...SEEDING, uploadRate }));
  }
  shown.screen.printTable();
  assertEquals(shown.written.length, 21);
  assertMatch(shown.written[0]!, /^ {2}torrent +has +down +up +peers +sent +size\n$/);
  assertMatch(shown.written[1]!, /^ {2}30\.iso +100% +- +30 MiB\/s +1 +0 B +10 MiB +seeding\n$/);
  assertEquals(shown.written[20], "  and 11 more\n");
});

Deno.test("statistics of many torrents are read so seldom that it costs little", () => {
  using shown = stage("seeder");
  let reads = 0;
  for (let torrent = 1; torrent <= 1000; torrent++) {
    shown.display.add(torrent, "x");
    const stats = () => (reads++, transfer("x", SEEDING).stats());
    shown.display.watch(torrent, { stats, details: () => ({}) });
  }
  for (let ms = 1; ms <= 25_000; ms += 200) {
    shown.clock.nowMs = ms;
    shown.display.line();
    shown.display.lines(10);
  }
  assertEquals(reads, 5000);
});

Deno.test("a sentence says which torrent it is about, unless it does so itself", () => {
  using shown = stage("leecher");
  shown.display.add(1, "a\x1b.iso");
  shown.display.add(2, "b.iso");
  const { onEvent } = shown.display;
  onEvent({ type: "stalled", code: "no-seeder", reason: "nobody has it", torrent: 1 });
  onEvent({ type: "warning", message: "careful", torrent: 2 });
  onEvent({ type: "lookup", name: "b.iso", torrent: 2 });
  onEvent({ type: "pieceLost", piece: 1, path: "b.iso", torrent: 2 });
  onEvent({ type: "warning", message: "of nobody", torrent: 3 });
  assertEquals(shown.written.map((line) => line.split(":").slice(0, 2).join(":").trim()), [
    "a.iso: waiting",
    "warning: b.iso",
    'looking for "b.iso" on the tracker',
    "warning: b.iso has changed",
  ]);
});

Deno.test("what concerns all torrents is told once, and again when it is another thing", () => {
  using shown = stage("seeder");
  const reach = { type: "reach", port: 1, reachable: false, tracker: "udp://h:1" } as const;
  shown.display.onEvent(reach);
  shown.display.onEvent(reach);
  shown.display.onEvent({ ...reach, port: 2 });
  assertEquals(shown.written.map((line) => /port (\d)/.exec(line)?.[1]), ["1", "2"]);
});

Deno.test("a tracker that fails some of many torrents is none that does not answer", () => {
  using shown = stage("seeder");
  const url = "udp://h:1";
  const tell = (ok: boolean, seconds: number) => {
    shown.clock.nowMs += 1000 * seconds;
    shown.display.onEvent({ type: "tracker", url, ok, torrent: 1 });
  };
  tell(true, 0);
  tell(false, 1);
  tell(false, 30);
  assertEquals(shown.written, []);
  tell(false, 30);
  tell(false, 1);
  tell(true, 1);
  tell(true, 1);
  assertEquals(shown.written, [
    "warning: tracker udp://h:1 does not answer, trying again\n",
    "tracker udp://h:1 is back\n",
  ]);
});
