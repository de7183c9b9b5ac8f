/**
 * How much one peer may owe us, so that it leaves something to ask the others for.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../codec/torrent/merkle.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";

/** So long a new peer may take to say what it has and that it serves us. */
const NEWCOMER_MS = 1000;
/**
 * So much may be asked for ahead of a download limit, in seconds of it, and from all peers together:
 * what they say waits behind the blocks that are on their way, and the limit makes those slow.
 */
const LIMIT_AHEAD_SECONDS = 0.5;

/** Divides what may be asked for among those who give. */
export class RequestQuota {
  readonly #context: TransferContext;
  readonly #downloadLimit: number;
  /** Blocks of a whole piece. */
  readonly #perPiece: number;
  /** Who serves us, or will soon. */
  readonly #servers = new Set<Connection>();
  #nowMs = 0; // as of the last tick

  /** @param downloadLimit bytes per second that may arrive; Infinity: any number */
  constructor(context: TransferContext, downloadLimit: number) {
    this.#context = context;
    this.#downloadLimit = downloadLimit;
    this.#perPiece = Math.ceil(context.layout.pieceLength / BLOCK_LENGTH);
  }

  /** The peer may have begun or ceased to serve us. */
  update(connection: Connection): void {
    if (this.#mayServe(connection)) this.#servers.add(connection);
    else this.#servers.delete(connection);
  }

  /** The connection is gone. */
  onDisconnected(connection: Connection): void {
    this.#servers.delete(connection);
  }

  /** Time passed: who was new is so no longer. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const connection of this.#context.connections.values()) this.update(connection);
  }

  /**
   * Blocks that one peer may owe: its part of the piece memory, of what is missing, and of what may be
   * asked for under a limit. Otherwise the first fast peers would hold all of it, and others could not
   * give anything.
   */
  get blocks(): number {
    const { pieces } = this.#context;
    const free = Math.min(pieces.missingCount, pieces.slotCount) * this.#perPiece;
    const affordable = this.#downloadLimit * LIMIT_AHEAD_SECONDS / BLOCK_LENGTH;
    return Math.max(1, Math.ceil(Math.min(free, affordable) / Math.max(1, this.#servers.size)));
  }

  /** @throws {Error} when who serves us is not who is counted */
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
