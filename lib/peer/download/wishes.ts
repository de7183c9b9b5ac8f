/**
 * Tells super-seeders which pieces a reader waits for.
 *
 * A super-seeder (BEP 16) shows a piece only when it offers it, and chooses the order. A Shoal super-seeder
 * says so in its extended handshake, and takes a suggest (BEP 6) of a piece that it hides as a wish: it offers
 * that piece next, unless another peer was offered it before. No other peer is sent a wish.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { UrgentPieces } from "./urgent_pieces.ts";

/** A wish that has not been fulfilled is sent again after this time. */
const AGAIN_MS = 1000;

/** Sends the wishes of the readers of a torrent. */
export class Wishes {
  readonly #context: TransferContext;
  readonly #urgent: UrgentPieces;
  /** The pieces that each peer was sent lately. */
  readonly #sent = new Map<Connection, Set<number>>();
  #clearedMs = 0;

  /** For the readers of these pieces. */
  constructor(context: TransferContext, urgent: UrgentPieces) {
    this.#context = context;
    this.#urgent = urgent;
  }

  /** Sends the wishes that are new, or old enough. */
  tick(nowMs: number): void {
    if (this.#urgent.isEmpty || nowMs - this.#clearedMs >= AGAIN_MS) {
      this.#sent.clear();
      this.#clearedMs = nowMs;
    }
    if (this.#urgent.isEmpty) return;
    for (const connection of this.#context.connections.values()) {
      if (connection.handsOutGradually && connection.negotiated.fast) this.#wish(connection);
    }
  }

  #wish(connection: Connection): void {
    const sent = this.#sent.get(connection) ?? new Set();
    this.#sent.set(connection, sent);
    const { pieces, emit } = this.#context;
    this.#urgent.find((piece) => {
      if (pieces.have.get(piece) || connection.pieces.have.get(piece)) return false;
      if (sent.has(piece) || connection.closing) return false;
      sent.add(piece);
      emit({ type: "send", connection, message: { type: "suggest", piece } });
      return false;
    });
  }
}
