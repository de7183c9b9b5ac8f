/**
 * Chooses the hash that each piece is checked against: its SHA-256 hash if known, which after a magnet link
 * has to come from peers first; its SHA-1 hash if there is nothing else.
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

/** After this long, a hybrid torrent whose SHA-256 hashes no peer sends falls back to SHA-1. */
const SHA1_FALLBACK_MS = 3000;

/** The hashes known when a transfer begins. */
export interface KnownHashes {
  /** Piece layers by root in hex; empty in v1 torrents. */
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** SHA-1 of each piece, packed; absent in v2 torrents. */
  readonly sha1s: Uint8Array | undefined;
}

/** The known hashes of all pieces. */
export class PieceHashes {
  readonly #layout: Layout;
  readonly #known: KnownHashes;
  readonly #layerOfFile = new Map<number, PieceLayer>();
  readonly #layerFetch: PieceLayerFetch;
  #sinceMs: number;
  #sha1Fallback = false;

  /** Incomplete layers are requested from peers. */
  constructor({ layout, emit }: TransferContext, known: KnownHashes, nowMs: number) {
    this.#layout = layout;
    this.#known = known;
    this.#layerFetch = new PieceLayerFetch(known.layers, emit);
    this.#sinceMs = nowMs;
  }

  /** True when all SHA-256 piece hashes are known. */
  get isComplete(): boolean {
    return this.#layerFetch.isComplete;
  }

  /**
   * The hash to check a piece against: SHA-256 if known, else SHA-1; `undefined` while neither can be used.
   */
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

  /** Whether {@link expected} would return a hash. Cheaper, as it usually creates no object. */
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

  /** Requests missing hashes from the peer. */
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

  /** The peer refuses to send these hashes. */
  onHashReject(connection: Connection, message: HashRangeMessage, nowMs: number): void {
    this.#layerFetch.onHashReject(connection, message, nowMs);
  }

  onDisconnected(connection: Connection): void {
    this.#layerFetch.onDisconnected(connection);
  }

  /** Returns true while hashes are missing, when there may be new ones to request. */
  tick(nowMs: number): boolean {
    if (this.isComplete) return false;
    this.#layerFetch.tick(nowMs);
    if (this.#known.sha1s !== undefined && nowMs - this.#sinceMs > SHA1_FALLBACK_MS) {
      this.#sha1Fallback = true;
    }
    return true;
  }

  /** The piece layer of a file. Caches the lookup by root, because every piece needs it. */
  #layerOf(file: number, root: Uint8Array): PieceLayer | undefined {
    let layer = this.#layerOfFile.get(file);
    if (layer === undefined) {
      layer = this.#known.layers.get(hex(root));
      if (layer !== undefined) this.#layerOfFile.set(file, layer);
    }
    return layer;
  }
}
