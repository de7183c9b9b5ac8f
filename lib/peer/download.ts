/**
 * Fetching: what is asked of whom, and what becomes of the blocks.
 *
 * A block's way: asked for (`settle`) -> arrives (`block`) -> piece full -> hash checked and stored by
 * the driver -> `stored`, and everybody hears of it; or `failed`, or some of its blocks `reopened`.
 *
 * @module
 */

import type { BlockRangeMessage, PieceMessage } from "../codec/message.ts";
import { ProtocolError } from "../errors.ts";
import { BLOCK_LENGTH } from "../codec/merkle.ts";
import type { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import type { ActivePiece, Pieces } from "../store/pieces.ts";
import { Availability } from "./availability.ts";
import type { Connection } from "./connection.ts";
import type { DownloadOptions } from "./download_options.ts";
import { EndGame } from "./end_game.ts";
import { FairShare } from "./fair_share.ts";
import { Picker } from "./picker.ts";
import { Requests } from "./requests.ts";

/** A peer that owes blocks and sends none for so long holds them no longer. */
const SNUB_MS = 8000;
/** Blocks nobody asked for that a peer may send before it has to go, in bytes. */
const MAX_WASTE_BYTES = 16 * 1024 * 1024;

/** The fetching half of a transfer. */
export class Download {
  /** Bytes that arrived and were of no use. */
  wastedBytes = 0;
  readonly #options: DownloadOptions;
  readonly #layout: Layout;
  readonly #pieces: Pieces;
  readonly #available: Availability;
  readonly #picker: Picker;
  readonly #requests: Requests;
  readonly #share: FairShare;
  readonly #endGame: EndGame;

  /** Everything missing is wanted from the beginning. */
  constructor(options: DownloadOptions) {
    const { layout, pieces, connections, emit, random, canVerify } = options;
    this.#options = options;
    this.#layout = layout;
    this.#pieces = pieces;
    this.#requests = new Requests({ layout, pieces, connections, emit });
    this.#share = new FairShare(options);
    this.#available = new Availability(layout, pieces, emit, random);
    const { rarity } = this.#available;
    this.#endGame = new EndGame(rarity);
    const drop = (active: ActivePiece) => this.#drop(active);
    const fewWanted = (connection: Connection) => this.#available.fewWanted(connection);
    const { doubted } = options;
    this.#picker = new Picker({ pieces, rarity, fewWanted, canVerify, doubted, drop });
  }

  /** The peer's bitfield is known, or known anew. */
  piecesReplaced(connection: Connection, remote: Bitfield): void {
    this.#available.replaced(connection, remote);
    for (const active of [...this.#pieces.active.values()]) {
      if (!remote.get(active.piece)) this.#leave(connection, active);
    }
    this.#everybodyHungry();
  }

  /** The peer got one more piece. */
  pieceGained(connection: Connection, piece: PieceIndex): void {
    this.#available.gained(connection, piece);
    this.#share.changed();
  }

  /** The peer no longer has a piece. Without BEP 6 what we asked for of it is dropped (BEP 54). */
  pieceDropped(connection: Connection, piece: PieceIndex): void {
    this.#available.dropped(connection, piece);
    const active = this.#pieces.active.get(piece);
    if (active === undefined) return;
    if (!connection.negotiated.fast) this.#requests.release(connection, active);
    this.#leave(connection, active);
    this.#everybodyHungry();
  }

  /** The peer serves us now. */
  unchoked(connection: Connection): void {
    connection.peerChoking = false;
    this.#share.changed();
    connection.refused.clear();
    connection.hungry = true;
  }

  /** The peer stops serving us. Without BEP 6 all our requests are dropped; with it, each is answered. */
  choked(connection: Connection): void {
    connection.peerChoking = true;
    if (!connection.negotiated.fast) this.#requests.releaseAll(connection);
    this.#leaveAll(connection);
    this.#everybodyHungry();
  }

  /** The peer will not send a block we asked for (BEP 6). */
  rejected(connection: Connection, message: BlockRangeMessage): void {
    const key = this.#requests.keyOf(message.piece, message.begin);
    if (key === undefined || this.#requests.answered(connection, key) === undefined) return;
    this.#everybodyHungry(); // somebody else may give it
    const active = this.#pieces.active.get(message.piece as PieceIndex);
    const block = message.begin / BLOCK_LENGTH;
    if (active === undefined || active.isReceived(block)) return; // the answer to our cancel
    connection.refused.add(message.piece);
    this.#leave(connection, active);
  }

  /**
   * A block arrived.
   *
   * @throws {ProtocolError} when it is no block of this torrent, or the peer keeps sending blocks
   * nobody asked for
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
    const askedMs = this.#requests.answered(connection, key);
    const asked = askedMs !== undefined;
    if (asked) connection.pipeline.answered(nowMs - askedMs);
    connection.down.add(block.length, nowMs);
    connection.lastBlockMs = nowMs;
    connection.snubbed = false;
    connection.hungry = true;
    const active = this.#pieces.active.get(piece as PieceIndex);
    const welcome = active !== undefined && active.takesFrom(connection.id) &&
      active.receive(number, connection.peer.id);
    if (!welcome) return this.#waste(connection, block.length, asked);
    this.#options.storeBlock(active.slot, begin, block);
    this.#requests.cancel(active, number);
    if (!active.isFull) return;
    this.#pieces.startVerifying(active.piece);
    this.#options.emit({ type: "verify", active });
  }

  /** A full piece matched its hash and is on disk. */
  stored(piece: PieceIndex): void {
    this.#pieces.stored(piece);
    const isShared = this.#pieces.shared.get(piece);
    for (const connection of this.#options.connections) {
      if (isShared) {
        this.#options.emit({ type: "send", connection, message: { type: "have", piece } });
      }
      if (connection.remote.get(piece)) this.#available.satisfied(connection);
    }
    this.#everybodyHungry(); // a slot of piece memory is free again
  }

  /** A full piece did not match its hash: all of it is fetched again. */
  failed(piece: PieceIndex): void {
    this.wastedBytes += this.#layout.dataLength(piece);
    this.notStored(piece);
  }

  /** A full piece could not be stored: it is fetched again some day. */
  notStored(piece: PieceIndex): void {
    this.#requests.forget(this.#pieces.active.get(piece)!);
    this.#pieces.failed(piece);
    this.#available.rarity.add(piece);
    this.#everybodyHungry();
  }

  /** These blocks of a full piece are wrong and the others right: whoever asks next gets them to do. */
  reopened(piece: PieceIndex, wrong: readonly number[]): void {
    const active = this.#pieces.active.get(piece)!;
    this.#requests.forget(active);
    this.#pieces.reopen(piece, wrong);
    active.exclusive = false;
    active.owner = undefined;
    for (const block of wrong) this.wastedBytes += this.#layout.blockLength(piece, block, true);
    this.#everybodyHungry();
  }

  /** The connection is gone: what it owed is free for others. */
  left(connection: Connection): void {
    this.#requests.releaseAll(connection);
    this.#leaveAll(connection);
    this.#available.withdrawn(connection);
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
    const { pipeline, requestQueue, snubbed } = connection;
    const wanted = snubbed ? 1 : pipeline.depth(connection.down.rate(nowMs), requestQueue);
    if (connection.outstanding.size >= wanted) return;
    const depth = Math.min(wanted, this.#share.blocks(nowMs));
    while (connection.outstanding.size < depth) {
      const pick = this.#picker.next(connection);
      if (pick === undefined) break;
      this.#requests.ask(connection, pick.active, pick.block, nowMs);
    }
    if (connection.outstanding.size > 0 || !this.#endGame.isOn(nowMs)) return;
    const picks = this.#picker.endGame(connection).slice(0, wanted);
    for (const { active, block } of picks) this.#requests.ask(connection, active, block, nowMs);
  }

  /** Takes blocks away from peers that have stopped delivering, and tries those again that refused. */
  tick(nowMs: number): void {
    if (this.#endGame.isOn(nowMs)) this.#everybodyHungry();
    const late: Connection[] = [];
    for (const connection of this.#options.connections) {
      const waited = nowMs - connection.lastBlockMs >= SNUB_MS;
      if (connection.outstanding.size === 0) {
        if (connection.snubbed) connection.hungry = true;
        if (waited && connection.refused.size > 0) this.#tryAgain(connection, nowMs);
      } else if (waited) late.push(connection);
    }
    if (late.length === 0) return;
    for (const connection of late) this.#snub(connection, nowMs);
    this.#everybodyHungry();
    for (const connection of late) connection.hungry = false; // others first, these at the next tick
  }

  /** @throws {Error} when what connections owe contradicts what pieces wait for */
  checkInvariant(): void {
    this.#pieces.checkInvariant();
    this.#available.checkInvariant(this.#options.connections, this.#layout);
    this.#requests.checkInvariant();
    for (const active of this.#pieces.active.values()) {
      if (active.exclusive && active.owner === undefined && !active.isFull) {
        throw new Error(`piece ${active.piece} is for nobody`);
      }
    }
  }

  #waste(connection: Connection, bytes: number, asked: boolean): void {
    this.wastedBytes += bytes;
    connection.wastedBytes += asked ? 0 : bytes;
    if (connection.wastedBytes > MAX_WASTE_BYTES) {
      throw new ProtocolError("keeps sending blocks that nobody asked for");
    }
  }

  /** It owes blocks and sends none. */
  #snub(connection: Connection, nowMs: number): void {
    connection.snubbed = true;
    this.#requests.releaseAll(connection);
    this.#leaveAll(connection);
    this.#tryAgain(connection, nowMs);
  }

  /** What it refused a while ago it may give now, and perhaps nobody else can. */
  #tryAgain(connection: Connection, nowMs: number): void {
    connection.refused.clear();
    connection.lastBlockMs = nowMs;
    connection.hungry = true;
  }

  #leaveAll(connection: Connection): void {
    for (const active of [...this.#pieces.active.values()]) this.#leave(connection, active);
    connection.current = undefined;
  }

  /**
   * The connection is on this piece no longer. If it was its own, it is anybody's now; when nothing
   * has come of it, or it was for one peer alone, it is dropped.
   */
  #leave(connection: Connection, active: ActivePiece): void {
    if (connection.current === active) connection.current = undefined;
    if (active.owner !== connection.id || active.isFull) return;
    active.owner = undefined;
    if (active.exclusive) this.#requests.release(connection, active);
    if (active.isIdle && (active.receivedCount === 0 || active.exclusive)) this.#drop(active);
  }

  #drop(active: ActivePiece): void {
    for (let block = 0; block < active.blockCount; block++) {
      if (!active.isReceived(block)) continue;
      this.wastedBytes += this.#layout.blockLength(active.piece, block, true);
    }
    this.#pieces.abandon(active.piece);
    this.#available.rarity.add(active.piece);
  }

  #everybodyHungry(): void {
    this.#share.changed();
    for (const connection of this.#options.connections) connection.hungry = true;
  }
}
