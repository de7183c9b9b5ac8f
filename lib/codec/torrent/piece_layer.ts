/**
 * The piece hashes of one v2 file: asked for in ranges, taken only with a proof, handed on with a proof
 * (BEP 52, messages hash request, hashes, hash reject).
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { concat, equalBytes } from "../bytes.ts";
import { HASH_LENGTH, merkleRoot, MerkleTree, nextPowerOfTwo, pieceLayerOf } from "./merkle.ts";

/** A stretch of one layer of a file's tree, and how far up the uncles of its proof reach. */
export interface HashRange {
  /** Layers above the leaves: 0 is the blocks' own layer. */
  baseLayer: number;
  /** The first hash, counted within the layer. */
  index: number;
  /** How many hashes. */
  length: number;
  /** Layers above the base layer that the proof covers. */
  proofLayers: number;
}

/** What libtorrent asks for at once, and what BEP 52 recommends as the most. */
const HASHES_PER_REQUEST = 512;
/** Most hashes answered at once, as in libtorrent; a stranger chooses the number in a request. */
const MAX_HASHES_PER_ANSWER = 8192;

/** The piece hashes of one file, as far as they are proved to belong under its root. */
export class PieceLayer {
  /** How many pieces the file has. */
  readonly pieceCount: number;
  /** The layer of the file's tree that the piece hashes form. */
  readonly layer: number;
  /** The `pieces root` of the file, 32 bytes. */
  readonly root: Uint8Array;
  readonly #hashes: Uint8Array;
  /** How many hashes the piece layer has with its padding. */
  readonly #width: number;
  /** For each piece: nothing yet, computed here but not proved, or proved. */
  #state: Uint8Array;
  /** What would be asked for before this piece is proved. */
  #firstOpen = 0;
  #tree: MerkleTree | undefined;

  /**
   * A layer that is empty, or complete when it is given. A file of one piece is complete from the
   * beginning: its only piece hash is its root.
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
    return this.#tree !== undefined;
  }

  /** The whole layer, packed, as a torrent file keeps it; undefined until it is complete. */
  get bytes(): Uint8Array | undefined {
    return this.complete ? this.#hashes : undefined;
  }

  /** The proved hash of a piece, counted within the file; undefined when it is not known. A view. */
  hash(pieceInFile: number): Uint8Array | undefined {
    const proved = this.complete
      ? pieceInFile < this.pieceCount
      : this.#state[pieceInFile] === PROVED;
    if (!proved) return undefined;
    const offset = pieceInFile * HASH_LENGTH;
    return this.#hashes.subarray(offset, offset + HASH_LENGTH);
  }

  /** Takes a hash that was computed from data on this machine. It counts once {@link proves} says so. */
  set(pieceInFile: number, hash: Uint8Array): void {
    if (this.complete || this.#state[pieceInFile] === PROVED) return;
    this.#hashes.set(hash, pieceInFile * HASH_LENGTH);
    this.#state[pieceInFile] = COMPUTED;
  }

  /** Whether all hashes are there and lead up to the root; if they do, the layer is complete from then on. */
  proves(): boolean {
    if (this.complete) return true;
    if (this.#state.includes(UNKNOWN)) return false;
    const tree = new MerkleTree(this.#hashes, this.layer);
    if (!equalBytes(tree.root, this.root)) return false;
    this.#tree = tree;
    this.#state = new Uint8Array(0);
    return true;
  }

  /** The requests that would bring what is not yet proved, in order. */
  *requests(): Generator<HashRange, void, void> {
    if (this.complete) return;
    const proofLayers = Math.log2(this.#width) - 1;
    for (let index = this.#firstOpen; index < this.pieceCount; index += HASHES_PER_REQUEST) {
      const left = Math.min(HASHES_PER_REQUEST, this.pieceCount - index);
      if (this.#state.subarray(index, index + left).every((state) => state === PROVED)) {
        if (index === this.#firstOpen) this.#firstOpen += HASHES_PER_REQUEST;
        continue;
      }
      // BEP 52 wants two hashes at least: the proof of one would lack its sibling.
      const length = Math.max(2, nextPowerOfTwo(left));
      yield { baseLayer: this.layer, index, length, proofLayers };
    }
  }

  /**
   * Takes an answer to one of {@link requests}: base hashes, then uncles.
   *
   * @returns false, with nothing taken, when the answer is no proof up to the file's root.
   */
  accept(range: HashRange, hashes: Uint8Array): boolean {
    if (this.complete) return true;
    const { baseLayer, index, length } = range;
    if (baseLayer !== this.layer || length < 2 || nextPowerOfTwo(length) !== length) return false;
    if (index % length !== 0 || index + length > this.#width) return false;
    if (index >= this.pieceCount) return false; // nothing but padding
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
   * The piece, counted within the file, whose blocks' hashes are needed to answer a request that lies
   * below the piece layer; undefined when none is, no single piece covers the range, or it is to be
   * rejected whatever the blocks are.
   */
  pieceBelow(range: HashRange): number | undefined {
    if (this.#tree === undefined || !this.#serves(range)) return undefined;
    const perPiece = 2 ** (this.layer - range.baseLayer);
    if (perPiece <= 1) return undefined;
    const piece = Math.floor(range.index / perPiece);
    const last = Math.floor((range.index + range.length - 1) / perPiece);
    return piece === last && piece < this.pieceCount ? piece : undefined;
  }

  /**
   * What a `hashes` message carries in answer to a peer's request: the base hashes, padding included, then
   * the uncles. It may be a view. Undefined means: answer with a hash reject.
   *
   * @param blocks For a range below the piece layer: the block hashes of {@link pieceBelow}, packed or as
   * {@link treeBelow} makes a tree of them, which costs as much as the piece has blocks.
   */
  answer(range: HashRange, blocks?: Uint8Array | MerkleTree): Uint8Array | undefined {
    if (this.#tree === undefined || !this.#serves(range)) return undefined;
    const { baseLayer, index, length } = range;
    let below: MerkleTree | undefined;
    const piece = this.pieceBelow(range);
    if (baseLayer < this.layer) {
      if (piece === undefined || blocks === undefined) return undefined;
      below = blocks instanceof MerkleTree ? blocks : this.treeBelow(blocks);
      if (!equalBytes(below.root, this.#tree.node(this.layer, piece))) return undefined;
    }
    const nodeAt = (layer: number, at: number) =>
      below !== undefined && layer < this.layer
        ? below.node(layer, at - piece! * 2 ** (this.layer - layer))
        : this.#tree!.node(layer, at);
    const uncles = uncleCount(range);
    const stored = uncles > 0 || below !== undefined
      ? undefined
      : this.#tree.nodes(baseLayer, index, length);
    if (stored !== undefined) return stored;
    const hashes = new Uint8Array((length + uncles) * HASH_LENGTH);
    if (below === undefined) this.#tree.copyNodes(baseLayer, index, length, hashes);
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

  /** Whether a request lies within the tree, on the boundary of a subtree, and asks for a possible proof. */
  #serves({ baseLayer, index, length, proofLayers }: HashRange): boolean {
    const rootLayer = this.#tree!.rootLayer;
    if (length < 1 || length > MAX_HASHES_PER_ANSWER) return false;
    if (index + length > 2 ** (rootLayer - baseLayer)) return false;
    if (length > 1 && index % nextPowerOfTwo(length) !== 0) return false;
    return proofLayers < rootLayer - baseLayer;
  }

  /** The hash at which the base hashes arrive when the uncles lead them upward. */
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
 * Layers that the base hashes cover by themselves. A single hash counts as a pair, as in libtorrent: the
 * proof layers of a request start above the base layer, whatever its length.
 */
function subtreeHeight(length: number): number {
  return Math.max(1, Math.log2(nextPowerOfTwo(length)));
}

/** The first proof layers are left out as far as the base hashes give them. */
function uncleCount({ length, proofLayers }: HashRange): number {
  return Math.max(0, proofLayers - (subtreeHeight(length) - 1));
}

function siblingOf(index: number): number {
  return index % 2 === 0 ? index + 1 : index - 1;
}
