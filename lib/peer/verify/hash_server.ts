/**
 * Serves the hashes of v2 files to peers (BEP 52): piece layers with their proofs, and leaf hashes.
 *
 * Leaf hashes are not stored. The piece is read from disk and hashed, one piece at a time and at a limited
 * rate, however many peers ask.
 *
 * @module
 */

import { hex } from "../../codec/bytes.ts";
import { hostKey } from "../../codec/network_key.ts";
import { HASH_LENGTH, type MerkleTree } from "../../codec/torrent/merkle.ts";
import type { HashRange, PieceLayer } from "../../codec/torrent/piece_layer.ts";
import type { HashRangeMessage } from "../../codec/wire/message.ts";
import { ProtocolError } from "../../errors.ts";
import { BLOCK_LENGTH, type Layout, type PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";

/**
 * Number of hashes a peer may request over the life of a connection: 128 MiB of them, four times as many as a
 * file of 1 TiB in pieces of 1 MiB has.
 */
const MAX_HASHES_PER_PEER = 4 * 1024 * 1024;
/** Minimum cost of a request, because any answer takes a message. */
const HASHES_PER_REQUEST = 32;
/** Leaf hash requests of one peer that may wait; libtorrent sends two. */
const MAX_WAITING_PER_PEER = 8;
/** Leaf hash requests of all peers of one host that may wait. */
const MAX_WAITING_PER_HOST = 16;
/** Leaf hash requests that may wait in total. Beyond that the host with the most loses one. */
const MAX_WAITING = 64;
/** Bytes per second to read and hash for peers: about a hundredth of a core. */
const HASHED_BYTES_PER_SECOND = 16 * 1024 * 1024;
/** How far a burst may run ahead of that rate. */
const BURST_MS = 1000;
/** Cache size for leaf hashes and the trees above them, in bytes, since peers request some repeatedly. */
const MAX_CACHED_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly connection: Connection;
  readonly host: string;
  readonly message: HashRangeMessage;
  readonly piece: PieceIndex;
}

/** Answers hash requests. */
export class HashServer {
  readonly #context: TransferContext;
  readonly #layers: ReadonlyMap<string, PieceLayer>;
  readonly #asked = new Map<Connection, number>();
  readonly #cached = new Map<PieceIndex, MerkleTree>();
  readonly #mostCached: number;
  /** The first piece of each file, by root in hex; built when first needed. */
  #firstPieces: Map<string, number> | undefined;
  #waiting: Waiting[] = [];
  #hashing: PieceIndex | undefined;
  /** When the work done so far would be finished at the allowed rate. */
  #paidUntilMs = 0;

  /** @param layers piece layers by root in hex */
  constructor(context: TransferContext, layers: ReadonlyMap<string, PieceLayer>) {
    this.#context = context;
    this.#layers = layers;
    const treeBytes = 2 * HASH_LENGTH * Math.ceil(context.layout.pieceLength / BLOCK_LENGTH);
    this.#mostCached = Math.max(1, Math.floor(MAX_CACHED_BYTES / treeBytes));
  }

  /**
   * Answers a hash request with hashes or a reject, now or soon.
   *
   * @throws {ProtocolError} when the peer has used up its allowance
   */
  onRequest(connection: Connection, request: HashRangeMessage, nowMs: number): void {
    const cost = Math.max(HASHES_PER_REQUEST, request.length);
    const asked = (this.#asked.get(connection) ?? 0) + cost;
    if (asked > MAX_HASHES_PER_PEER) throw new ProtocolError("keeps asking for hashes");
    this.#asked.set(connection, asked);
    const message = { ...request, root: request.root.slice() }; // a view of the receive buffer
    const root = hex(message.root);
    const pieceInFile = this.#layers.get(root)?.pieceBelow(message);
    if (pieceInFile === undefined) return this.#answer(connection, message);
    const piece = this.#onDisk(root, pieceInFile);
    const known = piece === undefined ? undefined : this.#cached.get(piece);
    if (piece === undefined || known !== undefined || !this.#hasRoom(connection)) {
      return this.#answer(connection, message, known);
    }
    this.#waiting.push({ connection, host: hostKey(connection.peer.host), message, piece });
    this.#next(nowMs);
  }

  /** The driver hashed the blocks of a piece, or failed to. */
  onHashed(piece: PieceIndex, leaves: Uint8Array | undefined, nowMs: number): void {
    this.#hashing = undefined;
    const tree = leaves && this.#layerOf(piece)?.treeBelow(leaves);
    if (tree !== undefined) this.#cached.set(piece, tree);
    const [oldest] = this.#cached.keys();
    if (this.#cached.size > this.#mostCached) this.#cached.delete(oldest!);
    const answered = this.#waiting.filter((waiting) => waiting.piece === piece);
    this.#waiting = this.#waiting.filter((waiting) => waiting.piece !== piece);
    for (const { connection, message } of answered) this.#answer(connection, message, tree);
    this.#next(nowMs);
  }

  /** The piece on disk has changed. */
  onPieceLost(piece: PieceIndex): void {
    this.#cached.delete(piece);
  }

  onDisconnected(connection: Connection): void {
    this.#asked.delete(connection);
    this.#waiting = this.#waiting.filter((waiting) => waiting.connection !== connection);
  }

  /** Starts hashing the next piece if the rate allows. */
  tick(nowMs: number): void {
    this.#next(nowMs);
  }

  /** The piece of the torrent that is piece `pieceInFile` of the file, if it is on disk. */
  #onDisk(root: string, pieceInFile: number): PieceIndex | undefined {
    const { layout, pieces } = this.#context;
    this.#firstPieces ??= firstPieces(layout);
    const piece = layout.pieceIndex((this.#firstPieces.get(root) ?? -1) + pieceInFile);
    return piece !== undefined && pieces.shared.get(piece) ? piece : undefined;
  }

  #layerOf(piece: PieceIndex): PieceLayer | undefined {
    const { root } = this.#context.layout.fileOf(piece);
    return root && this.#layers.get(hex(root));
  }

  /** Whether one more request of this peer may wait. If needed, the host with the most requests loses one. */
  #hasRoom(connection: Connection): boolean {
    const perHost = new Map<string, number>();
    let mine = 0;
    for (const { connection: other, host } of this.#waiting) {
      if (other === connection) mine++;
      perHost.set(host, (perHost.get(host) ?? 0) + 1);
    }
    const here = perHost.get(hostKey(connection.peer.host)) ?? 0;
    if (mine >= MAX_WAITING_PER_PEER || here >= MAX_WAITING_PER_HOST) return false;
    if (this.#waiting.length < MAX_WAITING) return true;
    const most = Math.max(...perHost.values());
    if (most <= here + 1) return false;
    const at = this.#waiting.findLastIndex(({ host }) => perHost.get(host) === most);
    const [leaver] = this.#waiting.splice(at, 1);
    this.#answer(leaver!.connection, leaver!.message);
    return true;
  }

  #next(nowMs: number): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#hashing !== undefined) return;
    if (this.#paidUntilMs > nowMs + BURST_MS) return;
    const costMs = this.#context.layout.pieceLength / HASHED_BYTES_PER_SECOND * 1000;
    this.#paidUntilMs = Math.max(nowMs, this.#paidUntilMs) + costMs;
    this.#hashing = next.piece;
    this.#context.emit({ type: "hashBlocks", piece: next.piece });
  }

  /** Sends the hashes, or a reject when they are unknown or do not exist. */
  #answer(connection: Connection, request: HashRangeMessage, leaves?: MerkleTree): void {
    const { root, baseLayer, index, length, proofLayers } = request;
    const range: HashRange = { baseLayer, index, length, proofLayers };
    const hashes = this.#layers.get(hex(root))?.answer(range, leaves);
    const message = hashes === undefined
      ? { type: "hashReject", root, ...range } as const
      : { type: "hashes", root, ...range, hashes } as const;
    this.#context.emit({ type: "send", connection, message });
  }
}

function firstPieces(layout: Layout): Map<string, number> {
  const first = new Map<string, number>();
  for (const piece of layout.pieces()) {
    const { root, pieceInFile } = layout.fileOf(piece);
    if (root !== undefined && pieceInFile === 0) first.set(hex(root), piece);
  }
  return first;
}
