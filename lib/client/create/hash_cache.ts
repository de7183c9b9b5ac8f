/**
 * Caches the hashes of files, so that a restart does not hash them again. An entry is valid for one path
 * and its unchanged files, and is spot-checked each time. Losing the cache only costs time, so its errors
 * are not reported.
 *
 * @module
 */

import { join } from "@std/path";
import { hex, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { passesSpotCheck } from "../../disk/spot_check.ts";
import { environmentVariable, isPermitted } from "../../runtime/permissions.ts";
import { Bitfield } from "../../store/bitfield.ts";
import { Layout } from "../../store/layout.ts";
import { pieceLayersOf, Torrent } from "../../store/torrent.ts";

/** What a cache entry is valid for. */
export interface CacheKey {
  /** Absolute path. */
  readonly path: string;
  /** The fingerprint of each file when it was found. */
  readonly stamps: readonly string[];
  /** The modification time of each file. */
  readonly mtimesMs: readonly number[];
  /** Format, piece length and anything else that shapes the torrent. */
  readonly recipe: string;
}

/** A file written this recently may be written again without a change of its time. */
const SETTLED_MS = 2000;
/** The most entries kept; the oldest are removed first. */
const MAX_ENTRIES = 200;

/** The cached torrent for this key, if any. */
export async function readCache(key: CacheKey): Promise<Torrent | undefined> {
  const folder = cacheFolder();
  if (folder === undefined || !isPermitted({ name: "read", path: folder })) return undefined;
  try {
    return Torrent.parse(await Deno.readFile(entryPath(folder, key)));
  } catch {
    return undefined;
  }
}

/**
 * Whether some randomly chosen pieces of a cached torrent match the disk. Change times may be known only to
 * the second; this check finds a small file that was replaced within one.
 *
 * @param paths the path of each file of the torrent; empty for pads
 */
export function isStillRight({ metainfo }: Torrent, paths: readonly string[]): Promise<boolean> {
  const { info } = metainfo;
  const layout = Layout.of(info);
  const all = new Bitfield(layout.pieceCount);
  all.fill();
  return passesSpotCheck({ info, layout, layers: pieceLayersOf(metainfo), paths }, all);
}

/** Caches a torrent. */
export async function writeCache(key: CacheKey, torrent: Torrent): Promise<void> {
  if (!isSettled(key.mtimesMs, Date.now())) return;
  const folder = cacheFolder();
  if (folder === undefined || !isPermitted({ name: "write", path: folder })) return;
  try {
    await Deno.mkdir(folder, { recursive: true });
    const path = entryPath(folder, key);
    const temporary = `${path}.${crypto.randomUUID()}`;
    await Deno.writeFile(temporary, torrent.toBytes(), { createNew: true });
    await Deno.rename(temporary, path);
    await dropOldest(folder);
  } catch {
    // If the folder is not writable, the files are hashed again next time.
  }
}

/**
 * Whether every later change will show in these times. A file dated in the future counts as settled: the
 * next write sets its time back.
 */
export function isSettled(mtimesMs: readonly number[], nowMs: number): boolean {
  return mtimesMs.every((mtimeMs) => Math.abs(nowMs - mtimeMs) >= SETTLED_MS);
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

function entryPath(folder: string, { path, stamps, recipe }: CacheKey): string {
  const name = hex(sha256(utf8(`${path}\0${recipe}\0${stamps.join("\0")}`)));
  return join(folder, `${name}.torrent`);
}

/** The system's cache folder; `undefined` without the permission to know it. */
function cacheFolder(): string | undefined {
  const home = environmentVariable("HOME") ?? environmentVariable("USERPROFILE");
  const base = Deno.build.os === "windows"
    ? environmentVariable("LOCALAPPDATA") ?? home
    : environmentVariable("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return base && join(base, "shoal", "hashes");
}
