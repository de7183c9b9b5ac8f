/**
 * Checks whether a file or folder on disk matches its torrent.
 *
 * @module
 */

import { join } from "@std/path";
import { checkPieces } from "../disk/check_pieces.ts";
import { DiskResources } from "../disk/disk_resources.ts";
import { FolderTree } from "../disk/download/folder_tree.ts";
import { resolveNameConflicts } from "../disk/download/name_conflicts.ts";
import { outputPath } from "../disk/download/output_path.ts";
import { DiskError, ExitCode, ShoalError } from "../errors.ts";
import { tellOf } from "../runtime/event_listeners.ts";
import type { Bitfield } from "../store/bitfield.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import { chooseFiles, type Selection } from "../store/selection.ts";
import { pieceLayersOf, type Torrent } from "../store/torrent.ts";
import { describeTorrent } from "./list.ts";
import type { LeecherOptions } from "./options.ts";

/** The result of a check. */
export interface VerifyResult {
  /** Every piece matches, and no file is longer than it should be. */
  readonly ok: boolean;
  /** The file or folder that was checked. */
  readonly path: string;
  /** How many pieces do not match. */
  readonly badPieces: number;
  /** Number of pieces checked. */
  readonly pieces: number;
  /** Files that are missing, of another length or do not match, named as in `Torrent.files`. */
  readonly badFiles: readonly string[];
  /** Number of files to check. */
  readonly files: number;
}

/**
 * Checks a file or folder on disk against its torrent, piece by piece. Without piece layers (a magnet link
 * of a v2 torrent) a file is right or wrong as a whole. Of a folder, checks only the files in `select`;
 * leaves out v1 pieces that overlap others.
 *
 * @throws {ShoalError} as `listTorrent` does, or when there is nothing to check
 */
export async function verifyFile(
  what: string,
  options: LeecherOptions = {},
): Promise<VerifyResult> {
  const { torrent, selectOnly } = await describeTorrent(what, options);
  const { metainfo } = torrent;
  const layout = Layout.of(metainfo.info);
  const selection = chooseFiles(metainfo.info, layout, { ...options, selectOnly });
  const path = await outputPath(metainfo.info, options.out);
  const found = await findFiles(torrent, path, selection);
  await using disk = new DiskResources();
  const { have } = await checkPieces({
    disk,
    metainfo,
    layout,
    layers: pieceLayersOf(metainfo),
    paths: found.map(({ path }) => path),
    onProgress: (doneBytes, totalBytes) =>
      tellOf(options, { type: "hashing", doneBytes, totalBytes }),
    signal: options.signal ?? new AbortController().signal,
  });
  const { bad, checked } = compare(layout, selection, have);
  const badFiles = torrentFilesOf(torrent).filter(({ file }) =>
    selection.has(file) && (!found[file]!.fits || bad.has(file))
  );
  return {
    ok: badFiles.length === 0,
    path,
    badPieces: checked.bad,
    pieces: checked.all,
    badFiles: badFiles.map(({ path }) => path),
    files: selection.fileCount,
  };
}

/** A file of the torrent on disk; the path is empty when it is missing or not chosen. */
interface FoundFile {
  readonly path: string;
  readonly fits: boolean;
}

async function findFiles(
  { metainfo: { info } }: Torrent,
  path: string,
  selection: Selection,
): Promise<FoundFile[]> {
  const stat = await Deno.stat(path).catch((error) => {
    throw new DiskError(`${path} does not exist: nothing to check`, {
      exitCode: ExitCode.notFound,
      cause: error,
    });
  });
  if (info.multiFile ? !stat.isDirectory : !stat.isFile) {
    throw new ShoalError(`${path} is not a ${info.multiFile ? "folder" : "file"}`, {
      exitCode: ExitCode.io,
    });
  }
  if (!info.multiFile) return [{ path, fits: stat.size === info.totalLength }];
  const tree = new FolderTree(path);
  tree.exists(); // throws when it is a link
  const files = await resolveNameConflicts(join(path, ".."), info.files);
  return files.map((file, index) => {
    // The user's own shared file may have a name that Shoal would not create for another user's torrent.
    const places = [file.original, file.path].filter((path) => path !== undefined);
    for (const path of selection.has(index) ? places : []) {
      const found = tree.look(path);
      if (found.type !== "file") continue;
      return { path: tree.pathOf(path), fits: found.length === file.length };
    }
    return { path: "", fits: false };
  });
}

/** The chosen files with pieces that do not match, counting only pieces entirely in one file. */
function compare(
  layout: Layout,
  selection: Selection,
  have: Bitfield,
): { bad: Set<number>; checked: { bad: number; all: number } } {
  const bad = new Set<number>();
  const checked = { bad: 0, all: 0 };
  for (const piece of layout.pieces()) {
    if (!selection.wants(piece)) continue;
    const files = have.get(piece) ? [] : filesIn(layout, piece);
    if (!files.every((file) => selection.has(file))) continue;
    checked.all++;
    if (files.length > 0) checked.bad++;
    for (const file of files) bad.add(file);
  }
  return { bad, checked };
}

function filesIn(layout: Layout, piece: PieceIndex): number[] {
  return layout.spans(piece, 0, layout.pieceLength).map(({ file }) => file);
}

/** The files except pads, with their indexes. */
function torrentFilesOf(torrent: Torrent): { file: number; path: string }[] {
  const { files } = torrent.metainfo.info;
  const real = files.keys().filter((file) => !files[file]!.pad).toArray();
  return torrent.files.map(({ path }, i) => ({ file: real[i]!, path }));
}
