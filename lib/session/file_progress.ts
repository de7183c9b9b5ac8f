/**
 * The files of a folder and their progress.
 *
 * @module
 */

import type { TorrentFile } from "../codec/torrent/file_list.ts";
import type { Swarm } from "../peer/swarm.ts";
import type { Selection } from "../store/selection.ts";

/** The progress of a file. */
export interface FileStanding {
  /** Path below the folder, with `/` as separator. */
  readonly path: string;
  /** Its length. */
  readonly bytes: number;
  /** Bytes verified and on disk; absent while unknown. */
  readonly haveBytes?: number;
  /** Whether it is to be downloaded; a leecher may have chosen other files only. */
  readonly isChosen: boolean;
}

/** A live view of the files. */
export interface FileView {
  /** Number of files. */
  readonly count: number;
  /** At most `most` files after `skipped` ones, in the torrent's order: there may be a hundred thousand. */
  first(most: number, skipped?: number): FileStanding[];
}

/**
 * The files of a torrent.
 *
 * @param swarm the torrent's
 * @param selection the chosen files; absent: all
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
    first: (most, skipped = 0) =>
      files.keys().filter((index) => !files[index]!.pad)
        .drop(skipped).take(most).map(standing).toArray(),
  };
}
