/**
 * Counts the file data moved over all connections of a torrent, including those that have ended.
 *
 * @module
 */

import type { Connection } from "./connection/connection.ts";

/** Bytes sent and received. */
export class TransferTotals {
  readonly #connections: ReadonlyMap<number, Connection>;
  #downBefore = 0;
  #upBefore = 0;

  /** Counts `connections`, and those passed to {@link onDisconnected}. */
  constructor(connections: ReadonlyMap<number, Connection>) {
    this.#connections = connections;
  }

  /** Bytes received. */
  get downloaded(): number {
    let bytes = this.#downBefore;
    for (const { download } of this.#connections.values()) bytes += download.meter.total;
    return bytes;
  }

  /** Bytes sent. */
  get uploaded(): number {
    let bytes = this.#upBefore;
    for (const { upload } of this.#connections.values()) bytes += upload.meter.total;
    return bytes;
  }

  /** Keeps the totals of a connection that has ended. */
  onDisconnected({ download, upload }: Connection): void {
    this.#downBefore += download.meter.total;
    this.#upBefore += upload.meter.total;
  }
}
