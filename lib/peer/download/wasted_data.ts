/**
 * File data that arrived and was of no use.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import type { Connection } from "../connection/connection.ts";

/** Blocks nobody asked for that a peer may send before it has to go, in bytes. */
const MAX_WASTE_BYTES = 16 * 1024 * 1024;

/** Counts it. */
export class WastedData {
  /** Bytes of all peers. */
  bytes = 0;

  /** So much of what had arrived was dropped. */
  add(bytes: number): void {
    this.bytes += bytes;
  }

  /**
   * A block arrived that is not needed, or not any more.
   *
   * @param asked the peer owed it
   * @throws {ProtocolError} when the peer keeps sending what nobody asked for
   */
  onUnneededBlock({ download }: Connection, bytes: number, asked: boolean): void {
    this.bytes += bytes;
    download.wastedBytes += asked ? 0 : bytes;
    if (download.wastedBytes > MAX_WASTE_BYTES) {
      throw new ProtocolError("keeps sending blocks that nobody asked for");
    }
  }
}
