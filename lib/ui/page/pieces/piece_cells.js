// @ts-check
/**
 * The cells of a piece map: their kinds, how many there are of each, and how they fill a rectangle.
 * Nothing here draws.
 *
 * @module
 */

const IN_FLIGHT = 1;
const FAILED = 2;
const WHOLE = 255;

/** The distance from cell to cell, in pixels. */
const MAX_PITCH = 20;
const MIN_PITCH = 4;
/** The height of the map, in pixels, unless the smallest cells need more. */
const MAX_HEIGHT = 190;

/** @typedef {"verified" | "failed" | "flight" | "partly" | "missing"} Kind */

/** The kinds of cells, in the order of the legend. */
export const KINDS = /** @type {const} */ (["verified", "partly", "flight", "failed", "missing"]);

/**
 * @typedef {object} Cells
 * @property {number} pieces
 * @property {number} count
 * @property {number} perCell
 * @property {Uint8Array} verified the share of each cell, 255 for all of it
 * @property {Uint8Array} state
 * @property {Uint8Array} availability
 */

/**
 * @param {import("../../snapshot.ts").PieceMap} map
 * @returns {Cells}
 */
export function readCells({ pieces, cells, perCell, verified, state, availability }) {
  return {
    pieces,
    count: cells,
    perCell,
    verified: fromBase64(verified),
    state: fromBase64(state),
    availability: fromBase64(availability),
  };
}

/**
 * @param {Cells} cells
 * @param {number} i
 * @returns {Kind}
 */
export function kindOf({ verified, state }, i) {
  const share = verified[i] ?? 0;
  const now = state[i] ?? 0;
  if (share === WHOLE) return "verified";
  if ((now & FAILED) !== 0) return "failed";
  if ((now & IN_FLIGHT) !== 0) return "flight";
  return share > 0 ? "partly" : "missing";
}

/**
 * How many cells there are of each kind. `absent` counts the incomplete ones that no connected peer has.
 * @param {Cells} cells
 */
export function countKinds(cells) {
  const counts = { verified: 0, partly: 0, flight: 0, failed: 0, missing: 0, absent: 0 };
  for (let i = 0; i < cells.count; i++) {
    const kind = kindOf(cells, i);
    counts[kind]++;
    if (kind !== "verified" && cells.availability[i] === 0) counts.absent++;
  }
  return counts;
}

/**
 * Lays square cells out in rows, as large as the width and the greatest height allow.
 * @param {number} count
 * @param {number} width in device pixels
 * @param {number} ratio device pixels per pixel of the page
 * @returns {{columns: number, rows: number, pitch: number, size: number}} in device pixels
 */
export function layOut(count, width, ratio) {
  let pitch = Math.round(MAX_PITCH * ratio);
  const smallest = Math.round(MIN_PITCH * ratio);
  for (; pitch > smallest; pitch--) {
    if (Math.ceil(count / Math.floor(width / pitch)) * pitch <= MAX_HEIGHT * ratio) break;
  }
  const columns = Math.max(1, Math.floor(width / pitch));
  const gap = Math.max(1, Math.round((pitch / ratio >= 10 ? 2 : 1) * ratio));
  return { columns, rows: Math.max(1, Math.ceil(count / columns)), pitch, size: pitch - gap };
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
