/**
 * Checks which pieces of the files on disk are right by hashing each of them once, on all cores.
 *
 * @module
 */

import { equalBytes, hex } from "../codec/bytes.ts";
import { HASH_LENGTH } from "../codec/torrent/merkle.ts";
import type { Metainfo } from "../codec/torrent/metainfo.ts";
import type { PieceLayer } from "../codec/torrent/piece_layer.ts";
import { Bitfield } from "../store/bitfield.ts";
import type { Layout } from "../store/layout.ts";
import type { DiskResources } from "./disk_resources.ts";
import type { HashResult } from "./worker_jobs.ts";
import { hashingWorkerCount } from "./worker_pool.ts";

/** What to check. */
interface CheckPlan {
  /** Has the threads. */
  readonly disk: DiskResources;
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** The path of each file; empty for a missing file, whose pieces then do not match. */
  readonly paths: readonly string[];
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** The outcome of a check. */
export interface CheckResult {
  /** The pieces that match. */
  readonly have: Bitfield;
  /** A hybrid's pieces were checked by SHA-1 only, because its SHA-256 hashes are not known. */
  readonly bySha1: boolean;
}

/**
 * Hashes every piece and compares it. Uses SHA-256 where the torrent has it. If the piece layers are not
 * known yet but a whole file hashes to its root, that proves the layers, and they are known from then on.
 *
 * @throws {DiskError} when a file cannot be read
 */
export async function checkPieces(plan: CheckPlan): Promise<CheckResult> {
  const { layout, metainfo, layers, paths } = plan;
  const { info } = metainfo;
  const { pieceCount, pieceLength, version } = layout;
  if (pieceCount === 0) return { have: new Bitfield(0), bySha1: false };
  const layersKnown = [...layers.values()].every((layer) => layer.complete);
  const wanted = {
    sha256: version !== "v1",
    sha1: version === "v1" || (version === "hybrid" && !layersKnown),
  };
  const roots = new Uint8Array(wanted.sha256 ? pieceCount * HASH_LENGTH : 0);
  const sha1Good = new Bitfield(pieceCount);
  const readable = new Bitfield(pieceCount);
  const setup = { layout: { pieceLength, version, files: info.files }, paths };
  const workers = plan.disk.workers.open(setup, hashingWorkerCount(layout.totalLength));
  let doneBytes = 0;
  const take = (first: number, part: HashResult) => {
    if (wanted.sha256) roots.set(part.roots, first * HASH_LENGTH);
    for (const [i, isThere] of part.readable.entries()) {
      if (isThere === 0) continue;
      readable.set(first + i);
      const sha1 = part.sha1s.subarray(i * 20, i * 20 + 20);
      const expected = info.pieces?.subarray((first + i) * 20, (first + i) * 20 + 20);
      if (wanted.sha1 && equalBytes(sha1, expected!)) sha1Good.set(first + i);
    }
    doneBytes += part.readable.length * pieceLength;
    plan.onProgress(Math.min(doneBytes, layout.totalLength), layout.totalLength);
  };
  try {
    await workers.hashAll(pieceCount, pieceLength, wanted, take, plan.signal);
  } finally {
    await workers.close();
  }
  if (version === "v1") return { have: sha1Good, bySha1: false };
  return joinFiles(plan, { roots, readable, sha1Good });
}

/** Piece hashes, before they have been compared. */
interface Hashed {
  readonly roots: Uint8Array;
  readonly readable: Bitfield;
  readonly sha1Good: Bitfield;
}

/** Decides file by file: the whole file if it hashes to its root, else each piece whose hash is known. */
function joinFiles(plan: CheckPlan, { roots, readable, sha1Good }: Hashed): CheckResult {
  const { layout, layers, metainfo } = plan;
  const have = new Bitfield(layout.pieceCount);
  let bySha1 = false;
  for (const [file, { root }] of metainfo.info.files.entries()) {
    if (root === undefined) continue;
    const layer = layers.get(hex(root))!;
    const { first, count } = layout.piecesOf(file);
    const hashAt = (i: number) =>
      roots.subarray((first + i) * HASH_LENGTH, (first + i + 1) * HASH_LENGTH);
    if (!layer.complete) learnLayer(layer, count, (i) => readable.get(first + i), hashAt);
    for (let i = 0; i < count; i++) {
      const piece = first + i;
      const expected = layer.hash(i);
      const isGood = expected === undefined
        ? sha1Good.get(piece)
        : readable.get(piece) && equalBytes(hashAt(i), expected);
      if (!isGood) continue;
      have.set(piece);
      bySha1 ||= expected === undefined;
    }
  }
  return { have, bySha1 };
}

/** A complete file that hashes to its root proves its piece layer. */
function learnLayer(
  layer: PieceLayer,
  count: number,
  isReadable: (pieceInFile: number) => boolean,
  hashAt: (pieceInFile: number) => Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (!isReadable(i)) return;
  }
  for (let i = 0; i < count; i++) layer.set(i, hashAt(i));
  layer.proves();
}
