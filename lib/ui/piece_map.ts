/**
 * The map of the pieces: each cell stands for one piece, or in long torrents for several.
 *
 * @module
 */

import type { PieceView } from "../session/stats.ts";
import type { PieceMap } from "./snapshot.ts";

/** More cells than this can be neither told apart on a screen nor sent every half second. */
export const MAX_CELLS = 4000;

/** Bits of {@link PieceMap.state}. */
const IN_FLIGHT = 1, FAILED = 2;

const MOST = 255;

/**
 * The map of these pieces.
 *
 * @param failed pieces that did not match lately
 */
export function pieceMap(view: PieceView, failed: Iterable<number> = []): PieceMap {
  const pieces = view.count;
  const perCell = Math.max(1, Math.ceil(pieces / MAX_CELLS));
  const cells = Math.ceil(pieces / perCell);
  const verified = new Uint8Array(cells);
  const availability = new Uint8Array(cells);
  for (let cell = 0, piece = 0; cell < cells; cell++) {
    const end = Math.min(pieces, piece + perCell);
    const length = end - piece;
    let have = 0, least = MOST;
    for (; piece < end; piece++) {
      if (view.has(piece)) have++;
      const holders = view.availability(piece);
      if (holders < least) least = holders;
    }
    verified[cell] = shareOf(have, length);
    availability[cell] = least;
  }
  const state = new Uint8Array(cells);
  const mark = (marked: Iterable<number>, bit: number) => {
    for (const piece of marked) {
      if (piece < pieces) state[Math.floor(piece / perCell)]! |= bit;
    }
  };
  mark(view.inFlight, IN_FLIGHT);
  mark(failed, FAILED);
  return {
    pieces,
    cells,
    perCell,
    verified: base64(verified),
    state: base64(state),
    availability: base64(availability),
  };
}

/** 255 only when all of it is there, 0 only when nothing is. */
function shareOf(have: number, length: number): number {
  if (have === length) return MOST;
  return have === 0 ? 0 : Math.min(MOST - 1, Math.max(1, Math.round(MOST * have / length)));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)); // few enough to be arguments
}
