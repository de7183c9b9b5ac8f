// @ts-check
/**
 * How far a transfer is.
 *
 * @module
 */

import { percent } from "./format.js";

/** @typedef {import("../snapshot.ts").TransferSnapshot} TransferSnapshot */

/**
 * Whether this is a seeder with all of the data. Then what it has sent matters, not what it has.
 * @param {TransferSnapshot} snapshot
 */
export function isCompleteSeeder(snapshot) {
  const { program, haveBytes, totalBytes } = snapshot;
  return program === "seeder" && isSizeKnown(snapshot) && haveBytes >= totalBytes;
}

/**
 * Whether the size is known. An empty file has no bytes, but its torrent has a chunk length; a link may
 * name a file whose torrent is not here yet.
 * @param {TransferSnapshot} snapshot
 */
export function isSizeKnown({ totalBytes, pieceLength }) {
  return totalBytes > 0 || pieceLength > 0;
}

/** @param {TransferSnapshot} snapshot */
export function progressPercent(snapshot) {
  const { haveBytes, totalBytes } = snapshot;
  return totalBytes === 0 && isSizeKnown(snapshot) ? "100" : percent(haveBytes, totalBytes);
}

/**
 * How often the size of the data was sent, as `3.42`.
 * @param {TransferSnapshot} snapshot
 */
export function uploadRatio({ uploadedBytes, totalBytes }) {
  const ratio = totalBytes === 0 ? 0 : uploadedBytes / totalBytes;
  return (Math.floor(ratio * 100) / 100).toFixed(2);
}
