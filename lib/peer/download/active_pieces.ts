/**
 * Ends the pieces in progress: a piece is stored, fetched again as a whole or in part, or left by the peer
 * that was fetching it.
 *
 * @module
 */

import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { PiecePicker } from "./piece_picker.ts";
import type { RarestFirst } from "./rarest_first.ts";
import type { RequestTable } from "./request_table.ts";
import type { WastedData } from "./wasted_data.ts";

/** Ends active pieces and frees what they held. */
export class ActivePieces {
  readonly #context: TransferContext;
  readonly #picker: PiecePicker;
  readonly #requests: RequestTable;
  readonly #rarity: RarestFirst;
  readonly #waste: WastedData;

  /** `rarity` orders the pieces that are not begun; `waste` counts the data that is dropped. */
  constructor(
    context: TransferContext,
    picker: PiecePicker,
    requests: RequestTable,
    rarity: RarestFirst,
    waste: WastedData,
  ) {
    this.#context = context;
    this.#picker = picker;
    this.#requests = requests;
    this.#rarity = rarity;
    this.#waste = waste;
  }

  /** The piece is verified and stored. */
  finish(piece: PieceIndex): void {
    const { pieces, ready } = this.#context;
    this.#picker.onEnded(pieces.active.get(piece)!);
    pieces.stored(piece);
    ready.wakeSome(); // a slot of piece memory
  }

  /** Fetches all of a full piece again. */
  restart(piece: PieceIndex): void {
    const { pieces, ready } = this.#context;
    const active = pieces.active.get(piece)!;
    this.#requests.forget(active);
    this.#picker.onEnded(active);
    pieces.failed(piece);
    this.#rarity.add(piece);
    ready.wakeSome();
  }

  /** Fetches the `wrong` blocks of a full piece again, from any peer; the other blocks are right. */
  reopen(piece: PieceIndex, wrong: readonly number[]): void {
    const { pieces, layout, ready } = this.#context;
    const active = pieces.active.get(piece)!;
    this.#requests.forget(active);
    pieces.reopen(piece, wrong);
    active.exclusive = false;
    this.#picker.onLeft(active);
    for (const block of wrong) this.#waste.add(layout.blockLength(piece, block, true));
    ready.wakeSome();
  }

  /** Takes the connection off all its pieces. */
  leaveAll(connection: Connection): void {
    for (const active of this.#picker.ownedBy(connection)) this.leave(connection, active);
    connection.download.current = undefined;
    this.#context.ready.wakeSome();
  }

  /**
   * Takes the connection off this piece. If the piece belonged to it, any peer may continue it now. The piece
   * is dropped if none of it has arrived, or if it was exclusive to this peer.
   */
  leave(connection: Connection, active: ActivePiece): void {
    if (connection.download.current === active) connection.download.current = undefined;
    if (active.owner !== connection.id || active.isFull) return;
    this.#picker.onLeft(active);
    this.#context.ready.wakeSome();
    if (active.exclusive) this.#requests.release(connection, active);
    if (active.isIdle && (active.receivedCount === 0 || active.exclusive)) this.drop(active);
  }

  /** Drops what has arrived of the piece, which is then missing again. */
  drop(active: ActivePiece): void {
    const { pieces, layout } = this.#context;
    for (let block = 0; block < active.blockCount; block++) {
      if (!active.isReceived(block)) continue;
      this.#waste.add(layout.blockLength(active.piece, block, true));
    }
    this.#picker.onEnded(active);
    pieces.abandon(active.piece);
    this.#rarity.add(active.piece);
  }
}
