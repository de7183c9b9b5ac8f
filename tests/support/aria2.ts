/**
 * aria2 as a process, seeding or leeching over BitTorrent v1 on 127.0.0.1.
 *
 * aria2 sends its UDP announces through the socket of its DHT, so the DHT is on; it is given no
 * node to start from and is bound to the loopback interface, so it finds nobody. aria2 1.36 computes
 * a wrong info-hash for a hybrid .torrent (it drops empty dictionary keys): give it a v1 one.
 * @module
 */

import { freePort, Program } from "./process.ts";
import type { TempFolder } from "./temp.ts";

export interface Aria2Options {
  /** Folder that holds the content, or is to hold it. */
  folder: string;
  /** Where aria2 may keep files of its own. */
  temp: TempFolder;
  /** Trackers besides those of the .torrent. */
  trackers?: string[];
}

/** A running aria2 and the address at which it accepts peers. */
export class Aria2 implements AsyncDisposable {
  readonly program: Program;
  /** `host:port` where it accepts connections. */
  readonly address: string;

  private constructor(program: Program, port: number) {
    this.program = program;
    this.address = `127.0.0.1:${port}`;
  }

  /** Seeds `torrent` from the complete content in `folder`; returns once it has checked it. */
  static async seed(torrent: string, options: Aria2Options): Promise<Aria2> {
    const aria2 = Aria2.#start(torrent, options, ["--check-integrity=true", "--seed-ratio=0.0"]);
    try {
      await aria2.program.line(/Verification finished successfully/);
      await aria2.program.line(/BitTorrent: listening on TCP port/);
      return aria2;
    } catch (error) {
      await aria2[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Downloads `what` (the path of a .torrent, or a magnet link) into `folder` and then ends. */
  static leech(what: string, options: Aria2Options): Aria2 {
    return Aria2.#start(what, options, ["--seed-time=0"]);
  }

  static #start(what: string, options: Aria2Options, extra: string[]): Aria2 {
    const port = freePort();
    const trackers = options.trackers ?? [];
    const program = Program.start("aria2c", [
      "--no-conf",
      "--interface=127.0.0.1",
      "--disable-ipv6=true",
      "--enable-dht=true",
      `--dht-listen-port=${freePort()}`,
      `--dht-file-path=${options.temp.join(`aria2-${port}.dht`)}`,
      "--bt-enable-lpd=false",
      "--enable-peer-exchange=false",
      `--listen-port=${port}`,
      `--dir=${options.folder}`,
      "--file-allocation=none",
      "--summary-interval=0",
      "--show-console-readout=false",
      "--console-log-level=info",
      "--enable-color=false",
      ...(trackers.length === 0 ? [] : [`--bt-tracker=${trackers.join(",")}`]),
      ...extra,
      what,
    ]);
    return new Aria2(program, port);
  }

  /**
   * Returns once the download is complete and aria2 has ended by itself.
   * @throws Error with its output when it gave up instead
   */
  async finished(timeoutMs?: number): Promise<void> {
    const code = await this.program.exit(timeoutMs);
    if (code !== 0) throw new Error(`aria2 ended with ${code}\n${this.program.transcript()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
