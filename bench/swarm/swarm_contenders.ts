/**
 * The programs whose swarms are measured: how each makes its torrent, seeds and leeches on the lab's hosts.
 * All of them find their peers through a Shoal tracker.
 *
 * @module
 */

import { basename, dirname, fromFileUrl, join } from "@std/path";
import { createTorrent } from "../../mod.ts";
import { PYTHON } from "../../support/foreign.ts";
import { createWithLibtorrent, LIBTORRENT_SCRIPT } from "../../support/libtorrent.ts";
import type { Program } from "../../support/process.ts";
import type { LabHost } from "./network_namespaces.ts";

const HOUR_MS = 3_600_000;
const PORT = 6881;
const TRACKER_PORT = 6969;
/** All peers are to meet through the tracker; libtorrent's LSD is off too. */
const SHOAL_ENVIRONMENT = { SHOAL_LOCAL_DISCOVERY: "off" };

/** A file to spread and its tracker. */
export interface Content {
  path: string;
  bytes: number;
  sha256: string;
  /** Bytes; if absent, each program chooses for itself. */
  pieceLength?: number;
  /** Folder for the torrents. */
  scratch: string;
}

/** A started leecher. */
export interface SwarmLeecher {
  program: Program;
  /** Resolves with the path of the copy once every piece of it has been verified. */
  finished: Promise<string>;
}

/** A program that a whole swarm runs. */
export interface SwarmContender {
  /** Runs only when requested by name. */
  optional?: boolean;
  name: string;
  /** Makes the torrent that all peers use, and returns the path of the .torrent. */
  torrent(content: Content, trackerUrl: string): Promise<string>;
  /** Starts a seeder; `ready` resolves once it has checked its file and is known to the tracker. */
  seed(host: LabHost, swarm: Swarm): { program: Program; ready: Promise<unknown> };
  leech(host: LabHost, swarm: Swarm, folder: string, timeoutMs: number): SwarmLeecher;
}

/** What the members of one swarm share. */
export interface Swarm {
  content: Content;
  torrent: string;
  trackerUrl: string;
}

/** Starts Shoal's tracker, which prints its URL once it answers. */
export function startTracker(host: LabHost): Program {
  return startShoal(host, "tracker", ["--port", `${TRACKER_PORT}`]);
}

/** The URL of a tracker that {@linkcode startTracker} starts on that host. */
export function trackerUrlOf(host: LabHost): string {
  return `udp://${host.address}:${TRACKER_PORT}`;
}

function startShoal(
  host: LabHost,
  script: "tracker" | "seeder" | "leecher",
  args: string[],
): Program {
  const path = fromFileUrl(new URL(`../../${script}.ts`, import.meta.url));
  const words = ["run", "-A", path, "--host", host.address, ...args];
  return host.start(Deno.execPath(), words, { env: SHOAL_ENVIRONMENT });
}

const shoal: SwarmContender = {
  name: "Shoal",
  async torrent({ path, scratch, pieceLength }, trackerUrl) {
    const piece = pieceLength === undefined ? {} : { pieceLength };
    const torrent = await createTorrent(path, { trackers: [trackerUrl], cache: false, ...piece });
    const out = join(scratch, "shoal.torrent");
    await Deno.writeFile(out, torrent.toBytes());
    return out;
  },
  seed(host, { content, trackerUrl }) {
    const args = [content.path, "--port", `${PORT}`, "--tracker", trackerUrl, "--no-cache"];
    if (content.pieceLength !== undefined) args.push("--piece-size", `${content.pieceLength}`);
    const program = startShoal(host, "seeder", args);
    return { program, ready: program.line(/magnet:\S+/, { from: "stdout", timeoutMs: HOUR_MS }) };
  },
  leech(host, { torrent }, folder, timeoutMs) {
    const program = startShoal(host, "leecher", [torrent, "--port", `${PORT}`, "-o", folder]);
    const line = program.line(/^\/.*/, { from: "stdout", timeoutMs });
    return { program, finished: line.then(([path]) => path) };
  },
};

const libtorrent: SwarmContender = {
  name: "libtorrent",
  torrent: (content, trackerUrl) => torrentByLibtorrent(content, trackerUrl, "hybrid"),
  seed(host, { content, torrent }) {
    const program = startLibtorrent(host, "seed", torrent, dirname(content.path));
    const options = { from: "stdout", timeoutMs: HOUR_MS } as const;
    const ready = Promise.all([
      program.line(/"type": "seeding"/, options),
      program.line(/"type": "tracker"/, options),
    ]);
    return { program, ready };
  },
  leech(host, { content, torrent }, folder, timeoutMs) {
    const program = startLibtorrent(host, "leech", torrent, folder);
    const line = program.line(/"type": "finished"/, { from: "stdout", timeoutMs });
    return { program, finished: line.then(() => join(folder, basename(content.path))) };
  },
};

async function torrentByLibtorrent(
  { path, scratch, pieceLength }: Content,
  trackerUrl: string,
  format: "v1" | "hybrid",
): Promise<string> {
  const out = join(scratch, "libtorrent.torrent");
  const piece = pieceLength === undefined ? {} : { pieceLength };
  const options = { format, trackers: [trackerUrl], timeoutMs: HOUR_MS, ...piece };
  await createWithLibtorrent(path, out, options);
  return out;
}

function startLibtorrent(
  host: LabHost,
  role: "seed" | "leech",
  torrent: string,
  folder: string,
): Program {
  const place = ["--listen", host.address, "--port", `${PORT}`];
  const args = [LIBTORRENT_SCRIPT, role, torrent, "--data", folder, ...place];
  return host.start(PYTHON, args, { stdin: true });
}

/** Supports v1 only, and announces over UDP only with its DHT on, which its peers then use as well. */
const aria2: SwarmContender = {
  name: "aria2",
  optional: true,
  torrent: (content, trackerUrl) => torrentByLibtorrent(content, trackerUrl, "v1"),
  seed(host, { content, torrent }) {
    const program = startAria2(host, torrent, dirname(content.path), "--check-integrity=true");
    const options = { timeoutMs: HOUR_MS };
    const ready = Promise.all([
      program.line(/Verification finished successfully/, options),
      program.line(/UDPT received ANNOUNCE reply/, options),
    ]);
    return { program, ready };
  },
  leech(host, { content, torrent }, folder, timeoutMs) {
    const program = startAria2(host, torrent, folder);
    const line = program.line(/The download was complete/, { timeoutMs });
    return { program, finished: line.then(() => join(folder, basename(content.path))) };
  },
};

function startAria2(host: LabHost, torrent: string, folder: string, ...extra: string[]): Program {
  const words =
    "--no-conf --disable-ipv6=true --enable-dht=true --bt-enable-lpd=false --seed-ratio=0.0 " +
    "--file-allocation=none --summary-interval=0 --show-console-readout=false --enable-color=false";
  return host.start("aria2c", [
    ...words.split(" "),
    `--interface=${host.address}`,
    `--listen-port=${PORT}`,
    `--dht-listen-port=${PORT}`,
    `--dht-file-path=${join(folder, "aria2.dht")}`,
    "--console-log-level=info",
    `--dir=${folder}`,
    ...extra,
    torrent,
  ]);
}

/** All measured programs; the optional ones run only on request. */
export const SWARM_CONTENDERS: readonly SwarmContender[] = [shoal, libtorrent, aria2];
