/**
 * Hashes of files seen before, so that a restart does not hash again. An entry is valid for one path and
 * the files there as they are, and some of it is looked at each time; losing the cache costs time only, so
 * its errors are not reported.
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

/** What an entry is valid for. */
export interface CacheKey {
  /** Absolute. */
  readonly path: string;
  /** Of each file, what it was like when it was found. */
  readonly stamps: readonly string[];
  /** When each was last written to. */
  readonly mtimesMs: readonly number[];
  /** Format, piece length and whatever else shapes the torrent. */
  readonly recipe: string;
}

/** A file written to so recently may be written to again without its time showing it. */
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

/**
 * Whether some pieces of a remembered torrent, chosen at random, are what is on disk. Times of change
 * are known to the second only: a small file that was replaced within it is found out here.
 *
 * @param paths where each file of the torrent is; empty for pads
 */
export function isStillRight({ metainfo }: Torrent, paths: readonly string[]): Promise<boolean> {
  const { info } = metainfo;
  const layout = Layout.of(info);
  const all = new Bitfield(layout.pieceCount);
  all.fill();
  return passesSpotCheck({ info, layout, layers: pieceLayersOf(metainfo), paths }, all);
}

/** Remembers a torrent. */
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
    // A folder that cannot be written means hashing again next time.
  }
}

/**
 * Whether every change from now on will show in these times. A file that is dated in the future is
 * settled, too: the next writing dates it back.
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

/** Where the system keeps what can be made again; undefined where that may not be known. */
function cacheFolder(): string | undefined {
  const home = environmentVariable("HOME") ?? environmentVariable("USERPROFILE");
  const base = Deno.build.os === "windows"
    ? environmentVariable("LOCALAPPDATA") ?? home
    : environmentVariable("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return base && join(base, "shoal", "hashes");
}
