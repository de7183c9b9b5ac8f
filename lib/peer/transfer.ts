/**
 * The phase in which pieces move: every message of a peer, and what it means for fetching, serving and
 * hashes.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import {
  DONT_HAVE_EXTENSION,
  encodeDontHave,
  METADATA_PIECE_LENGTH,
  type MetadataMessage,
  metadataPieceCount,
} from "../codec/extension.ts";
import type { Message } from "../codec/message.ts";
import type { PieceLayer } from "../codec/piece_layer.ts";
import { ProtocolError } from "../errors.ts";
import { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import { Pieces } from "../store/pieces.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";
import { Download, type Sources, type StoreBlock } from "./download.ts";
import { HashExchange } from "./hash_exchange.ts";
import { sendMetadata } from "./metadata_fetch.ts";
import type { Peer } from "./peer_book.ts";
import { Upload } from "./upload.ts";

/** A hybrid whose SHA-256 hashes nobody gives is fetched by its SHA-1 hashes after so long. */
const SHA1_FALLBACK_MS = 3000;
/** Pieces a choked peer may be allowed to ask for; what a peer says beyond is ignored. */
const MAX_ALLOWED_FAST = 64;
/** Answers to metadata requests per connection, in multiples of the whole dictionary. */
const MAX_METADATA_COPIES = 4;

/** What a transfer starts from. */
export interface TransferOptions {
  /** The info dictionary. */
  readonly info: Uint8Array;
  readonly layout: Layout;
  /** What is on disk. */
  readonly have: Bitfield;
  /** Pieces that may be collected at once. */
  readonly slotCount: number;
  /** SHA-1 of each piece, packed; absent in v2 torrents. */
  readonly sha1s: Uint8Array | undefined;
  /** Piece layers by root in hex; empty in v1 torrents. */
  readonly layers: ReadonlyMap<string, PieceLayer>;
  readonly storeBlock: StoreBlock;
}

/** What the swarm lends to its transfer. */
export interface TransferContext {
  readonly connections: ReadonlyMap<number, Connection>;
  readonly emit: Emit;
  readonly random: () => number;
  readonly peerById: (id: number) => Peer | undefined;
  readonly uploadSlots: number;
}

/** How a piece is to be checked. */
export type Expected =
  | { readonly kind: "sha256"; readonly hash: Uint8Array }
  | { readonly kind: "sha1"; readonly hash: Uint8Array };

/** The transfer of one torrent. */
export class Transfer {
  /** What we have and what is on its way. */
  readonly pieces: Pieces;
  /** Piece, block and file arithmetic. */
  readonly layout: Layout;
  /** The fetching half. */
  readonly download: Download;
  /** The serving half. */
  readonly upload: Upload;
  /** Some pieces were checked by SHA-1 although the torrent has SHA-256 hashes. */
  usedSha1 = false;
  readonly #info: Uint8Array;
  readonly #sha1s: Uint8Array | undefined;
  readonly #layers: ReadonlyMap<string, PieceLayer>;
  readonly #layerOfFile = new Map<number, PieceLayer>();
  readonly #hashes: HashExchange;
  readonly #context: TransferContext;
  readonly #metadataServed = new Map<Connection, number>();
  #hashesSinceMs: number;
  #sha1Fallback = false;

  /** Begins with `options.have`; connections are taken over by {@link joined}. */
  constructor(options: TransferOptions, context: TransferContext, nowMs: number) {
    const { layout } = options;
    const { emit, random, peerById } = context;
    this.layout = layout;
    this.#info = options.info;
    this.#sha1s = options.sha1s;
    this.#layers = options.layers;
    this.#context = context;
    this.#hashesSinceMs = nowMs;
    this.pieces = new Pieces(layout, options.have, options.slotCount);
    const connections = { [Symbol.iterator]: () => context.connections.values() };
    const shared = { layout, pieces: this.pieces, connections, emit, random, peerById };
    const canVerify = (piece: PieceIndex) => this.expected(piece) !== undefined;
    this.download = new Download({ ...shared, canVerify, storeBlock: options.storeBlock });
    this.upload = new Upload({ ...shared, slots: context.uploadSlots });
    this.#hashes = new HashExchange(options.layers, emit);
  }

  /** Length of the info dictionary, in bytes. */
  get metadataSize(): number {
    return this.#info.length;
  }

  /** True when all piece hashes are known. */
  get hashesComplete(): boolean {
    return this.#hashes.isComplete;
  }

  /** How to check a piece: by SHA-256 where that is known, else by SHA-1; `undefined`: not yet. */
  expected(piece: PieceIndex): Expected | undefined {
    if (this.layout.version !== "v1") {
      const { file, pieceInFile, root } = this.layout.fileOf(piece);
      const hash = root && this.#layerOf(file, root)?.hash(pieceInFile);
      if (hash !== undefined) return { kind: "sha256", hash };
      if (!this.#sha1Fallback || this.#sha1s === undefined) return undefined;
    }
    return { kind: "sha1", hash: this.#sha1s!.subarray(piece * 20, piece * 20 + 20) };
  }

  /** The piece layer of a file: looked up by its root once, since every piece asks for it. */
  #layerOf(file: number, root: Uint8Array): PieceLayer | undefined {
    let layer = this.#layerOfFile.get(file);
    if (layer === undefined) {
      layer = this.#layers.get(hex(root));
      if (layer !== undefined) this.#layerOfFile.set(file, layer);
    }
    return layer;
  }

  /** A connection takes part from now on: it hears what we have. `late` ones were told "nothing". */
  joined(connection: Connection, late: boolean): void {
    const { have } = this.pieces;
    connection.remote = new Bitfield(this.layout.pieceCount);
    const send = (message: Message) => this.#context.emit({ type: "send", connection, message });
    if (late) {
      for (const piece of have.ones()) send({ type: "have", piece });
    } else if (connection.negotiated.fast && (have.isFull || have.isEmpty)) {
      send({ type: have.isFull ? "haveAll" : "haveNone" });
    } else if (connection.negotiated.fast || !have.isEmpty) {
      send({ type: "bitfield", bits: have.bytes() });
    }
  }

  /**
   * A message arrived.
   *
   * @throws {ProtocolError} when it breaks the protocol
   */
  received(connection: Connection, message: Message, nowMs: number): void {
    const { download, upload } = this;
    switch (message.type) {
      case "piece":
        return download.block(connection, message, nowMs);
      case "request":
        return upload.request(connection, message, nowMs);
      case "have":
        return download.pieceGained(connection, this.#index(message.piece));
      case "bitfield":
        return download.piecesReplaced(connection, this.#bitfield(message.bits));
      case "haveAll":
        return download.piecesReplaced(connection, this.#bitfield("all"));
      case "haveNone":
        return download.piecesReplaced(connection, this.#bitfield("none"));
      case "choke":
        return download.choked(connection);
      case "unchoke":
        return download.unchoked(connection);
      case "interested":
        return upload.interested(connection, nowMs);
      case "notInterested":
        return upload.notInterested(connection);
      case "cancel":
        return upload.cancel(connection, message);
      case "reject":
        return download.rejected(connection, message);
      case "allowedFast":
        return this.#allowFast(connection, message.piece);
      case "hashRequest":
        return this.#hashes.request(connection, message);
      case "hashes":
        if (this.#hashes.hashes(connection, message)) {
          this.#hashesSinceMs = nowMs;
          download.hashesArrived();
        }
        return;
      case "hashReject":
        return this.#hashes.rejected(connection, message, nowMs);
      case "keepAlive":
      case "port": // we run no DHT
      case "suggest": // a hint we have no use for
      case "extended": // the swarm has taken care of it
      case "unknown":
        return;
      default:
        message satisfies never;
    }
  }

  /** A message of the metadata exchange (BEP 9): we have the whole dictionary and give it away. */
  metadata(connection: Connection, message: MetadataMessage): void {
    if (message.type !== "request") return;
    const { piece } = message;
    const count = metadataPieceCount(this.#info.length);
    const served = (this.#metadataServed.get(connection) ?? 0) + 1;
    this.#metadataServed.set(connection, served);
    const { emit } = this.#context;
    if (piece >= count || served > MAX_METADATA_COPIES * count) {
      return sendMetadata(emit, connection, { type: "reject", piece });
    }
    const begin = piece * METADATA_PIECE_LENGTH;
    const data = this.#info.subarray(begin, begin + METADATA_PIECE_LENGTH);
    sendMetadata(emit, connection, { type: "data", piece, totalSize: this.#info.length, data });
  }

  /** The peer no longer has a piece (BEP 54). */
  dontHave(connection: Connection, piece: number): void {
    this.download.pieceDropped(connection, this.#index(piece));
  }

  /** The driver checked and stored a piece, or it did not match. Returns who sent it. */
  verified(piece: PieceIndex, matches: boolean, bySha1: boolean): Sources {
    if (matches && bySha1 && this.layout.version === "hybrid") this.usedSha1 = true;
    return this.download.verified(piece, matches);
  }

  /** A piece on disk is not what it was: nobody gets it any more. */
  pieceLost(piece: PieceIndex): void {
    if (!this.pieces.have.get(piece)) return;
    this.pieces.lost(piece);
    this.upload.pieceLost(piece);
    const payload = encodeDontHave(piece);
    for (const connection of this.#context.connections.values()) {
      const id = connection.extensionIds.get(DONT_HAVE_EXTENSION);
      if (id === undefined || id === 0) continue;
      this.#context.emit({ type: "send", connection, message: { type: "extended", id, payload } });
    }
  }

  /** Sends what the connection's last events call for: hash requests, block requests. */
  settle(connection: Connection, nowMs: number): void {
    if (!this.#hashes.isComplete) this.#hashes.settle(connection, nowMs);
    this.download.settle(connection, nowMs);
  }

  /** The connection is gone. */
  left(connection: Connection): void {
    this.#hashes.left(connection);
    this.#metadataServed.delete(connection);
    this.download.left(connection);
  }

  /** Time passed. */
  tick(nowMs: number): void {
    this.download.tick(nowMs);
    this.upload.tick(nowMs);
    if (this.#hashes.isComplete) return;
    this.#hashes.tick(nowMs);
    const waitedMs = nowMs - this.#hashesSinceMs;
    if (this.#sha1s !== undefined && !this.#sha1Fallback && waitedMs > SHA1_FALLBACK_MS) {
      this.#sha1Fallback = true;
    }
    this.download.hashesArrived();
  }

  #bitfield(bits: Uint8Array | "all" | "none"): Bitfield {
    if (bits instanceof Uint8Array) return Bitfield.fromBytes(bits, this.layout.pieceCount);
    const field = new Bitfield(this.layout.pieceCount);
    if (bits === "all") field.fill();
    return field;
  }

  #allowFast(connection: Connection, piece: number): void {
    if (connection.allowedFast.size >= MAX_ALLOWED_FAST) return;
    connection.allowedFast.add(this.#index(piece));
    connection.hungry = true;
  }

  #index(piece: number): PieceIndex {
    const index = this.layout.pieceIndex(piece);
    if (index === undefined) throw new ProtocolError(`names piece ${piece}, which does not exist`);
    return index;
  }
}
