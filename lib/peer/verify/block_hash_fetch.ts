/**
 * The hashes of the blocks of a piece that failed, from peers that have it (BEP 52).
 *
 * The piece's own hash is known, so an answer proves itself or shows that its sender lies. Two peers are asked
 * at a time, those that had no part in the piece first. The piece keeps its memory meanwhile, so it is
 * not waited for long, and not for many pieces at once.
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

/** Peers asked for the same hashes at the same time: one that does not answer costs no time then. */
const ASKED_AT_ONCE = 2;
/** So long an answer is waited for before one more peer is asked. */
const ANSWER_MS = 1500;
/** So long a piece waits in memory before all of it is fetched again. */
const PATIENCE_MS = 4000;
/** A peer that refused, or did not answer, is not asked for so long. */
const RETRY_MS = 10_000;
/** Pieces that wait at the same time, and never more than half of what fits into the piece memory. */
const MAX_WAITING = 8;
/** Pieces whose leaf hashes are kept, in case they fail once more: 0.5 MiB with pieces of 16 MiB. */
const MAX_KNOWN = 16;

/** Where the leaf hashes of a piece lie in the tree of its file. */
export interface LeafPlace {
  /** The `pieces root` of the file. */
  readonly root: Uint8Array;
  /** The request that brings them. No proof: they lead to the hash of the piece, which is known. */
  readonly range: HashRange;
  /** The hash of the piece. */
  readonly pieceHash: Uint8Array;
}

/** Where the leaf hashes of a piece lie; `undefined` where it has no SHA-256 hash that is known. */
export type PlaceOf = (piece: PieceIndex) => LeafPlace | undefined;

interface Waiting {
  readonly active: ActivePiece;
  readonly place: LeafPlace;
  readonly sinceMs: number;
  /** Who owes an answer, and since when. */
  readonly asked: Map<Connection, number>;
}

/** Asks for leaf hashes. */
export class BlockHashFetch {
  readonly #context: TransferContext;
  readonly #placeOf: PlaceOf;
  readonly #waiting = new Map<string, Waiting>();
  readonly #known = new Map<PieceIndex, Uint8Array>();
  readonly #notBefore = new Map<Connection, number>();
  #nowMs: number; // as of the last tick

  /** Fetches what lies where `placeOf` says. */
  constructor(context: TransferContext, placeOf: PlaceOf, nowMs: number) {
    this.#context = context;
    this.#placeOf = placeOf;
    this.#nowMs = nowMs;
  }

  /** The leaf hashes of a piece, padding included, when they came a moment ago. */
  known(piece: PieceIndex): Uint8Array | undefined {
    return this.#known.get(piece);
  }

  /** Asks for the leaf hashes of a full piece; false when there is nobody to ask, or no room to wait. */
  begin(active: ActivePiece): boolean {
    const place = this.#placeOf(active.piece);
    const room = Math.min(MAX_WAITING, Math.max(1, this.#context.pieces.slotCount >> 1));
    if (place === undefined || active.blockCount < 2 || this.#waiting.size >= room) return false;
    const key = keyOf(place.root, place.range);
    if (this.#waiting.has(key)) return false; // a file that is there twice
    const waiting = { active, place, sinceMs: this.#nowMs, asked: new Map<Connection, number>() };
    this.#ask(waiting);
    if (waiting.asked.size === 0) return false;
    this.#waiting.set(key, waiting);
    return true;
  }

  /**
   * Hashes arrived, perhaps late. Returns the piece whose leaves they are, which are {@link known} from
   * then on, or `undefined` when no piece waits for them.
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

  /** The peer refuses: others are asked. Returns a piece for which nobody is left. */
  onHashReject(connection: Connection, message: HashRangeFields): ActivePiece | undefined {
    const key = keyOf(message.root, message);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || !waiting.asked.delete(connection)) return undefined;
    this.#notBefore.set(connection, this.#nowMs + RETRY_MS);
    return this.#askOthers(key, waiting);
  }

  /** The connection is gone. Returns the pieces for which nobody is left. */
  onDisconnected(connection: Connection): ActivePiece[] {
    this.#notBefore.delete(connection);
    const lost: ActivePiece[] = [];
    for (const [key, waiting] of this.#waiting) {
      const active = waiting.asked.delete(connection) && this.#askOthers(key, waiting);
      if (active) lost.push(active);
    }
    return lost;
  }

  /** Asks others where somebody does not answer. Returns the pieces that waited for too long. */
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

  /** The piece is stored: its leaf hashes are needed no longer. */
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
