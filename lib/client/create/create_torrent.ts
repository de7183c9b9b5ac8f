/**
 * Makes a torrent of a file or a folder.
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
import { DiskError, ExitCode, OptionError, type WarningCode } from "../../errors.ts";
import { PROGRAM } from "../../runtime/version.ts";
import { Torrent, webSeedOf } from "../../store/torrent.ts";
import { type CacheKey, isStillRight, readCache, writeCache } from "./hash_cache.ts";
import { hashContent, type HashPlan } from "./hash_files.ts";
import { filesToShare, isSameFile, type ScannedFile, statFile } from "./share_scan.ts";

/** How to make a torrent. */
export interface CreateOptions {
  /** Default: the name of the file or folder. */
  readonly name?: string;
  /** Default `hybrid`: for clients of both generations. `v1` for programs that know no other. */
  readonly format?: "hybrid" | "v1" | "v2";
  /** Bytes, a power of two from 16 KiB to 16 MiB. Default: chosen by how much there is. */
  readonly pieceLength?: number;
  /** Free text. */
  readonly comment?: string;
  /** Peers from the torrent's own trackers only (BEP 27). */
  readonly private?: boolean;
  /** Tracker URLs to write into it. */
  readonly trackers?: readonly string[];
  /** URLs to write into it of web servers that have the files (BEP 19). */
  readonly webSeeds?: readonly string[];
  /** Where the torrent is going to be written: a file that is there already is none of those to share. */
  readonly torrentFile?: string;
  /** Whether hashes are remembered between runs. Default true. */
  readonly cache?: boolean;
  /** Hears how far hashing is. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Hears, in a sentence each, what of a folder is left out. */
  readonly onWarning?: (message: string, code?: WarningCode) => void;
  /** Stops hashing. */
  readonly signal?: AbortSignal;
}

/** A torrent and the files it was made of. */
export interface SharedContent {
  readonly torrent: Torrent;
  /** Where each file of the torrent is, absolute, by its index; empty for pads. */
  readonly paths: readonly string[];
  /** What each was like before it was hashed: a change at any time after that is noticed. */
  readonly stamps: readonly string[];
}

const MIN_PIECE_LENGTH = 16 * 1024;
const MAX_PIECE_LENGTH = 16 * 1024 * 1024;

/**
 * Makes a torrent of the file or folder at `path`. Links within a folder count as the files they lead to;
 * other links, devices, empty folders and Shoal's unfinished downloads are left out.
 *
 * @throws {DiskError} when there is no such file or no file in the folder, one cannot be read, or changes
 * meanwhile
 * @throws {OptionError} when the piece length is none, or a web seed's URL
 */
export async function createTorrent(path: string, options: CreateOptions = {}): Promise<Torrent> {
  return (await createContent(path, options)).torrent;
}

/** What {@link createTorrent} makes, and where it is on disk. Throws as it does. */
export async function createContent(path: string, options: CreateOptions): Promise<SharedContent> {
  checkPieceLength(options.pieceLength);
  const { files, multiFile } = await findFiles(path, options);
  const recipe: HashPlan = {
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

/** A torrent of the files: of a run before, where they are what they were, else hashed now. */
async function remembered(
  path: string,
  files: readonly ScannedFile[],
  recipe: HashPlan,
  useCache: boolean,
): Promise<Torrent> {
  const key = cacheKey(path, files, recipe);
  const known = useCache ? await readCache(key) : undefined;
  if (known !== undefined && isMadeOf(known, files)) {
    if (await isStillRight(known, pathsIn(known, files))) return known;
  }
  const torrent = await hashContent(files, recipe);
  if (useCache) await writeCache(key, torrent);
  return torrent;
}

/** Where each file of the torrent is, absolute; empty for pads. */
function pathsIn(torrent: Torrent, files: readonly ScannedFile[]): string[] {
  return byIndex(torrent, files, ({ path }) => resolve(path));
}

/**
 * Something of each file, by its index in the torrent. The torrent's own paths do not count here: reading
 * it made them safe, and different from one another.
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

/** Says what others may find surprising about a torrent that is right. */
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

/** Of a folder, every file counts: its place, and what it is like. */
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

/** Whether a torrent from the cache is of files like these. */
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
