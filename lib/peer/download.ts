/**
 * Fetching: which peers have what we lack, what is asked of whom, and what becomes of the blocks.
 *
 * A block's way: asked for (`settle`) -> arrives (`block`) -> piece full -> hash checked and stored by
 * the driver -> `verified` -> everybody hears of it. Who sent a piece that fails alone is banned; who
 * sent one together with others fetches alone from then on, until a piece clears or convicts it.
 *
 * @module
 */

import type { BlockRangeMessage, PieceMessage } from "../codec/message.ts";
import { ProtocolError } from "../errors.ts";
import { BLOCK_LENGTH } from "../codec/merkle.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import type { ActivePiece, Pieces } from "../store/pieces.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";
import type { Peer } from "./peer_book.ts";
import { type Pick, Picker } from "./picker.ts";
import { pipelineDepth } from "./pipeline.ts";
import { RarityOrder } from "./rarity.ts";

/** A peer that owes blocks and sends none for so long holds them no longer. */
const SNUB_MS = 8000;
/** Blocks nobody asked for that a peer may send before it has to go, in bytes. */
const MAX_WASTE_BYTES = 16 * 1024 * 1024;

/** Where the bytes of a block go: into the piece memory, or nowhere in a simulation. */
export type StoreBlock = (slot: number, begin: number, block: Uint8Array) => void;

/** What fetching needs from its surroundings. */
export interface DownloadOptions {
  readonly layout: Layout;
  readonly pieces: Pieces;
  readonly connections: Iterable<Connection>;
  readonly emit: Emit;
  readonly storeBlock: StoreBlock;
  readonly random: () => number;
  readonly peerById: (id: number) => Peer | undefined;
  /** Whether the hash of a piece is known yet. */
  readonly canVerify: (piece: PieceIndex) => boolean;
}

/** The fetching half of a transfer. */
export class Download {
  /** Bytes that arrived and were of no use. */
  wastedBytes = 0;
  readonly #options: DownloadOptions;
  readonly #layout: Layout;
  readonly #pieces: Pieces;
  readonly #rarity: RarityOrder;
  readonly #picker: Picker;
  readonly #blocksPerPiece: number;

  /** Everything missing is wanted from the beginning. */
  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#layout = options.layout;
    this.#pieces = options.pieces;
    this.#rarity = new RarityOrder(options.layout.pieceCount, options.random);
    this.#picker = new Picker(options.pieces, this.#rarity, options.canVerify);
    this.#blocksPerPiece = Math.ceil(options.layout.pieceLength / BLOCK_LENGTH);
    for (const piece of options.layout.pieces()) {
      if (!options.pieces.have.get(piece)) this.#rarity.add(piece);
    }
  }

  /** How many connected peers, complete ones aside, have the piece. */
  availability(piece: PieceIndex): number {
    return this.#rarity.availability(piece);
  }

  /** The peer's bitfield is known, or known anew. `before` is what was known until now. */
  piecesReplaced(connection: Connection): void {
    connection.wantedCount = 0;
    const counts = !connection.remote.isFull;
    for (const piece of connection.remote.ones()) {
      if (counts) this.#rarity.increment(piece);
      if (!this.#pieces.have.get(piece)) connection.wantedCount++;
    }
    this.#showInterest(connection);
  }

  /** What the peer was known to have no longer counts: it leaves, or sends a new bitfield. */
  piecesWithdrawn(connection: Connection): void {
    if (connection.remote.isFull) return;
    for (const piece of connection.remote.ones()) this.#rarity.decrement(piece);
  }

  /** The peer got one more piece. */
  pieceGained(connection: Connection, piece: PieceIndex): void {
    if (!connection.remote.set(piece)) return;
    if (!connection.remote.isFull) this.#rarity.increment(piece);
    else {for (const other of connection.remote.ones()) {
        if (other !== piece) this.#rarity.decrement(other);
      }}
    if (this.#pieces.have.get(piece)) return;
    connection.wantedCount++;
    this.#showInterest(connection);
  }

  /** The peer no longer has a piece. */
  pieceDropped(connection: Connection, piece: PieceIndex): void {
    const wasFull = connection.remote.isFull;
    if (!connection.remote.clear(piece)) return;
    if (wasFull) { for (const other of connection.remote.ones()) this.#rarity.increment(other); }
    else this.#rarity.decrement(piece);
    if (this.#pieces.have.get(piece)) return;
    connection.wantedCount--;
    this.#showInterest(connection);
  }

  /** The peer serves us now. */
  unchoked(connection: Connection): void {
    connection.peerChoking = false;
    connection.refused.clear();
    connection.hungry = true;
  }

  /** The peer stops serving us. Without BEP 6 all our requests are dropped; with it, each is answered. */
  choked(connection: Connection): void {
    connection.peerChoking = true;
    // A suspect's piece is dropped whole, so nothing of it may be under way.
    if (!connection.negotiated.fast || connection.peer.suspect) this.#releaseAll(connection);
    this.#disownAll(connection);
  }

  /** The peer will not send a block we asked for (BEP 6). */
  rejected(connection: Connection, message: BlockRangeMessage): void {
    const key = this.#keyOf(message.piece, message.begin);
    if (key === undefined || !connection.outstanding.delete(key)) return;
    connection.hungry = true;
    const active = this.#pieces.active.get(message.piece as PieceIndex);
    if (active === undefined) return;
    const block = message.begin / BLOCK_LENGTH;
    active.release(block);
    if (active.isReceived(block)) return; // the answer to our cancel
    connection.refused.add(message.piece);
    if (connection.current === active) connection.current = undefined;
    if (active.owner === connection.id) this.#disown(active);
  }

  /**
   * A block arrived.
   *
   * @throws {ProtocolError} when it is no block of this torrent, or the peer keeps sending blocks
   * nobody asked for
   */
  block(connection: Connection, message: PieceMessage, nowMs: number): void {
    const { piece, begin, block } = message;
    const key = this.#keyOf(piece, begin);
    const number = begin / BLOCK_LENGTH;
    const { v2 } = connection.negotiated;
    const fits = key !== undefined &&
      block.length === this.#layout.blockLength(piece as PieceIndex, number, v2);
    if (!fits) {
      throw new ProtocolError(`sent ${block.length} bytes at ${piece}+${begin}, never asked`);
    }
    const active = this.#pieces.active.get(piece as PieceIndex);
    const askedMs = connection.outstanding.get(key);
    if (askedMs !== undefined) {
      connection.outstanding.delete(key);
      active?.release(number);
      this.#measure(connection, nowMs - askedMs);
    }
    connection.down.add(block.length, nowMs);
    connection.lastBlockMs = nowMs;
    connection.snubbed = false;
    connection.hungry = true;
    const welcome = active !== undefined &&
      (!active.exclusive || active.owner === connection.id) &&
      active.receive(number, connection.peer.id);
    if (!welcome) return this.#waste(connection, block.length, askedMs === undefined);
    this.#options.storeBlock(active.slot, begin, block);
    if (active.requesters(number) > 0) this.#cancelElsewhere(active, number);
    if (!active.isFull) return;
    this.#pieces.startVerifying(active.piece);
    this.#options.emit({ type: "verify", active });
  }

  /** The driver checked a full piece: it matched and is stored, or it did not match. */
  verified(piece: PieceIndex, matches: boolean): readonly Peer[] {
    const active = this.#pieces.active.get(piece)!;
    const from = this.#peersOf(active);
    if (!matches) {
      this.#pieces.failed(piece);
      this.#rarity.add(piece);
      this.wastedBytes += this.#layout.dataLength(piece);
      if (from.length > 1) { for (const peer of from) peer.suspect = true; }
      this.#everybodyHungry();
      this.#options.emit({ type: "failed", piece, from });
      return from;
    }
    for (let block = 0; block < active.blockCount; block++) {
      const peer = from.find((peer) => peer.id === active.contributorOf(block));
      if (peer) peer.verifiedBytes += this.#layout.blockLength(piece, block, true);
    }
    if (from.length === 1) from[0]!.suspect = false;
    this.#pieces.stored(piece);
    for (const connection of this.#options.connections) {
      this.#options.emit({ type: "send", connection, message: { type: "have", piece } });
      if (!connection.remote.get(piece)) continue;
      connection.wantedCount--;
      this.#showInterest(connection);
    }
    this.#everybodyHungry(); // a slot of piece memory is free again
    this.#options.emit({ type: "stored", piece, from });
    return from;
  }

  /** A full piece could not be stored: it is fetched again some day. */
  notStored(piece: PieceIndex): void {
    this.#pieces.failed(piece);
    this.#rarity.add(piece);
  }

  /** The connection is gone: what it owed is free for others. */
  left(connection: Connection): void {
    this.#releaseAll(connection);
    this.#disownAll(connection);
    this.piecesWithdrawn(connection);
    this.#everybodyHungry();
  }

  /** Hashes became known, so pieces that could not be asked for now can. */
  hashesArrived(): void {
    this.#everybodyHungry();
  }

  /** Asks for as many blocks as the connection shall owe us. */
  settle(connection: Connection, nowMs: number): void {
    connection.hungry = false;
    const mayAsk = !connection.peerChoking || connection.allowedFast.size > 0;
    if (!mayAsk || !connection.amInterested) return;
    const depth = pipelineDepth({
      rate: connection.down.rate(nowMs),
      latencyMs: connection.latencyMs,
      ageMs: nowMs - connection.openedMs,
      requestQueue: connection.requestQueue,
      snubbed: connection.snubbed,
    });
    while (connection.outstanding.size < depth) {
      const pick = this.#picker.next(connection);
      if (pick === undefined) break;
      this.#request(connection, pick, nowMs);
    }
    if (connection.outstanding.size > 0) return;
    for (const pick of this.#picker.endGame(connection)) this.#request(connection, pick, nowMs);
  }

  /** Takes blocks away from peers that have stopped delivering. */
  tick(nowMs: number): void {
    for (const connection of this.#options.connections) {
      if (connection.outstanding.size === 0) continue;
      if (nowMs - connection.lastBlockMs < SNUB_MS) continue;
      connection.snubbed = true;
      connection.lastBlockMs = nowMs;
      this.#releaseAll(connection);
      this.#disownAll(connection);
      this.#everybodyHungry();
    }
  }

  #request(connection: Connection, { active, block }: Pick, nowMs: number): void {
    const { piece } = active;
    if (connection.peer.suspect) active.exclusive = true;
    active.request(block);
    if (connection.outstanding.size === 0) connection.lastBlockMs = nowMs;
    connection.outstanding.set(piece * this.#blocksPerPiece + block, nowMs);
    const length = this.#layout.blockLength(piece, block, connection.negotiated.v2);
    const begin = block * BLOCK_LENGTH;
    const message = { type: "request", piece, begin, length } as const;
    this.#options.emit({ type: "send", connection, message });
  }

  #cancelElsewhere(active: ActivePiece, block: number): void {
    const { piece } = active;
    const key = piece * this.#blocksPerPiece + block;
    for (const connection of this.#options.connections) {
      if (!connection.outstanding.has(key)) continue;
      // With BEP 6 the cancel is answered, by the block or a reject, and that answer is awaited.
      if (!connection.negotiated.fast) {
        connection.outstanding.delete(key);
        active.release(block);
      }
      const length = this.#layout.blockLength(piece, block, connection.negotiated.v2);
      const message = { type: "cancel", piece, begin: block * BLOCK_LENGTH, length } as const;
      this.#options.emit({ type: "send", connection, message });
    }
  }

  #waste(connection: Connection, bytes: number, unasked: boolean): void {
    this.wastedBytes += bytes;
    connection.wastedBytes += unasked ? bytes : 0;
    if (connection.wastedBytes > MAX_WASTE_BYTES) {
      throw new ProtocolError("keeps sending blocks that nobody asked for");
    }
  }

  #measure(connection: Connection, sampleMs: number): void {
    const { latencyMs } = connection;
    connection.latencyMs = latencyMs === 0 || sampleMs < latencyMs
      ? sampleMs
      : latencyMs + (sampleMs - latencyMs) * 0.01;
  }

  #showInterest(connection: Connection): void {
    const interested = connection.wantedCount > 0;
    if (interested) connection.hungry = true;
    if (interested === connection.amInterested) return;
    connection.amInterested = interested;
    const message = { type: interested ? "interested" : "notInterested" } as const;
    this.#options.emit({ type: "send", connection, message });
  }

  #releaseAll(connection: Connection): void {
    for (const key of connection.outstanding.keys()) {
      const piece = Math.floor(key / this.#blocksPerPiece) as PieceIndex;
      this.#pieces.active.get(piece)?.release(key % this.#blocksPerPiece);
    }
    connection.outstanding.clear();
  }

  #disownAll(connection: Connection): void {
    connection.current = undefined;
    for (const active of [...this.#pieces.active.values()]) {
      if (active.owner === connection.id && !active.isFull) this.#disown(active);
    }
  }

  /** The piece is anybody's now; when nothing has come of it, or what has is suspect, it is dropped. */
  #disown(active: ActivePiece): void {
    active.owner = undefined;
    const requested = active.blockCount - active.freeCount - active.receivedCount;
    if (requested > 0 || (active.receivedCount > 0 && !active.exclusive)) return;
    this.#pieces.abandon(active.piece);
    this.#rarity.add(active.piece);
  }

  #everybodyHungry(): void {
    for (const connection of this.#options.connections) connection.hungry = true;
  }

  #peersOf(active: ActivePiece): Peer[] {
    const peers = active.contributors().map((id) => this.#options.peerById(id));
    return peers.filter((peer) => peer !== undefined);
  }

  /** The number of the block that begins there, or `undefined` when none does. */
  #keyOf(piece: number, begin: number): number | undefined {
    if (this.#layout.pieceIndex(piece) === undefined || begin % BLOCK_LENGTH !== 0) {
      return undefined;
    }
    const block = begin / BLOCK_LENGTH;
    return block < this.#layout.blockCount(piece as PieceIndex)
      ? piece * this.#blocksPerPiece + block
      : undefined;
  }
}
