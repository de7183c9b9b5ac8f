/**
 * `leecher WHAT...`: downloads files from all peers that have them, verifies them, then shares them. Prints
 * their paths on standard output.
 *
 * @module
 */

import { leecherProgram } from "./lib/cli/command_line/leecher_program.ts";
import { runOnDone } from "./lib/cli/on_done.ts";
import { progressEvent, rollCallEvents, torrentEvent } from "./lib/cli/output/json_events.ts";
import { listing, mismatch, sourceLines } from "./lib/cli/output/result_lines.ts";
import { openPage } from "./lib/cli/page.ts";
import { main, type Run } from "./lib/cli/program.ts";
import { untilStopped } from "./lib/cli/stop_signals.ts";
import { rollTable } from "./lib/cli/terminal/roll_table.ts";
import { TransferDisplay } from "./lib/cli/terminal/transfer_display.ts";
import { cutLinkWarning, requireWholeLinks } from "./lib/cli/text/cut_link.ts";
import { completionSentence } from "./lib/cli/text/messages.ts";
import { count } from "./lib/cli/text/units.ts";
import { ExitCode, OptionError, ShoalError } from "./lib/errors.ts";
import { Leecher, listTorrent, rollCall, verifyFile } from "./mod.ts";

type LeecherRun = Run<typeof leecherProgram.options>;

await main(leecherProgram, async (run) => {
  const { options } = run;
  checkLinks(run);
  const modes = (["list", "verify", "who"] as const).filter((mode) => options[mode]);
  if (modes.length > 1) {
    throw new OptionError(`--${modes[0]} and --${modes[1]} exclude each other; give one`);
  }
  const work = options.list ? list : options.verify ? verify : options.who ? who : undefined;
  if (work !== undefined) return await inTurn(run, work);
  if (run.arguments.length === 1) return await download(run);
  const { downloadMany } = await import("./lib/cli/many/download_many.ts");
  await downloadMany(run);
});

/** @throws {OptionError} when an argument is a part of a link that the shell has cut */
function checkLinks({ arguments: given, events, screen }: LeecherRun): void {
  requireWholeLinks(given);
  for (const warning of given.map(cutLinkWarning).filter((text) => text !== undefined)) {
    screen.tell({ text: warning, level: "warning" });
    events.tell({ type: "warning", message: warning });
  }
}

/** Does the same with each argument. If there are several, one that fails does not keep the others. */
async function inTurn(
  run: LeecherRun,
  work: (run: LeecherRun, argument: string, number?: number) => Promise<void>,
): Promise<void> {
  if (run.arguments.length === 1) return await work(run, run.argument);
  for (const [i, argument] of run.arguments.entries()) {
    run.events.tell({ type: "added", argument }, i + 1);
    try {
      await work(run, argument, i + 1);
    } catch (error) {
      if (run.signal.aborted || !(error instanceof ShoalError)) throw error;
      run.failed(argument, error, i + 1);
    }
  }
}

async function download(run: LeecherRun) {
  const { argument, options, screen, events, signal, result, markDone } = run;
  const display = new TransferDisplay(screen, "checking", () => performance.now());
  await using page = await openPage("leecher", options, screen);
  await using leecher = await Leecher.start(argument, {
    ...options,
    signal,
    onEvent: run.listener(display, page),
  });
  if (page) events.tell({ type: "page", url: page.url });
  page?.show(leecher);
  display.watch(leecher);
  events.follow(() => progressEvent(leecher.stats()));
  const { path, sources, verifiedBy, ...done } = await untilStopped(leecher.complete, signal);
  markDone();
  await result(path);
  screen.say(...sourceLines(sources), completionSentence(verifiedBy, !options.exit));
  const { onDone } = options;
  const told = onDone && runOnDone(onDone, { ...done, path, torrent: leecher.torrent! }, run);
  await untilStopped(leecher.done, signal).finally(() => told);
}

async function list(run: LeecherRun, argument: string, number?: number) {
  const { options, screen, events, signal, result } = run;
  const display = new TransferDisplay(screen, "reading", () => performance.now());
  const torrent = await listTorrent(argument, {
    ...options,
    signal,
    onEvent: run.listener(display, undefined, number),
  });
  if (events.isOn) events.tell(torrentEvent(torrent), number);
  await result(listing(torrent));
}

async function who(run: LeecherRun, argument: string, number?: number) {
  const { options, screen, events, signal, result } = run;
  const display = new TransferDisplay(screen, "reading", () => performance.now());
  const roll = await rollCall(argument, {
    ...options,
    signal,
    onEvent: run.listener(display),
  });
  for (const event of rollCallEvents(roll)) events.tell(event, number);
  await result(rollTable(roll, { columns: Infinity, rows: Infinity, glyphs: "unicode" }));
}

async function verify(run: LeecherRun, argument: string, number?: number) {
  const { options, screen, events, signal, result } = run;
  const display = new TransferDisplay(screen, "checking", () => performance.now());
  const found = await verifyFile(argument, {
    ...options,
    signal,
    onEvent: run.listener(display, undefined, number),
  });
  events.tell({ type: "verified", ...found }, number);
  const { ok, path, pieces, files } = found;
  if (!ok) {
    throw new ShoalError(
      `${mismatch(found)}; run the same command with --overwrite instead of --verify to get ` +
        `${files === 1 ? "the file" : "them"} again`,
      { exitCode: ExitCode.checksum },
    );
  }
  await result(path);
  screen.say(
    `all ${count(pieces, "chunk")}${files === 1 ? "" : ` of ${count(files, "file")}`} match`,
  );
}
