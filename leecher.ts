/**
 * `leecher WHAT`: gets a file from everyone who has it, verifies it, then shares it. Prints the
 * file's path on standard output.
 *
 * @module
 */

import { leecherProgram } from "./lib/cli/programs.ts";
import { listing, sourceLines } from "./lib/cli/reports.ts";
import { main, type Run, untilStopped } from "./lib/cli/run.ts";
import { completionSentence } from "./lib/cli/sentences.ts";
import { count } from "./lib/cli/units.ts";
import { TransferDisplay } from "./lib/cli/transfer_display.ts";
import { ExitCode, OptionError, ShoalError } from "./lib/errors.ts";
import { Leecher, listTorrent, verifyFile } from "./mod.ts";

type LeecherRun = Run<typeof leecherProgram.options>;

await main(leecherProgram, (run) => {
  const { list, verify } = run.options;
  if (list && verify) throw new OptionError("--list and --verify exclude each other; give one");
  return list ? show(run) : verify ? check(run) : get(run);
});

async function get({ argument, options, screen, signal, result, workIsDone }: LeecherRun) {
  const display = new TransferDisplay(screen, "checking", () => performance.now());
  await using leecher = await Leecher.start(argument, {
    ...options,
    signal,
    onEvent: display.event,
  });
  display.watch(() => leecher.stats());
  const { path, sources, verifiedBy } = await untilStopped(leecher.complete, signal);
  workIsDone();
  result(path);
  screen.say(...sourceLines(sources), completionSentence(verifiedBy, !options.exit));
  await untilStopped(leecher.done, signal);
}

async function show({ argument, options, screen, signal, result }: LeecherRun) {
  const display = new TransferDisplay(screen, "reading", () => performance.now());
  const torrent = await listTorrent(argument, { ...options, signal, onEvent: display.event });
  for (const line of listing(torrent)) result(line);
}

async function check({ argument, options, screen, signal, result }: LeecherRun) {
  const display = new TransferDisplay(screen, "checking", () => performance.now());
  const { ok, path, badPieces, pieces } = await verifyFile(argument, {
    ...options,
    signal,
    onEvent: display.event,
  });
  if (!ok) {
    const fault = badPieces === 0
      ? `${path} is longer than it should be`
      : `${path}: ${badPieces} of ${count(pieces, "chunk")} do not match`;
    throw new ShoalError(
      `${fault}; run the same command with --overwrite instead of --verify to get the file again`,
      ExitCode.checksum,
    );
  }
  result(path);
  screen.say(`all ${count(pieces, "chunk")} match`);
}
