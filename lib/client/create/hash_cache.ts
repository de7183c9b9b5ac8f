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
import type { DiskResources } from "../../disk/disk_resources.ts";
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
/** What is kept at most; the least recently used entries are removed first. */
const LIMITS = { entries: 20_000, bytes: 256 * 1024 * 1024 };
/** One in 256 entries has such a name. With each of them the old ones are looked for, which takes a while. */
const PRUNING_NAME = /^00/;
/** Entries looked at in parallel. */
const AT_A_TIME = 64;

/** The cached torrent for this key, if any. */
export async function readCache(key: CacheKey): Promise<Torrent | undefined> {
  const folder = cacheFolder();
  if (folder === undefined || !isPermitted({ name: "read", path: folder })) return undefined;
  const path = join(folder, entryName(key));
  let torrent: Torrent;
  try {
    torrent = Torrent.parse(await Deno.readFile(path));
  } catch {
    return undefined;
  }
  if (isPermitted({ name: "write", path: folder })) markUsed(path);
  return torrent;
}

/**
 * Whether some randomly chosen pieces of a cached torrent match the disk. Change times may be known only to
 * the second; this check finds a small file that was replaced within one.
 *
 * @param paths the path of each file of the torrent; empty for pads
 */
export function isStillRight(
  { metainfo }: Torrent,
  paths: readonly string[],
  disk: DiskResources,
): Promise<boolean> {
  const { info } = metainfo;
  const layout = Layout.of(info);
  const all = Bitfield.full(layout.pieceCount);
  return passesSpotCheck({ disk, info, layout, layers: pieceLayersOf(metainfo), paths }, all);
}

/** Caches a torrent. */
export async function writeCache(key: CacheKey, torrent: Torrent): Promise<void> {
  if (!isSettled(key.mtimesMs, Date.now())) return;
  const folder = cacheFolder();
  if (folder === undefined || !isPermitted({ name: "write", path: folder })) return;
  try {
    await Deno.mkdir(folder, { recursive: true });
    const name = entryName(key);
    const path = join(folder, name);
    const temporary = `${path}.${crypto.randomUUID()}`;
    await Deno.writeFile(temporary, torrent.toBytes(), { createNew: true });
    await Deno.rename(temporary, path);
    if (PRUNING_NAME.test(name)) await pruneCache(folder, LIMITS);
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

/** Removes the least recently used entries of a folder that holds more than `limits` allow. */
export async function pruneCache(folder: string, limits: typeof LIMITS): Promise<void> {
  const entries: { path: string; usedMs: number; bytes: number }[] = [];
  const names = (await Array.fromAsync(Deno.readDir(folder))).values();
  const look = async () => {
    for (const { name } of names) {
      const path = join(folder, name);
      const stat = await Deno.stat(path).catch(() => undefined); // another program may prune as well
      if (stat?.isFile) {
        entries.push({ path, usedMs: stat.mtime?.getTime() ?? 0, bytes: stat.size });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, look));
  entries.sort((a, b) => b.usedMs - a.usedMs);
  let bytes = 0;
  for (const [i, entry] of entries.entries()) {
    bytes += entry.bytes;
    if (i < limits.entries && bytes <= limits.bytes) continue;
    await Deno.remove(entry.path).catch(() => {});
  }
}

/** Notes that an entry was used now, in its modification time. */
function markUsed(path: string): void {
  const now = new Date();
  try {
    Deno.utimeSync(path, now, now); // takes less time than to have another thread do it
  } catch {
    // On a read-only disk nothing is removed either.
  }
}

function entryName({ path, stamps, recipe }: CacheKey): string {
  return `${hex(sha256(utf8(`${path}\0${recipe}\0${stamps.join("\0")}`)))}.torrent`;
}

/** The system's cache folder; `undefined` without the permission to know it. */
function cacheFolder(): string | undefined {
  const home = environmentVariable("HOME") ?? environmentVariable("USERPROFILE");
  const base = Deno.build.os === "windows"
    ? environmentVariable("LOCALAPPDATA") ?? home
    : environmentVariable("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return base && join(base, "shoal", "hashes");
}
