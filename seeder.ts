/**
 * `seeder PATH`: shares a file. Prints its link on standard output.
 *
 * @module
 */

import { leecherProgram } from "./lib/cli/invocation.ts";
import { seederProgram } from "./lib/cli/programs.ts";
import { offerLines } from "./lib/cli/reports.ts";
import { main, untilStopped } from "./lib/cli/run.ts";
import { writeTorrentFile } from "./lib/cli/torrent_file.ts";
import { TransferDisplay } from "./lib/cli/transfer_display.ts";
import { Seeder, Torrent } from "./mod.ts";

await main(seederProgram, async ({ argument, options, screen, signal, result, workIsDone }) => {
  const display = new TransferDisplay(screen, "hashing", () => performance.now());
  const { torrentFile, ...seederOptions } = options;
  await using seeder = await Seeder.start(argument, {
    localDiscovery: true,
    ...seederOptions,
    signal,
    onEvent: display.event,
  });
  if (torrentFile !== undefined) {
    await writeTorrentFile(torrentFile, seeder.torrent.toBytes(), isTorrent);
    screen.say(`wrote ${torrentFile}`);
  }
  workIsDone();
  result(seeder.magnet);
  screen.say(...offerLines(seeder, leecherCommand()));
  display.watch(() => seeder.stats());
  await untilStopped(seeder.done, signal);
  screen.say("shared as long as it was asked to, stopping");
});

function isTorrent(bytes: Uint8Array): boolean {
  try {
    return Torrent.parse(bytes).pieceLength > 0;
  } catch {
    return false;
  }
}

function leecherCommand(): string {
  return leecherProgram({
    standalone: Deno.build.standalone,
    execPath: Deno.execPath(),
    mainModule: Deno.mainModule,
    denoVersion: Deno.version.deno,
    cwd: Deno.cwd(),
  });
}
