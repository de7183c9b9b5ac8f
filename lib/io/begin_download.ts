/**
 * Joins a torrent's metadata, its files on disk and its session into a running transfer.
 *
 * @module
 */

import type { Metainfo } from "../codec/metainfo.ts";
import type { PieceLayer } from "../codec/piece_layer.ts";
import type { Transfer } from "../peer/transfer.ts";
import type { Layout } from "../store/layout.ts";
import type { DownloadFiles } from "./download_files.ts";
import { FileReader, stampOf } from "./file_reader.ts";
import { PieceMemory } from "./piece_memory.ts";
import { PieceWorkers, verifyingWorkerCount } from "./piece_workers.ts";
import type { Session } from "./session.ts";

/** Memory for pieces that are being collected or verified, in bytes; more only for the fewest slots. */
const PIECE_MEMORY = 12 * 1024 * 1024;
const MIN_SLOTS = 4;
const MAX_SLOTS = 512;

/** What a download consists of. */
export interface DownloadParts {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  readonly files: DownloadFiles;
}

/** Pieces can move from now on. */
export function beginDownload(session: Session, parts: DownloadParts): Transfer {
  const { metainfo: { info }, layout, layers, files } = parts;
  const { pieceLength, version } = layout;
  const slotCount = slotsFor(layout);
  const memory = new PieceMemory(slotCount, pieceLength);
  const paths = [files.dataPath];
  const setup = {
    layout: { pieceLength, version, files: info.files },
    paths,
    resume: files.resume,
  };
  const storing = files.have.isFull
    ? undefined
    : { workers: new PieceWorkers(setup, verifyingWorkerCount()), memory };
  const transfer = session.beginTransfer(
    {
      info: info.bytes,
      layout,
      have: files.have,
      slotCount,
      sha1s: info.pieces,
      layers,
      storeBlock: (slot, begin, block) => memory.store(slot, begin, block),
    },
    info,
    {
      reader: new FileReader(layout, info.files, paths, (p) => transfer.expected(p), "growing"),
      ...(storing && { storing }),
    },
  );
  transfer.usedSha1 = files.hasSha1Pieces;
  return transfer;
}

/** Everything is in its place: from now on it is read from there, and nothing is stored any more. */
export async function endDownload(session: Session, parts: DownloadParts): Promise<void> {
  const { metainfo: { info }, layout, files: { finalPath } } = parts;
  await session.stopStoring();
  const { phase } = session.swarm;
  if (phase.name !== "transfer") return;
  const stamps = [await stampOf(finalPath)];
  session.replaceReader(
    new FileReader(layout, info.files, [finalPath], (p) => phase.transfer.expected(p), stamps),
  );
}

function slotsFor({ pieceLength, pieceCount }: Layout): number {
  const affordable = Math.max(MIN_SLOTS, Math.floor(PIECE_MEMORY / pieceLength));
  return Math.max(1, Math.min(MAX_SLOTS, affordable, pieceCount));
}
