/**
 * From what a user or a magnet link asks for to the files that are fetched.
 *
 * A user counts the files as `Torrent.files` and `--list` show them. A magnet link counts pad files too
 * (BEP 53 leaves that open; libtorrent writes it so), which makes a difference in hybrid folders only.
 *
 * @module
 */

import type { TorrentInfo } from "../codec/metainfo.ts";
import { OptionError } from "../errors.ts";
import type { Layout } from "../store/layout.ts";
import { Selection } from "../store/selection.ts";

/** Which files; all when nothing is said. */
export interface FileChoice {
  /** Indexes into the files without pads. Goes before {@link selectOnly}. */
  readonly select?: readonly number[] | undefined;
  /** Indexes into the files with pads, from a magnet link. */
  readonly selectOnly?: readonly number[] | undefined;
}

/**
 * The files that are meant.
 *
 * @throws {OptionError} when there is no such file, or none is chosen
 */
export function chooseFiles(
  info: TorrentInfo,
  layout: Layout,
  { select, selectOnly }: FileChoice,
): Selection {
  const { files } = info;
  if (select !== undefined) {
    const real = files.keys().filter((file) => !files[file]!.pad).toArray();
    requireIndexes(info, select, real.length);
    return new Selection(layout, files, select.map((index) => real[index]!));
  }
  if (selectOnly !== undefined) requireIndexes(info, selectOnly, files.length);
  const selection = new Selection(layout, files, selectOnly);
  if (selection.fileCount > 0) return selection;
  throw new OptionError(`the link chooses no file of "${info.name}": choose some with --select`);
}

function requireIndexes(info: TorrentInfo, indexes: readonly number[], count: number): void {
  if (indexes.length === 0) throw new OptionError("no file is chosen: give the number of one");
  const wrong = indexes.find((index) => !Number.isInteger(index) || index < 0 || index >= count);
  if (wrong === undefined) return;
  throw new OptionError(
    count === 1
      ? `there is no file ${wrong}: "${info.name}" has one file, number 0`
      : `there is no file ${wrong}: "${info.name}" has the files 0 to ${
        count - 1
      }; --list shows them`,
  );
}
