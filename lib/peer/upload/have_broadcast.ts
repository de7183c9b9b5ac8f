/**
 * Who is told of a piece that we got, and when.
 *
 * Everybody is told of every piece: peers count what others have, and a seeder that hands out one copy
 * (BEP 16) has to see where its pieces went. But only to whom it is news, because it lacks the piece, or
 * because it gave it to us, at once. The others hear of it at the next tick, of all pieces since the last
 * one together: where most have everything, that is a write for each of them a few times a second
 * instead of one for each piece.
 *
 * @module
 */

import { DONT_HAVE_EXTENSION, encodeDontHave } from "../../codec/wire/extension.ts";
import type { Message } from "../../codec/wire/message.ts";
import type { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Action } from "../connection/actions.ts";
import type { Connection } from "../connection/connection.ts";
import type { SwarmContext } from "../connection/context.ts";
import type { Peer } from "../connection/peer.ts";

/** Tells of pieces. */
export class HaveBroadcast {
  readonly #context: Pick<SwarmContext, "connections" | "emit">;
  /** What is said at the next tick. */
  #later: Action[] = [];

  /** Tells the peers of all connections. */
  constructor(context: Pick<SwarmContext, "connections" | "emit">) {
    this.#context = context;
  }

  /** We have one more piece, which came from these peers. */
  onStored(piece: PieceIndex, from: readonly Peer[]): void {
    const now: Connection[] = [], later: Connection[] = [];
    for (const connection of this.#context.connections.values()) {
      const isNews = !connection.pieces.have.get(piece) || from.includes(connection.peer);
      (isNews ? now : later).push(connection);
    }
    const message = { type: "have", piece } as const;
    if (now.length > 0) this.#context.emit({ type: "broadcast", to: now, message });
    if (later.length > 0) this.#later.push({ type: "broadcast", to: later, message });
  }

  /** Time passed, or nothing more will come: whoever was not told yet is told now. */
  flush(): void {
    if (this.#later.length === 0) return;
    for (const action of this.#later) this.#context.emit(action);
    this.#later = [];
  }
}

/**
 * The messages that say so.
 *
 * @param fast both sides speak BEP 6
 * @param late the peer was told before that we have nothing, and can be told of single pieces only
 */
export function initialPieceMessages(have: Bitfield, fast: boolean, late: boolean): Message[] {
  if (late) return [...have.ones()].map((piece) => ({ type: "have", piece }));
  if (fast && have.isFull) return [{ type: "haveAll" }];
  if (have.isEmpty) return fast ? [{ type: "haveNone" }] : [];
  return [{ type: "bitfield", bits: have.bytes() }];
}

/** Tells everyone who understands it that we no longer have a piece (BEP 54). */
export function broadcastDontHave(
  { connections, emit }: Pick<SwarmContext, "connections" | "emit">,
  piece: PieceIndex,
): void {
  const payload = encodeDontHave(piece);
  for (const connection of connections.values()) {
    const id = connection.extension.ids.get(DONT_HAVE_EXTENSION);
    if (id === undefined || id === 0) continue;
    emit({ type: "send", connection, message: { type: "extended", id, payload } });
  }
}
