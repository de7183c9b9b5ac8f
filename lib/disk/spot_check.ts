/**
 * Hashes a few pieces that are said to be verified: a cheap way to find a replaced or overwritten file.
 *
 * @module
 */

import { equalBytes, hex } from "../codec/bytes.ts";
import { sha1 } from "../codec/hash.ts";
import { paddedBlocks, pieceHash } from "../codec/torrent/merkle.ts";
import type { TorrentInfo } from "../codec/torrent/metainfo.ts";
import type { PieceLayer } from "../codec/torrent/piece_layer.ts";
import type { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import type { PieceHash } from "../store/pieces.ts";
import type { DiskResources } from "./disk_resources.ts";
import { FileReader } from "./file_reader.ts";

/** Limits on pieces and bytes checked; at least one piece always is. */
const MOST_PIECES = 16;
const MOST_BYTES = 8 * 1024 * 1024;

interface SpotCheckPlan {
  /** Has the open files. */
  readonly disk: DiskResources;
  readonly info: TorrentInfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** The path of each file; empty for a missing file. */
  readonly paths: readonly string[];
}

/**
 * Whether some randomly chosen pieces of those claimed verified are right. Pieces without a known hash
 * pass.
 */
export function passesSpotCheck(plan: SpotCheckPlan, claimed: Bitfield): Promise<boolean> {
  return plan.disk.spotChecks.run(() => check(plan, claimed));
}

async function check(plan: SpotCheckPlan, claimed: Bitfield): Promise<boolean> {
  const { layout, info, paths, disk: { openFiles } } = plan;
  const reader = new FileReader(layout, info.files, paths, () => undefined, "growing", openFiles);
  try {
    for (const piece of someOf(claimed, layout)) {
      const expected = expectedOf(plan, piece);
      if (expected === undefined) continue;
      const data = new Uint8Array(layout.pieceSize(piece));
      const isThere = await reader.read(piece, 0, layout.dataLength(piece), data);
      if (!isThere || !fits(plan, piece, data, expected)) return false;
    }
    return true;
  } finally {
    await reader.close();
  }
}

function someOf(claimed: Bitfield, { pieceLength, pieceCount }: Layout): Set<PieceIndex> {
  const count = Math.max(1, Math.min(MOST_PIECES, Math.floor(MOST_BYTES / pieceLength)));
  if (claimed.count <= count) return new Set([...claimed.ones()] as PieceIndex[]);
  const chosen = new Set<PieceIndex>();
  // If only a few of many are claimed, most random draws miss, so draw from the short list instead.
  const among = claimed.count * 2 < pieceCount ? [...claimed.ones()] : undefined;
  while (chosen.size < count) {
    const drawn = Math.floor(Math.random() * (among?.length ?? pieceCount));
    const piece = among?.[drawn] ?? drawn;
    if (claimed.get(piece)) chosen.add(piece as PieceIndex);
  }
  return chosen;
}

function expectedOf({ info, layout, layers }: SpotCheckPlan, piece: PieceIndex) {
  if (layout.version !== "v1") {
    const { root, pieceInFile } = layout.fileOf(piece);
    const hash = root && layers.get(hex(root))?.hash(pieceInFile);
    if (hash !== undefined) return { kind: "sha256", hash } satisfies PieceHash;
  }
  const hash = info.pieces?.subarray(20 * piece, 20 * piece + 20);
  return hash && { kind: "sha1", hash } satisfies PieceHash;
}

function fits(
  { info, layout }: SpotCheckPlan,
  piece: PieceIndex,
  data: Uint8Array,
  expected: PieceHash,
): boolean {
  if (expected.kind === "sha1") return equalBytes(sha1(data), expected.hash);
  const { length } = info.files[layout.fileOf(piece).file]!;
  const blocks = paddedBlocks(length, layout.pieceLength);
  const hash = pieceHash(data.subarray(0, layout.dataLength(piece)), blocks);
  return equalBytes(hash, expected.hash);
}
