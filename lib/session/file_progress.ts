/**
 * The files of a folder, for those who list them.
 *
 * @module
 */

import type { TorrentFile } from "../codec/torrent/file_list.ts";
import type { Swarm } from "../peer/swarm.ts";
import type { Selection } from "../store/selection.ts";

/** How far a file is. */
export interface FileStanding {
  /** Below the folder, with `/` between its parts. */
  readonly path: string;
  /** Its length. */
  readonly bytes: number;
  /** Verified and on disk; absent before that is known. */
  readonly haveBytes?: number;
  /** Whether it is to be here; a leecher may have chosen others only. */
  readonly isChosen: boolean;
}

/** The files as they are at the moment of asking. */
export interface FileView {
  /** How many there are. */
  readonly count: number;
  /** So many of them at most, in the torrent's order: there may be a hundred thousand. */
  first(most: number): FileStanding[];
}

/**
 * The files of a torrent.
 *
 * @param swarm the torrent's
 * @param selection what was chosen of it; absent: everything
 */
export function fileProgress(
  files: readonly TorrentFile[],
  swarm: Swarm,
  selection?: Selection,
): FileView {
  const count = files.reduce((sum, { pad }) => sum + (pad ? 0 : 1), 0);
  const standing = (index: number): FileStanding => {
    const { path, length } = files[index]!;
    const { transfer } = swarm;
    return {
      path: path.join("/"),
      bytes: length,
      ...(transfer && { haveBytes: transfer.layout.bytesIn(index, transfer.pieces.have) }),
      isChosen: selection?.has(index) ?? true,
    };
  };
  return {
    count,
    first: (most) =>
      files.keys().filter((index) => !files[index]!.pad).take(most).map(standing).toArray(),
  };
}
