/**
 * A torrent without content, for swarms too large to have any. All good blocks are the same block. A
 * second, wrong block is for peers that send corrupt data, so a block's identity tells whether it is right.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../lib/codec/torrent/merkle.ts";
import type { PieceLayer } from "../../lib/codec/torrent/piece_layer.ts";
import { Layout } from "../../lib/store/layout.ts";
import type { ActivePiece, PieceHash } from "../../lib/store/pieces.ts";
import type { SimStorage, SimTorrent, Verdict } from "../../simulation/content.ts";

const HASH_LENGTH = 32;
/** As in a real download. */
const PIECE_MEMORY_BYTES = 12 * 1024 * 1024;
const MIN_SLOTS = 4;

const GOOD = new Uint8Array(BLOCK_LENGTH);
const WRONG = new Uint8Array(BLOCK_LENGTH).fill(1);

/** A v1 torrent of one file, with meaningless hashes. */
export class BlankTorrent implements SimTorrent {
  readonly layout: Layout;
  readonly hashes = { v1Hash: new Uint8Array(20) };
  /** A placeholder: no peer requests the info dictionary. */
  readonly infoBytes = new Uint8Array(1);
  readonly sha1s: Uint8Array;
  readonly isPrivate: boolean;
  /** Pieces that a leecher may collect at once. */
  readonly slotCount: number;

  /** Creates a torrent of one file of `bytes` bytes. */
  constructor(bytes: number, pieceLength: number, isPrivate: boolean) {
    const files = [{ length: bytes, pad: false }];
    this.layout = new Layout({ pieceLength, version: "v1", files });
    const { pieceCount } = this.layout;
    const affordable = Math.max(MIN_SLOTS, Math.floor(PIECE_MEMORY_BYTES / pieceLength));
    this.sha1s = new Uint8Array(20 * pieceCount);
    this.slotCount = Math.max(1, Math.min(affordable, pieceCount));
    this.isPrivate = isPrivate;
  }

  /** Empty, because it is a v1 torrent. */
  layers(): ReadonlyMap<string, PieceLayer> {
    return new Map();
  }
}

/** Remembers only which blocks were wrong. */
export class BlankStorage implements SimStorage {
  readonly slotCount: number;
  /** Offsets of wrong blocks, by slot. */
  readonly #wrong = new Map<number, Set<number>>();

  /** Has room for `slotCount` pieces at once. */
  constructor(slotCount: number) {
    this.slotCount = slotCount;
  }

  /** Receives a block. */
  storeBlock(slot: number, begin: number, block: Uint8Array): void {
    if (block[0] !== 0) {
      const wrong = this.#wrong.get(slot) ?? new Set();
      this.#wrong.set(slot, wrong.add(begin));
    } else if (this.#wrong.size > 0) this.#wrong.get(slot)?.delete(begin);
  }

  /** A block of this length, right or wrong. */
  read(_piece: number, _begin: number, length: number, isWrong: boolean): Uint8Array {
    const block = isWrong ? WRONG : GOOD;
    return length === BLOCK_LENGTH ? block : block.subarray(0, length);
  }

  /** The piece is right unless a block of it was wrong. */
  verify({ slot, blockCount }: ActivePiece, _expected: PieceHash, wantsDigests: boolean): Verdict {
    const wrong = this.#wrong.get(slot) ?? new Set<number>();
    this.#wrong.delete(slot);
    const matches = wrong.size === 0;
    if (matches && !wantsDigests) return { matches };
    const digests = new Uint8Array(blockCount * HASH_LENGTH);
    for (const begin of wrong) digests[begin / BLOCK_LENGTH * HASH_LENGTH] = 1;
    return { matches, digests };
  }

  /** @throws {Error} always: no peer requests these hashes in a v1 torrent */
  hashBlocks(): Uint8Array {
    throw new Error("a torrent without content has no hashes of blocks");
  }
}
