/**
 * A torrent whose files are in memory: real content, real hashes, and a disk for each who takes part.
 * @module
 */

import { concat, equalBytes, hex } from "../../lib/codec/bytes.ts";
import { sha1 } from "../../lib/codec/hash.ts";
import {
  blockHashes,
  merkleRoot,
  paddedBlocks,
  pieceHash,
} from "../../lib/codec/torrent/merkle.ts";
import {
  buildInfo,
  padAfter,
  parseInfo,
  type TorrentInfo,
  type TorrentVersion,
} from "../../lib/codec/torrent/metainfo.ts";
import { PieceLayer } from "../../lib/codec/torrent/piece_layer.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import { pseudoRandomBytes } from "./content.ts";
import type { PieceHash } from "../../lib/store/pieces.ts";

/** What a torrent in memory is made of. */
export interface MemoryTorrentOptions {
  version?: TorrentVersion;
  /** Bytes of each file; several make a folder. */
  lengths?: number[];
  pieceLength?: number;
  seed?: number;
  /** Trackers alone introduce peers. */
  private?: boolean;
}

/** The bytes of a torrent's files; nothing for pads. */
export class MemoryDisk {
  readonly files: Uint8Array[];
  readonly #layout: Layout;

  /** All zeros. */
  constructor(info: TorrentInfo, layout: Layout) {
    this.#layout = layout;
    this.files = info.files.map(({ length, pad }) => new Uint8Array(pad ? 0 : length));
  }

  /** Part of a piece; what belongs to no file is zeros. */
  read(piece: PieceIndex, begin: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (const span of this.#layout.spans(piece, begin, length)) {
      const { file, offset, at } = span;
      bytes.set(this.files[file]!.subarray(offset, offset + span.length), at);
    }
    return bytes;
  }

  /** Stores the beginning of a piece. */
  write(piece: PieceIndex, bytes: Uint8Array): void {
    for (const { file, offset, length, at } of this.#layout.spans(piece, 0, bytes.length)) {
      this.files[file]!.set(bytes.subarray(at, at + length), offset);
    }
  }
}

/** A torrent with pseudo-random content. */
export class MemoryTorrent {
  readonly info: TorrentInfo;
  readonly layout: Layout;
  /** What the files hold. */
  readonly content: MemoryDisk;

  constructor(options: MemoryTorrentOptions = {}) {
    const { version = "v1", lengths = [1_000_000], pieceLength = 65_536, seed = 1 } = options;
    const multiFile = lengths.length > 1;
    const contents = lengths.map((length, i) => pseudoRandomBytes(length, seed + i));
    const files = contents.map((bytes, i) => ({
      path: [`file-${String(i).padStart(3, "0")}`],
      length: bytes.length,
      ...(version !== "v1" && bytes.length > 0 && { root: merkleRoot(blockHashes(bytes), 0) }),
    }));
    const padded = version === "hybrid" && multiFile;
    const stream = concat(...contents.flatMap((bytes) => [
      bytes,
      new Uint8Array(padded ? padAfter(bytes.length, pieceLength) : 0),
    ]));
    const pieces = version === "v2" ? undefined : concat(
      ...slices(stream, pieceLength).map((piece) => sha1(piece)),
    );
    const spec = {
      name: "memory",
      pieceLength,
      version,
      files,
      multiFile,
      private: options.private ?? false,
    };
    this.info = parseInfo(buildInfo({ ...spec, ...(pieces && { pieces }) }));
    this.layout = Layout.of(this.info);
    this.content = new MemoryDisk(this.info, this.layout);
    let next = 0;
    for (const [i, { pad }] of this.info.files.entries()) {
      if (!pad) this.content.files[i]!.set(contents[next++]!);
    }
  }

  /** The piece layers by root: complete, or as a magnet link leaves them. */
  layers(known: boolean): Map<string, PieceLayer> {
    const layers = new Map<string, PieceLayer>();
    for (const [i, { root, length }] of this.info.files.entries()) {
      if (root === undefined) continue;
      const { pieceLength } = this.info;
      const layer = known
        ? concat(
          ...slices(this.content.files[i]!, pieceLength)
            .map((piece) => pieceHash(piece, paddedBlocks(length, pieceLength))),
        )
        : undefined;
      layers.set(hex(root), new PieceLayer(root, length, pieceLength, layer));
    }
    return layers;
  }

  /** Whether the bytes of a piece, pads included, match what is expected of them. */
  matches(piece: PieceIndex, bytes: Uint8Array, expected: PieceHash): boolean {
    const dataLength = this.layout.dataLength(piece);
    bytes.fill(0, dataLength); // the pad of a hybrid
    if (expected.kind === "sha1") {
      return equalBytes(sha1(bytes.subarray(0, this.layout.pieceSize(piece))), expected.hash);
    }
    const { length } = this.info.files[this.layout.fileOf(piece).file]!;
    const blocks = paddedBlocks(length, this.info.pieceLength);
    return equalBytes(pieceHash(bytes.subarray(0, dataLength), blocks), expected.hash);
  }

  /** Whether a disk holds exactly this torrent's files. */
  isOn(disk: MemoryDisk): boolean {
    return this.content.files.every((bytes, i) => equalBytes(bytes, disk.files[i]!));
  }
}

function slices(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / length) },
    (_, i) => bytes.subarray(i * length, (i + 1) * length),
  );
}
