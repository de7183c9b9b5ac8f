/**
 * Counts data that arrived and was of no use.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import type { Connection } from "../connection/connection.ts";

/** Bytes of unrequested blocks that a peer may send before it is disconnected. */
const MAX_WASTE_BYTES = 16 * 1024 * 1024;

/** Counts wasted bytes. */
export class WastedData {
  /** Wasted bytes of all peers. */
  bytes = 0;

  /** Counts data that had arrived and was dropped. */
  add(bytes: number): void {
    this.bytes += bytes;
  }

  /**
   * Counts a block that is not needed, or no longer.
   *
   * @param asked whether it was requested from the peer
   * @throws {ProtocolError} when the peer keeps sending blocks that were not requested
   */
  onUnneededBlock({ download }: Connection, bytes: number, asked: boolean): void {
    this.bytes += bytes;
    download.wastedBytes += asked ? 0 : bytes;
    if (download.wastedBytes > MAX_WASTE_BYTES) {
      throw new ProtocolError("keeps sending blocks that nobody asked for");
    }
  }
}
