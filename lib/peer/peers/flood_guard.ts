/**
 * Messages that cost their sender next to nothing and us some work: what a peer has, said once more, and
 * turns of choking and interest. Nobody needs many of them, so there is a bound.
 *
 * @module
 */

import type { Message } from "../../codec/wire/message.ts";
import { ProtocolError } from "../../errors.ts";
import type { Connection } from "../connection/connection.ts";
import { TokenBucket } from "../connection/token_bucket.ts";

/** Messages that may be saved up, besides one for each piece: a peer may lose a file and get it again. */
const BURST = 2000;
/** Messages a second that are borne for ever. */
const PER_SECOND = 20;
/**
 * Messages about all pieces that may be saved up: each makes us look at every piece, so it counts as a
 * part of all that may be said. One is what a peer needs.
 */
const WHOLE_BURST = 4;

/** Counts what peers say. */
export class FloodGuard {
  readonly #capacity: number;
  readonly #allowances = new Map<Connection, TokenBucket>();

  /** For a torrent of so many pieces. */
  constructor(pieceCount: number) {
    this.#capacity = BURST + pieceCount;
  }

  /**
   * The peer says something.
   *
   * @throws {ProtocolError} when it says too much that is not new
   */
  onMessage(connection: Connection, message: Message, nowMs: number): void {
    const cost = this.#costOf(connection, message);
    // For a web server our own side speaks, and says anew what there is each time a file turns out missing.
    if (cost > 0 && connection.peer.url === undefined) this.charge(connection, cost, nowMs);
  }

  /**
   * The peer did something that counts so much.
   *
   * @throws {ProtocolError} when that is too much
   */
  charge(connection: Connection, cost: number, nowMs: number): void {
    let allowance = this.#allowances.get(connection);
    if (allowance === undefined) {
      allowance = new TokenBucket(this.#capacity, PER_SECOND, nowMs);
      this.#allowances.set(connection, allowance);
    }
    if (!allowance.tryTake(nowMs, cost)) throw new ProtocolError("says the same again and again");
  }

  /** The connection is gone. */
  onDisconnected(connection: Connection): void {
    this.#allowances.delete(connection);
  }

  /** What a message counts; 0 for what brings something new, or is bounded elsewhere. */
  #costOf({ pieces }: Connection, message: Message): number {
    switch (message.type) {
      case "have":
        return pieces.have.get(message.piece) ? 1 : 0;
      case "bitfield":
      case "haveAll":
      case "haveNone":
        return this.#capacity / WHOLE_BURST;
      case "choke":
      case "unchoke":
      case "interested":
      case "notInterested":
        return 1;
      default:
        return 0;
    }
  }
}
