/**
 * A torrent whose files are in memory: real content, real hashes, and a disk for each who takes part.
 * @module
 */

import { concat, equalBytes, hex } from "../../../lib/codec/bytes.ts";
import { sha1 } from "../../../lib/codec/hash.ts";
import {
  blockHashes,
  merkleRoot,
  paddedBlocks,
  pieceHash,
} from "../../../lib/codec/torrent/merkle.ts";
import {
  buildInfo,
  padAfter,
  parseInfo,
  type TorrentInfo,
  type TorrentVersion,
} from "../../../lib/codec/torrent/metainfo.ts";
import { PieceLayer } from "../../../lib/codec/torrent/piece_layer.ts";
import type { TorrentHashes } from "../../../lib/peer/connection/info_hashes.ts";
import { Layout, type PieceIndex } from "../../../lib/store/layout.ts";
import type { ActivePiece, PieceHash } from "../../../lib/store/pieces.ts";
import type { SimStorage, SimTorrent, Verdict } from "../../../simulation/content.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";

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
export class MemoryTorrent implements SimTorrent {
  readonly info: TorrentInfo;
  readonly layout: Layout;
  readonly hashes: TorrentHashes;
  readonly infoBytes: Uint8Array;
  readonly sha1s: Uint8Array | undefined;
  readonly isPrivate: boolean;
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
    const { v1Hash, v2Hash } = this.info;
    this.hashes = { v1Hash, v2Hash };
    this.infoBytes = this.info.bytes;
    this.sha1s = this.info.pieces;
    this.isPrivate = this.info.private;
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

/** The piece memory and the disk of a node. */
export class MemoryStorage implements SimStorage {
  readonly slotCount: number;
  readonly disk: MemoryDisk;
  /** Blocks that were read spoiled, by `piece:begin`. */
  readonly spoiled = new Set<string>();
  readonly #torrent: MemoryTorrent;
  readonly #slots: Uint8Array;

  /** Room for so many pieces at once, and a disk. */
  constructor(torrent: MemoryTorrent, disk: MemoryDisk, slotCount: number) {
    this.slotCount = slotCount;
    this.disk = disk;
    this.#torrent = torrent;
    this.#slots = new Uint8Array(slotCount * torrent.info.pieceLength);
  }

  storeBlock(slot: number, begin: number, block: Uint8Array): void {
    this.#slots.set(block, slot * this.#torrent.info.pieceLength + begin);
  }

  read(piece: number, begin: number, length: number, isWrong: boolean): Uint8Array {
    const bytes = this.disk.read(piece as PieceIndex, begin, length);
    if (!isWrong) return bytes;
    this.spoiled.add(`${piece}:${begin}`);
    bytes[0]! ^= 0x55;
    return bytes;
  }

  verify({ piece, slot }: ActivePiece, expected: PieceHash, wantsDigests: boolean): Verdict {
    const { layout, info } = this.#torrent;
    const begin = slot * info.pieceLength;
    const bytes = this.#slots.slice(begin, begin + info.pieceLength);
    const matches = this.#torrent.matches(piece, bytes, expected);
    const data = bytes.subarray(0, layout.dataLength(piece));
    if (matches) this.disk.write(piece, data);
    return { matches, digests: !matches || wantsDigests ? blockHashes(data) : undefined };
  }

  hashBlocks(piece: PieceIndex): Uint8Array {
    return blockHashes(this.disk.read(piece, 0, this.#torrent.layout.dataLength(piece)));
  }
}

function slices(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / length) },
    (_, i) => bytes.subarray(i * length, (i + 1) * length),
  );
}
