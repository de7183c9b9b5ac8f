/**
 * Creates a torrent of a file or a folder.
 *
 * @module
 */

import { basename, resolve } from "@std/path";
import { hex, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { chooseFolderPieceLength, choosePieceLength } from "../../codec/torrent/metainfo.ts";
import { safeComponent } from "../../codec/torrent/safe_path.ts";
import { MAX_METADATA_LENGTH } from "../../codec/wire/extension.ts";
import { diskError } from "../../disk/disk_error.ts";
import { DiskResources } from "../../disk/disk_resources.ts";
import type { WarningCode } from "../../error_codes.ts";
import { DiskError, ExitCode, OptionError } from "../../errors.ts";
import { PROGRAM } from "../../runtime/version.ts";
import { Torrent, webSeedOf } from "../../store/torrent.ts";
import { type CacheKey, isStillRight, readCache, writeCache } from "./hash_cache.ts";
import { hashContent, type HashPlan } from "./hash_files.ts";
import { filesToShare, isSameFile, type ScannedFile, statFile } from "./share_scan.ts";

/** Options for creating a torrent. */
export interface CreateOptions {
  /** Default: the name of the file or folder. */
  readonly name?: string;
  /** Default `hybrid`, which works in v1 and v2 clients. `v1` is for clients that know nothing else. */
  readonly format?: "hybrid" | "v1" | "v2";
  /** Bytes, a power of two from 16 KiB to 16 MiB. Default: chosen by the total length. */
  readonly pieceLength?: number;
  /** Free text. */
  readonly comment?: string;
  /** Only the torrent's own trackers may supply peers (BEP 27). */
  readonly private?: boolean;
  /** Tracker URLs to write into it. */
  readonly trackers?: readonly string[];
  /** URLs of web servers that have the files (BEP 19), to write into it. */
  readonly webSeeds?: readonly string[];
  /** Where the torrent will be written; an existing file there is not shared. */
  readonly torrentFile?: string;
  /** Whether to remember hashes between runs. Default true. */
  readonly cache?: boolean;
  /** Called with the progress of hashing. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Called with a sentence about each thing in a folder that is left out. */
  readonly onWarning?: (message: string, code?: WarningCode) => void;
  /** Aborts hashing. */
  readonly signal?: AbortSignal;
}

/** A torrent and the files it was made of. */
export interface SharedContent {
  readonly torrent: Torrent;
  /** The absolute path of each file of the torrent, by index; empty for pads. */
  readonly paths: readonly string[];
  /** The fingerprint of each file before it was hashed, so that any later change is noticed. */
  readonly stamps: readonly string[];
}

const MIN_PIECE_LENGTH = 16 * 1024;
const MAX_PIECE_LENGTH = 16 * 1024 * 1024;

/**
 * Creates a torrent of the file or folder at `path`. Links within a folder count as the files they lead to;
 * other links, devices, empty folders and Shoal's unfinished downloads are left out.
 *
 * @throws {DiskError} when there is no such file or no file in the folder, or a file cannot be read or
 * changes meanwhile
 * @throws {OptionError} when the piece length or a web seed's URL is invalid
 */
export async function createTorrent(path: string, options: CreateOptions = {}): Promise<Torrent> {
  return (await createContent(path, options)).torrent;
}

/**
 * The result of {@link createTorrent}, with the paths of the files. Throws as it does.
 *
 * @param disk has the threads and the open files; default: some of its own, which end with it
 */
export async function createContent(
  path: string,
  options: CreateOptions,
  disk?: DiskResources,
): Promise<SharedContent> {
  if (disk === undefined) {
    await using own = new DiskResources();
    return await createContent(path, options, own);
  }
  checkPieceLength(options.pieceLength);
  const { files, multiFile } = await findFiles(path, options);
  const recipe: HashPlan = {
    disk,
    name: safeComponent(options.name ?? basename(resolve(path))),
    format: options.format ?? "hybrid",
    pieceLength: options.pieceLength ?? pieceLengthFor(files, options.format),
    private: options.private ?? false,
    multiFile,
    onProgress: options.onProgress,
    signal: options.signal,
  };
  const torrent = await remembered(resolve(path), files, recipe, options.cache ?? true);
  warn(torrent, multiFile, options.onWarning);
  return {
    torrent: new Torrent({
      ...torrent.metainfo,
      trackers: (options.trackers ?? []).map((url) => [url]),
      webSeeds: (options.webSeeds ?? []).map(webSeedOf),
      ...(options.comment !== undefined && { comment: options.comment }),
      createdBy: PROGRAM,
    }),
    paths: pathsIn(torrent, files),
    stamps: byIndex(torrent, files, ({ stamp }) => stamp),
  };
}

/** The cached torrent of these files if they are unchanged, else a newly hashed one. */
async function remembered(
  path: string,
  files: readonly ScannedFile[],
  recipe: HashPlan,
  useCache: boolean,
): Promise<Torrent> {
  const key = cacheKey(path, files, recipe);
  const known = useCache ? await readCache(key) : undefined;
  if (known !== undefined && isMadeOf(known, files)) {
    if (await isStillRight(known, pathsIn(known, files), recipe.disk)) return known;
  }
  const torrent = await hashContent(files, recipe);
  if (useCache) await writeCache(key, torrent);
  return torrent;
}

/** The absolute path of each file of the torrent; empty for pads. */
function pathsIn(torrent: Torrent, files: readonly ScannedFile[]): string[] {
  return byIndex(torrent, files, ({ path }) => resolve(path));
}

/**
 * A value for each file, by its index in the torrent. The torrent's own paths cannot be used: parsing made
 * them safe and unique.
 */
function byIndex(
  { metainfo }: Torrent,
  files: readonly ScannedFile[],
  of: (file: ScannedFile) => string,
): string[] {
  const next = files.values();
  return metainfo.info.files.map(({ pad }) => pad ? "" : of(next.next().value!));
}

/** The file at `path`, or those in the folder there. @throws {DiskError} when there is none to share */
async function findFiles(
  path: string,
  { onWarning, signal, torrentFile }: CreateOptions,
): Promise<{ files: ScannedFile[]; multiFile: boolean }> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new DiskError(`${path} does not exist: check the path`, {
        exitCode: ExitCode.notFound,
        cause: error,
      });
    }
    throw diskError(error, path);
  }
  if (info.isFile) {
    if (torrentFile !== undefined && await isSameFile(path, torrentFile)) {
      throw new OptionError(`${path} is what is shared: name another .torrent file to write`, {
        code: "shares-own-torrent-file",
      });
    }
    return { files: [statFile(path, [basename(resolve(path))])], multiFile: false };
  }
  if (!info.isDirectory) throw new DiskError(`${path} is neither a file nor a folder`);
  const files = await filesToShare(path, onWarning ?? (() => {}), { signal, torrentFile });
  if (files.length === 0) throw new DiskError(`${path} holds no files: there is nothing to share`);
  return { files, multiFile: true };
}

/** Warns about what may surprise other users in a valid torrent. */
function warn(
  { metainfo: { info } }: Torrent,
  multiFile: boolean,
  say: CreateOptions["onWarning"],
): void {
  if (info.multiFile !== multiFile) {
    say?.(
      `in version 2 alone, a folder with one file is that file: "${info.name}" arrives without it`,
    );
  }
  if (info.bytes.length > MAX_METADATA_LENGTH) {
    say?.(
      "so many files take a description too long to get by a link",
      "metadata-too-long",
    );
  }
}

function pieceLengthFor(files: readonly ScannedFile[], format: CreateOptions["format"]): number {
  const lengths = files.map(({ size }) => size);
  if (format !== "v1" && files.length > 1) return chooseFolderPieceLength(lengths);
  return choosePieceLength(lengths.reduce((sum, length) => sum + length, 0));
}

/** The cache key. For a folder, it includes the path and fingerprint of every file. */
function cacheKey(path: string, files: readonly ScannedFile[], recipe: HashPlan): CacheKey {
  const { format, pieceLength, name, multiFile } = recipe;
  const listing = files.map(({ components }) => components.join("/"));
  const folder = multiFile ? ` folder ${hex(sha256(utf8(listing.join("\0"))))}` : "";
  return {
    path,
    stamps: files.map(({ stamp }) => stamp),
    mtimesMs: files.map(({ mtimeMs }) => mtimeMs),
    recipe: `${format} ${pieceLength} ${name} ${recipe.private}${folder}`,
  };
}

/** Whether a cached torrent matches these files. */
function isMadeOf({ metainfo }: Torrent, files: readonly ScannedFile[]): boolean {
  const real = metainfo.info.files.filter(({ pad }) => !pad);
  return real.length === files.length && real.every(({ length }, i) => length === files[i]!.size);
}

function checkPieceLength(pieceLength: number | undefined): void {
  if (pieceLength === undefined) return;
  const isPower = Number.isInteger(Math.log2(pieceLength));
  if (isPower && pieceLength >= MIN_PIECE_LENGTH && pieceLength <= MAX_PIECE_LENGTH) return;
  throw new OptionError(
    "the piece size has to be a power of two from 16K to 16M, for example 512K",
  );
}
