/**
 * `deno task demo`: Shoal from start to finish on this machine. It starts a tracker, three seeders and a
 * leecher, all real processes. Then the seeders leave, and a second leecher downloads the file from the
 * first.
 *
 * @module
 */

import { join } from "@std/path";
import { generalOptions, type Program } from "../../lib/cli/command_line/flags.ts";
import { one, sizeFrom } from "../../lib/cli/command_line/options.ts";
import { main, type Run } from "../../lib/cli/program.ts";
import { padEnd } from "../../lib/cli/text/terminal_text.ts";
import { count, formatBytes, formatElapsed, formatRate } from "../../lib/cli/text/units.ts";
import { ShoalError } from "../../lib/errors.ts";
import { sha256Of, writeRandomFile } from "./demo_file.ts";
import type { DemoProgram } from "./demo_program.ts";
import { Stage } from "./demo_stage.ts";

const NAME = "shoal-demo.bin";
const DEFAULT_BYTES = 96 * 2 ** 20;
const SEEDERS = 3;
/**
 * Rates are limited so that a transfer takes about this long; otherwise there would be nothing to watch.
 */
const FIRST_TRANSFER_SECONDS = 5;
const SECOND_TRANSFER_SECONDS = 2;
/** On 127.0.0.1 and unused ports, so that the demo and other programs do not meet. */
const HERE = ["--host", "127.0.0.1", "--port", "0"];

/** From this line on, the demo itself tells what the leecher would. */
const SHOWN_UNTIL = /^(from \d+ source|stopping)/;

const demoOptions = {
  bytes: one({
    flag: "size",
    value: "SIZE",
    help: `size of the file (default: ${DEFAULT_BYTES / 2 ** 20}M)`,
  }, sizeFrom(2 ** 20, "1M")),
  ...generalOptions,
};

const demoProgram: Program<typeof demoOptions> = {
  name: "demo",
  summary: "shows a file go from three seeders to a leecher, and from that to another one",
  surplus: (word) => `the demo takes no argument, but "${word}" was given; see -h`,
  options: demoOptions,
  examples: [["deno task demo", "takes some 15 seconds and leaves nothing behind"]],
  interrupted: "stopped before it was over; what it had made is removed",
};

type DemoRun = Run<typeof demoOptions>;

/** What the acts of the demo share. */
interface Play extends DemoRun {
  readonly stage: Stage;
  readonly bytes: number;
  readonly sourcePath: string;
  readonly sourceSha256: string;
  readonly trackerUrl: string;
}

/** Bytes that a leecher received from one source, according to its output. */
interface Share {
  readonly address: string;
  readonly size: string;
  readonly percent: string;
}

if (import.meta.main) {
  await main(demoProgram, async (run) => {
    const startedMs = performance.now();
    await play(run);
    run.markDone();
    const seconds = (performance.now() - startedMs) / 1000;
    run.screen.say(
      `done in ${formatElapsed(seconds)}; the programs are stopped, the files removed`,
    );
  });
}

async function play(run: DemoRun): Promise<void> {
  const { screen, signal } = run;
  const bytes = run.options.bytes ?? DEFAULT_BYTES;
  await using stage = await Stage.create(signal);
  screen.say(`1. A file of ${formatBytes(bytes)} of random bytes, in ${stage.folder}`);
  const sourcePath = join(await stage.makeFolder("source"), NAME);
  const sourceSha256 = await writeRandomFile(sourcePath, bytes, signal);
  const tracker = stage.start("tracker", { label: "the tracker", args: HERE });
  const [trackerUrl] = await tracker.line(/^udp:\S+/);
  const scene = { ...run, stage, bytes, sourcePath, sourceSha256, trackerUrl };

  const seeders = await startSeeders(scene);
  screen.say("", "3. A leecher finds the file by its name and gets chunks from all three at once");
  const uploadLimit = limit(bytes / SECOND_TRANSFER_SECONDS);
  const first = await startLeecher(scene, "leecher 1", ["--upload-limit", uploadLimit]);
  await judge(scene, first, (address) => seeders.get(address)?.label, SEEDERS);

  screen.say(
    "",
    "4. The seeders stop; a second leecher gets the file from the first one alone",
  );
  await Promise.all([...seeders.values()].map((seeder) => seeder.stop()));
  const second = await startLeecher(scene, "leecher 2", ["--exit"]);
  await judge(scene, second, (address) => seeders.has(address) ? undefined : first.label, 1);
  screen.say("");
}

/** Starts the seeders; returns them by address. The tracker knows them all by then. */
async function startSeeders(play: Play): Promise<Map<string, DemoProgram>> {
  const rate = play.bytes / SEEDERS / FIRST_TRANSFER_SECONDS;
  play.screen.say(
    "",
    `2. A tracker, and ${SEEDERS} seeders that send at most ${formatRate(rate)} each`,
    row("tracker", play.trackerUrl),
  );
  const args = [...HERE, "-t", play.trackerUrl, "--upload-limit", limit(rate)];
  const starting = Array.from({ length: SEEDERS }, async (_, i) => {
    const seeder = play.stage.start("seeder", {
      label: `seeder ${i + 1}`,
      args: [...args, "--no-cache", "--verbose", play.sourcePath],
    });
    await seeder.line(/^tracker \S+ answers/);
    const [, port] = await seeder.line(/^listening on TCP port (\d+)/);
    return [`127.0.0.1:${port}`, seeder] as const;
  });
  const seeders = new Map(await Promise.all(starting));
  for (const [address, { label }] of seeders) play.screen.say(row(label, address));
  return seeders;
}

async function startLeecher(
  play: Play,
  label: string,
  args: readonly string[],
): Promise<DemoProgram> {
  const folder = await play.stage.makeFolder(label);
  const form = play.screen.isLive ? "live" : "lines";
  return play.stage.start("leecher", {
    label,
    args: [
      ...[...HERE, "-t", play.trackerUrl, "-o", folder, "--stall-timeout", "30"],
      ...["--progress", form, ...args, NAME],
    ],
    ...(play.options.quiet ? {} : { showUntil: SHOWN_UNTIL }),
  });
}

/**
 * Waits until `leecher` has the file, prints its sources, and compares it with the original.
 *
 * @param labelOf the label of the participant at an address, if there is one
 * @param wanted the required number of sources
 * @throws ShoalError when the file came from elsewhere, or differs
 */
async function judge(
  play: Play,
  leecher: DemoProgram,
  labelOf: (address: string) => string | undefined,
  wanted: number,
): Promise<void> {
  await leecher.line(/^complete, /);
  const shares = sharesIn(leecher.lines);
  const rows = shares.map(({ address, size, percent }) => {
    const label = labelOf(address);
    if (label !== undefined) {
      return row(label, `${padEnd(address, 17)}${size.padStart(10)}${percent.padStart(8)}`);
    }
    throw new ShoalError(`${leecher.label} had ${size} from ${address}, who is no part of this`);
  });
  if (shares.length !== wanted) {
    throw new ShoalError(
      `${leecher.label} got the file from ${count(shares.length, "source")}, not from ${wanted}`,
    );
  }
  for (const line of rows.sort()) play.result(line);
  const copySha256 = await sha256Of(join(play.stage.folder, leecher.label, NAME), play.signal);
  const isSame = copySha256 === play.sourceSha256;
  play.result(row("source", play.sourceSha256));
  play.result(row("copy", copySha256));
  play.result(row("SHA-256", isSame ? "they match" : "they do not match"));
  if (!isSame) throw new ShoalError(`the copy of ${leecher.label} is not what the seeders have`);
}

/** Parses a leecher's output about its sources: see `sourceLines` in result_lines.ts. */
function sharesIn(lines: readonly string[]): Share[] {
  const table = lines.slice(lines.findLastIndex((line) => /^from \d+ source/.test(line)) + 1);
  return table.flatMap((line) => {
    const found = /^ +(\S+:\d+) +([\d.]+ \w+) +([\d.]+%)/.exec(line);
    return found ? [{ address: found[1]!, size: found[2]!, percent: found[3]! }] : [];
  });
}

function row(label: string, text: string): string {
  return `   ${padEnd(label, 11)}${text}`;
}

/** Formats a rate for `--upload-limit`. */
function limit(rateBytesPerSecond: number): string {
  return String(Math.ceil(rateBytesPerSecond));
}
