/**
 * Hashes of files seen before, so that a restart does not hash again. An entry is valid for one path,
 * size and time of change; losing the cache costs time only, so its errors are not reported.
 *
 * @module
 */

import { join } from "@std/path";
import { hex, utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
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
  try {
    return Torrent.parse(await Deno.readFile(entryPath(key)));
  } catch {
    return undefined;
  }
}

/** Remembers a torrent. */
export async function writeCache(key: CacheKey, torrent: Torrent): Promise<void> {
  if (Date.now() - key.mtimeMs < SETTLED_MS) return;
  const path = entryPath(key);
  try {
    await Deno.mkdir(cacheFolder(), { recursive: true });
    const temporary = `${path}.${crypto.randomUUID()}`;
    await Deno.writeFile(temporary, torrent.toBytes());
    await Deno.rename(temporary, path);
    await dropOldest();
  } catch {
    // A folder that cannot be written means hashing again next time.
  }
}

async function dropOldest(): Promise<void> {
  const entries: { path: string; atMs: number }[] = [];
  for await (const { name } of Deno.readDir(cacheFolder())) {
    const path = join(cacheFolder(), name);
    entries.push({ path, atMs: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
  }
  entries.sort((a, b) => b.atMs - a.atMs);
  for (const { path } of entries.slice(MAX_ENTRIES)) await Deno.remove(path);
}

function entryPath({ path, size, mtimeMs, recipe }: CacheKey): string {
  const name = hex(sha256(utf8(`${path}\0${size}\0${mtimeMs}\0${recipe}`)));
  return join(cacheFolder(), `${name}.torrent`);
}

/** Where the system keeps what can be made again. */
function cacheFolder(): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".";
  const base = Deno.build.os === "windows"
    ? Deno.env.get("LOCALAPPDATA") ?? home
    : Deno.env.get("XDG_CACHE_HOME") ?? join(home, ".cache");
  return join(base, "shoal", "hashes");
}
