/**
 * Looks at an entry of a watched folder: a file, or a folder with everything in it.
 *
 * @module
 */

import { join } from "@std/path";
import { createHash, type Hash } from "node:crypto";
import { rethrowBug } from "../../runtime/operational_errors.ts";
import { isBesideUnfinished } from "./entry_names.ts";
import type { Look } from "./watch_table.ts";

/**
 * No torrent has more files, so that more of them need not be looked at: sharing the folder fails with a
 * sentence.
 */
const MOST_FILES = 100_001;
const STAMP_LENGTH = 22;

/** What is seen of an entry; how long it took is for the caller to measure. */
export interface Seen extends Omit<Look, "tookMs"> {
  /** How many files and folders were looked at. */
  readonly lookedAt: number;
}

/**
 * What the entry at `path` is like now, without following links; `undefined` when there is nothing, or
 * neither a file nor a folder. If it cannot be looked at, the stamp says so: then sharing it fails, with a
 * sentence.
 *
 * @param wallMs the time of day, in milliseconds since 1970
 */
export async function lookAt(path: string, wallMs: number): Promise<Seen | undefined> {
  const walk = new Walk();
  try {
    const info = await infoOf(path);
    if (info?.isFile) walk.file("", info);
    else if (info?.isDirectory) await walk.folder(path, "");
    else return undefined;
  } catch (error) {
    rethrowBug(error);
    return { stamp: String(error), files: 1, stillMs: 0, lookedAt: walk.lookedAt };
  }
  const { files, lookedAt } = walk;
  return { stamp: walk.stamp(), files, stillMs: wallMs - walk.newestMs, lookedAt };
}

/** Unfinished downloads in a folder do not count: they are not shared, and change all the time. */
class Walk {
  files = 0;
  lookedAt = 1;
  newestMs = 0;
  readonly #hash: Hash = createHash("sha256");

  file(name: string, { size, mtime, ctime, ino }: Deno.FileInfo): void {
    const mtimeMs = mtime?.getTime() ?? 0;
    const ctimeMs = ctime?.getTime() ?? 0;
    this.#hash.update(`${name}\0${size} ${mtimeMs} ${ctimeMs} ${ino}\0`);
    this.newestMs = Math.max(this.newestMs, mtimeMs, ctimeMs);
    this.files++;
  }

  async folder(path: string, below: string): Promise<void> {
    const entries = await Array.fromAsync(Deno.readDir(path));
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    const names = new Set(entries.map(({ name }) => name));
    const isUnfinished = (name: string) =>
      isBesideUnfinished(name) || name.endsWith(".part") && names.has(`${name}.resume`);
    for (const { name, isDirectory } of entries) {
      if (this.files >= MOST_FILES || isUnfinished(name)) continue;
      this.lookedAt++;
      if (isDirectory) await this.folder(join(path, name), `${below}/${name}`);
      else await this.#other(join(path, name), `${below}/${name}`);
    }
  }

  stamp(): string {
    return this.#hash.digest("base64").slice(0, STAMP_LENGTH);
  }

  async #other(path: string, name: string): Promise<void> {
    const info = await infoOf(path);
    if (info?.isFile || info?.isSymlink) this.file(name, info);
  }
}

async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
