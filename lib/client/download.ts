/**
 * Combines a torrent's metadata, its files on disk and its session into a running transfer.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import { type Metainfo, parseInfo, type TorrentInfo } from "../codec/torrent/metainfo.ts";
import type { PieceLayer } from "../codec/torrent/piece_layer.ts";
import type { OfferedFile } from "../discovery/local/offer.ts";
import { checkPieces } from "../disk/check_pieces.ts";
import { openStorage } from "../disk/download/open_storage.ts";
import type { DownloadPlan, DownloadStorage } from "../disk/download/storage.ts";
import type { DiskResources } from "../disk/disk_resources.ts";
import { fingerprintsOf } from "../disk/file_fingerprint.ts";
import { FileReader } from "../disk/file_reader.ts";
import { PieceBuffers } from "../disk/piece_buffers.ts";
import { verifyingWorkerCount } from "../disk/worker_pool.ts";
import { DiskError, ExitCode, OptionError, TorrentError } from "../errors.ts";
import type { TransferEvent, TransferResult } from "../session/events.ts";
import type { Session } from "../session/session.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import { fewestPieces, PIECE_MEMORY } from "../store/piece_budget.ts";
import { chooseFiles, type FileChoice, type Selection } from "../store/selection.ts";
import { pieceLayersOf } from "../store/torrent.ts";

/** The most pieces of one download that are collected at once, however short they are. */
const MAX_SLOTS = 512;

/** The parts of a download. */
export interface DownloadParts {
  /** What all torrents share. */
  readonly disk: DiskResources;
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  readonly selection: Selection;
  readonly files: DownloadStorage;
}

/** The user's choices for a download. */
export interface DownloadChoices extends FileChoice {
  /** See {@link DownloadPlan.out}. */
  readonly out?: string | undefined;
  /** See {@link DownloadPlan.overwrite}. */
  readonly overwrite?: boolean | undefined;
  /** `sha-256=HEX`: the expected hash of the finished file. */
  readonly checksum?: string | undefined;
}

/**
 * Checks what a torrent already has on disk, and prepares for what is missing.
 *
 * @throws {OptionError} when the torrent has no such files, or a checksum is given for a folder
 * @throws {ShoalError} as {@link openStorage} does
 */
export async function prepareDownload(
  metainfo: Metainfo,
  choices: DownloadChoices,
  running: Pick<DownloadPlan, "disk" | "onProgress" | "signal">,
): Promise<DownloadParts> {
  const { info } = metainfo;
  const layout = Layout.of(info);
  const layers = pieceLayersOf(metainfo);
  const selection = chooseFiles(info, layout, choices);
  if (info.multiFile && choices.checksum !== undefined) {
    throw new OptionError(`a checksum is for single files, and "${info.name}" is a folder`, {
      code: "checksum-of-folder",
    });
  }
  const { out, overwrite = false } = choices;
  const what = { disk: running.disk, metainfo, layout, layers, selection };
  return { ...what, files: await openStorage({ ...what, out, overwrite, ...running }) };
}

/** Starts moving pieces. */
export function beginDownload(session: Session, parts: DownloadParts): void {
  const { disk, metainfo: { info }, layout, layers, selection, files } = parts;
  const { pieceLength, version } = layout;
  const slotCount = slotsFor(layout);
  const memory = new PieceBuffers(slotCount, pieceLength, disk.pieceBuffers);
  const setup = {
    layout: { pieceLength, version, files: info.files },
    paths: files.writtenPaths,
    ...(files.writing && { writing: files.writing }),
  };
  const expected = (piece: PieceIndex) => session.swarm.transfer?.expected(piece);
  const storing = selection.isIn(files.have)
    ? undefined
    : { workers: disk.workers.open(setup, verifyingWorkerCount(), files.watch), memory };
  session.beginTransfer(
    {
      info: info.bytes,
      layout,
      have: files.have,
      chosen: { wanted: selection.wanted, fragments: files.fragments },
      slotCount,
      memory,
      sha1s: info.pieces,
      usedSha1: files.hasSha1Pieces,
      private: info.private,
      layers,
      storeBlock: (slot, begin, block) => {
        storing?.workers.warmUp(); // afterwards, so as not to delay the first request
        memory.store(slot, begin, block);
      },
    },
    info,
    {
      shared: disk,
      reader: new FileReader(
        layout,
        info.files,
        files.paths,
        expected,
        "growing",
        disk.openFiles,
      ),
      ...(storing && { storing }),
    },
  );
}

/**
 * Moves the verified download to its final path. From then on files are read from there, and nothing is
 * stored any more.
 *
 * @throws {DiskError} when something is in the way
 */
export async function endDownload(session: Session, parts: DownloadParts): Promise<void> {
  const { disk, metainfo: { info }, layout, files } = parts;
  await session.store.stopStoring();
  const expected = (piece: PieceIndex) => session.swarm.transfer?.expected(piece);
  await session.store.moveFiles(async () => {
    if (!files.wasComplete) await files.finish();
    return new FileReader(
      layout,
      info.files,
      files.paths,
      expected,
      await fingerprintsOf(files.paths),
      disk.openFiles,
    );
  });
}

/** How many pieces are collected at once, if no other download needs memory. */
export function slotsFor(
  { pieceLength, pieceCount }: Pick<Layout, "pieceLength" | "pieceCount">,
): number {
  const affordable = Math.max(fewestPieces(pieceLength), Math.floor(PIECE_MEMORY / pieceLength));
  return Math.max(1, Math.min(MAX_SLOTS, affordable, pieceCount));
}

/** Whether the piece hashes of all chosen files are known and lead to the roots of the files. */
export function isVerified(
  { metainfo, layers, selection }: Pick<DownloadParts, "metainfo" | "layers" | "selection">,
): boolean {
  return metainfo.info.files.every(({ root }, file) =>
    root === undefined || !selection.has(file) || layers.get(hex(root))!.complete
  );
}

/**
 * Checks a hybrid whose pieces were verified by SHA-1 against its SHA-256 roots.
 *
 * @throws {TorrentError} when the two kinds of hashes do not cover the same data
 */
export async function verifySha256(parts: DownloadParts, signal: AbortSignal): Promise<void> {
  const { paths } = parts.files;
  const { have } = await checkPieces({ ...parts, paths, signal, onProgress: () => {} });
  if (parts.selection.isIn(have) && isVerified(parts)) return;
  throw new TorrentError("the SHA-1 and SHA-256 hashes of this torrent belong to different files");
}

/**
 * Checks a file against a checksum. Returns its SHA-256 in hex, or `undefined` when no checksum was given.
 *
 * @throws {DiskError} exit 32 when it does not match
 */
export async function verifyChecksum(
  { disk, layout, metainfo, files: { paths } }: DownloadParts,
  checksum: string | undefined,
): Promise<string | undefined> {
  const wanted = checksumOf(checksum);
  if (wanted === undefined) return undefined;
  const { pieceLength, version } = layout;
  const setup = { layout: { pieceLength, version, files: metainfo.info.files }, paths };
  const workers = disk.workers.open(setup, 1);
  const actual = await workers.digest(0).finally(() => workers.close());
  if (actual === wanted) return actual;
  throw new DiskError(
    `the file's SHA-256 is ${actual} and not the one asked for; it was left as ${paths[0]}`,
    { code: "checksum-mismatch", exitCode: ExitCode.checksum },
  );
}

/** The result of a finished download, after `run`. */
export function resultOf(
  { metainfo: { info }, selection, files }: DownloadParts,
  run: Pick<TransferResult, "seconds" | "sources"> & { sha256: string | undefined },
): TransferResult {
  const root = info.multiFile ? undefined : info.files[0]?.root;
  const { seconds, sources, sha256 } = run;
  return {
    path: files.finalPath,
    bytes: selection.totalBytes,
    ...(info.multiFile && { files: selection.fileCount }),
    seconds,
    verifiedBy: info.version === "v1" ? "SHA-1" : "SHA-256",
    ...(root && { v2Root: hex(root) }),
    ...(sha256 !== undefined && { sha256 }),
    sources,
  };
}

/** The hex digits of `sha-256=HEX`. @throws {OptionError} when it is something else */
export function checksumOf(checksum: string | undefined): string | undefined {
  if (checksum === undefined) return undefined;
  const match = /^sha-?256=([0-9a-f]{64})$/i.exec(checksum);
  if (match !== null) return match[1]!.toLowerCase();
  throw new OptionError(`"${checksum}" is not a checksum: write sha-256= and 64 hex digits`);
}

/**
 * The metainfo when peers have sent only the info dictionary.
 *
 * @throws {TorrentError} when it is malformed
 */
export function metainfoOf(info: Uint8Array): Metainfo {
  return { info: parseInfo(info), trackers: [], pieceLayers: new Map(), webSeeds: [] };
}

/** What trackers may list of it in their catalogues, and what the local network is told. */
export function hostedFile({ info }: Metainfo): OfferedFile {
  const { name, totalLength: length, v1Hash, v2Hash } = info;
  return { name, length, ...(v1Hash && { v1Hash }), ...(v2Hash && { v2Hash }) };
}

/** The event that the metadata is known. */
export function metadataEvent(info: TorrentInfo): TransferEvent {
  return {
    type: "metadata",
    name: info.name,
    bytes: info.totalLength,
    ...(info.multiFile && { files: info.files.filter(({ pad }) => !pad).length }),
    ...(info.v1Hash && { v1Hash: hex(info.v1Hash) }),
    ...(info.v2Hash && { v2Hash: hex(info.v2Hash) }),
  };
}
