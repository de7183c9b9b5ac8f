/**
 * Limits messages that cost the sender almost nothing and us some work: repeated announcements of pieces, and
 * changes of choking and interest. No honest peer needs many of them.
 *
 * @module
 */

import type { Message } from "../../codec/wire/message.ts";
import { ProtocolError } from "../../errors.ts";
import type { Connection } from "../connection/connection.ts";
import { TokenBucket } from "../connection/token_bucket.ts";

/** Messages allowed in a burst, plus one per piece, since a peer may lose a file and fetch it again. */
const BURST = 2000;
/** Messages per second that are tolerated indefinitely. */
const PER_SECOND = 20;
/**
 * Messages about all pieces allowed in a burst. Each makes us look at every piece, so each costs this
 * fraction of the whole allowance. An honest peer needs one, and as many bitfields with news as it likes.
 */
const WHOLE_BURST = 4;

/** Counts cheap messages per connection. */
export class FloodGuard {
  readonly #capacity: number;
  readonly #allowances = new Map<Connection, TokenBucket>();

  constructor(pieceCount: number) {
    this.#capacity = BURST + pieceCount;
  }

  /**
   * Counts a message.
   *
   * @throws {ProtocolError} when the peer repeats itself too often
   */
  onMessage(connection: Connection, message: Message, nowMs: number): void {
    const cost = this.#costOf(connection, message);
    if (cost > 0) this.charge(connection, cost, nowMs);
  }

  /**
   * Counts a bitfield, which {@link FloodGuard.onMessage} does not. News are free, like a new piece: there are
   * no more of them than pieces.
   *
   * @param isNews it adds pieces to those that the peer had, and takes none away
   * @throws {ProtocolError} when the peer repeats itself too often
   */
  onBitfield(connection: Connection, isNews: boolean, nowMs: number): void {
    if (!isNews) this.charge(connection, this.#capacity / WHOLE_BURST, nowMs);
  }

  /**
   * Charges the peer with `cost` messages.
   *
   * @throws {ProtocolError} when its allowance is used up
   */
  charge(connection: Connection, cost: number, nowMs: number): void {
    // Our own web seed client speaks for a web server, and sends a new bitfield whenever a file is missing.
    if (connection.peer.url !== undefined) return;
    let allowance = this.#allowances.get(connection);
    if (allowance === undefined) {
      allowance = new TokenBucket(this.#capacity, PER_SECOND, nowMs);
      this.#allowances.set(connection, allowance);
    }
    if (!allowance.tryTake(nowMs, cost)) throw new ProtocolError("says the same again and again");
  }

  onDisconnected(connection: Connection): void {
    this.#allowances.delete(connection);
  }

  /** The cost of a message; 0 when it brings something new or is limited elsewhere. */
  #costOf({ pieces }: Connection, message: Message): number {
    switch (message.type) {
      case "have":
        return pieces.have.get(message.piece) ? 1 : 0;
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
