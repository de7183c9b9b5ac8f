/**
 * Serves the info dictionary to peers that came with a magnet link (BEP 9).
 *
 * @module
 */

import {
  METADATA_PIECE_LENGTH,
  type MetadataMessage,
  metadataPieceCount,
} from "../../codec/wire/extension.ts";
import type { Emit } from "../connection/actions.ts";
import type { Connection } from "../connection/connection.ts";
import { sendMetadata } from "../connection/metadata_message.ts";

/** Limit of answers per connection, in multiples of the whole dictionary. */
const MAX_COPIES = 4;

/** Answers metadata requests. */
export class MetadataServer {
  readonly #info: Uint8Array;
  readonly #emit: Emit;
  readonly #served = new Map<Connection, number>();

  constructor(info: Uint8Array, emit: Emit) {
    this.#info = info;
    this.#emit = emit;
  }

  /** Length of the info dictionary, in bytes. */
  get size(): number {
    return this.#info.length;
  }

  /** Answers a request with data or a reject; other messages are ignored. */
  onMessage(connection: Connection, message: MetadataMessage): void {
    if (message.type !== "request") return;
    const { piece } = message;
    const count = metadataPieceCount(this.#info.length);
    const served = (this.#served.get(connection) ?? 0) + 1;
    this.#served.set(connection, served);
    if (piece >= count || served > MAX_COPIES * count) {
      return sendMetadata(this.#emit, connection, { type: "reject", piece });
    }
    const begin = piece * METADATA_PIECE_LENGTH;
    const data = this.#info.subarray(begin, begin + METADATA_PIECE_LENGTH);
    const totalSize = this.#info.length;
    sendMetadata(this.#emit, connection, { type: "data", piece, totalSize, data });
  }

  onDisconnected(connection: Connection): void {
    this.#served.delete(connection);
  }
}
