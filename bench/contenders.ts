/**
 * The programs that are measured, each as a seeder process and a leecher process that keep running
 * after the transfer, so that their figures can be read at its end.
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { PYTHON } from "../tests/support/foreign.ts";
import { createWithLibtorrent, LibtorrentPeer } from "../tests/support/libtorrent.ts";
import { freePort, Program } from "../tests/support/process.ts";

const PIECE_LENGTH = 512 * 1024;
const HOUR_MS = 3_600_000;

/** A started leecher: its process, and where its file is once `finished` has resolved. */
export interface Download extends AsyncDisposable {
  pid: number;
  finished: Promise<string>;
}

/** A seeder that is ready: it has hashed its file and accepts connections. */
export interface Host extends AsyncDisposable {
  pid: number;
  /** Starts a leecher that fetches from this seeder into `folder`. */
  leech(folder: string): Promise<Download>;
}

export interface Contender {
  name: string;
  version(): Promise<string>;
  /**
   * Hosts the file at `path`, in pieces of 512 KiB, or the folder there, in pieces as the program
   * chooses them; `scratch` is a folder for its own files.
   */
  host(path: string, scratch: string): Promise<Host>;
}

const shoal: Contender = {
  name: "Shoal",
  async version() {
    const config = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
    const { version } = JSON.parse(config) as { version: string };
    return `Shoal ${version} on Deno ${Deno.version.deno}`;
  },
  async host(path) {
    await using started = new AsyncDisposableStack();
    const tracker = started.use(Program.shoal("tracker", ["--host", "127.0.0.1", "--port", "0"]));
    const [url] = await tracker.line(/^udp:\S+/, { from: "stdout" });
    const port = freePort();
    const args = [path, "--port", `${port}`, "--tracker", url, "--no-cache"];
    if (!await isFolder(path)) args.push("--piece-size", "512K");
    const seeder = started.use(Program.shoal("seeder", args));
    const [magnet] = await seeder.line(/magnet:\S+/, { from: "stdout", timeoutMs: HOUR_MS });
    const owned = started.move();
    return {
      pid: seeder.pid,
      leech: (folder) => Promise.resolve(shoalDownload(magnet, port, folder)),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  },
};

function shoalDownload(magnet: string, seederPort: number, folder: string): Download {
  const args = [magnet, "-o", folder, "--peer", `127.0.0.1:${seederPort}`];
  const leecher = Program.shoal("leecher", args);
  const path = leecher.line(/^\/.*/, { from: "stdout", timeoutMs: HOUR_MS });
  return {
    pid: leecher.pid,
    finished: path.then(([line]) => line),
    [Symbol.asyncDispose]: () => leecher[Symbol.asyncDispose](),
  };
}

const libtorrent: Contender = {
  name: "libtorrent",
  async version() {
    const code = "import libtorrent; print(libtorrent.__version__)";
    await using python = Program.start(PYTHON, ["-c", code]);
    const [version] = await python.line(/^\d.*/, { from: "stdout" });
    return `libtorrent ${version} (Debian's python3-libtorrent)`;
  },
  async host(path, scratch) {
    const name = basename(path);
    const torrent = join(scratch, `${name}.torrent`);
    await createWithLibtorrent(path, torrent, {
      format: "hybrid",
      timeoutMs: HOUR_MS,
      ...(await isFolder(path) ? {} : { pieceLength: PIECE_LENGTH }),
    });
    const seeder = await LibtorrentPeer.seed(torrent, {
      folder: dirname(path),
      timeoutMs: HOUR_MS,
    });
    return {
      pid: seeder.program.pid,
      leech: async (folder) => {
        const peer = await LibtorrentPeer.leech(torrent, { folder, peers: [seeder.address] });
        return {
          pid: peer.program.pid,
          finished: peer.finished(HOUR_MS).then(() => join(folder, name)),
          [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
        };
      },
      [Symbol.asyncDispose]: () => seeder[Symbol.asyncDispose](),
    };
  },
};

async function isFolder(path: string): Promise<boolean> {
  return (await Deno.stat(path)).isDirectory;
}

export const CONTENDERS: readonly Contender[] = [shoal, libtorrent];
