/**
 * The table of start-up times: from the start of a leecher's process to its first block request.
 *
 * @module
 */

import { join } from "@std/path";
import { decodeHandshake, encodeHandshake } from "../../lib/codec/wire/handshake.ts";
import { Torrent } from "../../mod.ts";
import { Program } from "../../support/process.ts";
import { ScriptedPeer } from "../../support/scripted_peer.ts";
import { TempFolder } from "../../support/temp.ts";
import { medianOf, type RoundOptions, runRounds } from "../measure/rounds.ts";
import { printTable, sizeText } from "../measure/table.ts";
import { printTargets } from "../measure/targets.ts";
import { makeSparseContent } from "./content.ts";

const LIMIT_MS = 400;
const TIMEOUT_MS = 30_000;
const LEAST_ROUNDS = 10;
const FROM_FILE = "leecher.ts, from a .torrent";
const FROM_LINK = "leecher.ts, from a magnet link";
const DENO = "Deno alone, an empty program";

/** Measures and prints the table for a file of this many bytes. `scratch` is a folder for the copies. */
export async function benchStart(
  bytes: number,
  options: RoundOptions & { scratch: string },
): Promise<void> {
  await using folder = await TempFolder.create(options.scratch);
  const content = await makeSparseContent(folder.path, bytes);
  const file = await content.torrent("hybrid");
  const torrent = Torrent.parse(await Deno.readFile(file));
  const empty = await folder.file("empty.ts", "");
  const entries = [
    { label: FROM_FILE, measure: () => firstRequestMs(torrent, file, folder) },
    { label: FROM_LINK, measure: () => firstRequestMs(torrent, torrent.magnet(), folder) },
    { label: DENO, measure: () => runMs(empty) },
  ];
  const tellOnce = () => "not counted";
  const tell = (ms: number) => `${ms.toFixed(0)} ms`;
  // Warms up what Deno caches between two runs of a program.
  await runRounds(entries, { ...options, rounds: 1 }, tellOnce);
  const rounds = Math.max(LEAST_ROUNDS, options.rounds);
  const results = await runRounds(entries, { ...options, rounds }, tell);
  console.log(`\n## Start of the process to the first request for a block, ${sizeText(bytes)}\n`);
  const rows = entries.map(({ label }) => {
    const there = (results.get(label) ?? []).filter((ms) => ms !== undefined);
    const range = `${Math.min(...there).toFixed(0)}-${Math.max(...there).toFixed(0)}`;
    return [label, medianOf(results, label, (ms) => ms).toFixed(0), range];
  });
  printTable(["what", "ms", "range"], rows);
  printTargets([FROM_FILE, FROM_LINK].map((label) => ({
    what: label,
    bound: { most: LIMIT_MS },
    figure: medianOf(results, label, (ms) => ms),
    unit: " ms",
  })));
}

/**
 * Starts a leecher of `what`, ends it once a scripted seeder has seen a request, and returns the time until
 * then.
 */
export async function firstRequestMs(
  torrent: Torrent,
  what: string,
  scratch: TempFolder,
): Promise<number> {
  const asked = Promise.withResolvers<number>();
  await using seeder = new ScriptedPeer(torrent, new Uint8Array(), {
    greeting: (_, honest) => asV2(honest, torrent),
    request: () => {
      asked.resolve(performance.now());
      return Promise.resolve(true); // the request gets no answer
    },
  });
  await using copy = await TempFolder.create(scratch.path);
  const place = ["-o", join(copy.path, "copy"), "--host", "127.0.0.1", "--port", "0"];
  const startedMs = performance.now();
  await using leecher = Program.shoal("leecher", [what, ...place, "--peer", seeder.address]);
  const failed = leecher.exit(TIMEOUT_MS).then((code): never => {
    throw new Error(`the leecher ended with code ${code}\n${leecher.transcript()}`);
  });
  return await Promise.race([asked.promise, failed]) - startedMs;
}

/** A hybrid's seeder answers so when it can send the peer its piece hashes (BEP 52). */
function asV2(handshake: Uint8Array, { metainfo }: Torrent): Uint8Array {
  const answer = decodeHandshake(handshake);
  return encodeHandshake({ ...answer, infoHash: metainfo.info.v2Hash!.subarray(0, 20) });
}

async function runMs(script: string): Promise<number> {
  const startedMs = performance.now();
  await using program = Program.start(Deno.execPath(), ["run", "-A", script]);
  await program.exit();
  return performance.now() - startedMs;
}

/** How to read the table. */
export const START_LEGEND = `
A seeder is up, at an address that the leecher is given; it notes when the first request arrives. The leecher
is \`deno run -A leecher.ts\`, run before, so that Deno has it compiled. From the link it gets the metadata first.
Medians of at least ten runs.`;
