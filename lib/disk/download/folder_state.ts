/**
 * Determines what a folder holds when its download begins, and creates what is missing.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import { diskError } from "../disk_error.ts";
import {
  type FileId,
  idOf,
  lookUnfollowed,
  move,
  moveAnew,
  somethingElse,
} from "../exclusive_file.ts";
import { type FileMark, markOf } from "../foreign_writes.ts";
import { type Place, scanFolder } from "./folder_scan.ts";
import { FolderTree } from "./folder_tree.ts";
import { requireSpace } from "./output_path.ts";
import type { ResumeData, Verified } from "./resume_data.ts";
import type { DownloadPlan } from "./storage.ts";

/** A folder being downloaded. */
export interface Folder {
  readonly plan: DownloadPlan;
  /** The finished folder. */
  readonly final: FolderTree;
  /** The unfinished one. */
  readonly part: FolderTree;
  readonly notes: ResumeData;
}

/** A file as it was when we looked at it. */
interface Seen {
  /** The file's identity; empty if it has no place on disk. */
  readonly id: FileId | "";
  readonly mark: FileMark;
}

/** The contents of a folder. */
export interface FolderState {
  /** The place of each file of the torrent, none of them "new" or "stale" any more. */
  readonly places: readonly Place[];
  readonly verified: Verified;
  /** Each file's state, taken before its contents were checked. */
  readonly seen: readonly Seen[];
  /** The unfinished folder holds only this torrent's files. */
  readonly partIsOurs: boolean;
}

/** Files to create without yielding: a few milliseconds. */
const MADE_AT_ONCE = 256;

/** The path of each file; empty for a file without a place on disk. */
export function pathsOf({ plan, final, part }: Folder, places: readonly Place[]): string[] {
  return plan.metainfo.info.files.map(({ path }, file) => {
    if (places[file] === "final") return final.pathOf(path);
    return places[file] === "part" ? part.pathOf(path) : "";
  });
}

/** The folder's state if every chosen file is finished and right, else `undefined`. Writes nothing. */
export async function completeFolder(folder: Folder): Promise<FolderState | undefined> {
  const { plan: { metainfo: { info }, selection }, final, notes } = folder;
  const places = info.files.map(({ path, length, pad }): Place => {
    const found = pad ? undefined : final.look(path);
    return found?.type === "file" && found.length === length ? "final" : "none";
  });
  if (places.some((place, file) => selection.has(file) && place !== "final")) return undefined;
  const verified = await notes.check(pathsOf(folder, places));
  if (!selection.isIn(verified.have)) return undefined;
  return { places, verified, seen: [], partIsOurs: true };
}

/**
 * Checks an unfinished folder, creates the missing files, and records the result.
 *
 * @throws {DiskError} when something else is in the way, or the disk is full or not writable
 */
export async function continueFolder(folder: Folder): Promise<FolderState> {
  const { plan, final, part, notes } = folder;
  const { metainfo: { info }, selection, overwrite } = plan;
  if (overwrite) await removeFile(part.root);
  final.exists();
  const partIsNew = !part.exists();
  const places = await scanFolder({ files: info.files, selection, overwrite, final, part });
  const seen = pathsOf(folder, places).map(seenAt);
  const verified = await verifiedPieces(folder, places);
  replaceWrong(folder, places, verified.have);
  await requireSpace(part.root, selection.totalBytes - selection.bytesIn(verified.have));
  const made = await makeMissing(folder, places);
  const paths = pathsOf(folder, places);
  for (const [file, id] of made) seen[file] = { id, mark: seenAt(paths[file]!).mark };
  await notes.write(verified, paths);
  return { places, verified, seen, partIsOurs: partIsNew || notes.wereFound };
}

function seenAt(path: string): Seen {
  const there = path === "" ? undefined : lookUnfollowed(path);
  return there === undefined ? { id: "", mark: NaN } : { id: idOf(there), mark: markOf(there) };
}

async function verifiedPieces(folder: Folder, places: readonly Place[]): Promise<Verified> {
  const { plan, notes } = folder;
  const paths = pathsOf(folder, places);
  const noted = await notes.trusted(paths);
  if (noted !== undefined) {
    const gone = plan.metainfo.info.files.keys().filter((file) => paths[file] === "");
    for (const piece of plan.selection.piecesOf(gone).ones()) noted.have.clear(piece);
    if (wrongFiles(folder, places, noted.have).length === 0) return noted;
  }
  if (paths.some((path) => path !== "")) return await notes.check(paths);
  return { have: new Bitfield(plan.layout.pieceCount), hasSha1Pieces: false };
}

/**
 * Chosen files in the finished folder that do not match. A bad piece counts only when it lies entirely in
 * such files: in v1, the neighbouring file may be the one that is missing or different.
 */
function wrongFiles({ plan }: Folder, places: readonly Place[], have: Bitfield): number[] {
  const { layout, selection } = plan;
  const isFinished = (file: number) => places[file] === "final" && selection.has(file);
  const isWrong = (piece: number) =>
    !have.get(piece) &&
    layout.spans(piece as PieceIndex, 0, layout.pieceLength).every(({ file }) => isFinished(file));
  return places.keys().filter(isFinished).filter((file) => {
    const { first, count } = layout.piecesOf(file);
    for (let i = 0; i < count; i++) if (isWrong(first + i)) return true;
    return false;
  }).toArray();
}

/** Marks finished files that do not match to be downloaded again, if that is allowed. */
function replaceWrong(folder: Folder, places: Place[], have: Bitfield): void {
  const { plan, final, part } = folder;
  const { files } = plan.metainfo.info;
  const wrong = wrongFiles(folder, places, have);
  if (wrong.length > 0 && !plan.overwrite) {
    throw somethingElse(final.pathOf(files[wrong[0]!]!.path));
  }
  for (const file of wrong) {
    places[file] = part.look(files[file]!.path).type === "nothing" ? "new" : "stale";
  }
  for (const piece of plan.selection.piecesOf(wrong).ones()) have.clear(piece);
}

/** Returns the files it created. */
async function makeMissing({ plan, part }: Folder, places: Place[]): Promise<Map<number, FileId>> {
  const made = new Map<number, FileId>();
  for (const [file, { path, length }] of plan.metainfo.info.files.entries()) {
    if (places[file] !== "new" && places[file] !== "stale") continue;
    if (made.size % MADE_AT_ONCE === 0) {
      await new Promise((resolve) => setTimeout(resolve));
      plan.signal.throwIfAborted();
    }
    if (places[file] === "stale") await removeFile(part.pathOf(path));
    made.set(file, part.create(path, length));
    places[file] = "part";
  }
  return made;
}

/** Removes a file. Leaves anything that is not a file; it is reported later if it is in the way. */
async function removeFile(path: string): Promise<void> {
  const there = await Deno.lstat(path).catch(() => undefined);
  if (there?.isFile) await Deno.remove(path).catch(() => {});
}

/** Files to move without yielding: a few milliseconds. */
const MOVED_AT_ONCE = 256;

/**
 * Moves the chosen, complete files to the finished folder: the whole unfinished folder if there is no
 * finished one, else file by file. Replaces nothing that appeared there meanwhile unless asked to.
 *
 * @param onMoved called for each file that reached its place, even if a later one fails
 * @throws {DiskError} when something is in the way
 */
export async function finishFolder(
  folder: Folder,
  { places, partIsOurs }: FolderState,
  onMoved: (file: number) => void,
): Promise<void> {
  const { plan: { selection } } = folder;
  const moved = places.keys().filter((file) => places[file] === "part" && selection.has(file))
    .toArray();
  if (moved.length === 0) return;
  const hasOthers = places.some((place, file) => place === "part" && !selection.has(file));
  if (partIsOurs && !hasOthers && movesWhole(folder)) moved.forEach(onMoved);
  else await moveFiles(folder, moved, onMoved);
}

/** Moves the whole folder, unless the finished folder exists. @throws {DiskError} on a disk error */
function movesWhole({ final, part }: Folder): boolean {
  const isThere = () => new FolderTree(final.root).exists(); // stat again: hours may have passed
  if (isThere()) return false;
  try {
    Deno.renameSync(part.root, final.root); // replaces only an empty folder
  } catch (error) {
    if (isThere()) return false; // it appeared just now
    throw diskError(error, final.root);
  }
  return true;
}

async function moveFiles(
  { plan, final, part }: Folder,
  moved: readonly number[],
  onMoved: (file: number) => void,
): Promise<void> {
  const { files } = plan.metainfo.info;
  const target = new FolderTree(final.root);
  for (const [i, file] of moved.entries()) {
    if (i % MOVED_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    const { path } = files[file]!;
    target.makeFolders(path.slice(0, -1));
    const found = target.look(path);
    if (found.type === "obstacle") throw found.error;
    if (plan.overwrite) move(part.pathOf(path), target.pathOf(path));
    else moveAnew(part.pathOf(path), target.pathOf(path));
    onMoved(file);
  }
  part.removeEmptyFolders(moved.map((file) => files[file]!.path));
}
