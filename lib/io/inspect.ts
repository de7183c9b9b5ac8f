/**
 * Looks without getting: what a torrent holds, and whether a file on disk matches it.
 *
 * @module
 */

import { Layout } from "../store/layout.ts";
import { DiskError, ExitCode, NetworkError, ShoalError } from "../errors.ts";
import { parseInfo } from "../codec/metainfo.ts";
import { checkPieces } from "./check_pieces.ts";
import { destinationOf } from "./download_files.ts";
import { Host } from "./host.ts";
import type { LeecherOptions } from "./leecher.ts";
import { resolveSource } from "./source.ts";
import { pieceLayersOf, Torrent } from "./torrent.ts";

const DEFAULT_TIMEOUT_SECONDS = 60;

/** What a check found. */
export interface VerifyResult {
  /** Every piece matches. */
  readonly ok: boolean;
  /** The file that was checked. */
  readonly path: string;
  /** How many pieces do not match. */
  readonly badPieces: number;
  /** How many there are. */
  readonly pieces: number;
}

/**
 * The torrent behind a magnet link, .torrent file or URL, info-hash or name; its description comes from
 * peers if need be, but nothing of the file.
 *
 * @throws {ShoalError} as `Leecher.start` does, or exit 2 when no peer gives the description in time
 */
export async function listTorrent(what: string, options: LeecherOptions = {}): Promise<Torrent> {
  const source = await resolveSource(what, {
    ...options,
    onLookup: (name) => options.onEvent?.({ type: "looking-up", name }),
  });
  options.signal?.throwIfAborted();
  if (source.metainfo !== undefined) return new Torrent(source.metainfo);
  const arrived = Promise.withResolvers<Uint8Array>();
  const host = new Host(options, {
    v1Hash: source.v1Hash,
    v2Hash: source.v2Hash,
    onMetadata: arrived.resolve,
    onComplete: () => {},
    onDiskError: arrived.reject,
  }, options.onEvent ? [options.onEvent] : []);
  const seconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const timer = setTimeout(() => {
    const text =
      `no peer gave the description of this torrent within ${seconds} s: is a seeder running?`;
    arrived.reject(new NetworkError(text, ExitCode.timeout));
  }, seconds * 1000);
  const abort = () => arrived.reject(options.signal?.reason);
  options.signal?.addEventListener("abort", abort);
  try {
    host.session.learn(source.peers, "user");
    host.announce(source.trackers, source, () => ({ leftBytes: 16_384 }), () => undefined);
    const info = parseInfo(await arrived.promise);
    return new Torrent({ info, trackers: [], pieceLayers: new Map(), webSeeds: [] });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
    await host.close();
  }
}

/**
 * Holds a file on disk against its torrent, piece by piece. Without piece layers (a magnet link of a v2
 * torrent) the file is right or wrong as a whole.
 *
 * @throws {ShoalError} as {@link listTorrent} does, or when there is no file
 */
export async function verifyFile(
  what: string,
  options: LeecherOptions = {},
): Promise<VerifyResult> {
  const torrent = await listTorrent(what, options);
  const { metainfo } = torrent;
  const layout = Layout.of(metainfo.info);
  const path = await destinationOf(metainfo.info.name, options.out);
  const stat = await Deno.stat(path).catch((error) => {
    throw new DiskError(`${path} does not exist: nothing to check`, ExitCode.notFound, error);
  });
  if (metainfo.info.multiFile || !stat.isFile) {
    throw new ShoalError(`${path} is not a file`, ExitCode.io);
  }
  const { have } = await checkPieces({
    metainfo,
    layout,
    layers: pieceLayersOf(metainfo),
    paths: [path],
    onProgress: (doneBytes, totalBytes) =>
      options.onEvent?.({ type: "hashing", doneBytes, totalBytes }),
    signal: options.signal ?? new AbortController().signal,
  });
  const pieces = layout.pieceCount;
  const badPieces = pieces - have.count;
  const ok = badPieces === 0 && stat.size === layout.totalLength;
  return { ok, path, badPieces, pieces };
}
