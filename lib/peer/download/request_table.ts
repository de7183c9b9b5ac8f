/**
 * Tracks outstanding requests per connection and per piece.
 *
 * Both views agree at all times: a block of an active piece is marked as requested by exactly as many
 * connections as have it outstanding.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../codec/torrent/merkle.ts";
import type { Layout, PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";

/** Requests of one connection to look at when listing the pieces it is fetching. */
const MAX_LOOKED_AT = 256;

/** The pieces of which the connection owes us blocks, oldest request first; at most `most` of them. */
export function piecesOwed(
  { download: { outstanding } }: Connection,
  { pieceLength }: Layout,
  most: number,
): number[] {
  const blocksPerPiece = Math.ceil(pieceLength / BLOCK_LENGTH);
  const pieces = new Set<number>();
  let looked = 0;
  for (const key of outstanding.keys()) {
    pieces.add(Math.floor(key / blocksPerPiece));
    if (pieces.size === most || ++looked === MAX_LOOKED_AT) break;
  }
  return [...pieces];
}

/** Requests blocks and keeps track of the requests. */
export class RequestTable {
  readonly #context: TransferContext;
  readonly #onFreed: (active: ActivePiece) => void;
  readonly #layout: Layout;
  readonly #blocksPerPiece: number;
  /** Requests that are not sent yet: piece, begin and length of each block. */
  #asked: number[] = [];

  /** `onFreed` is called when a block of the piece may be requested again. */
  constructor(context: TransferContext, onFreed: (active: ActivePiece) => void) {
    this.#context = context;
    this.#onFreed = onFreed;
    this.#layout = context.layout;
    this.#blocksPerPiece = Math.ceil(context.layout.pieceLength / BLOCK_LENGTH);
  }

  /** The number of the block that begins there, or `undefined` if none does. */
  keyOf(piece: number, begin: number): number | undefined {
    const index = this.#layout.pieceIndex(piece);
    if (index === undefined || begin % BLOCK_LENGTH !== 0) return undefined;
    const block = begin / BLOCK_LENGTH;
    return block < this.#layout.blockCount(index) ? this.#key(piece, block) : undefined;
  }

  /** Requests a block. {@link send} sends it together with the earlier ones. */
  ask(connection: Connection, active: ActivePiece, block: number, nowMs: number): void {
    active.request(block);
    const { download } = connection;
    if (download.outstanding.size === 0) download.lastBlockMs = nowMs;
    download.outstanding.add(this.#key(active.piece, block), nowMs);
    const { piece } = active;
    const length = this.#layout.blockLength(piece, block, connection.negotiated.v2);
    this.#asked.push(piece, block * BLOCK_LENGTH, length);
  }

  /** Sends the requests made to this connection. */
  send(connection: Connection): void {
    if (this.#asked.length === 0) return;
    this.#context.emit({ type: "request", connection, blocks: this.#asked });
    this.#asked = [];
  }

  /**
   * The peer answered a request with the block or a reject. Returns when the request was made, in
   * milliseconds, or -1 when there was none.
   */
  onAnswered(connection: Connection, key: number): number {
    const askedMs = connection.download.outstanding.take(key);
    if (askedMs < 0) return askedMs;
    this.#activeOf(key)?.release(key % this.#blocksPerPiece);
    return askedMs;
  }

  /** The block arrived, so the other peers that owe it get a cancel. */
  cancel(active: ActivePiece, block: number): void {
    if (active.requesters(block) === 0) return;
    const key = this.#key(active.piece, block);
    for (const connection of this.#context.connections.values()) {
      if (!connection.download.outstanding.has(key)) continue;
      this.#cancel(connection, active.piece, block);
      // With BEP 6 the peer answers a cancel with the block or a reject, so the request stays outstanding.
      if (connection.negotiated.fast) continue;
      this.#dropped(connection, key);
      this.#context.ready.enqueue(connection);
    }
  }

  /** Drops all requests to the connection for this piece. */
  release(connection: Connection, active: ActivePiece): void {
    const first = this.#key(active.piece, 0);
    for (const key of connection.download.outstanding.keys()) {
      if (key >= first && key < first + this.#blocksPerPiece) this.#dropped(connection, key);
    }
  }

  /** Drops all requests to the connection. */
  releaseAll(connection: Connection): void {
    for (const key of connection.download.outstanding.keys()) this.#dropped(connection, key);
  }

  /** Drops all requests for this piece, so that late answers do not count towards a new attempt. */
  forget(active: ActivePiece): void {
    if (active.isIdle) return;
    for (const connection of this.#context.connections.values()) this.release(connection, active);
  }

  /** @throws {Error} when the two views contradict each other */
  checkInvariant(): void {
    const asked = new Map<number, number>();
    for (const { download: { outstanding } } of this.#context.connections.values()) {
      for (const key of outstanding.keys()) asked.set(key, (asked.get(key) ?? 0) + 1);
    }
    for (const active of this.#context.pieces.active.values()) {
      for (let block = 0; block < active.blockCount; block++) {
        const requesters = asked.get(this.#key(active.piece, block)) ?? 0;
        if (active.requesters(block) === requesters) continue;
        throw new Error(`${requesters} connections owe block ${block} of piece ${active.piece}`);
      }
    }
  }

  /** Drops a request that the peer will not answer. */
  #dropped(connection: Connection, key: number): void {
    if (this.onAnswered(connection, key) < 0) return;
    const active = this.#activeOf(key);
    if (active !== undefined) this.#onFreed(active);
  }

  #key(piece: number, block: number): number {
    return piece * this.#blocksPerPiece + block;
  }

  #activeOf(key: number): ActivePiece | undefined {
    return this.#context.pieces.active.get(Math.floor(key / this.#blocksPerPiece) as PieceIndex);
  }

  #cancel(connection: Connection, piece: PieceIndex, block: number): void {
    const length = this.#layout.blockLength(piece, block, connection.negotiated.v2);
    const message = { type: "cancel", piece, begin: block * BLOCK_LENGTH, length } as const;
    this.#context.emit({ type: "send", connection, message });
  }
}
