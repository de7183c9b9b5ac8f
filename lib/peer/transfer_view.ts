/**
 * A running transfer as its readers see it: those who show it, check its files or explain why it stalls.
 *
 * @module
 */

import type { Layout, PieceIndex } from "../store/layout.ts";
import type { PieceHash, Pieces } from "../store/pieces.ts";

/** The transfer at the moment of asking. Nothing is copied, and nothing of it can be changed from here. */
export interface TransferView {
  /** Piece, block and file arithmetic. */
  readonly layout: Layout;
  /** What we have and what is on its way. */
  readonly pieces: Pick<Pieces, "have" | "active" | "isComplete">;
  /** True when all piece hashes are known. */
  readonly hashesComplete: boolean;
  /** Some pieces were checked by SHA-1 although the torrent has SHA-256 hashes. */
  readonly usedSha1: boolean;
  /** Bytes that arrived and were of no use. */
  readonly wastedBytes: number;
  /** We claim to have nothing but what we offer (BEP 16). */
  readonly isHiding: boolean;
  /** How many connected peers have the piece, without those that have all pieces and said so at once. */
  availability(piece: number): number;
  /** How to check a piece: by SHA-256 where that is known, else by SHA-1; `undefined`: not yet. */
  expected(piece: PieceIndex): PieceHash | undefined;
}
