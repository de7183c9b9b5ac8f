/**
 * Makes a torrent of a file: one pass over it, on all cores.
 *
 * @module
 */

import { basename, resolve } from "@std/path";
import { hex } from "../codec/bytes.ts";
import { HASH_LENGTH, merkleRoot, pieceLayerOf } from "../codec/merkle.ts";
import { buildInfo, choosePieceLength, parseInfo } from "../codec/metainfo.ts";
import { safeComponent } from "../codec/path_safety.ts";
import { DiskError, ExitCode, OptionError } from "../errors.ts";
import { Layout } from "../store/layout.ts";
import { readCache, writeCache } from "./hash_cache.ts";
import { diskError } from "./disk_error.ts";
import { hashingWorkerCount, PieceWorkers } from "./piece_workers.ts";
import { Torrent } from "./torrent.ts";
import { PROGRAM } from "./identity.ts";

/** How to make a torrent. */
export interface CreateOptions {
  /** Default: the file's own name. */
  readonly name?: string;
  /** Default `hybrid`: for clients of both generations. `v1` for programs that know no other. */
  readonly format?: "hybrid" | "v1" | "v2";
  /** Bytes, a power of two from 16 KiB to 16 MiB. Default: chosen by the file's length. */
  readonly pieceLength?: number;
  /** Free text. */
  readonly comment?: string;
  /** Peers from the torrent's own trackers only (BEP 27). */
  readonly private?: boolean;
  /** Tracker URLs to write into it. */
  readonly trackers?: readonly string[];
  /** Whether hashes are remembered between runs. Default true. */
  readonly cache?: boolean;
  /** Hears how far hashing is. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Stops hashing. */
  readonly signal?: AbortSignal;
}

const MIN_PIECE_LENGTH = 16 * 1024;
const MAX_PIECE_LENGTH = 16 * 1024 * 1024;

/**
 * Makes a torrent of the file at `path`.
 *
 * @throws {DiskError} when there is no such file, it is a folder, cannot be read, or changes meanwhile
 * @throws {OptionError} when the piece length is none
 */
export async function createTorrent(path: string, options: CreateOptions = {}): Promise<Torrent> {
  const format = options.format ?? "hybrid";
  checkPieceLength(options.pieceLength);
  const before = await statFile(path);
  const pieceLength = options.pieceLength ?? choosePieceLength(before.size);
  const name = safeComponent(options.name ?? basename(resolve(path)));
  const key = {
    path: resolve(path),
    size: before.size,
    mtimeMs: before.mtimeMs,
    recipe: `${format} ${pieceLength} ${name} ${options.private ?? false}`,
  };
  const useCache = options.cache ?? true;
  const cached = useCache ? await readCache(key) : undefined;
  let torrent = cached;
  if (torrent === undefined) {
    torrent = await hashFile(path, before.size, { ...options, format, pieceLength, name });
    const after = await statFile(path);
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new DiskError(`${path} changed while it was hashed: try again when it is finished`);
    }
    if (useCache) await writeCache(key, torrent);
  }
  const { metainfo } = torrent;
  return new Torrent({
    ...metainfo,
    trackers: (options.trackers ?? []).map((url) => [url]),
    ...(options.comment !== undefined && { comment: options.comment }),
    createdBy: PROGRAM,
  });
}

interface Recipe extends CreateOptions {
  readonly format: "hybrid" | "v1" | "v2";
  readonly pieceLength: number;
  readonly name: string;
}

async function hashFile(path: string, length: number, recipe: Recipe): Promise<Torrent> {
  const { format, pieceLength } = recipe;
  const files = [{ length, pad: false }];
  const layout = new Layout({ pieceLength, version: format, files });
  const { pieceCount } = layout;
  const wanted = { sha256: format !== "v1", sha1: format !== "v2" };
  const roots = new Uint8Array(wanted.sha256 ? pieceCount * HASH_LENGTH : 0);
  const sha1s = new Uint8Array(wanted.sha1 ? pieceCount * 20 : 0);
  recipe.onProgress?.(0, length);
  if (pieceCount > 0) {
    const setup = { layout: { pieceLength, version: format, files }, paths: [path] };
    const workers = new PieceWorkers(setup, Math.min(hashingWorkerCount(), pieceCount));
    try {
      await workers.hashAll(pieceCount, pieceLength, wanted, (first, part) => {
        if (part.readable.includes(0)) {
          throw new DiskError(
            `${path} became shorter while it was hashed: try again when it is finished`,
          );
        }
        if (wanted.sha256) roots.set(part.roots, first * HASH_LENGTH);
        if (wanted.sha1) sha1s.set(part.sha1s, first * 20);
        const done = Math.min(length, (first + part.readable.length) * pieceLength);
        recipe.onProgress?.(done, length);
      }, recipe.signal);
    } finally {
      await workers.close();
    }
  }
  const root = wanted.sha256 && length > 0
    ? merkleRoot(roots, pieceLayerOf(length, pieceLength))
    : undefined;
  const infoBytes = buildInfo({
    name: recipe.name,
    pieceLength,
    version: format,
    private: recipe.private ?? false,
    files: [{ path: [recipe.name], length, ...(root && { root }) }],
    multiFile: false,
    ...(wanted.sha1 && { pieces: sha1s }),
  });
  const pieceLayers = new Map(root && pieceCount > 1 ? [[hex(root), roots]] : []);
  return new Torrent({ info: parseInfo(infoBytes), trackers: [], pieceLayers, webSeeds: [] });
}

function checkPieceLength(pieceLength: number | undefined): void {
  if (pieceLength === undefined) return;
  const isPower = Number.isInteger(Math.log2(pieceLength));
  if (isPower && pieceLength >= MIN_PIECE_LENGTH && pieceLength <= MAX_PIECE_LENGTH) return;
  throw new OptionError(
    "the piece size has to be a power of two from 16K to 16M, for example 512K",
  );
}

/** Size and time of the last change of a file. @throws {DiskError} when it is none that can be shared */
async function statFile(path: string): Promise<{ size: number; mtimeMs: number }> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
    if (info.isFile) (await Deno.open(path)).close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new DiskError(`${path} does not exist: check the path`, ExitCode.notFound, error);
    }
    throw diskError(error, path);
  }
  if (info.isDirectory) {
    throw new DiskError(
      `${path} is a folder, and only single files can be shared so far: pack it first, for example with tar`,
    );
  }
  if (!info.isFile) throw new DiskError(`${path} is not a file`);
  return { size: info.size, mtimeMs: info.mtime?.getTime() ?? 0 };
}
