/**
 * Readers of the programs' output that are slow, stuck or gone, and a transfer that does not mind.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { ShoalSeeder } from "../support/clients/shoal.ts";
import { eventsIn } from "../support/project/event_schema.ts";

const LEECHER = fromFileUrl(new URL("../../leecher.ts", import.meta.url));
/** Enough for far more lines, with -v and with --json, than a pipe and what waits before it hold. */
const PIECES = 9000;
const PIECE = 16_384;
const DEADLINE_MS = 60_000;

interface Stage extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly seeder: ShoalSeeder;
  readonly sha256: string;
}

async function stage(pieces: number): Promise<Stage> {
  const folder = await TempFolder.create();
  const path = folder.join("a.bin");
  const sha256 = await writePseudoRandomFile(path, pieces * PIECE, 9);
  const seeder = await ShoalSeeder.start(path, ["--no-tracker", "-s", "16K"]);
  return {
    folder,
    seeder,
    sha256,
    async [Symbol.asyncDispose]() {
      await seeder[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A leecher of which nobody reads anything until the test does. */
function unread({ folder, seeder }: Stage, ...args: string[]): Deno.ChildProcess {
  const here = ["--host", "127.0.0.1", "-p", "0", "-o", folder.join("copy/")];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LEECHER, ...here, ...args, seeder.magnet],
    env: { SHOAL_LOCAL_DISCOVERY: "off", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function copied({ folder, sha256 }: Stage): Promise<void> {
  const copy = folder.join("copy/a.bin");
  const startMs = performance.now();
  for (;;) {
    const exists = await Deno.stat(copy).then(() => true, () => false);
    if (exists) break;
    assertLess(performance.now() - startMs, DEADLINE_MS, "the copy is not complete");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertEquals(await sha256OfFile(copy), sha256);
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

Deno.test("nobody reads the events and the details: the download completes all the same, and the end is told", async () => {
  await using it = await stage(PIECES);
  const leecher = unread(it, "-vv", "-e", "--json");
  await copied(it); // not a byte of the output has been read
  const [stdout, stderr] = await Promise.all([textOf(leecher.stdout), textOf(leecher.stderr)]);
  assertEquals((await leecher.status).code, 0);

  const events = eventsIn(stdout.trimEnd().split("\n"));
  const pieces = events.filter(({ type }) => type === "piece").length;
  const dropped = events.filter(({ type }) => type === "dropped");
  const missed = dropped.reduce((sum, { events }) => sum + events, 0);
  assert(pieces < PIECES && pieces + missed >= PIECES, `${pieces} pieces, ${missed} missed`);
  assertEquals(events.filter(({ type }) => type === "complete").length, 1);
  assertEquals(events.at(-1)!.type, "stopped");
  const last = events.findLast(({ type }) => type === "progress")!;
  assertEquals(last["havePieces"], PIECES);
  assertMatch(stderr, /\(\d+ lines left out, not read fast enough\)/);
});

Deno.test("a reader who goes away ends the program quietly", async () => {
  await using it = await stage(64);
  const args = "--host 127.0.0.1 -p 0 -q --json";
  const command =
    `'${Deno.execPath()}' run -A '${LEECHER}' ${args} -o '${it.folder.join("copy/")}' ` +
    `'${it.seeder.magnet}' | head -n 1; echo "\${PIPESTATUS[0]}"`;
  await using shell = Program.start("bash", ["-c", command]);
  assertEquals(await shell.exit(), 0);
  assertEquals([shell.stdout.length, shell.stdout[1], shell.stderr], [2, "0", []]);
  assertMatch(shell.stdout[0]!, /^\{"type":"started"/);
});

Deno.test("a stuck reader does not keep a program that is told to stop", async () => {
  await using it = await stage(PIECES);
  const leecher = unread(it, "-vv", "--json");
  await copied(it);
  const startMs = performance.now();
  leecher.kill("SIGTERM");
  assertEquals((await leecher.status).code, 0);
  assertLess(performance.now() - startMs, 20_000);
  await Promise.all([leecher.stdout.cancel(), leecher.stderr.cancel()]);
});
