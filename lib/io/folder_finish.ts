/**
 * A folder's last step: its files get to where they are looked for.
 *
 * @module
 */

import { diskError } from "./disk_error.ts";
import { obstructed } from "./folder_tree.ts";
import { FolderTree } from "./folder_tree.ts";
import type { Folder, FolderState } from "./folder_state.ts";
import type { Place } from "./folder_scan.ts";

/** Files that are moved without a pause: some milliseconds. */
const MOVED_AT_ONCE = 256;

/**
 * Moves what was chosen and is complete now to the finished folder: the unfinished folder as a whole
 * where there is no finished one, else file by file. Returns where the files are from now on.
 *
 * @throws {DiskError} when something is in the way
 */
export async function finishFolder(folder: Folder, state: FolderState): Promise<Place[]> {
  const { plan: { selection } } = folder;
  const { places, partIsOurs } = state;
  const isMoved = (place: Place, file: number) => place === "part" && selection.has(file);
  const after = places.map((place, file) => isMoved(place, file) ? "final" : place);
  if (!places.some(isMoved)) return after;
  const hasOthers = after.includes("part");
  const moveAll = partIsOurs && !hasOthers && !new FolderTree(folder.final.root).exists();
  if (moveAll) await moveFolder(folder);
  else await moveFiles(folder, places.map(isMoved));
  return after;
}

async function moveFolder({ final, part }: Folder): Promise<void> {
  try {
    await Deno.rename(part.root, final.root);
  } catch (error) {
    throw diskError(error, final.root);
  }
}

async function moveFiles(
  { plan, final, part }: Folder,
  isMoved: readonly boolean[],
): Promise<void> {
  const { files } = plan.metainfo.info;
  const target = new FolderTree(final.root); // looked at anew: hours may have passed
  let moved = 0;
  for (const [file, { path }] of files.entries()) {
    if (!isMoved[file]) continue;
    if (++moved % MOVED_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    target.makeFolders(path.slice(0, -1));
    const found = target.look(path);
    if (found.type === "obstacle") throw obstructed(found.sentence);
    try {
      Deno.renameSync(part.pathOf(path), target.pathOf(path));
    } catch (error) {
      throw diskError(error, target.pathOf(path));
    }
  }
  part.removeEmptyFolders(files.filter((_, file) => isMoved[file]).map(({ path }) => path));
}
