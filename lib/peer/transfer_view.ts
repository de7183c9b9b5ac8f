/**
 * A running transfer as its readers see it, who display it, check its files or explain why it stalls.
 *
 * @module
 */

import type { Layout, PieceIndex } from "../store/layout.ts";
import type { PieceHash, Pieces } from "../store/pieces.ts";
import type { UrgentRange } from "./download/urgent_pieces.ts";

/** A live, read-only view of the transfer. Nothing is copied. */
export interface TransferView {
  /** The layout of pieces, blocks and files. */
  readonly layout: Layout;
  /** The pieces we have and those in progress. */
  readonly pieces: Pick<Pieces, "have" | "active" | "isComplete">;
  /** True when all SHA-256 piece hashes are known. */
  readonly hashesComplete: boolean;
  /** Some pieces were checked by SHA-1 although the torrent has SHA-256 hashes. */
  readonly usedSha1: boolean;
  /** Bytes that arrived and were of no use. */
  readonly wastedBytes: number;
  /** Super-seeding hides all pieces that were not offered (BEP 16). */
  readonly isHiding: boolean;
  /** Opens a range of pieces that are fetched before all others. */
  urge(): UrgentRange;
  /** How many connected peers have the piece, not counting those that connected as seeds. */
  availability(piece: number): number;
  /**
   * The hash to check a piece against: SHA-256 if known, else SHA-1; `undefined` while neither can be used.
   */
  expected(piece: PieceIndex): PieceHash | undefined;
}
