/**
 * Shoal's own programs, started as a user does.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };
import { Program } from "../../support/process.ts";
import { processStats } from "../measure/process_stats.ts";
import type { Contender, Content, Seat } from "./contender.ts";

/** Piece length of a single file in all benchmarks. */
export const PIECE_LENGTH = 512 * 1024;

/** Starts a seeder that listens at the seat's port; `options` are added to its command line. */
export async function startShoalSeeder(
  content: Pick<Content, "path">,
  seat: Seat,
  options: string[] = [],
): Promise<Program> {
  const args = [content.path, "--no-tracker", "--no-cache", ...placeOf(seat), ...options];
  const isFile = (await Deno.stat(content.path)).isFile;
  if (isFile) args.push("--piece-size", `${PIECE_LENGTH / 1024}K`);
  const program = Program.shoal("seeder", args);
  try {
    const { timeoutMs } = seat;
    await program.line(/^magnet:/, { from: "stdout", timeoutMs });
    return program;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

export const shoal: Contender = {
  name: "Shoal",
  advice: "it is here",
  version: () => Promise.resolve(`Shoal ${manifest.version} on Deno ${Deno.version.deno}`),
  async seed(content, seat) {
    // Make the leecher's torrent now, before the measurement.
    await content.torrent("hybrid");
    const program = await startShoalSeeder(content, seat);
    return {
      figures: () => processStats(program.pid),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  },
  async leech({ torrent }, { folder, peers, ...seat }) {
    const dial = peers.flatMap((address) => ["--peer", address]);
    const args = [await torrent("hybrid"), "-o", folder, ...placeOf(seat), ...dial];
    const program = Program.shoal("leecher", args);
    const line = program.line(/^\/.*/, { from: "stdout", timeoutMs: seat.timeoutMs });
    return {
      finished: line.then(([path]) => path),
      figures: () => processStats(program.pid),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  },
};

function placeOf({ port }: Seat): string[] {
  return ["--host", "127.0.0.1", "--port", `${port}`];
}
