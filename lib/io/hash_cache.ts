/**
 * Hashes of files seen before, so that a restart does not hash again. An entry is valid for one path,
 * size and time of change; losing the cache costs time only, so its errors are not reported.
 *
 * @module
 */

import { join } from "@std/path";
import { hex, utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { environmentVariable, isPermitted } from "./permitted.ts";
import { Torrent } from "./torrent.ts";

/** What an entry is valid for. */
export interface CacheKey {
  /** Absolute. */
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** Format, piece length and whatever else shapes the torrent. */
  readonly recipe: string;
}

/** A file changed so recently may change again without its time of change showing it. */
const SETTLED_MS = 2000;
/** Entries kept; the oldest go first. */
const MAX_ENTRIES = 200;

/** The torrent remembered for this key, if any. */
export async function readCache(key: CacheKey): Promise<Torrent | undefined> {
  const folder = cacheFolder();
  if (folder === undefined || !isPermitted({ name: "read", path: folder })) return undefined;
  try {
    return Torrent.parse(await Deno.readFile(entryPath(folder, key)));
  } catch {
    return undefined;
  }
}

/** Remembers a torrent. */
export async function writeCache(key: CacheKey, torrent: Torrent): Promise<void> {
  if (Date.now() - key.mtimeMs < SETTLED_MS) return;
  const folder = cacheFolder();
  if (folder === undefined || !isPermitted({ name: "write", path: folder })) return;
  try {
    await Deno.mkdir(folder, { recursive: true });
    const path = entryPath(folder, key);
    const temporary = `${path}.${crypto.randomUUID()}`;
    await Deno.writeFile(temporary, torrent.toBytes());
    await Deno.rename(temporary, path);
    await dropOldest(folder);
  } catch {
    // A folder that cannot be written means hashing again next time.
  }
}

async function dropOldest(folder: string): Promise<void> {
  const entries: { path: string; atMs: number }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    entries.push({ path, atMs: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
  }
  entries.sort((a, b) => b.atMs - a.atMs);
  for (const { path } of entries.slice(MAX_ENTRIES)) await Deno.remove(path);
}

function entryPath(folder: string, { path, size, mtimeMs, recipe }: CacheKey): string {
  const name = hex(sha256(utf8(`${path}\0${size}\0${mtimeMs}\0${recipe}`)));
  return join(folder, `${name}.torrent`);
}

/** Where the system keeps what can be made again; undefined where that may not be known. */
function cacheFolder(): string | undefined {
  const home = environmentVariable("HOME") ?? environmentVariable("USERPROFILE");
  const base = Deno.build.os === "windows"
    ? environmentVariable("LOCALAPPDATA") ?? home
    : environmentVariable("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return base && join(base, "shoal", "hashes");
}
