/**
 * aria2 as a process, seeding or leeching over BitTorrent v1.
 *
 * aria2 sends its UDP announces through the socket of its DHT, so the DHT is on; it is given no
 * node to start from and is bound to one address of this machine, so it finds nobody. aria2 1.36 computes
 * a wrong info-hash for a hybrid .torrent (it drops empty dictionary keys): give it a v1 one.
 * @module
 */

import { freePort, Program } from "../../../support/process.ts";
import type { TempFolder } from "../../../support/temp.ts";

const LOCALHOST = "127.0.0.1";

export interface Aria2Options {
  /** Folder that holds the content, or is to hold it. */
  folder: string;
  /** Where aria2 may keep files of its own. */
  temp: TempFolder;
  /** Trackers besides those of the .torrent. */
  trackers?: string[];
  /** The address to be at; 127.0.0.1 by default. */
  host?: string;
  /** Takes part in no connection whose handshake is not encrypted. */
  requiresEncryption?: boolean;
  /** Takes part in no connection that is not encrypted from end to end. */
  requiresRc4?: boolean;
}

/** A running aria2 and the address at which it accepts peers. */
export class Aria2 implements AsyncDisposable {
  readonly program: Program;
  /** `host:port` where it accepts connections. */
  readonly address: string;
  /** How many of its downloads are over when the content is there: before it, a link has its metadata. */
  readonly #downloads: number;

  private constructor(program: Program, address: string, whats: readonly string[]) {
    this.program = program;
    this.address = address;
    const links = whats.filter((what) => what.startsWith("magnet:"));
    this.#downloads = whats.length + links.length;
  }

  /** Seeds `torrent` from the complete content in `folder`; returns once it has checked it. */
  static async seed(torrent: string, options: Aria2Options): Promise<Aria2> {
    const aria2 = Aria2.leech(torrent, options);
    try {
      await aria2.program.line(/Verification finished successfully/);
      await aria2.program.line(/BitTorrent: listening on TCP port/);
      return aria2;
    } catch (error) {
      await aria2[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Downloads `what` (the path of a .torrent, or a magnet link; or several) into `folder`, keeps what is there
   * already and right, and seeds from then on.
   */
  static leech(what: string | readonly string[], options: Aria2Options): Aria2 {
    const port = freePort();
    const whats = [what].flat();
    const program = Program.start("aria2c", [...argsFor(options, port), ...whats]);
    return new Aria2(program, `${options.host ?? LOCALHOST}:${port}`, whats);
  }

  /** The info-hash it takes a .torrent for, in hex; `undefined` when it cannot read it. */
  static async infoHash(torrent: string): Promise<string | undefined> {
    await using program = Program.start("aria2c", ["--no-conf", "--show-files=true", torrent]);
    await program.exit();
    const line = program.stdout.find((line) => line.startsWith("Info Hash: "));
    return line?.slice("Info Hash: ".length);
  }

  /** Returns once the download is complete; what is not on disk yet is there once aria2 has ended. */
  async finished(timeoutMs?: number): Promise<void> {
    const nth = this.#downloads;
    const options = timeoutMs === undefined ? { nth } : { nth, timeoutMs };
    await this.program.line(/The download was complete\.$/, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

function argsFor(options: Aria2Options, port: number): string[] {
  const { folder, temp, trackers = [], host = LOCALHOST } = options;
  return [
    "--no-conf",
    `--interface=${host}`,
    "--disable-ipv6=true",
    "--enable-dht=true",
    `--dht-listen-port=${freePort()}`,
    `--dht-file-path=${temp.join(`aria2-${port}.dht`)}`,
    "--bt-enable-lpd=false",
    "--enable-peer-exchange=false",
    `--listen-port=${port}`,
    `--dir=${folder}`,
    "--file-allocation=none",
    "--summary-interval=0",
    "--show-console-readout=false",
    "--console-log-level=info",
    "--enable-color=false",
    ...(trackers.length === 0 ? [] : [`--bt-tracker=${trackers.join(",")}`]),
    "--seed-ratio=0.0",
    "--check-integrity=true",
    ...(options.requiresEncryption ? ["--bt-require-crypto=true"] : []),
    ...(options.requiresRc4 ? ["--bt-force-encryption=true"] : []),
  ];
}
