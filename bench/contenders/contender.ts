/**
 * What the benchmarks want of a program that is measured.
 * @module
 */

import type { ProcessStats } from "../measure/process_stats.ts";

/** For programs of both generations, or for those that know v1 only. */
export type Format = "hybrid" | "v1";

/** What is sent: a file or a folder. */
export interface Content {
  path: string;
  bytes: number;
  sha256: string;
  /** Path of a .torrent of it, which all programs share; made when it is first asked for. */
  torrent: (format: Format) => Promise<string>;
}

/** Where a program is to be and how long it may take. */
export interface Seat {
  /** TCP port to listen on, at 127.0.0.1. */
  port: number;
  /** A folder for the program's own files. */
  scratch: string;
  /** After so long without success it has failed. */
  timeoutMs: number;
}

export interface LeecherSeat extends Seat {
  /** `host:port` of all others, seeders and leechers. */
  peers: readonly string[];
  /** Where the copy is to be. */
  folder: string;
}

/** A running program that seeds; it has what it needs in order to answer at once. */
export interface Seeder extends AsyncDisposable {
  figures(): Promise<ProcessStats>;
}

/** A running program that fetches. */
export interface Leecher extends AsyncDisposable {
  /** Resolves with the path of the copy once it is complete and every piece verified. */
  finished: Promise<string>;
  /** Asked for once it has finished. */
  figures(): Promise<ProcessStats>;
}

/** A program that is measured, as processes that seed and leech. */
export interface Contender {
  readonly name: string;
  /** How to get it. */
  readonly advice: string;
  /** A web server and its client: one file, from one to one. */
  readonly isNoSwarm?: boolean;
  /** Its name and version; `undefined` when this machine does not have it. */
  version(): Promise<string | undefined>;
  /** Starts a seeder, and returns once it is ready. */
  seed(content: Content, seat: Seat): Promise<Seeder>;
  leech(content: Content, seat: LeecherSeat): Promise<Leecher>;
}

/** The first line that a program prints, if there is such a program. */
export async function firstLine(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await new Deno.Command(command, { args }).output();
    const text = new TextDecoder().decode(stdout.length > 0 ? stdout : stderr);
    return text.split("\n")[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
