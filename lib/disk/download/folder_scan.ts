/**
 * Finds where each file of a folder is before a download begins: in the finished folder, in the unfinished
 * folder, or nowhere.
 *
 * @module
 */

import type { TorrentFile } from "../../codec/torrent/metainfo.ts";
import type { Selection } from "../../store/selection.ts";
import { type FileId, hasTwoNames, somethingElse } from "../exclusive_file.ts";
import { type FolderTree, type Found, obstructed, oneToTheDisk } from "./folder_tree.ts";

/** Where a file of the torrent is. */
export type Place =
  /** In the finished folder, of the right length. */
  | "final"
  /** In the unfinished folder, of the right length. */
  | "part"
  /** Nowhere yet; it will be created in the unfinished folder. */
  | "new"
  /** As `new`, but a file of another length, which may be replaced, is in the way. */
  | "stale"
  /** Nowhere, and not needed: a pad file, or a file that was not chosen. */
  | "none";

interface ScanPlan {
  readonly files: readonly TorrentFile[];
  readonly selection: Selection;
  readonly overwrite: boolean;
  /** The finished folder. */
  readonly final: FolderTree;
  /** The unfinished one. */
  readonly part: FolderTree;
}

/** Files to `stat` without yielding: a few milliseconds. */
const LOOKS_AT_ONCE = 256;

/**
 * Returns the place of each file.
 *
 * @throws {DiskError} exit 13 when something else is at the place of a chosen file
 */
export async function scanFolder(plan: ScanPlan): Promise<Place[]> {
  const places: Place[] = [];
  const growing: Growing = { ids: new Set() };
  for (const [file, entry] of plan.files.entries()) {
    if (file % LOOKS_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    if (entry.pad) places.push("none");
    else if (!plan.selection.has(file)) places.push(placeOfOther(plan, entry));
    else places.push(placeOf(plan, entry, growing));
  }
  if (growing.withTwoNames !== undefined) throw hasTwoNames(growing.withTwoNames);
  plan.final.recheck();
  plan.part.recheck();
  return places;
}

/** The unfinished files seen so far. */
interface Growing {
  readonly ids: Set<FileId>;
  /** The first file with a second hard link; an error about another file is reported in preference. */
  withTwoNames?: string;
}

function placeOf(plan: ScanPlan, { path, length }: TorrentFile, growing: Growing): Place {
  const { final, part, overwrite } = plan;
  const finished = clear(final.look(path));
  if (finished.type === "file") {
    if (!overwrite && finished.length !== length) throw somethingElse(final.pathOf(path));
    if (!overwrite) return "final";
  }
  const unfinished = clear(part.look(path));
  if (unfinished.type === "file" && unfinished.length === length) {
    if (growing.ids.has(unfinished.id)) throw oneToTheDisk(part.pathOf(path));
    growing.ids.add(unfinished.id);
    if (unfinished.hasOneName) return "part";
    if (overwrite) return "stale";
    growing.withTwoNames ??= part.pathOf(path);
    return "part";
  }
  if (finished.type === "file" && finished.length === length) return "final";
  if (unfinished.type === "nothing") return "new";
  if (overwrite) return "stale";
  throw obstructed("other-download", `${part.pathOf(path)} belongs to another download`);
}

/** A file that was not chosen is used if it is already there; anything else in its place is ignored. */
function placeOfOther({ final, part }: ScanPlan, { path, length }: TorrentFile): Place {
  const fits = (found: Found) => found.type === "file" && found.length === length;
  return fits(final.look(path)) ? "final" : fits(part.look(path)) ? "part" : "none";
}

function clear(found: Found): Exclude<Found, { type: "obstacle" }> {
  if (found.type === "obstacle") throw found.error;
  return found;
}
