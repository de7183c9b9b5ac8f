/**
 * The limits on piece lengths, and the lengths Shoal chooses.
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { BLOCK_LENGTH, nextPowerOfTwo } from "./merkle.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** The most pieces a torrent may have; an untrusted torrent decides how many we have to track. */
export const MAX_PIECES = 0x200000;

/** The longest piece libtorrent loads, in bytes: 32,767 blocks. */
export const MAX_PIECE_LENGTH = 32767 * BLOCK_LENGTH;

/**
 * Above 4 GiB, pieces grow to keep their number below this while their length stays reasonable. Small files
 * do not shorten pieces beyond this number.
 */
const PREFERRED_MAX_PIECES = 16384;
const PREFERRED_MAX_PIECE_LENGTH = 16 * MIB;

/**
 * The piece length Shoal chooses for a total of bytes: 512 KiB from 64 MiB to 8 GiB, shorter below so that
 * there is something to share, longer above so that there are fewer pieces to track; at most 16 MiB.
 */
export function choosePieceLength(totalBytes: number): number {
  if (totalBytes <= 2_684_355) return 16 * KIB;
  if (totalBytes <= 10_737_418) return 32 * KIB;
  if (totalBytes <= 16 * MIB) return 64 * KIB;
  if (totalBytes <= 64 * MIB) return 256 * KIB;
  if (totalBytes <= 4 * GIB) return 512 * KIB;
  const needed = nextPowerOfTwo(totalBytes / PREFERRED_MAX_PIECES);
  return Math.min(Math.max(needed, 512 * KIB), PREFERRED_MAX_PIECE_LENGTH);
}

/**
 * The piece length Shoal chooses for files padded to whole pieces. Padding is not transferred, but it is
 * hashed with SHA-1. So with many small files, pieces get shorter until the padding is not much more than
 * the data, or there would be too many pieces.
 */
export function chooseFolderPieceLength(lengths: readonly number[]): number {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let pieceLength = choosePieceLength(total);
  while (pieceLength > BLOCK_LENGTH) {
    const pieces = piecesOfAll(lengths, pieceLength);
    const isWasteful = pieces * pieceLength - total > 1.5 * total;
    const shorter = pieceLength / 2;
    if (!isWasteful || piecesOfAll(lengths, shorter) > PREFERRED_MAX_PIECES) break;
    pieceLength = shorter;
  }
  return pieceLength;
}

function piecesOfAll(lengths: readonly number[], pieceLength: number): number {
  return lengths.reduce((sum, length) => sum + Math.ceil(length / pieceLength), 0);
}

/**
 * Validates a piece length: positive and at most {@link MAX_PIECE_LENGTH}; for a torrent with a v2 half
 * also a power of two from 16 KiB (BEP 52).
 *
 * @throws TorrentError when it is invalid.
 */
export function checkPieceLength(pieceLength: number, v2: boolean): void {
  if (!Number.isSafeInteger(pieceLength) || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH) {
    throw new TorrentError(
      `the torrent's piece length of ${pieceLength} bytes is not between 1 and ${MAX_PIECE_LENGTH}`,
    );
  }
  if (v2 && (pieceLength < BLOCK_LENGTH || nextPowerOfTwo(pieceLength) !== pieceLength)) {
    throw new TorrentError(
      `the torrent's piece length of ${pieceLength} bytes is not a power of two from 16384, as version 2 needs`,
    );
  }
}
