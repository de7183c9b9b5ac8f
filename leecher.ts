/**
 * `leecher WHAT`: gets a file from everyone who has it, verifies it, then shares it. Prints the
 * file's path on standard output.
 *
 * @module
 */

import { leecherProgram } from "./lib/cli/programs.ts";
import { listing, mismatch, sourceLines } from "./lib/cli/reports.ts";
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
    localDiscovery: true,
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
  const torrent = await listTorrent(argument, {
    localDiscovery: true,
    ...options,
    signal,
    onEvent: display.event,
  });
  for (const line of listing(torrent)) result(line);
}

async function check({ argument, options, screen, signal, result }: LeecherRun) {
  const display = new TransferDisplay(screen, "checking", () => performance.now());
  const found = await verifyFile(argument, {
    localDiscovery: true,
    ...options,
    signal,
    onEvent: display.event,
  });
  const { ok, path, pieces, files } = found;
  if (!ok) {
    throw new ShoalError(
      `${mismatch(found)}; run the same command with --overwrite instead of --verify to get ` +
        `${files === 1 ? "the file" : "them"} again`,
      ExitCode.checksum,
    );
  }
  result(path);
  screen.say(
    `all ${count(pieces, "chunk")}${files === 1 ? "" : ` of ${count(files, "file")}`} match`,
  );
}
