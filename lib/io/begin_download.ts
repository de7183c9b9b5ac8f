/**
 * Joins a torrent's metadata, its files on disk and its session into a running transfer.
 *
 * @module
 */

import type { Metainfo } from "../codec/metainfo.ts";
import type { PieceLayer } from "../codec/piece_layer.ts";
import { OptionError } from "../errors.ts";
import type { Transfer } from "../peer/transfer.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import type { Selection } from "../store/selection.ts";
import { chooseFiles, type FileChoice } from "./choose_files.ts";
import { type DownloadFiles, type DownloadPlan, openDownload } from "./download_files.ts";
import { FileReader } from "./file_reader.ts";
import { stampsOf } from "./file_stamp.ts";
import { PieceMemory } from "./piece_memory.ts";
import { PieceWorkers, verifyingWorkerCount } from "./piece_workers.ts";
import type { Session } from "./session.ts";
import { pieceLayersOf } from "./torrent.ts";

/** Memory for pieces that are being collected or verified, in bytes; more only for the fewest slots. */
const PIECE_MEMORY = 12 * 1024 * 1024;
const MIN_SLOTS = 4;
/** Of pieces so long that the fewest slots would take more than this there are fewer: one at least. */
const MOST_MEMORY = 512 * 1024 * 1024;
const MAX_SLOTS = 512;

/** What a download consists of. */
export interface DownloadParts {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  readonly selection: Selection;
  readonly files: DownloadFiles;
}

/** What a user may want of a download. */
export interface DownloadChoices extends FileChoice {
  /** See {@link DownloadPlan.out}. */
  readonly out?: string | undefined;
  /** See {@link DownloadPlan.overwrite}. */
  readonly overwrite?: boolean | undefined;
  /** `sha-256=HEX`: what the finished file must hash to. */
  readonly checksum?: string | undefined;
}

/**
 * Looks what is on disk of a torrent, and prepares for what is missing.
 *
 * @throws {OptionError} when the torrent has no such files, or a folder is to have a checksum
 * @throws {ShoalError} as {@link openDownload} does
 */
export async function prepareDownload(
  metainfo: Metainfo,
  choices: DownloadChoices,
  running: Pick<DownloadPlan, "onProgress" | "signal">,
): Promise<DownloadParts> {
  const { info } = metainfo;
  const layout = Layout.of(info);
  const layers = pieceLayersOf(metainfo);
  const selection = chooseFiles(info, layout, choices);
  if (info.multiFile && choices.checksum !== undefined) {
    throw new OptionError(`--checksum is for single files, and "${info.name}" is a folder`);
  }
  const { out, overwrite = false } = choices;
  const what = { metainfo, layout, layers, selection };
  return { ...what, files: await openDownload({ ...what, out, overwrite, ...running }) };
}

/** Pieces can move from now on. */
export function beginDownload(session: Session, parts: DownloadParts): Transfer {
  const { metainfo: { info }, layout, layers, selection, files } = parts;
  const { pieceLength, version } = layout;
  const slotCount = slotsFor(layout);
  const memory = new PieceMemory(slotCount, pieceLength);
  const setup = {
    layout: { pieceLength, version, files: info.files },
    paths: files.writtenPaths,
    ...(files.writing && { writing: files.writing }),
  };
  const expected = (piece: PieceIndex) => transfer.expected(piece);
  const storing = selection.isIn(files.have)
    ? undefined
    : { workers: new PieceWorkers(setup, verifyingWorkerCount(), files.watch), memory };
  const transfer = session.beginTransfer(
    {
      info: info.bytes,
      layout,
      have: files.have,
      chosen: { wanted: selection.wanted, fragments: files.fragments },
      slotCount,
      sha1s: info.pieces,
      private: info.private,
      layers,
      storeBlock: (slot, begin, block) => {
        storing?.workers.warmUp(); // not before: the first request shall leave without it
        memory.store(slot, begin, block);
      },
    },
    info,
    {
      reader: new FileReader(layout, info.files, files.paths, expected, "growing"),
      ...(storing && { storing }),
    },
  );
  transfer.usedSha1 = files.hasSha1Pieces;
  return transfer;
}

/**
 * Everything is verified: it gets to its place and is read from there from now on, and nothing is stored
 * any more.
 *
 * @throws {DiskError} when something is in the way
 */
export async function endDownload(session: Session, parts: DownloadParts): Promise<void> {
  const { metainfo: { info }, layout, files } = parts;
  await session.stopStoring();
  const { phase } = session.swarm;
  if (phase.name !== "transfer") return;
  const expected = (piece: PieceIndex) => phase.transfer.expected(piece);
  await session.moveFiles(async () => {
    if (!files.wasComplete) await files.finish();
    return new FileReader(layout, info.files, files.paths, expected, await stampsOf(files.paths));
  });
}

/** How many pieces are collected at once. A stranger's torrent chooses how long they are. */
export function slotsFor(
  { pieceLength, pieceCount }: Pick<Layout, "pieceLength" | "pieceCount">,
): number {
  const fewest = Math.min(MIN_SLOTS, Math.floor(MOST_MEMORY / pieceLength));
  const affordable = Math.max(fewest, Math.floor(PIECE_MEMORY / pieceLength));
  return Math.max(1, Math.min(MAX_SLOTS, affordable, pieceCount));
}
