/**
 * Whether a file or folder on disk is what its torrent says.
 *
 * @module
 */

import { join } from "@std/path";
import { checkPieces } from "../disk/check_pieces.ts";
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

/** What a check found. */
export interface VerifyResult {
  /** Every piece matches, and no file is longer than it should be. */
  readonly ok: boolean;
  /** The file or folder that was checked. */
  readonly path: string;
  /** How many pieces do not match. */
  readonly badPieces: number;
  /** How many there are to check. */
  readonly pieces: number;
  /** Files that are missing, of another length or do not match, as `Torrent.files` names them. */
  readonly badFiles: readonly string[];
  /** How many files were to be checked. */
  readonly files: number;
}

/**
 * Holds a file or folder on disk against its torrent, piece by piece. Without piece layers (a magnet
 * link of a v2 torrent) a file is right or wrong as a whole. Of a folder only the files that `select`
 * names are looked at; a piece of v1 that reaches into others is left out.
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
  const { have } = await checkPieces({
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

/** A file of the torrent on disk; the path is empty when it is not there or not chosen. */
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
  tree.exists(); // says so when it is a link
  const files = await resolveNameConflicts(join(path, ".."), info.files);
  return files.map((file, index) => {
    // Whoever shares a file may call it something that nobody else's file is called after.
    const places = [file.original, file.path].filter((path) => path !== undefined);
    for (const path of selection.has(index) ? places : []) {
      const found = tree.look(path);
      if (found.type !== "file") continue;
      return { path: tree.pathOf(path), fits: found.length === file.length };
    }
    return { path: "", fits: false };
  });
}

/** Which chosen files have pieces that do not match, among the pieces that are theirs alone. */
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

/** The files that are no pads, with their numbers among all. */
function torrentFilesOf(torrent: Torrent): { file: number; path: string }[] {
  const { files } = torrent.metainfo.info;
  const real = files.keys().filter((file) => !files[file]!.pad).toArray();
  return torrent.files.map(({ path }, i) => ({ file: real[i]!, path }));
}
