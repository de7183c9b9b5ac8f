/**
 * Finds the files to share in a folder, always in the same order: that of a v2 tree (BEP 52), folder by
 * folder, names by their bytes.
 *
 * What cannot be shared is left out, and whoever asks hears of it: links that lead out of the folder, to
 * nothing or to folders (which may lead in circles), devices and sockets, unfinished downloads of Shoal
 * and other files that it makes for itself, and the place of the .torrent file that is going to be written.
 * Folders without files leave no trace in a torrent.
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
  /** Its name and those of the folders above it, below the folder that is shared; as they are on disk. */
  readonly components: string[];
  /** Where it is: for a link, where it leads. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last written to. */
  readonly mtimeMs: number;
  /** What it was like when it was found. */
  readonly stamp: string;
}

/** Most files of a torrent. Programs that read torrents, Shoal among them, have their limits not far above. */
const MAX_FILES = 100_000;
/** So many files are looked at before others have their turn; some 10 ms. */
const FILES_PER_TURN = 500;
/** So much that is left out is named; of more, only the number. */
const MAX_NAMED = 10;

/** How to look for files. */
interface ShareOptions {
  /** Stops looking. */
  readonly signal?: AbortSignal | undefined;
  /** Where the torrent is going to be written. */
  readonly torrentFile?: string | undefined;
}

/**
 * All files below the folder at `root`, in tree order.
 *
 * @param onWarning hears of what is left out, a sentence each
 * @throws {DiskError} when something cannot be read, there are too many files, or they lie too deep
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
 * The figures of one file, which is opened to see that it can be read.
 *
 * @throws {DiskError} when it cannot
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
  /** A path that is none of the files', without links on the way to it. */
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

  /** What is in a folder, by the bytes of the names, without unfinished downloads. */
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

  /** Follows a link to a file of the same folder; where the file is then, the link plays no part any more. */
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

  /** What is not there any more is none of the files. */
  #missing(components: string[]): void {
    // The system hands out a name that is no UTF-8 with its bad bytes replaced, and then finds nothing there.
    const isBadName = components.at(-1)!.includes("\ufffd");
    if (isBadName) this.#leaveOut(components, "has a name that is not UTF-8");
  }

  #leaveOut(components: string[], reason: string): void {
    if (++this.#leftOut > MAX_NAMED) return;
    this.#onWarning(`${join(this.#root, ...components)} ${reason}: it is left out`);
  }
}

/** What Shoal makes for itself in a folder, by name: unfinished downloads, and what notes how far they are. */
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

/** Whether two paths lead to one place, where there may be nothing yet. */
export async function isSameFile(path: string, other: string): Promise<boolean> {
  return await ownPath(path) === await ownPath(other);
}

/** A path that no link is on the way to; it may be a link itself, or lead to nothing. */
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
