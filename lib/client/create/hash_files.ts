/**
 * Hashes the files of a new torrent: one pass over all of them, on all cores.
 *
 * @module
 */

import { hex } from "../../codec/bytes.ts";
import { HASH_LENGTH, merkleRoot, pieceLayerOf } from "../../codec/torrent/merkle.ts";
import { buildInfo, type InfoFile, paddings, parseInfo } from "../../codec/torrent/metainfo.ts";
import type { DiskResources } from "../../disk/disk_resources.ts";
import { fingerprintsOf } from "../../disk/file_fingerprint.ts";
import { hashingWorkerCount } from "../../disk/worker_pool.ts";
import { DiskError } from "../../errors.ts";
import { Layout, type PieceIndex } from "../../store/layout.ts";
import { Torrent } from "../../store/torrent.ts";
import type { ScannedFile } from "./share_scan.ts";

/** What shapes a torrent besides its files, and the callbacks. */
export interface HashPlan {
  /** Has the threads. */
  readonly disk: DiskResources;
  readonly name: string;
  readonly format: "hybrid" | "v1" | "v2";
  /** Bytes. */
  readonly pieceLength: number;
  readonly private: boolean;
  /** Whether the torrent is a folder. */
  readonly multiFile: boolean;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file or a pad at its offset in the torrent. */
interface Placed {
  readonly length: number;
  readonly pad: boolean;
  /** Absent for a pad. */
  readonly file?: ScannedFile;
}

/** Packed hashes of all pieces; empty for a kind that is not wanted. */
interface Hashes {
  readonly roots: Uint8Array;
  readonly sha1s: Uint8Array;
}

/**
 * Creates a torrent without trackers from files, given in tree order.
 *
 * @throws {DiskError} when a file cannot be read, or has changed since it was found
 */
export async function hashContent(
  files: readonly ScannedFile[],
  recipe: HashPlan,
): Promise<Torrent> {
  const { format, pieceLength } = recipe;
  const placed = place(files, recipe);
  const layout = new Layout({ pieceLength, version: format, files: placed });
  const hash = () => hashPieces(layout, placed, recipe);
  const hashes = await recipe.disk.hashing.run(hash, recipe.signal);
  await requireUnchanged(files);
  const pieceLayers = new Map<string, Uint8Array>();
  const named: InfoFile[] = [];
  for (const [index, { file, length }] of placed.entries()) {
    if (file === undefined) continue;
    const path = recipe.multiFile ? file.components : [recipe.name];
    if (format === "v1" || length === 0) {
      named.push({ path, length });
      continue;
    }
    const { first, count } = layout.piecesOf(index);
    const layer = hashes.roots.slice(first * HASH_LENGTH, (first + count) * HASH_LENGTH);
    const root = merkleRoot(layer, pieceLayerOf(length, pieceLength));
    if (count > 1) pieceLayers.set(hex(root), layer);
    named.push({ path, length, root });
  }
  const infoBytes = buildInfo({
    name: recipe.name,
    pieceLength,
    version: format,
    private: recipe.private,
    files: named,
    multiFile: recipe.multiFile,
    ...(format !== "v2" && { pieces: hashes.sha1s }),
  });
  return new Torrent({ info: parseInfo(infoBytes), trackers: [], pieceLayers, webSeeds: [] });
}

function place(files: readonly ScannedFile[], { pieceLength, format }: HashPlan): Placed[] {
  const placed: Placed[] = files.map((file) => ({ length: file.size, pad: false, file }));
  const pads = paddings(placed, pieceLength, format);
  return placed.flatMap((file, i) =>
    pads[i] === 0 ? [file] : [file, { length: pads[i]!, pad: true }]
  );
}

async function hashPieces(
  layout: Layout,
  placed: readonly Placed[],
  { disk, onProgress, signal }: HashPlan,
): Promise<Hashes> {
  const { pieceCount, pieceLength, version, totalLength } = layout;
  const wanted = { sha256: version !== "v1", sha1: version !== "v2" };
  const roots = new Uint8Array(wanted.sha256 ? pieceCount * HASH_LENGTH : 0);
  const sha1s = new Uint8Array(wanted.sha1 ? pieceCount * 20 : 0);
  onProgress?.(0, totalLength);
  if (pieceCount === 0) return { roots, sha1s };
  const setup = {
    layout: { pieceLength, version, files: placed.map(({ length, pad }) => ({ length, pad })) },
    paths: placed.map(({ file }) => file?.path ?? ""),
  };
  const workers = disk.workers.open(setup, hashingWorkerCount(totalLength));
  let doneBytes = 0;
  try {
    await workers.hashAll(pieceCount, pieceLength, wanted, (first, part) => {
      for (const [i, readable] of part.readable.entries()) {
        const piece = first + i as PieceIndex;
        if (readable === 0) throw new ShrunkenPiece(piece);
        doneBytes += layout.dataLength(piece);
      }
      if (wanted.sha256) roots.set(part.roots, first * HASH_LENGTH);
      if (wanted.sha1) sha1s.set(part.sha1s, first * 20);
      onProgress?.(doneBytes, totalLength);
    }, signal);
  } catch (error) {
    if (!(error instanceof ShrunkenPiece)) throw error;
    const spans = layout.spans(error.piece, 0, pieceLength);
    throw await shrunken(spans.map(({ file }) => placed[file]!.file!));
  } finally {
    await workers.close();
  }
  return { roots, sha1s };
}

/** A piece that could not be read to its end. */
class ShrunkenPiece extends Error {
  readonly piece: PieceIndex;

  constructor(piece: PieceIndex) {
    super();
    this.piece = piece;
  }
}

/** Finds out which file of an incomplete piece has shrunk. */
async function shrunken(files: readonly ScannedFile[]): Promise<DiskError> {
  for (const { path, size } of files) {
    const there = await Deno.stat(path).catch(() => undefined);
    if (there !== undefined && there.size >= size) continue;
    const what = there === undefined ? "disappeared" : "became shorter";
    return new DiskError(`${path} ${what} while it was hashed: try again when it is finished`);
  }
  return changed(files[0]!.path);
}

/** @throws {DiskError} when a file has changed since it was found */
async function requireUnchanged(files: readonly ScannedFile[]): Promise<void> {
  const stamps = await fingerprintsOf(files.map(({ path }) => path));
  const other = files.find(({ stamp }, i) => stamps[i] !== stamp);
  if (other !== undefined) throw changed(other.path);
}

function changed(path: string): DiskError {
  return new DiskError(`${path} changed while it was hashed: try again when it is finished`);
}
