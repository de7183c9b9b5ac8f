/**
 * Tracks which peers have which pieces: how rare each piece is, and whether a peer has any that we want.
 *
 * A piece is wanted exactly while it is in the rarity order or active. A piece that was lost from the disk
 * after the download is neither: the user changed the file, so it is not a gap to fill.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Pieces } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import { RarestFirst } from "./rarest_first.ts";

/** Limit of the gains remembered per peer. */
const MAX_GAINS = 128;

/** Keeps the availability counts, each peer's wanted count and our interest up to date. */
export class Availability {
  /** The wanted pieces that are not begun. */
  readonly rarity: RarestFirst;
  /** Number of connected peers that have all pieces. */
  completeCount = 0;
  readonly #context: TransferContext;
  readonly #pieces: Pieces;

  /** Starts with all missing pieces that were chosen as wanted. */
  constructor(context: TransferContext) {
    const { layout, pieces, random } = context;
    this.#context = context;
    this.#pieces = pieces;
    this.rarity = new RarestFirst(layout.pieceCount, random);
    for (const piece of layout.pieces()) {
      if (!pieces.have.get(piece) && pieces.isWanted(piece)) this.rarity.add(piece);
    }
  }

  /** Prepares a new connection, whose pieces are unknown. */
  onConnected(connection: Connection): void {
    connection.pieces.have = new Bitfield(this.#context.layout.pieceCount);
  }

  /** The peer announced all its pieces, which replaces what was known before. */
  onBitfield(connection: Connection, remote: Bitfield): void {
    this.onDisconnected(connection);
    const { pieces } = connection;
    pieces.have = remote;
    if (hasEverything(remote)) this.completeCount++;
    pieces.isCounted = !remote.isFull;
    pieces.gains = [];
    pieces.wantedCount = remote.isFull ? this.#allWanted : this.#count(remote);
    if (pieces.wantedCount > 0) this.#context.ready.enqueue(connection);
    this.#showInterest(connection);
  }

  /** Removes the peer's pieces from the counts. */
  onDisconnected(connection: Connection): void {
    const { have, isCounted } = connection.pieces;
    if (hasEverything(have)) this.completeCount--;
    if (!isCounted) return;
    for (const piece of have.ones()) this.rarity.decrement(piece);
  }

  onHave(connection: Connection, piece: PieceIndex): void {
    const { pieces } = connection;
    if (!pieces.have.set(piece)) return;
    if (hasEverything(pieces.have)) this.completeCount++;
    this.rarity.increment(piece);
    if (!this.#isWanted(piece)) return;
    pieces.wantedCount++;
    if (pieces.gains.length < MAX_GAINS) pieces.gains.push(piece);
    this.#context.ready.enqueue(connection);
    this.#showInterest(connection);
  }

  /**
   * All wanted pieces of the peer, if they are few and came one by one; else `undefined`. This saves a search
   * through thousands of pieces for a peer that has a few new ones.
   */
  readonly fewWanted = ({ pieces }: Connection): readonly PieceIndex[] | undefined => {
    if (pieces.wantedCount > pieces.gains.length) return undefined;
    pieces.gains = pieces.gains.filter((piece) => this.#isWanted(piece));
    return pieces.gains.length === pieces.wantedCount ? pieces.gains : undefined;
  };

  /**
   * The peer lost a piece (BEP 54). A peer that had all pieces is counted piece by piece from then on, even
   * if it becomes complete again.
   */
  onDontHave(connection: Connection, piece: PieceIndex): void {
    const { pieces } = connection;
    const wasFull = hasEverything(pieces.have);
    if (!pieces.have.clear(piece)) return;
    if (wasFull) this.completeCount--;
    if (pieces.isCounted) this.rarity.decrement(piece);
    else for (const other of pieces.have.ones()) this.rarity.increment(other);
    pieces.isCounted = true;
    if (!this.#isWanted(piece)) return;
    pieces.wantedCount--;
    this.#showInterest(connection);
  }

  /** We stored a piece that the peer has too. */
  onStored(connection: Connection): void {
    connection.pieces.wantedCount--;
    this.#showInterest(connection);
  }

  /** @throws {Error} when counts or interest contradict what the connections have */
  checkInvariant(): void {
    const { connections, layout } = this.#context;
    this.rarity.checkInvariant();
    const counts = new Uint16Array(layout.pieceCount);
    let complete = 0;
    for (const { pieces: { have, isCounted } } of connections.values()) {
      if (hasEverything(have)) complete++;
      if (isCounted) { for (const piece of have.ones()) counts[piece]!++; }
      else if (!have.isFull) throw new Error("who lacks pieces is not counted");
    }
    if (complete !== this.completeCount) throw new Error(`${complete} peers have everything`);
    for (const piece of layout.pieces()) {
      if (this.rarity.availability(piece) !== counts[piece]) {
        throw new Error(`${counts[piece]} peers have piece ${piece}, not as many as counted`);
      }
      if (this.rarity.includes(piece) && this.#pieces.state(piece) !== "missing") {
        throw new Error(`piece ${piece} is in the order although it is not missing`);
      }
    }
    for (const { id, pieces: { have, wantedCount, amInterested } } of connections.values()) {
      let wanted = 0;
      for (const piece of have.ones()) if (this.#isWanted(piece)) wanted++;
      if (wanted !== wantedCount) throw new Error(`connection ${id} has ${wanted} wanted pieces`);
      if (amInterested !== wanted > 0) throw new Error(`interest in connection ${id} is a lie`);
    }
  }

  /** Number of wanted pieces. */
  get #allWanted(): number {
    return this.rarity.size + this.#pieces.active.size;
  }

  /** Adds these pieces to the availability counts. Returns how many of them are wanted. */
  #count(remote: Bitfield): number {
    let wanted = 0;
    for (const piece of remote.ones()) {
      this.rarity.increment(piece);
      if (this.#isWanted(piece)) wanted++;
    }
    return wanted;
  }

  #isWanted(piece: number): boolean {
    return this.rarity.includes(piece) || this.#pieces.active.has(piece as PieceIndex);
  }

  #showInterest(connection: Connection): void {
    const { pieces } = connection;
    const interested = pieces.wantedCount > 0;
    if (interested === pieces.amInterested) return;
    pieces.amInterested = interested;
    const message = { type: interested ? "interested" : "notInterested" } as const;
    this.#context.emit({ type: "send", connection, message });
  }
}

/** Whether these are all pieces of a torrent that has any. */
function hasEverything(remote: Bitfield): boolean {
  return remote.isFull && !remote.isEmpty;
}
