import { assertEquals } from "@std/assert";
import { setColorEnabled } from "@std/fmt/colors";
import type { Line } from "../../lib/cli/terminal/progress.ts";
import { Screen } from "../../lib/cli/terminal/screen.ts";
import { TransferDisplay } from "../../lib/cli/terminal/transfer_display.ts";
import type { TransferStats } from "../../mod.ts";

const CLEAR = "\r\x1b[K";

function screenOn(redraws: boolean, { quiet = false, verbosity = 0 } = {}) {
  setColorEnabled(false);
  const written: string[] = [];
  const surface = {
    write: (text: string) => void written.push(text),
    isReady: true,
    isFull: false,
    redraws,
    glyphs: "unicode" as const,
    size: () => ({ columns: 41, rows: 10 }),
  };
  const screen = new Screen(surface, { quiet, verbosity });
  return { screen, surface, written, [Symbol.dispose]: () => screen.close() };
}

const line = (title: string): Line => ({ title, figures: ["1%"] });

Deno.test("on a terminal one line is redrawn in place", () => {
  using shown = screenOn(true);
  let title = "a";
  shown.screen.follow({ line: () => line(title) });
  shown.screen.draw();
  shown.screen.draw();
  title = "b";
  shown.screen.draw();
  assertEquals(shown.written, [`${CLEAR}a  1%`, `${CLEAR}b  1%`]);
});

Deno.test("a sentence stands above the progress line", () => {
  using shown = screenOn(true);
  shown.screen.follow({ line: () => line("a") });
  shown.screen.draw();
  shown.screen.say("hello");
  shown.screen.close();
  assertEquals(shown.written, [`${CLEAR}a  1%`, `${CLEAR}hello\n${CLEAR}a  1%`, CLEAR]);
});

Deno.test("in a pipe there are whole lines, none of them twice in a row", () => {
  using shown = screenOn(false);
  shown.screen.follow({ line: () => line("a") });
  shown.screen.draw();
  shown.screen.draw();
  shown.screen.say("hello");
  shown.screen.close();
  assertEquals(shown.written, ["a: 1%\n", "hello\n"]);
});

Deno.test("with -v a table stands below the line, and both are redrawn together", () => {
  using shown = screenOn(true, { verbosity: 1 });
  const table = ["  peer 1", "  peer 2"];
  const rooms: number[][] = [];
  shown.screen.follow({
    line: () => line("a"),
    table: ({ columns, rows }) => {
      rooms.push([columns, rows]);
      return [...table];
    },
  });
  shown.screen.draw();
  table.pop();
  shown.screen.draw();
  shown.screen.say("hello");
  shown.screen.close();
  assertEquals(rooms, [[38, 6], [38, 6]]);
  const before = `${CLEAR}a  1%\n${CLEAR}  peer 1`;
  assertEquals(shown.written, [
    `${before}\n${CLEAR}  peer 2`,
    `\x1b[2A${before}\x1b[J`,
    `\x1b[1A${CLEAR}\x1b[Jhello\n${before}`,
    `\x1b[1A${CLEAR}\x1b[J`,
  ]);
});

Deno.test("without -v there is no table, and in a pipe it is a few whole lines", () => {
  using plain = screenOn(true);
  using piped = screenOn(false, { verbosity: 1 });
  for (const { screen } of [plain, piped]) {
    screen.follow({ line: () => line("a"), table: () => ["  peer 1", "  peer 2"] });
    screen.draw();
    screen.printTable();
  }
  assertEquals(plain.written, [`${CLEAR}a  1%`]);
  assertEquals(piped.written, ["a: 1%\n", "  peer 1\n", "  peer 2\n"]);
});

Deno.test("nothing is drawn while the drawing before is still on its way", () => {
  using shown = screenOn(true);
  let title = "a";
  shown.screen.follow({ line: () => line(title) });
  shown.surface.isReady = false;
  shown.screen.draw();
  title = "b";
  shown.surface.isReady = true;
  shown.screen.draw();
  assertEquals(shown.written, [`${CLEAR}b  1%`]);
});

Deno.test("a reader who lags behind gets fewer lines and is told how many, but every error", () => {
  using shown = screenOn(false);
  shown.surface.isFull = true;
  shown.screen.say("one", "two");
  shown.screen.tell({ text: "careful", level: "warning" });
  shown.screen.error("seeder: no");
  shown.surface.isFull = false;
  shown.screen.say("three");
  assertEquals(shown.written, [
    "(3 lines left out, not read fast enough)\nseeder: no\n",
    "three\n",
  ]);
});

Deno.test("lines that were left out at the end are counted, too", () => {
  using shown = screenOn(false);
  shown.surface.isFull = true;
  shown.screen.say("one");
  shown.screen.close();
  assertEquals(shown.written, ["(1 line left out, not read fast enough)\n"]);
});

Deno.test("quiet shows errors only", () => {
  using shown = screenOn(true, { quiet: true });
  shown.screen.follow({ line: () => line("a") });
  shown.screen.draw();
  shown.screen.say("hello");
  shown.screen.tell({ text: "careful", level: "warning" });
  shown.screen.error("seeder: no");
  assertEquals(shown.written, ["seeder: no\n"]);
});

Deno.test("details are for verbose", () => {
  using plain = screenOn(false);
  using verbose = screenOn(false, { verbosity: 1 });
  for (const { screen } of [plain, verbose]) {
    screen.tell({ text: "detail", level: "detail" });
    screen.tell({ text: "careful", level: "warning" });
  }
  assertEquals(plain.written, ["warning: careful\n"]);
  assertEquals(verbose.written, ["detail\n", "warning: careful\n"]);
  using all = screenOn(false, { verbosity: 2 });
  for (const { screen } of [verbose, all]) screen.tell({ text: "chunk", level: "trace" });
  assertEquals([verbose.written.at(-1), all.written], ["warning: careful\n", ["chunk\n"]]);
  assertEquals([verbose.screen.tellsEach, all.screen.tellsEach], [false, true]);
});

Deno.test("nothing printed can drive the terminal", () => {
  using shown = screenOn(false);
  shown.screen.say("a\x1b[2Jb\nc");
  shown.screen.error("a\x1b[2Jb");
  assertEquals(shown.written, ["a[2Jb c\n", "a[2Jb\n"]);
});

Deno.test("colours are used where they are switched on, and never with NO_COLOR", () => {
  using shown = screenOn(false);
  setColorEnabled(true);
  shown.screen.error("no");
  setColorEnabled(false);
  assertEquals(shown.written, [Deno.noColor ? "no\n" : "\x1b[1mno\x1b[22m\n"]);
});

Deno.test("hashing has its bar until it is done", () => {
  using shown = screenOn(true);
  let nowMs = 0;
  const display = new TransferDisplay(shown.screen, "hashing", () => nowMs);
  assertEquals(display.line(), undefined);
  display.onEvent({ type: "hashing", doneBytes: 0, totalBytes: 4096 });
  nowMs = 1000;
  display.onEvent({ type: "hashing", doneBytes: 1024, totalBytes: 4096 });
  assertEquals(display.line(), {
    title: "hashing",
    fraction: 0.25,
    figures: ["25.0%", "1 KiB/s", "3s left", "1 KiB of 4 KiB"],
  });
  display.onEvent({ type: "hashing", doneBytes: 4096, totalBytes: 4096 });
  assertEquals(display.line(), undefined);
});

Deno.test("checking names what is checked, once that is known", () => {
  using shown = screenOn(true);
  const display = new TransferDisplay(shown.screen, "checking", () => 0);
  display.onEvent({ type: "metadata", name: "a\x1b[2J.iso", bytes: 4096 });
  display.onEvent({ type: "hashing", doneBytes: 0, totalBytes: 4096 });
  assertEquals(display.line()?.title, "checking a[2J.iso");
});

Deno.test("a tracker's silence is told once, and its return once", () => {
  using shown = screenOn(false);
  const display = new TransferDisplay(shown.screen, "hashing", () => 0);
  const url = "udp://h:1";
  for (const ok of [true, false, false, true, true]) display.onEvent({ type: "tracker", url, ok });
  assertEquals(shown.written, [
    "warning: tracker udp://h:1 does not answer, trying again\n",
    "tracker udp://h:1 is back\n",
  ]);
});

Deno.test("a reason to wait is told once until something moves", () => {
  using shown = screenOn(false);
  const display = new TransferDisplay(shown.screen, "checking", () => 0);
  display.onEvent({ type: "stalled", code: "no-seeder", reason: "nobody is there" });
  display.onEvent({ type: "stalled", code: "no-seeder", reason: "nobody is there" });
  display.onEvent({ type: "piece", piece: 1, bytes: 1, from: [] });
  display.onEvent({ type: "stalled", code: "no-seeder", reason: "nobody is there" });
  assertEquals(shown.written, ["waiting: nobody is there\n", "waiting: nobody is there\n"]);
});

Deno.test("a file that changed is told of once, however many chunks it costs", () => {
  using shown = screenOn(false);
  const display = new TransferDisplay(shown.screen, "hashing", () => 0);
  for (const piece of [7, 8, 9]) display.onEvent({ type: "pieceLost", piece, path: "a.iso" });
  display.onEvent({ type: "pieceLost", piece: 0, path: "b.iso" });
  assertEquals(shown.written.map((line) => /(\S+) has changed: chunk (\d+)/.exec(line)?.slice(1)), [
    ["a.iso", "7"],
    ["b.iso", "0"],
  ]);
});

Deno.test("with -v chunks are counted once a second, with -vv each is told", () => {
  const lines = (verbosity: number) => {
    using shown = screenOn(false, { verbosity });
    let nowMs = 0;
    let havePieces = 0;
    const display = new TransferDisplay(shown.screen, "checking", () => nowMs);
    const stats = () => ({ havePieces, pieces: 572, connections: [] }) as unknown as TransferStats;
    display.watch({ stats, details: () => ({}) });
    for (const piece of [40, 7, 300, 2]) {
      havePieces++;
      display.onEvent({ type: "piece", piece, bytes: 1024, from: ["a:1"] });
      nowMs += 600;
    }
    return shown.written;
  };
  assertEquals(lines(0), []);
  assertEquals(lines(1), ["chunk 1 of 572 verified\n", "chunk 3 of 572 verified\n"]);
  const each = (piece: number) => `chunk ${piece} verified (1 KiB from a:1)\n`;
  assertEquals(lines(2), [40, 7, 300, 2].map(each));
});
