/**
 * Makes the piece map. A cell stands for one piece, or for several in a torrent of many.
 *
 * @module
 */

import type { PieceView } from "../session/stats.ts";
import type { PieceMap } from "./snapshot.ts";

/** More cells could neither be told apart on a screen nor be sent every second. */
export const MAX_CELLS = 4000;

/** Bits of {@link PieceMap.state}. */
const IN_FLIGHT = 1, FAILED = 2;

const MAX_BYTE = 255;

/**
 * Makes the map.
 *
 * @param failed pieces that failed their hash check recently
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
    let have = 0, least = MAX_BYTE;
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

/** A share as a byte: 255 only for all, 0 only for none. */
function shareOf(have: number, length: number): number {
  if (have === length) return MAX_BYTE;
  return have === 0 ? 0 : Math.min(MAX_BYTE - 1, Math.max(1, Math.round(MAX_BYTE * have / length)));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)); // few enough for one call
}
