/**
 * A folder's last step: its files get to where they are looked for.
 *
 * @module
 */

import { diskError } from "./disk_error.ts";
import type { Folder, FolderState } from "./folder_state.ts";
import { FolderTree, obstructed } from "./folder_tree.ts";
import { move, moveAnew } from "./own_file.ts";

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
    if (found.type === "obstacle") throw obstructed(found.sentence);
    if (plan.overwrite) move(part.pathOf(path), target.pathOf(path));
    else moveAnew(part.pathOf(path), target.pathOf(path));
    onMoved(file);
  }
  part.removeEmptyFolders(moved.map((file) => files[file]!.path));
}
