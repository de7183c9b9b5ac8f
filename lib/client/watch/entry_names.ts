/**
 * Names in a watched folder that are not shared.
 *
 * @module
 */

import { isMomentary } from "../../disk/download/name_conflicts.ts";

/** Why an entry is left out. */
export type LeftOut = "hidden" | "unfinished" | "torrent";

/**
 * Unfinished downloads and what lies beside them: of Shoal (`.part`, `.part.resume`, `.part.lock`), browsers,
 * aria2, qBittorrent, µTorrent and rsync.
 */
const UNFINISHED =
  /\.(?:part|partial|crdownload|opdownload|download|aria2|aria2__temp|!qb|!ut|!bt|rsync-partial|filepart)$/i;
/** Files of Shoal beside an unfinished download. */
const BESIDE_UNFINISHED = /\.part\.(?:resume|resume\.new|lock)$/;

/** Why a first-level entry of this name is left out; `undefined` if it is shared. */
export function leftOutBecause(name: string): LeftOut | undefined {
  if (name.startsWith(".")) return "hidden";
  if (UNFINISHED.test(name) || isBesideUnfinished(name)) return "unfinished";
  return /\.torrent$/i.test(name) ? "torrent" : undefined;
}

/** Whether it is resume data, a lock, or a file that exists for a moment only. */
export function isBesideUnfinished(name: string): boolean {
  return BESIDE_UNFINISHED.test(name) || isMomentary(name);
}
