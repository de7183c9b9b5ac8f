/**
 * Limits how many blocks one peer may owe us, so that some are left to request from others.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../codec/torrent/merkle.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";

/** How long a new peer may take to announce its pieces and unchoke us. */
const NEWCOMER_MS = 1000;
/**
 * How much may be requested ahead of a download limit, in seconds of it, over all peers. Other messages wait
 * behind the blocks in flight, which the limit slows down.
 */
const LIMIT_AHEAD_SECONDS = 0.5;

/** Divides the blocks that may be requested among the peers that serve us. */
export class RequestQuota {
  readonly #context: TransferContext;
  readonly #downloadLimit: () => number;
  /** Number of blocks in a whole piece. */
  readonly #perPiece: number;
  /** Peers that serve us, or probably will soon. */
  readonly #servers = new Set<Connection>();
  #nowMs = 0; // time of the last tick

  /** @param downloadLimit bytes per second that may arrive now; absent for no limit */
  constructor(context: TransferContext, downloadLimit = () => Infinity) {
    this.#context = context;
    this.#downloadLimit = downloadLimit;
    this.#perPiece = Math.ceil(context.layout.pieceLength / BLOCK_LENGTH);
  }

  /** Call this when the peer may have started or stopped serving us. */
  update(connection: Connection): void {
    if (this.#mayServe(connection)) this.#servers.add(connection);
    else this.#servers.delete(connection);
  }

  onDisconnected(connection: Connection): void {
    this.#servers.delete(connection);
  }

  /** Updates all connections, since some are not new any more. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const connection of this.#context.connections.values()) this.update(connection);
  }

  /**
   * Number of blocks that one peer may owe us: its share of the piece memory, of what is missing, and of what
   * a download limit allows. Without it the first fast peers would take all of that, and other peers could
   * contribute nothing.
   */
  get blocks(): number {
    const { pieces } = this.#context;
    const free = Math.min(pieces.missingCount, pieces.slotCount) * this.#perPiece;
    const affordable = this.#downloadLimit() * LIMIT_AHEAD_SECONDS / BLOCK_LENGTH;
    return Math.max(1, Math.ceil(Math.min(free, affordable) / Math.max(1, this.#servers.size)));
  }

  /** @throws {Error} when the set of serving peers is out of date */
  checkInvariant(): void {
    for (const connection of this.#context.connections.values()) {
      if (this.#mayServe(connection) === this.#servers.has(connection)) continue;
      throw new Error(`connection ${connection.id} is counted among those who serve us, or not`);
    }
  }

  /** Whether the peer serves us, or is so new that it probably will. */
  #mayServe(connection: Connection): boolean {
    if (connection.download.snubbed) return false;
    const isNew = this.#nowMs - connection.openedMs < NEWCOMER_MS;
    if (connection.pieces.amInterested) return isNew || !connection.download.peerChoking;
    return isNew && connection.pieces.have.isEmpty;
  }
}
