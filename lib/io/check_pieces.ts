/**
 * Which pieces of a file on disk are right: all of them hashed once, on all cores.
 *
 * @module
 */

import { equalBytes, hex } from "../codec/bytes.ts";
import { HASH_LENGTH } from "../codec/merkle.ts";
import type { Metainfo } from "../codec/metainfo.ts";
import type { PieceLayer } from "../codec/piece_layer.ts";
import { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import type { HashResult } from "./piece_jobs.ts";
import { hashingWorkerCount, PieceWorkers } from "./piece_workers.ts";

/** What to check. */
export interface CheckPlan {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** Where each file is. */
  readonly paths: readonly string[];
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** What was found. */
export interface CheckResult {
  /** The pieces that match. */
  readonly have: Bitfield;
  /** They were checked by SHA-1 although the torrent is a hybrid, for want of its SHA-256 hashes. */
  readonly bySha1: boolean;
}

/**
 * Hashes every piece and compares. SHA-256 is used where the torrent has it; when the piece layers are
 * not known yet but the whole file hashes to its root, that proves them, and they are known from then on.
 *
 * @throws {DiskError} when a file cannot be read
 */
export async function checkPieces(plan: CheckPlan): Promise<CheckResult> {
  const { layout, metainfo, layers, paths } = plan;
  const { info } = metainfo;
  const { pieceCount, pieceLength, version } = layout;
  const have = new Bitfield(pieceCount);
  if (pieceCount === 0) return { have, bySha1: false };
  const layersKnown = [...layers.values()].every((layer) => layer.complete);
  const wanted = {
    sha256: version !== "v1",
    sha1: version === "v1" || (version === "hybrid" && !layersKnown),
  };
  const roots = new Uint8Array(wanted.sha256 ? pieceCount * HASH_LENGTH : 0);
  const sha1Good = new Bitfield(pieceCount);
  const readable = new Bitfield(pieceCount);
  const setup = { layout: { pieceLength, version, files: info.files }, paths };
  const workers = new PieceWorkers(setup, Math.min(hashingWorkerCount(), pieceCount));
  const take = (first: number, part: HashResult) => {
    if (wanted.sha256) roots.set(part.roots, first * HASH_LENGTH);
    for (const [i, isThere] of part.readable.entries()) {
      if (isThere === 0) continue;
      readable.set(first + i);
      const sha1 = part.sha1s.subarray(i * 20, i * 20 + 20);
      const expected = info.pieces?.subarray((first + i) * 20, (first + i) * 20 + 20);
      if (wanted.sha1 && equalBytes(sha1, expected!)) sha1Good.set(first + i);
    }
    const done = (first + part.readable.length) * pieceLength;
    plan.onProgress(Math.min(done, layout.totalLength), layout.totalLength);
  };
  try {
    await workers.hashAll(pieceCount, pieceLength, wanted, take, plan.signal);
  } finally {
    await workers.close();
  }
  if (version === "v1") return { have: sha1Good, bySha1: false };
  if (readable.isFull && proveLayers(plan, roots)) {
    have.fill();
    return { have, bySha1: false };
  }
  if (!layersKnown && version === "hybrid") return { have: sha1Good, bySha1: true };
  for (const piece of readable.ones()) {
    const root = roots.subarray(piece * HASH_LENGTH, (piece + 1) * HASH_LENGTH);
    const { root: fileRoot, pieceInFile } = layout.fileOf(piece as PieceIndex);
    const expected = layers.get(hex(fileRoot!))?.hash(pieceInFile);
    if (expected !== undefined && equalBytes(root, expected)) have.set(piece);
  }
  return { have, bySha1: false };
}

/** Whether all files hash up to their roots; layers that were not known are known then. */
function proveLayers({ layout, metainfo, layers }: CheckPlan, roots: Uint8Array): boolean {
  for (const [file, { root }] of metainfo.info.files.entries()) {
    if (root === undefined) continue;
    const layer = layers.get(hex(root))!;
    const { first, count } = layout.piecesOf(file);
    for (let i = 0; i < count; i++) {
      const hash = roots.subarray((first + i) * HASH_LENGTH, (first + i + 1) * HASH_LENGTH);
      const known = layer.complete ? layer.hash(i) : undefined;
      if (known === undefined) layer.set(i, hash);
      else if (!equalBytes(known, hash)) return false;
    }
    if (!layer.proves()) return false;
  }
  return true;
}
