/**
 * What the benchmarks need from a measured program.
 *
 * @module
 */

import type { ProcessStats } from "../measure/process_stats.ts";

/** For programs that support v1 and v2, or v1 only. */
export type Format = "hybrid" | "v1";

/** The content to transfer: a file or a folder. */
export interface Content {
  path: string;
  bytes: number;
  sha256: string;
  /** Path of its .torrent, which all programs share; created on first use. */
  torrent: (format: Format) => Promise<string>;
}

/** A program's address, folder and time limit. */
export interface Seat {
  /** TCP port to listen on, at 127.0.0.1. */
  port: number;
  /** A folder for the program's own files. */
  scratch: string;
  /** The run fails after this time without success. */
  timeoutMs: number;
}

export interface LeecherSeat extends Seat {
  /** `host:port` of all other peers, seeders and leechers. */
  peers: readonly string[];
  /** The folder for the copy. */
  folder: string;
}

/** A running seeder, ready to answer at once. */
export interface Seeder extends AsyncDisposable {
  figures(): Promise<ProcessStats>;
}

/** A running leecher. */
export interface Leecher extends AsyncDisposable {
  /** Resolves with the path of the copy once it is complete and every piece verified. */
  finished: Promise<string>;
  /** Called once it has finished. */
  figures(): Promise<ProcessStats>;
}

/** A measured program, as processes that seed and leech. */
export interface Contender {
  readonly name: string;
  /** How to install it. */
  readonly advice: string;
  /** A web server and its client: one file, from one to one. */
  readonly isNoSwarm?: boolean;
  /** Its name and version; `undefined` when this machine does not have it. */
  version(): Promise<string | undefined>;
  /** Starts a seeder, and returns once it is ready. */
  seed(content: Content, seat: Seat): Promise<Seeder>;
  leech(content: Content, seat: LeecherSeat): Promise<Leecher>;
}

/** The first line a program prints; `undefined` when it is not installed. */
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
