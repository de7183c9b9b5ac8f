/**
 * Finds the files to share in a folder, always in the order of a v2 tree (BEP 52): folder by folder, names
 * by their bytes.
 *
 * Leaves out what cannot be shared, and reports it: links that lead out of the folder, to nothing or to
 * folders (which may form cycles), devices and sockets, Shoal's unfinished downloads and its other files,
 * and the path of the .torrent file that will be written. Folders without files leave no trace in a
 * torrent.
 *
 * @module
 */

import { basename, dirname, join, resolve, SEPARATOR } from "@std/path";
import { closeSync, fstatSync, openSync } from "node:fs";
import { compareBytes, utf8 } from "../../codec/bytes.ts";
import { BITCOMET_PAD, MAX_PATH_DEPTH } from "../../codec/torrent/file_list.ts";
import { diskError } from "../../disk/disk_error.ts";
import { isMomentary } from "../../disk/download/name_conflicts.ts";
import { isResumeFile } from "../../disk/download/resume_file.ts";
import { lookUnfollowed } from "../../disk/exclusive_file.ts";
import { fingerprintFrom } from "../../disk/file_fingerprint.ts";
import { DiskError } from "../../errors.ts";

/** A file to share. */
export interface ScannedFile {
  /** Its path components below the shared folder, as they are on disk. */
  readonly components: string[];
  /** Its path; for a link, the target's. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Modification time. */
  readonly mtimeMs: number;
  /** The fingerprint when it was found. */
  readonly stamp: string;
}

/** The most files in a torrent. Clients, Shoal among them, have limits not far above. */
const MAX_FILES = 100_000;
/** Files to examine before yielding to other tasks; about 10 ms. */
const FILES_PER_TURN = 500;
/** The most left-out entries reported by name; the rest are only counted. */
const MAX_NAMED = 10;

interface ShareOptions {
  /** Aborts the scan. */
  readonly signal?: AbortSignal | undefined;
  /** Where the torrent will be written. */
  readonly torrentFile?: string | undefined;
}

/**
 * All files below the folder at `root`, in tree order.
 *
 * @param onWarning called with a sentence about each thing left out
 * @throws {DiskError} when something cannot be read, there are too many files, or they are nested too
 * deeply
 */
export async function filesToShare(
  root: string,
  onWarning: (message: string) => void,
  { signal, torrentFile }: ShareOptions = {},
): Promise<ScannedFile[]> {
  const excluded = torrentFile === undefined ? undefined : await ownPath(torrentFile);
  const scan = new Scan(root, await realPath(root), { onWarning, excluded, signal });
  await scan.folder(root, []);
  scan.end();
  return scan.files;
}

/**
 * Examines one file, and opens it to make sure it is readable.
 *
 * @throws {DiskError} when it is not
 */
export function statFile(path: string, components: string[]): ScannedFile {
  try {
    const fd = openSync(path, "r");
    try {
      const stats = fstatSync(fd);
      const { size, mtimeMs } = stats;
      return { components, path, size, mtimeMs, stamp: fingerprintFrom(stats) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw diskError(error, path);
  }
}

interface ScanOptions {
  readonly onWarning: (message: string) => void;
  /** A path to leave out, with its links resolved. */
  readonly excluded: string | undefined;
  readonly signal: AbortSignal | undefined;
}

class Scan {
  readonly files: ScannedFile[] = [];
  readonly #root: string;
  readonly #realRoot: string;
  readonly #onWarning: (message: string) => void;
  readonly #excluded: string | undefined;
  readonly #signal: AbortSignal | undefined;
  #leftOut = 0;

  constructor(root: string, realRoot: string, { onWarning, excluded, signal }: ScanOptions) {
    this.#root = root;
    this.#realRoot = realRoot;
    this.#onWarning = onWarning;
    this.#excluded = excluded;
    this.#signal = signal;
  }

  async folder(path: string, above: string[]): Promise<void> {
    for (const entry of await this.#entries(path, above)) {
      const components = [...above, entry.name];
      const entryPath = join(path, entry.name);
      if (entry.isDirectory) await this.folder(entryPath, components);
      else if (entry.isSymlink) await this.#link(entryPath, components);
      else if (entry.isFile) await this.#file(entryPath, components);
      else this.#leaveOut(components, "is neither a file nor a folder");
    }
  }

  end(): void {
    const others = this.#leftOut - MAX_NAMED;
    if (others > 0) this.#onWarning(`and ${others} more in ${this.#root} are left out`);
  }

  /** The entries of a folder, sorted by the bytes of their names, without unfinished downloads. */
  async #entries(path: string, above: string[]): Promise<Deno.DirEntry[]> {
    this.#signal?.throwIfAborted();
    let entries: Deno.DirEntry[];
    try {
      entries = await Array.fromAsync(Deno.readDir(path));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw diskError(error, path);
      this.#missing(above);
      return [];
    }
    if (entries.length > 0 && above.length === MAX_PATH_DEPTH) {
      throw new DiskError(
        `${path} lies deeper than ${MAX_PATH_DEPTH} folders, and a torrent cannot hold what is in it`,
      );
    }
    const own = filesOfShoal(path, entries);
    return entries
      .filter(({ name }) => {
        const reason = own.get(name);
        if (reason !== undefined) this.#leaveOut([...above, name], reason);
        return reason === undefined;
      })
      .map((entry) => ({ entry, key: utf8(entry.name) }))
      .sort((a, b) => compareBytes(a.key, b.key))
      .map(({ entry }) => entry);
  }

  async #file(path: string, components: string[]): Promise<void> {
    const name = components.at(-1)!;
    if (name.startsWith(BITCOMET_PAD)) {
      return this.#leaveOut(components, "is named like the padding of other programs");
    }
    if (this.#excluded === join(this.#realRoot, ...components) || this.#excluded === path) {
      return this.#leaveOut(components, "is the .torrent file that is written");
    }
    let file: ScannedFile;
    try {
      file = statFile(path, components);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return this.#missing(components);
    }
    if (this.files.push(file) > MAX_FILES) {
      throw new DiskError(
        `${this.#root} holds more than ${MAX_FILES} files: pack some of them first, for example with tar`,
      );
    }
    if (this.files.length % FILES_PER_TURN > 0) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#signal?.throwIfAborted();
  }

  /** Follows a link to a file within the same folder; uses the target's path from then on. */
  async #link(path: string, components: string[]): Promise<void> {
    let target: string;
    let isFile: boolean;
    try {
      target = await Deno.realPath(path);
      isFile = (await Deno.stat(target)).isFile;
    } catch {
      return this.#leaveOut(components, "is a link that leads nowhere");
    }
    if (!target.startsWith(this.#realRoot + SEPARATOR)) {
      return this.#leaveOut(components, "is a link that leads out of the folder");
    }
    if (!isFile) return this.#leaveOut(components, "is a link that does not lead to a file");
    await this.#file(target, components);
  }

  /** A file that has disappeared is left out. */
  #missing(components: string[]): void {
    // The system returns a name that is not UTF-8 with replacement characters, and then finds nothing under
    // it.
    const isBadName = components.at(-1)!.includes("\ufffd");
    if (isBadName) this.#leaveOut(components, "has a name that is not UTF-8");
  }

  #leaveOut(components: string[], reason: string): void {
    if (++this.#leftOut > MAX_NAMED) return;
    this.#onWarning(`${join(this.#root, ...components)} ${reason}: it is left out`);
  }
}

/** Shoal's own files in a folder, by name: unfinished downloads and their resume data. */
function filesOfShoal(path: string, entries: readonly Deno.DirEntry[]): Map<string, string> {
  const names = new Set(entries.map(({ name }) => name));
  const own = new Map<string, string>();
  for (const { name, isFile } of entries) {
    if (!isFile) continue;
    if (isMomentary(name)) own.set(name, "is a file that Shoal made for a moment");
    const [, part] = /^(.*\.part)\.(?:resume|resume\.new|lock)$/s.exec(name) ?? [];
    if (part === undefined) continue;
    const isOurs = name.endsWith(".lock")
      ? names.has(part) && isEmpty(join(path, name))
      : isResumeFile(join(path, name));
    if (!isOurs) continue;
    own.set(name, "is an unfinished download");
    if (names.has(part)) own.set(part, "is an unfinished download");
  }
  return own;
}

function isEmpty(path: string): boolean {
  return lookUnfollowed(path)?.size === 0;
}

/** Whether two paths lead to the same place, where nothing may exist yet. */
export async function isSameFile(path: string, other: string): Promise<boolean> {
  return await ownPath(path) === await ownPath(other);
}

/** The path with the links on the way resolved; the last component may be a link or missing. */
async function ownPath(path: string): Promise<string> {
  const absolute = resolve(path);
  const folder = await Deno.realPath(dirname(absolute)).catch(() => dirname(absolute));
  return join(folder, basename(absolute));
}

async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    throw diskError(error, path);
  }
}

function isMissing(error: unknown): boolean {
  return ((error as Error).cause as { code?: string } | undefined)?.code === "ENOENT";
}
