/**
 * Announces the pieces we get.
 *
 * Every peer is told of every piece: peers count availability, and a super-seeder (BEP 16) has to see where
 * its pieces went. Peers that lack the piece, or that sent it to us, are told at once. The others are told at
 * the next tick, of all new pieces together. Where most peers are complete, that takes a few writes per
 * second and peer instead of one per piece.
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

/** Sends have messages. */
export class HaveBroadcast {
  readonly #context: Pick<SwarmContext, "connections" | "emit">;
  /** Messages for the next tick. */
  #later: Action[] = [];

  constructor(context: Pick<SwarmContext, "connections" | "emit">) {
    this.#context = context;
  }

  /** We stored a piece that came from these peers. */
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

  /** Sends what was put off, at a tick or when no more pieces will come. */
  flush(): void {
    if (this.#later.length === 0) return;
    for (const action of this.#later) this.#context.emit(action);
    this.#later = [];
  }
}

/**
 * The messages that announce what we have.
 *
 * @param fast both sides speak BEP 6
 * @param late the peer was told that we have nothing, so only single haves can follow
 */
export function initialPieceMessages(have: Bitfield, fast: boolean, late: boolean): Message[] {
  if (late) return [...have.ones()].map((piece) => ({ type: "have", piece }));
  if (fast && have.isFull) return [{ type: "haveAll" }];
  if (have.isEmpty) return fast ? [{ type: "haveNone" }] : [];
  return [{ type: "bitfield", bits: have.bytes() }];
}

/** Tells all peers that support it that we no longer have a piece (BEP 54). */
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
