/**
 * Fetches the block hashes of a piece that failed, from peers that have the piece (BEP 52).
 *
 * The hash of the piece is known, so a wrong answer exposes the peer that sent it. Two peers are asked at a
 * time, those that sent no block of the piece first. The piece stays in memory meanwhile, so neither the wait
 * nor the number of waiting pieces may grow large.
 *
 * @module
 */

import { equalBytes, hex } from "../../codec/bytes.ts";
import { merkleRoot } from "../../codec/torrent/merkle.ts";
import type { HashRange } from "../../codec/torrent/piece_layer.ts";
import type { HashesMessage, HashRangeFields } from "../../codec/wire/message.ts";
import { CorruptDataError } from "../../errors.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";

/** Peers asked for the same hashes in parallel, so that one that does not answer costs no time. */
const ASKED_AT_ONCE = 2;
/** How long to wait for an answer before asking another peer. */
const ANSWER_MS = 1500;
/** How long a piece waits in memory before all of it is fetched again. */
const PATIENCE_MS = 4000;
/** How long to leave a peer alone that refused or did not answer. */
const RETRY_MS = 10_000;
/** Pieces that may wait at the same time, though never more than half of the piece memory. */
const MAX_WAITING = 8;
/** Pieces whose leaf hashes are kept in case they fail again: 0.5 MiB with pieces of 16 MiB. */
const MAX_KNOWN = 16;

/** Where the leaf hashes of a piece lie in the hash tree of its file. */
export interface LeafPlace {
  /** The `pieces root` of the file. */
  readonly root: Uint8Array;
  /** The request for them. It asks for no proof, because they lead to the known hash of the piece. */
  readonly range: HashRange;
  /** The hash of the piece. */
  readonly pieceHash: Uint8Array;
}

/** Gives the place of a piece's leaf hashes; `undefined` when the piece has no known SHA-256 hash. */
export type PlaceOf = (piece: PieceIndex) => LeafPlace | undefined;

interface Waiting {
  readonly active: ActivePiece;
  readonly place: LeafPlace;
  readonly sinceMs: number;
  /** The peers asked, and when. */
  readonly asked: Map<Connection, number>;
}

/** Requests leaf hashes. */
export class BlockHashFetch {
  readonly #context: TransferContext;
  readonly #placeOf: PlaceOf;
  readonly #waiting = new Map<string, Waiting>();
  readonly #known = new Map<PieceIndex, Uint8Array>();
  readonly #notBefore = new Map<Connection, number>();
  #nowMs: number; // time of the last tick

  constructor(context: TransferContext, placeOf: PlaceOf, nowMs: number) {
    this.#context = context;
    this.#placeOf = placeOf;
    this.#nowMs = nowMs;
  }

  /** The leaf hashes of a piece, padding included, if they were fetched recently. */
  known(piece: PieceIndex): Uint8Array | undefined {
    return this.#known.get(piece);
  }

  /**
   * Requests the leaf hashes of a full piece. Returns false when no peer can be asked, or too many pieces
   * wait.
   */
  begin(active: ActivePiece): boolean {
    const place = this.#placeOf(active.piece);
    const room = Math.min(MAX_WAITING, Math.max(1, this.#context.pieces.slotCount >> 1));
    if (place === undefined || active.blockCount < 2 || this.#waiting.size >= room) return false;
    const key = keyOf(place.root, place.range);
    if (this.#waiting.has(key)) return false; // the same file occurs twice
    const waiting = { active, place, sinceMs: this.#nowMs, asked: new Map<Connection, number>() };
    this.#ask(waiting);
    if (waiting.asked.size === 0) return false;
    this.#waiting.set(key, waiting);
    return true;
  }

  /**
   * Hashes arrived, perhaps late. Returns the piece that waited for them; {@link known} returns its hashes
   * from then on. Returns `undefined` when no piece waits for them.
   *
   * @throws {CorruptDataError} when they do not lead to the hash of the piece
   */
  onHashes(connection: Connection, message: HashesMessage): ActivePiece | undefined {
    const key = keyOf(message.root, message);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return undefined;
    waiting.asked.delete(connection);
    const { active, place } = waiting;
    const proved = message.hashes.length === 32 * place.range.length &&
      equalBytes(merkleRoot(message.hashes, 0), place.pieceHash);
    if (!proved) {
      this.#notBefore.set(connection, this.#nowMs + RETRY_MS);
      this.#ask(waiting);
      throw new CorruptDataError("sent hashes that do not lead to the hash of the piece");
    }
    this.#waiting.delete(key);
    this.#known.set(active.piece, message.hashes.slice()); // a view of the receive buffer
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest!);
    return active;
  }

  /** The peer refused, so other peers are asked. Returns the piece if no peer is left to ask. */
  onHashReject(connection: Connection, message: HashRangeFields): ActivePiece | undefined {
    const key = keyOf(message.root, message);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || !waiting.asked.delete(connection)) return undefined;
    this.#notBefore.set(connection, this.#nowMs + RETRY_MS);
    return this.#askOthers(key, waiting);
  }

  /** Asks other peers instead. Returns the pieces for which no peer is left to ask. */
  onDisconnected(connection: Connection): ActivePiece[] {
    this.#notBefore.delete(connection);
    const lost: ActivePiece[] = [];
    for (const [key, waiting] of this.#waiting) {
      const active = waiting.asked.delete(connection) && this.#askOthers(key, waiting);
      if (active) lost.push(active);
    }
    return lost;
  }

  /** Asks other peers where one did not answer. Returns the pieces that waited for too long. */
  tick(nowMs: number): ActivePiece[] {
    this.#nowMs = nowMs;
    const lost: ActivePiece[] = [];
    for (const [key, waiting] of this.#waiting) {
      for (const [connection, askedMs] of waiting.asked) {
        if (nowMs - askedMs < ANSWER_MS) continue;
        waiting.asked.delete(connection);
        this.#notBefore.set(connection, nowMs + RETRY_MS);
      }
      if (nowMs - waiting.sinceMs >= PATIENCE_MS) waiting.asked.clear();
      else this.#ask(waiting);
      if (waiting.asked.size > 0) continue;
      this.#waiting.delete(key);
      lost.push(waiting.active);
    }
    return lost;
  }

  /** Drops the leaf hashes of a piece that is stored. */
  forget(piece: PieceIndex): void {
    this.#known.delete(piece);
  }

  #askOthers(key: string, waiting: Waiting): ActivePiece | undefined {
    this.#ask(waiting);
    if (waiting.asked.size > 0) return undefined;
    this.#waiting.delete(key);
    return waiting.active;
  }

  #ask({ active, place, asked }: Waiting): void {
    const contributors = new Set(active.contributors());
    const able = [...this.#context.connections.values()].filter((connection) =>
      !asked.has(connection) && this.#mayAsk(connection, active.piece)
    );
    const hadNoPart = ({ peer }: Connection) => contributors.has(peer.id) ? 1 : 0;
    able.sort((a, b) => hadNoPart(a) - hadNoPart(b));
    for (const connection of able.slice(0, ASKED_AT_ONCE - asked.size)) {
      asked.set(connection, this.#nowMs);
      const message = { type: "hashRequest", root: place.root, ...place.range } as const;
      this.#context.emit({ type: "send", connection, message });
    }
  }

  #mayAsk(connection: Connection, piece: PieceIndex): boolean {
    return connection.negotiated.v2 && !connection.closing && connection.pieces.have.get(piece) &&
      this.#nowMs >= (this.#notBefore.get(connection) ?? 0);
  }
}

function keyOf(root: Uint8Array, { baseLayer, index, length, proofLayers }: HashRange): string {
  return `${hex(root)} ${baseLayer} ${index} ${length} ${proofLayers}`;
}
