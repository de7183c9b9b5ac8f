/**
 * A torrent's pieces as a bar of a few cells. Pure.
 *
 * @module
 */

/** What a bar needs to know about the pieces. */
export interface Pieces {
  /** Number of pieces. */
  readonly count: number;
  /** Whether the piece is verified and stored. */
  has(piece: number): boolean;
}

const NONE = "░";
const ALL = "█";
/** From a little to nearly everything. */
const SOME = "▁▂▃▄▅▆▇";

/**
 * A bar of `cells` cells, the first piece on the left. Each cell stands for an equal part of the file, and
 * its height for the verified share. Only a complete cell is full, and only one with nothing is empty.
 */
export function pieceBar(pieces: Pieces, cells: number): string {
  let bar = "";
  for (let cell = 0; cell < cells; cell++) bar += glyph(share(pieces, cell, cells));
  return bar;
}

function glyph(share: number): string {
  if (share === 0) return NONE;
  return share === 1 ? ALL : SOME[Math.min(SOME.length - 1, Math.floor(share * SOME.length))]!;
}

/** A piece that extends into two cells counts in both. */
function share(pieces: Pieces, cell: number, cells: number): number {
  const first = Math.floor(cell * pieces.count / cells);
  const end = Math.ceil((cell + 1) * pieces.count / cells);
  let verified = 0;
  for (let piece = first; piece < end; piece++) if (pieces.has(piece)) verified++;
  return end > first ? verified / (end - first) : 1;
}
