/**
 * What a folder holds when a download of it begins, and what is made for it to go on.
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

/** One folder of a download. */
export interface Folder {
  readonly plan: DownloadPlan;
  /** The finished folder. */
  readonly final: FolderTree;
  /** The unfinished one. */
  readonly part: FolderTree;
  readonly notes: ResumeData;
}

/** A file that was looked at. */
interface Seen {
  /** Which file it is; empty for what has no place. */
  readonly id: FileId | "";
  readonly mark: FileMark;
}

/** What it holds. */
export interface FolderState {
  /** The place of each file of the torrent; none is "new" or "stale" any more. */
  readonly places: readonly Place[];
  readonly verified: Verified;
  /** Of each file, what it was like before it was known what is in it. */
  readonly seen: readonly Seen[];
  /** The unfinished folder has nothing in it but this torrent's files. */
  readonly partIsOurs: boolean;
}

/** Files that are made without a pause: some milliseconds. */
const MADE_AT_ONCE = 256;

/** Where each file is; empty for what has no place. */
export function pathsOf({ plan, final, part }: Folder, places: readonly Place[]): string[] {
  return plan.metainfo.info.files.map(({ path }, file) => {
    if (places[file] === "final") return final.pathOf(path);
    return places[file] === "part" ? part.pathOf(path) : "";
  });
}

/** What is there when all that was chosen is, finished and right; else `undefined`. Writes nothing. */
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
 * Looks at what there is of an unfinished folder, makes what is missing, and notes it.
 *
 * @throws {DiskError} when the place is taken by something else, cannot be written, or too small
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
 * Files of the finished folder that were chosen and do not match. A piece tells only when all of it is
 * made of such files: in v1 it may be the neighbour that is missing or different.
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

/** Finished files that do not match are fetched again, if that is allowed. */
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

/** Returns the files that were made. */
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

/** Removes a file; what is no file stays, and is told of where it is in the way. */
async function removeFile(path: string): Promise<void> {
  const there = await Deno.lstat(path).catch(() => undefined);
  if (there?.isFile) await Deno.remove(path).catch(() => {});
}

/** Files that are moved without a pause: some milliseconds. */
const MOVED_AT_ONCE = 256;

/**
 * Moves what was chosen and is complete now to the finished folder: the unfinished folder as a whole
 * where there is no finished one, else file by file. Nothing that came to be there meanwhile is replaced,
 * unless that was asked for.
 *
 * @param onMoved hears of each file that has got to its place, also when a later one could not
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

/** Moves the folder as a whole, unless there is one already. @throws {DiskError} as the disk says */
function movesWhole({ final, part }: Folder): boolean {
  const isThere = () => new FolderTree(final.root).exists(); // looked at anew: hours may have passed
  if (isThere()) return false;
  try {
    Deno.renameSync(part.root, final.root); // replaces nothing but an empty folder
  } catch (error) {
    if (isThere()) return false; // in this very moment
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
