/**
 * How each piece is checked: by SHA-256 where its hash is known, which in a torrent from a magnet link
 * it is only once peers have given it; by SHA-1 where there is nothing else.
 *
 * @module
 */

import { hex } from "../../codec/bytes.ts";
import type { PieceLayer } from "../../codec/torrent/piece_layer.ts";
import type { HashesMessage, HashRangeMessage } from "../../codec/wire/message.ts";
import type { Layout, PieceIndex } from "../../store/layout.ts";
import type { PieceHash } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { LeafPlace } from "./block_hash_fetch.ts";
import { PieceLayerFetch } from "./piece_layer_fetch.ts";

/** A hybrid whose SHA-256 hashes nobody gives is fetched by its SHA-1 hashes after so long. */
const SHA1_FALLBACK_MS = 3000;

/** The hashes that are known when a transfer begins. */
export interface KnownHashes {
  /** Piece layers by root in hex; empty in v1 torrents. */
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** SHA-1 of each piece, packed; absent in v2 torrents. */
  readonly sha1s: Uint8Array | undefined;
}

/** The hashes of all pieces, as far as they are known. */
export class PieceHashes {
  readonly #layout: Layout;
  readonly #known: KnownHashes;
  readonly #layerOfFile = new Map<number, PieceLayer>();
  readonly #layerFetch: PieceLayerFetch;
  #sinceMs: number;
  #sha1Fallback = false;

  /** Layers that lack hashes are asked for. */
  constructor({ layout, emit }: TransferContext, known: KnownHashes, nowMs: number) {
    this.#layout = layout;
    this.#known = known;
    this.#layerFetch = new PieceLayerFetch(known.layers, emit);
    this.#sinceMs = nowMs;
  }

  /** True when every SHA-256 hash there is is known. */
  get isComplete(): boolean {
    return this.#layerFetch.isComplete;
  }

  /** How to check a piece: by SHA-256 where that is known, else by SHA-1; `undefined`: not yet. */
  expected(piece: PieceIndex): PieceHash | undefined {
    const { sha1s } = this.#known;
    const layout = this.#layout;
    if (layout.version !== "v1") {
      const { file, pieceInFile, root } = layout.fileOf(piece);
      const hash = root && this.#layerOf(file, root)?.hash(pieceInFile);
      if (hash !== undefined) return { kind: "sha256", hash };
      if (!this.#sha1Fallback || sha1s === undefined) return undefined;
    }
    return { kind: "sha1", hash: sha1s!.subarray(piece * 20, piece * 20 + 20) };
  }

  /** Whether a piece can be checked: {@link expected} gives something, which this does not make. */
  canVerify(piece: PieceIndex): boolean {
    return this.#layout.version === "v1" || this.isComplete ||
      this.expected(piece) !== undefined;
  }

  /** Where the leaf hashes of a piece lie, if its SHA-256 hash is known. */
  placeOf(piece: PieceIndex): LeafPlace | undefined {
    const layout = this.#layout;
    if (layout.version === "v1") return undefined;
    const { file, pieceInFile, root } = layout.fileOf(piece);
    const layer = root && this.#layerOf(file, root);
    const pieceHash = layer?.hash(pieceInFile);
    if (layer === undefined || pieceHash === undefined) return undefined;
    const length = 2 ** layer.layer;
    const range = { baseLayer: 0, index: pieceInFile * length, length, proofLayers: 0 };
    return { root: layer.root, range, pieceHash };
  }

  /** Asks the peer for hashes that are missing. */
  poll(connection: Connection, nowMs: number): void {
    if (!this.isComplete) this.#layerFetch.poll(connection, nowMs);
  }

  /**
   * Hashes arrived. Returns true when they were new.
   *
   * @throws {CorruptDataError} when they do not lead to the root
   */
  onHashes(connection: Connection, message: HashesMessage, nowMs: number): boolean {
    const isNew = this.#layerFetch.onHashes(connection, message);
    if (isNew) this.#sinceMs = nowMs;
    return isNew;
  }

  /** The peer cannot give these hashes. */
  onHashReject(connection: Connection, message: HashRangeMessage, nowMs: number): void {
    this.#layerFetch.onHashReject(connection, message, nowMs);
  }

  /** The connection is gone. */
  onDisconnected(connection: Connection): void {
    this.#layerFetch.onDisconnected(connection);
  }

  /** Time passed. Returns true when there may be something to ask for that there was not before. */
  tick(nowMs: number): boolean {
    if (this.isComplete) return false;
    this.#layerFetch.tick(nowMs);
    if (this.#known.sha1s !== undefined && nowMs - this.#sinceMs > SHA1_FALLBACK_MS) {
      this.#sha1Fallback = true;
    }
    return true;
  }

  /** The piece layer of a file: looked up by its root once, since every piece asks for it. */
  #layerOf(file: number, root: Uint8Array): PieceLayer | undefined {
    let layer = this.#layerOfFile.get(file);
    if (layer === undefined) {
      layer = this.#known.layers.get(hex(root));
      if (layer !== undefined) this.#layerOfFile.set(file, layer);
    }
    return layer;
  }
}
