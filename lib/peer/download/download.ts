/**
 * The download half: which blocks are requested from which peer, and what becomes of them.
 *
 * A block is requested (`poll`) and arrives (`block`). When its piece is full, the driver checks and stores
 * the piece (`onStored`), and all peers are told. If the piece does not match its hash, all of it or some of
 * its blocks are fetched again (`retryPiece`, `retryBlocks`).
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../codec/torrent/merkle.ts";
import type { BlockRangeMessage, PieceMessage } from "../../codec/wire/message.ts";
import { ProtocolError } from "../../errors.ts";
import type { Bitfield } from "../../store/bitfield.ts";
import type { Layout, PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, Pieces } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { Peer } from "../connection/peer.ts";
import type { ReadyQueue } from "../connection/ready_queue.ts";
import { HaveBroadcast } from "../upload/have_broadcast.ts";
import { ActivePieces } from "./active_pieces.ts";
import { Availability } from "./availability.ts";
import { type PieceChecks, PiecePicker } from "./piece_picker.ts";
import { RequestQuota } from "./request_quota.ts";
import { EndGame, RequestScheduler } from "./request_scheduler.ts";
import { RequestTable } from "./request_table.ts";
import { UrgentPieces } from "./urgent_pieces.ts";
import { WastedData } from "./wasted_data.ts";
import { Wishes } from "./wishes.ts";

/** A peer that owes blocks and sends none for this long is snubbed, and its requests are freed for others. */
const SNUB_MS = 8000;
/** Limit of allowed-fast pieces per peer. */
const MAX_ALLOWED_FAST = 64;

/** Where downloaded data goes, and how fast it may come. */
interface DownloadOptions {
  readonly storeBlock: StoreBlock;
  /** Called when a piece has all its blocks. */
  readonly onFull: (active: ActivePiece) => void;
  /** Bytes per second that may arrive now; absent for no limit. */
  readonly downloadLimit?: (() => number) | undefined;
}

/** Stores the bytes of a block: in the piece memory, or nowhere in a simulation. */
export type StoreBlock = (slot: number, begin: number, block: Uint8Array) => void;

/** The download half of a transfer. */
export class Download {
  /** Which peers have which pieces. */
  readonly available: Availability;
  /** The pieces that somebody waits for. */
  readonly urgent: UrgentPieces = new UrgentPieces();
  readonly #connections: ReadonlyMap<number, Connection>;
  readonly #layout: Layout;
  readonly #pieces: Pieces;
  readonly #ready: ReadyQueue;
  readonly #checks: PieceChecks;
  readonly #options: DownloadOptions;
  readonly #picker: PiecePicker;
  readonly #active: ActivePieces;
  readonly #haves: HaveBroadcast;
  readonly #requests: RequestTable;
  readonly #quota: RequestQuota;
  readonly #endGame: EndGame;
  readonly #scheduler: RequestScheduler;
  readonly #waste = new WastedData();
  readonly #wishes: Wishes;

  constructor(context: TransferContext, checks: PieceChecks, options: DownloadOptions) {
    this.#connections = context.connections;
    this.#layout = context.layout;
    this.#pieces = context.pieces;
    this.#ready = context.ready;
    this.#checks = checks;
    this.#options = options;
    this.#haves = new HaveBroadcast(context);
    this.available = new Availability(context);
    this.#wishes = new Wishes(context, this.urgent);
    const quota = this.#quota = new RequestQuota(context, options.downloadLimit);
    const endGame = this.#endGame = new EndGame(this.available.rarity);
    const { rarity } = this.available;
    const drop = (active: ActivePiece) => this.#active.drop(active);
    const picker = this.#picker = new PiecePicker(
      context,
      this.available,
      checks,
      this.urgent,
      drop,
    );
    const requests = new RequestTable(context, (active) => picker.onFreed(active));
    this.#requests = requests;
    this.#active = new ActivePieces(context, picker, requests, rarity, this.#waste);
    this.#scheduler = new RequestScheduler(context, picker, requests, quota, endGame);
  }

  /** Bytes that arrived and were of no use. */
  get wastedBytes(): number {
    return this.#waste.bytes;
  }

  onConnected(connection: Connection): void {
    this.available.onConnected(connection);
    this.#quota.update(connection);
  }

  /** The peer announced all its pieces, for the first time or again. */
  onBitfield(connection: Connection, remote: Bitfield): void {
    this.available.onBitfield(connection, remote);
    for (const active of this.#picker.ownedBy(connection)) {
      if (!remote.get(active.piece)) this.#active.leave(connection, active);
    }
    this.#quota.update(connection);
  }

  onHave(connection: Connection, piece: PieceIndex): void {
    this.available.onHave(connection, piece);
    this.#quota.update(connection);
  }

  /** The peer no longer has a piece (BEP 54). Without BEP 6 our requests for it are dropped. */
  onDontHave(connection: Connection, piece: PieceIndex): void {
    this.available.onDontHave(connection, piece);
    this.#quota.update(connection);
    const active = this.#pieces.active.get(piece);
    if (active === undefined) return;
    if (!connection.negotiated.fast) this.#requests.release(connection, active);
    this.#active.leave(connection, active);
    this.#ready.enqueue(connection);
    this.#ready.wakeSome();
  }

  onUnchoke(connection: Connection): void {
    connection.download.peerChoking = false;
    this.#quota.update(connection);
    connection.download.refused.clear();
    this.#ready.enqueue(connection);
  }

  /** The peer chokes us. Without BEP 6 all our requests are dropped; with it, the peer answers each. */
  onChoke(connection: Connection): void {
    connection.download.peerChoking = true;
    this.#quota.update(connection);
    if (!connection.negotiated.fast) this.#requests.releaseAll(connection);
    this.#active.leaveAll(connection);
    this.#ready.enqueue(connection); // it may have allowed-fast pieces
  }

  /** The peer lets us request a piece while choked (BEP 6). Pieces beyond the limit are ignored. */
  onAllowedFast(connection: Connection, piece: PieceIndex): void {
    const { allowedFast } = connection.download;
    if (allowedFast.size >= MAX_ALLOWED_FAST) return;
    allowedFast.add(piece);
    this.#ready.enqueue(connection);
  }

  /** The peer rejects one of our requests (BEP 6). */
  onReject(connection: Connection, message: BlockRangeMessage): void {
    const key = this.#requests.keyOf(message.piece, message.begin);
    if (key === undefined || this.#requests.onAnswered(connection, key) < 0) return;
    this.#ready.enqueue(connection);
    this.#ready.wakeSome(); // another peer may have it
    const active = this.#pieces.active.get(message.piece as PieceIndex);
    const onBlock = message.begin / BLOCK_LENGTH;
    if (active === undefined || active.isReceived(onBlock)) return; // the answer to our cancel
    this.#picker.onFreed(active);
    connection.download.refused.add(message.piece);
    this.#active.leave(connection, active);
  }

  /**
   * A block arrived.
   *
   * @throws {ProtocolError} when it is no block of this torrent, or the peer keeps sending blocks that were
   * not requested
   */
  block(connection: Connection, message: PieceMessage, nowMs: number): void {
    const { piece, begin, block } = message;
    const key = this.#requests.keyOf(piece, begin);
    const number = begin / BLOCK_LENGTH;
    const { v2 } = connection.negotiated;
    const fits = key !== undefined &&
      block.length === this.#layout.blockLength(piece as PieceIndex, number, v2);
    if (!fits) {
      throw new ProtocolError(`sent ${block.length} bytes at ${piece}+${begin}, never asked`);
    }
    const askedMs = this.#requests.onAnswered(connection, key);
    const { download } = connection;
    if (askedMs >= 0) download.pipeline.onAnswered(nowMs - askedMs);
    download.meter.add(block.length, nowMs);
    download.lastBlockMs = nowMs;
    if (download.snubbed) {
      download.snubbed = false;
      this.#quota.update(connection);
    }
    this.#ready.enqueue(connection);
    const active = this.#pieces.active.get(piece as PieceIndex);
    const welcome = active !== undefined && active.takesFrom(connection.id) &&
      active.receive(number, connection.peer.id);
    if (!welcome) return this.#waste.onUnneededBlock(connection, block.length, askedMs >= 0);
    this.#options.storeBlock(active.slot, begin, block);
    this.#requests.cancel(active, number);
    if (!active.isFull) return;
    this.#pieces.startVerifying(active.piece);
    this.#options.onFull(active);
  }

  /** A full piece, which came from these peers, matched its hash and is on disk. */
  onStored(piece: PieceIndex, from: readonly Peer[]): void {
    this.#active.finish(piece);
    if (this.#pieces.shared.get(piece)) this.#haves.onStored(piece, from);
    if (this.#pieces.isComplete) this.#haves.flush();
    for (const connection of this.#connections.values()) {
      if (!connection.pieces.have.get(piece)) continue;
      this.available.onStored(connection);
      if (!connection.pieces.amInterested) this.#quota.update(connection);
    }
  }

  /** A full piece did not match its hash, so all of it is fetched again. */
  retryPiece(piece: PieceIndex): void {
    this.#waste.add(this.#layout.dataLength(piece));
    this.onStoreFailed(piece);
  }

  /** A full piece could not be stored, so all of it is fetched again. */
  onStoreFailed(piece: PieceIndex): void {
    this.#active.restart(piece);
  }

  /** These blocks of a full piece are wrong, and the others are right. */
  retryBlocks(piece: PieceIndex, wrong: readonly number[]): void {
    this.#active.reopen(piece, wrong);
  }

  /** Frees the blocks that the connection owed for other peers. */
  onDisconnected(connection: Connection): void {
    this.#requests.releaseAll(connection);
    this.#active.leaveAll(connection);
    this.available.onDisconnected(connection);
    this.#quota.onDisconnected(connection);
  }

  /** More hashes are known, so more pieces can be requested. */
  onHashes(): void {
    for (const connection of this.#connections.values()) this.#ready.enqueue(connection);
  }

  /** See {@link RequestScheduler.poll}. */
  poll(connection: Connection, nowMs: number): void {
    this.#scheduler.poll(connection, nowMs);
  }

  /** Snubs peers that stopped delivering, and retries the pieces that peers refused. */
  tick(nowMs: number): void {
    this.#haves.flush();
    this.#wishes.tick(nowMs);
    // A suspect piece stays exclusive to one peer for a limited time; this wakes the others when it is over.
    if (this.#endGame.isOn(nowMs) || this.#checks.suspect.size > 0) this.#ready.wakeAll();
    this.#ready.tick();
    for (const connection of this.#connections.values()) {
      const { download } = connection;
      const waited = nowMs - download.lastBlockMs >= SNUB_MS;
      if (download.outstanding.size > 0) {
        if (waited) this.#snub(connection, nowMs);
        continue;
      }
      if (download.snubbed) this.#ready.enqueue(connection);
      if (!waited || download.refused.size === 0) continue;
      download.refused.clear(); // it may have them now, and perhaps no other peer does
      download.lastBlockMs = nowMs;
      this.#ready.enqueue(connection);
    }
    this.#quota.tick(nowMs);
  }

  /** @throws {Error} when outstanding requests and active pieces contradict each other */
  checkInvariant(): void {
    this.#pieces.checkInvariant();
    this.available.checkInvariant();
    this.#requests.checkInvariant();
    this.#quota.checkInvariant();
    this.#picker.checkInvariant();
  }

  /** Frees the blocks that the peer owes for others. It gets no new requests before the next tick. */
  #snub(connection: Connection, nowMs: number): void {
    const { download } = connection;
    download.snubbed = true;
    download.refused.clear();
    download.lastBlockMs = nowMs;
    this.#requests.releaseAll(connection);
    this.#active.leaveAll(connection);
    this.#ready.remove(connection);
    this.#ready.wakeAll();
  }
}
