/**
 * The piece hashes of one v2 file: requested in ranges, accepted only with a proof, and served with a proof
 * (BEP 52, messages hash request, hashes, hash reject).
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { concat, equalBytes } from "../bytes.ts";
import { HASH_LENGTH, merkleRoot, MerkleTree, nextPowerOfTwo, pieceLayerOf } from "./merkle.ts";

/** A range of one layer of a file's tree, and how far up the uncle hashes of its proof reach. */
export interface HashRange {
  /** Layers above the leaves: 0 is the blocks' own layer. */
  baseLayer: number;
  /** The first hash, counted within the layer. */
  index: number;
  /** Number of hashes. */
  length: number;
  /** Layers above the base layer that the proof covers. */
  proofLayers: number;
}

/** Hashes per request, as in libtorrent, and the maximum BEP 52 recommends. */
const HASHES_PER_REQUEST = 512;
/** The most hashes per answer, as in libtorrent; the peer chooses the number in a request. */
const MAX_HASHES_PER_ANSWER = 8192;

/** The piece hashes of one file that are proved to belong to its root. */
export class PieceLayer {
  /** How many pieces the file has. */
  readonly pieceCount: number;
  /** The layer of the file's tree that holds the piece hashes. */
  readonly layer: number;
  /** The `pieces root` of the file, 32 bytes. */
  readonly root: Uint8Array;
  readonly #hashes: Uint8Array;
  /** Number of hashes in the piece layer, with padding. */
  readonly #width: number;
  /** For each piece: unknown, computed here but not proved, or proved. */
  #state: Uint8Array;
  /** The first piece that may still need a request. */
  #firstOpen = 0;
  #isComplete = false;
  /** The layers up to the root, as much again as the hashes: there once a peer has asked for hashes. */
  #tree: MerkleTree | undefined;

  /**
   * Creates a layer that is empty, or complete if given. A file of one piece is complete from the start:
   * its only piece hash is its root.
   *
   * @param layer Packed piece hashes; the array is kept, not copied.
   * @throws TorrentError when the given layer does not hash up to the root.
   */
  constructor(root: Uint8Array, fileLength: number, pieceLength: number, layer?: Uint8Array) {
    this.pieceCount = Math.ceil(fileLength / pieceLength);
    this.layer = pieceLayerOf(fileLength, pieceLength);
    this.root = root;
    this.#width = nextPowerOfTwo(this.pieceCount);
    const known = this.pieceCount === 1 ? root : layer;
    const byteLength = this.pieceCount * HASH_LENGTH;
    if (known !== undefined && known.length !== byteLength) {
      throw new TorrentError("the piece layer of a file has the wrong length");
    }
    this.#hashes = known ?? new Uint8Array(byteLength);
    this.#state = new Uint8Array(this.pieceCount).fill(known === undefined ? UNKNOWN : COMPUTED);
    if (known !== undefined && !this.proves()) {
      throw new TorrentError("the piece layer of a file does not match the file's root hash");
    }
  }

  /** Whether every piece hash is known and proved. */
  get complete(): boolean {
    return this.#isComplete;
  }

  /** The whole layer, packed, as a torrent file stores it; `undefined` until it is complete. */
  get bytes(): Uint8Array | undefined {
    return this.complete ? this.#hashes : undefined;
  }

  /** The proved hash of a piece, counted within the file; `undefined` when it is not known. A view. */
  hash(pieceInFile: number): Uint8Array | undefined {
    const proved = this.complete
      ? pieceInFile < this.pieceCount
      : this.#state[pieceInFile] === PROVED;
    if (!proved) return undefined;
    const offset = pieceInFile * HASH_LENGTH;
    return this.#hashes.subarray(offset, offset + HASH_LENGTH);
  }

  /** Sets a hash computed from local data. It counts once {@link proves} returns true. */
  set(pieceInFile: number, hash: Uint8Array): void {
    if (this.complete || this.#state[pieceInFile] === PROVED) return;
    this.#hashes.set(hash, pieceInFile * HASH_LENGTH);
    this.#state[pieceInFile] = COMPUTED;
  }

  /** Whether all hashes are known and lead to the root; if so, marks the layer complete. */
  proves(): boolean {
    if (this.complete) return true;
    if (this.#state.includes(UNKNOWN)) return false;
    if (!equalBytes(merkleRoot(this.#hashes, this.layer), this.root)) return false;
    this.#isComplete = true;
    this.#state = new Uint8Array(0);
    return true;
  }

  /** The requests for everything not yet proved, in order. */
  *requests(): Generator<HashRange, void, void> {
    if (this.complete) return;
    const proofLayers = Math.log2(this.#width) - 1;
    for (let index = this.#firstOpen; index < this.pieceCount; index += HASHES_PER_REQUEST) {
      const left = Math.min(HASHES_PER_REQUEST, this.pieceCount - index);
      if (this.#state.subarray(index, index + left).every((state) => state === PROVED)) {
        if (index === this.#firstOpen) this.#firstOpen += HASHES_PER_REQUEST;
        continue;
      }
      // BEP 52 requires at least two hashes: the proof of one would lack its sibling.
      const length = Math.max(2, nextPowerOfTwo(left));
      yield { baseLayer: this.layer, index, length, proofLayers };
    }
  }

  /**
   * Accepts an answer to one of {@link requests}: base hashes, then uncles.
   *
   * @returns false, and accepts nothing, when the answer is no proof up to the file's root.
   */
  accept(range: HashRange, hashes: Uint8Array): boolean {
    if (this.complete) return true;
    const { baseLayer, index, length } = range;
    if (baseLayer !== this.layer || length < 2 || nextPowerOfTwo(length) !== length) return false;
    if (index % length !== 0 || index + length > this.#width) return false;
    if (index >= this.pieceCount) return false; // only padding
    const uncles = uncleCount(range);
    if (length * 2 ** uncles !== this.#width) return false;
    if (hashes.length !== (length + uncles) * HASH_LENGTH) return false;
    if (!equalBytes(this.#climb(range, hashes), this.root)) return false;
    const count = Math.min(length, this.pieceCount - index);
    this.#hashes.set(hashes.subarray(0, count * HASH_LENGTH), index * HASH_LENGTH);
    this.#state.fill(PROVED, index, index + length);
    this.proves();
    return true;
  }

  /**
   * The piece, counted within the file, whose block hashes are needed to answer a request below the piece
   * layer. `undefined` when none is needed, no single piece covers the range, or the request must be
   * rejected anyway.
   */
  pieceBelow(range: HashRange): number | undefined {
    if (!this.complete || !this.#serves(range)) return undefined;
    const perPiece = 2 ** (this.layer - range.baseLayer);
    if (perPiece <= 1) return undefined;
    const piece = Math.floor(range.index / perPiece);
    const last = Math.floor((range.index + range.length - 1) / perPiece);
    return piece === last && piece < this.pieceCount ? piece : undefined;
  }

  /**
   * The payload of the `hashes` message that answers a peer's request: the base hashes, padding included,
   * then the uncles. It may be a view. `undefined` means: send a hash reject.
   *
   * @param blocks For a range below the piece layer: the block hashes of {@link pieceBelow}, packed, or as
   * a tree made by {@link treeBelow}, which costs time in proportion to the blocks of the piece.
   */
  answer(range: HashRange, blocks?: Uint8Array | MerkleTree): Uint8Array | undefined {
    if (!this.complete || !this.#serves(range)) return undefined;
    const tree = this.#tree ??= new MerkleTree(this.#hashes, this.layer);
    const { baseLayer, index, length } = range;
    let below: MerkleTree | undefined;
    const piece = this.pieceBelow(range);
    if (baseLayer < this.layer) {
      if (piece === undefined || blocks === undefined) return undefined;
      below = blocks instanceof MerkleTree ? blocks : this.treeBelow(blocks);
      if (!equalBytes(below.root, tree.node(this.layer, piece))) return undefined;
    }
    const nodeAt = (layer: number, at: number) =>
      below !== undefined && layer < this.layer
        ? below.node(layer, at - piece! * 2 ** (this.layer - layer))
        : tree.node(layer, at);
    const uncles = uncleCount(range);
    const stored = uncles > 0 || below !== undefined
      ? undefined
      : tree.nodes(baseLayer, index, length);
    if (stored !== undefined) return stored;
    const hashes = new Uint8Array((length + uncles) * HASH_LENGTH);
    if (below === undefined) tree.copyNodes(baseLayer, index, length, hashes);
    else below.copyNodes(baseLayer, index - piece! * 2 ** (this.layer - baseLayer), length, hashes);
    const height = subtreeHeight(length);
    let ancestor = Math.floor(index / 2 ** height);
    for (let j = 0; j < uncles; j++) {
      hashes.set(nodeAt(baseLayer + height + j, siblingOf(ancestor)), (length + j) * HASH_LENGTH);
      ancestor = Math.floor(ancestor / 2);
    }
    return hashes;
  }

  /** The tree over the packed hashes of a piece's blocks. */
  treeBelow(blocks: Uint8Array): MerkleTree {
    return new MerkleTree(blocks, 0, 2 ** this.layer);
  }

  /** Whether a request lies within the tree, aligned to a subtree, and asks for a possible proof. */
  #serves({ baseLayer, index, length, proofLayers }: HashRange): boolean {
    const rootLayer = this.layer + Math.log2(this.#width);
    if (length < 1 || length > MAX_HASHES_PER_ANSWER) return false;
    if (index + length > 2 ** (rootLayer - baseLayer)) return false;
    if (length > 1 && index % nextPowerOfTwo(length) !== 0) return false;
    return proofLayers < rootLayer - baseLayer;
  }

  /** The hash that the base hashes and the uncles lead to. */
  #climb({ baseLayer, index, length }: HashRange, hashes: Uint8Array): Uint8Array {
    let node = merkleRoot(hashes.subarray(0, length * HASH_LENGTH), baseLayer);
    let at = index / length;
    for (let offset = length * HASH_LENGTH; offset < hashes.length; offset += HASH_LENGTH) {
      const uncle = hashes.subarray(offset, offset + HASH_LENGTH);
      const pair = at % 2 === 0 ? concat(node, uncle) : concat(uncle, node);
      node = merkleRoot(pair, 0);
      at = Math.floor(at / 2);
    }
    return node;
  }
}

const UNKNOWN = 0;
const COMPUTED = 1;
const PROVED = 2;

/**
 * Layers covered by the base hashes themselves. A single hash counts as a pair, as in libtorrent: the proof
 * layers of a request start above the base layer, whatever its length.
 */
function subtreeHeight(length: number): number {
  return Math.max(1, Math.log2(nextPowerOfTwo(length)));
}

/** The base hashes themselves provide the first proof layers, which are therefore left out. */
function uncleCount({ length, proofLayers }: HashRange): number {
  return Math.max(0, proofLayers - (subtreeHeight(length) - 1));
}

function siblingOf(index: number): number {
  return index % 2 === 0 ? index + 1 : index - 1;
}
