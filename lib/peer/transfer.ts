/**
 * The phase in which pieces move. Dispatches every message of a peer to the download, the upload or the hash
 * exchange.
 *
 * @module
 */

import type { MetadataMessage } from "../codec/wire/extension.ts";
import type { Message } from "../codec/wire/message.ts";
import { ProtocolError } from "../errors.ts";
import { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import { type ActivePiece, type PieceHash, Pieces } from "../store/pieces.ts";
import type { Connection } from "./connection/connection.ts";
import type { SwarmContext, TransferContext } from "./connection/context.ts";
import type { Peer } from "./connection/peer.ts";
import type { BlockRequest } from "./connection/upload_state.ts";
import { Download } from "./download/download.ts";
import type { UrgentRange } from "./download/urgent_pieces.ts";
import { MetadataServer } from "./extension/metadata_server.ts";
import type { TransferLimits, TransferOptions } from "./options.ts";
import { FloodGuard } from "./peers/flood_guard.ts";
import type { TransferView } from "./transfer_view.ts";
import { broadcastDontHave, initialPieceMessages } from "./upload/have_broadcast.ts";
import { SuperSeed } from "./upload/super_seed.ts";
import { Upload } from "./upload/upload.ts";
import type { VerdictHandlers } from "./verify/failed_pieces.ts";
import { HashServer } from "./verify/hash_server.ts";
import { Verifier } from "./verify/verifier.ts";

/** The transfer of one torrent. */
export class Transfer implements TransferView {
  /** The pieces we have and those in progress. */
  readonly pieces: Pieces;
  /** The layout of pieces, blocks and files. */
  readonly layout: Layout;
  /** The download half. */
  readonly download: Download;
  /** The upload half. */
  readonly upload: Upload;
  readonly #metadata: MetadataServer;
  readonly #floodGuard: FloodGuard;
  readonly #verifier: Verifier;
  readonly #hashServer: HashServer;
  readonly #superSeed: SuperSeed | undefined;
  readonly #context: TransferContext;

  /** Starts with the pieces in `options.have`. Connections are added by {@link onConnected}. */
  constructor(
    swarm: SwarmContext,
    options: TransferOptions,
    { uploadSlots, downloadLimit }: TransferLimits,
    ban: VerdictHandlers["ban"],
    nowMs: number,
  ) {
    const { layout, storeBlock } = options;
    this.layout = layout;
    const { have, slotCount, chosen, memory } = options;
    this.pieces = new Pieces(layout, have, slotCount, chosen, memory);
    const context = this.#context = { ...swarm, layout, pieces: this.pieces };
    this.#metadata = new MetadataServer(options.info, context.emit);
    this.#floodGuard = new FloodGuard(layout.pieceCount);
    const verifier = this.#verifier = new Verifier(context, options, {
      ban,
      retryBlocks: (piece, wrong) => this.download.retryBlocks(piece, wrong),
      retryPiece: (piece) => this.download.retryPiece(piece),
    }, nowMs);
    const onFull = (active: ActivePiece) => verifier.check(active);
    this.download = new Download(context, verifier, { storeBlock, downloadLimit, onFull });
    const leecherCount = () => context.connections.size - this.download.available.completeCount;
    this.upload = new Upload(context, uploadSlots, leecherCount);
    this.#hashServer = new HashServer(context, options.layers);
    if (options.superSeed && options.have.isFull) this.#superSeed = new SuperSeed(context);
  }

  /** Whether to tell peers that we are upload-only (BEP 21). */
  get isUploadOnly(): boolean {
    return this.pieces.isComplete && this.#superSeed?.isHiding !== true;
  }

  /** Whether the first extended handshake may say so. A super-seeder has to see the peer first. */
  get saysUploadOnlyAtOnce(): boolean {
    return this.isUploadOnly && this.#superSeed === undefined;
  }

  /** Our super-seeding (BEP 16); `undefined` when it is off. */
  get superSeed(): Pick<SuperSeed, "isHiding"> | undefined {
    return this.#superSeed;
  }

  /** Length of the info dictionary, in bytes. */
  get metadataSize(): number {
    return this.#metadata.size;
  }

  /** True when all SHA-256 piece hashes are known. */
  get hashesComplete(): boolean {
    return this.#verifier.isComplete;
  }

  /** See {@link TransferView.usedSha1}. */
  get usedSha1(): boolean {
    return this.#verifier.usedSha1;
  }

  /**
   * The hash to check a piece against: SHA-256 if known, else SHA-1; `undefined` while neither can be used.
   */
  expected(piece: PieceIndex): PieceHash | undefined {
    return this.#verifier.expected(piece);
  }

  /** See {@link TransferView.wastedBytes}. */
  get wastedBytes(): number {
    return this.download.wastedBytes;
  }

  /** See {@link TransferView.isHiding}. */
  get isHiding(): boolean {
    return this.#superSeed?.isHiding ?? false;
  }

  /** See {@link TransferView.urge}. */
  urge(): UrgentRange {
    return this.download.urgent.open();
  }

  /** See {@link TransferView.availability}. */
  availability(piece: number): number {
    return this.download.available.rarity.availability(piece);
  }

  /**
   * Adds a connection and announces our pieces to it. `late`: the peer was already told that we have none.
   */
  onConnected(connection: Connection, late: boolean): void {
    const { shared: have } = this.pieces;
    const { fast } = connection.negotiated;
    this.download.onConnected(connection);
    const send = (message: Message) => this.#context.emit({ type: "send", connection, message });
    if (!late && this.#superSeed?.onConnected(connection)) {
      if (fast) send({ type: "haveNone" });
      this.#superSeed.offerPieces();
    } else for (const message of initialPieceMessages(have, fast, late)) send(message);
  }

  /**
   * Handles a message.
   *
   * @throws {ProtocolError} when it breaks the protocol
   */
  onMessage(connection: Connection, message: Message, nowMs: number): void {
    const { download, upload } = this;
    this.#floodGuard.onMessage(connection, message, nowMs);
    switch (message.type) {
      case "piece":
        return download.block(connection, message, nowMs);
      case "request":
        this.#superSeed?.offerPieces();
        return upload.onRequest(connection, message, nowMs);
      case "have":
        return this.#gained(connection, this.#index(message.piece));
      case "bitfield":
        return this.#onBitfield(
          connection,
          Bitfield.fromBytes(message.bits, this.layout.pieceCount),
          nowMs,
        );
      case "haveAll":
        return this.#replaced(connection, Bitfield.full(this.layout.pieceCount));
      case "haveNone":
        return this.#replaced(connection, new Bitfield(this.layout.pieceCount));
      case "choke":
        return download.onChoke(connection);
      case "unchoke":
        return download.onUnchoke(connection);
      case "interested":
        return upload.onInterested(connection, nowMs);
      case "notInterested":
        return upload.onNotInterested(connection, nowMs);
      case "cancel":
        if (!upload.onCancel(connection, message)) this.#floodGuard.charge(connection, 1, nowMs);
        return;
      case "reject":
        return download.onReject(connection, message);
      case "allowedFast":
        return download.onAllowedFast(connection, this.#index(message.piece));
      case "suggest":
        return this.#superSeed?.onWish(connection, message.piece);
      case "hashRequest":
        return this.#hashServer.onRequest(connection, message, nowMs);
      case "hashes":
        if (this.#verifier.hashes(connection, message, nowMs)) download.onHashes();
        return;
      case "hashReject":
        return this.#verifier.onHashReject(connection, message, nowMs);
      case "keepAlive":
      case "port": // we run no DHT
      case "extended": // handled by the swarm
      case "unknown":
        return;
      default:
        message satisfies never;
    }
  }

  /** Handles a ut_metadata message (BEP 9). We have the whole dictionary and serve it. */
  onMetadataMessage(connection: Connection, message: MetadataMessage): void {
    this.#metadata.onMessage(connection, message);
  }

  /** The peer no longer has a piece (BEP 54). */
  onDontHave(connection: Connection, piece: number): void {
    this.#floodGuard.charge(connection, 1, connection.lastReceivedMs);
    this.download.onDontHave(connection, this.#index(piece));
  }

  /**
   * The driver checked a piece, and stored it if it matched. Returns the peers that sent the stored piece.
   *
   * @param digests The SHA-256 of each block, packed, when the piece did not match or they were wanted.
   */
  verified(
    piece: PieceIndex,
    matches: boolean,
    bySha1: boolean,
    digests: Uint8Array | undefined,
  ): readonly Peer[] {
    const from = this.#verifier.onVerified(piece, matches, bySha1, digests);
    if (from === undefined) return [];
    this.download.onStored(piece, from);
    const bytes = this.layout.dataLength(piece);
    this.#context.emit({ type: "pieceStored", piece, bytes, from });
    return from;
  }

  /** The driver hashed the blocks of a piece on disk, or failed to. */
  hashed(piece: PieceIndex, leaves: Uint8Array | undefined, nowMs: number): void {
    this.#hashServer.onHashed(piece, leaves, nowMs);
  }

  /** A piece on disk has changed, and is no longer served. */
  pieceLost(piece: PieceIndex): void {
    if (!this.pieces.have.get(piece)) return;
    this.pieces.lost(piece);
    this.upload.onPieceLost(piece);
    this.#hashServer.onPieceLost(piece);
    broadcastDontHave(this.#context, piece);
    this.#context.emit({ type: "pieceLost", piece });
  }

  /** Takes queued requests for the socket, up to `maxBytes`. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[] {
    const requests = this.upload.take(connection, maxBytes);
    this.#superSeed?.onUpload(connection, requests);
    return requests;
  }

  /** Sends the hash and block requests that the connection's last events call for. */
  poll(connection: Connection, nowMs: number): void {
    this.#verifier.poll(connection, nowMs);
    this.download.poll(connection, nowMs);
  }

  onDisconnected(connection: Connection): void {
    this.#hashServer.onDisconnected(connection);
    this.#metadata.onDisconnected(connection);
    this.#floodGuard.onDisconnected(connection);
    this.download.onDisconnected(connection);
    this.upload.onDisconnected(connection);
    this.#verifier.onDisconnected(connection);
    this.#superSeed?.onDisconnected(connection);
  }

  tick(nowMs: number): void {
    this.download.tick(nowMs);
    this.upload.tick(nowMs);
    this.#superSeed?.tick(nowMs);
    this.#hashServer.tick(nowMs);
    if (this.#verifier.tick(nowMs)) this.download.onHashes();
  }

  #onBitfield(connection: Connection, remote: Bitfield, nowMs: number): void {
    const news = connection.pieces.newsIn(remote);
    this.#floodGuard.onBitfield(connection, news !== undefined, nowMs);
    if (news === undefined) return this.#replaced(connection, remote);
    for (const piece of news.ones()) this.#gained(connection, piece as PieceIndex);
  }

  #replaced(connection: Connection, remote: Bitfield): void {
    this.download.onBitfield(connection, remote);
    if (!this.#superSeed?.isHiding) return;
    for (const piece of remote.ones()) this.#superSeed.onHave(connection, piece as PieceIndex);
    this.#superSeed.offerPieces();
  }

  #gained(connection: Connection, piece: PieceIndex): void {
    this.download.onHave(connection, piece);
    this.#superSeed?.onHave(connection, piece);
    this.#superSeed?.offerPieces();
  }

  #index(piece: number): PieceIndex {
    const index = this.layout.pieceIndex(piece);
    if (index === undefined) throw new ProtocolError(`names piece ${piece}, which does not exist`);
    return index;
  }
}
