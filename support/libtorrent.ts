/**
 * libtorrent (the library of qBittorrent and Deluge) as a process that makes torrents, seeds and leeches.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { PYTHON } from "./foreign.ts";
import { type LineOptions, Program } from "./process.ts";

/** The script that runs one libtorrent peer; its docstring says how. */
export const LIBTORRENT_SCRIPT = fromFileUrl(new URL("./libtorrent_peer.py", import.meta.url));

export type TorrentFormat = "v1" | "v2" | "hybrid";

export interface CreatedTorrent {
  path: string;
  /** Info-hashes in hex, each only if the format has it. */
  v1?: string;
  v2?: string;
}

/** Makes a .torrent of the file or folder at `source` and writes it to `out`. */
export async function createWithLibtorrent(
  source: string,
  out: string,
  options: {
    format: TorrentFormat;
    pieceLength?: number;
    trackers?: string[];
    timeoutMs?: number;
  },
): Promise<CreatedTorrent> {
  const args = [LIBTORRENT_SCRIPT, "create", source, "--out", out, "--format", options.format];
  if (options.pieceLength !== undefined) args.push("--piece-length", `${options.pieceLength}`);
  for (const url of options.trackers ?? []) args.push("--tracker", url);
  await using program = Program.start(PYTHON, args);
  const line = (await program.line(/^\{"type": "created".*/, waitFor(options.timeoutMs)))[0];
  const { v1, v2 } = JSON.parse(line) as { v1?: string; v2?: string };
  return { path: out, ...(v1 === undefined ? {} : { v1 }), ...(v2 === undefined ? {} : { v2 }) };
}

export interface LibtorrentOptions {
  /** Folder with the content, or for it. */
  folder: string;
  trackers?: string[];
  /** Peers to connect to, as `host:port`; retried every second while no peer is connected. */
  peers?: string[];
  /** The address to use; 127.0.0.1 by default. */
  host?: string;
  /** Port to listen on; a free one by default. */
  port?: number;
  /**
   * `enabled`, the default as in qBittorrent, tries an encrypted handshake first and then a plain one. `forced`
   * takes encrypted handshakes alone, and `rc4` only connections that are encrypted from end to end.
   */
  encryption?: "enabled" | "disabled" | "forced" | "rc4";
  /** How long {@linkcode LibtorrentPeer.seed} waits for the content to be checked. */
  timeoutMs?: number;
}

/** A libtorrent session with one torrent, at one address only. */
export class LibtorrentPeer implements AsyncDisposable {
  readonly program: Program;
  /** `host:port` it accepts connections at. */
  readonly address: string;

  private constructor(program: Program, address: string) {
    this.program = program;
    this.address = address;
  }

  /** Seeds `torrent` from the complete content in `folder`; returns once it has checked it. */
  static async seed(torrent: string, options: LibtorrentOptions): Promise<LibtorrentPeer> {
    const peer = await LibtorrentPeer.#start("seed", torrent, options);
    try {
      await peer.event("seeding", waitFor(options.timeoutMs));
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Downloads `what` (the path of a .torrent, or a magnet link) into `folder`. */
  static leech(what: string, options: LibtorrentOptions): Promise<LibtorrentPeer> {
    return LibtorrentPeer.#start("leech", what, options);
  }

  static async #start(
    role: "seed" | "leech",
    what: string,
    options: LibtorrentOptions,
  ): Promise<LibtorrentPeer> {
    const { host = "127.0.0.1" } = options;
    const args = [
      LIBTORRENT_SCRIPT,
      role,
      what,
      "--data",
      options.folder,
      "--listen",
      host,
      "--port",
      `${options.port ?? 0}`,
    ];
    for (const url of options.trackers ?? []) args.push("--tracker", url);
    for (const peer of options.peers ?? []) args.push("--peer", peer);
    if (options.encryption !== undefined) args.push("--encryption", options.encryption);
    const program = Program.start(PYTHON, args, { stdin: true });
    try {
      const [, port] = await program.line(/"type": "listening", "port": (\d+)/, waitFor());
      return new LibtorrentPeer(program, `${host}:${port}`);
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The first event of that type (see libtorrent_peer.py), past or future. */
  async event(type: string, options: LineOptions = {}): Promise<Record<string, unknown>> {
    const pattern = new RegExp(`^\\{"type": "${type}".*`);
    const [line] = await this.program.line(pattern, { from: "stdout", ...options });
    return JSON.parse(line) as Record<string, unknown>;
  }

  /** Returns once every piece has been downloaded and verified. */
  async finished(timeoutMs?: number): Promise<void> {
    await this.event("finished", waitFor(timeoutMs));
  }

  /** The events of that type so far. */
  events(type: string): Record<string, unknown>[] {
    const all = this.program.stdout.filter((line) => line.startsWith(`{"type": "${type}"`));
    return all.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

function waitFor(timeoutMs?: number): LineOptions {
  return timeoutMs === undefined ? { from: "stdout" } : { from: "stdout", timeoutMs };
}
