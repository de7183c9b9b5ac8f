/**
 * The last checks of a download, on whole files.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import { DiskError, ExitCode, OptionError, TorrentError } from "../errors.ts";
import type { DownloadParts } from "./begin_download.ts";
import { checkPieces } from "./check_pieces.ts";
import type { TransferResult } from "./events.ts";
import { PieceWorkers } from "./piece_workers.ts";

/** Whether the piece hashes of all that was chosen are known and lead to the roots of the files. */
export function isProved(
  { metainfo, layers, selection }: Pick<DownloadParts, "metainfo" | "layers" | "selection">,
): boolean {
  return metainfo.info.files.every(({ root }, file) =>
    root === undefined || !selection.has(file) || layers.get(hex(root))!.complete
  );
}

/**
 * Holds a hybrid whose pieces came under their SHA-1 hashes against its SHA-256 roots.
 *
 * @throws {TorrentError} when the two kinds of hashes are not of the same data
 */
export async function proveSha256(parts: DownloadParts, signal: AbortSignal): Promise<void> {
  const { paths } = parts.files;
  const { have } = await checkPieces({ ...parts, paths, signal, onProgress: () => {} });
  if (parts.selection.isIn(have) && isProved(parts)) return;
  throw new TorrentError("the SHA-1 and SHA-256 hashes of this torrent belong to different files");
}

/**
 * Holds a file against a checksum. Returns its SHA-256 in hex, or `undefined` when none was asked for.
 *
 * @throws {DiskError} exit 32, when it does not match
 */
export async function proveChecksum(
  { layout, metainfo, files: { paths } }: DownloadParts,
  checksum: string | undefined,
): Promise<string | undefined> {
  const wanted = checksumOf(checksum);
  if (wanted === undefined) return undefined;
  const { pieceLength, version } = layout;
  const setup = { layout: { pieceLength, version, files: metainfo.info.files }, paths };
  const workers = new PieceWorkers(setup, 1);
  const actual = await workers.digest(0).finally(() => workers.close());
  if (actual === wanted) return actual;
  throw new DiskError(
    `the file's SHA-256 is ${actual} and not the one asked for; it was left as ${paths[0]}`,
    ExitCode.checksum,
  );
}

/** What there is to tell of a finished download, after `run`. */
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
