// @ts-check
/// <reference lib="dom" />
/**
 * Draws a piece map and the availability below it. Kinds of cells differ in shape, not only in color:
 * full, partly full, triangular, crossed, empty.
 *
 * @module
 */

import { kindOf, layOut } from "./piece_cells.js";
import { color } from "../colors.js";

/** The height of the availability, in pixels. */
const AVAILABILITY_HEIGHT = 28;

/** A cross smaller than this many device pixels would be a blot: the cell is filled instead. */
const MIN_CROSS = 5;

/**
 * Draws all cells and makes the canvas as tall as they need. `data-columns`, `data-pitch` and `data-size`
 * of the canvas say where they are, in device pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./piece_cells.js").Cells} cells
 */
export function drawMap(canvas, cells) {
  const ratio = devicePixelRatio;
  const { columns, rows, pitch, size } = layOut(cells.count, widthOf(canvas), ratio);
  const context = prepare(canvas, rows * pitch);
  Object.assign(canvas.dataset, { columns, pitch, size, cells: cells.count });
  const colors = cellColors();
  for (let i = 0; i < cells.count; i++) {
    const x = i % columns * pitch;
    const y = Math.floor(i / columns) * pitch;
    const share = (cells.verified[i] ?? 0) / 255;
    drawCell(context, { kind: kindOf(cells, i), share, x, y, size }, colors);
  }
}

/**
 * Draws one cell, for the legend.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./piece_cells.js").Kind} kind
 */
export function drawLegendCell(canvas, kind) {
  const context = prepare(canvas, widthOf(canvas));
  drawCell(context, { kind, share: 0.5, x: 0, y: 0, size: canvas.width }, cellColors());
}

/** @returns {Colors} */
function cellColors() {
  return {
    verified: color("map-verified"),
    flight: color("map-flight"),
    failed: color("map-failed"),
    missing: color("map-missing"),
  };
}

/**
 * @typedef {{kind: import("./piece_cells.js").Kind, share: number, x: number, y: number, size: number}} Cell
 * @typedef {{verified: string, flight: string, failed: string, missing: string}} Colors
 */

/**
 * Every kind shows its color in the lower right corner, where tests look for it.
 * @param {CanvasRenderingContext2D} context
 * @param {Cell} cell
 * @param {Colors} colors
 */
function drawCell(context, { kind, share, x, y, size }, colors) {
  context.fillStyle = kind === "verified" ? colors.verified : colors.missing;
  context.fillRect(x, y, size, size);
  if (kind === "verified" || kind === "missing") return;
  if (kind === "partly") {
    const height = Math.min(size - 1, Math.max(1, Math.round(share * size)));
    context.fillStyle = colors.verified;
    context.fillRect(x, y + size - height, size, height);
    return;
  }
  context.fillStyle = colors[kind];
  if (kind === "failed" && size < MIN_CROSS) return context.fillRect(x, y, size, size);
  const arm = Math.max(2, Math.round(size / 4));
  for (let row = 0; row < size; row++) {
    if (kind === "flight") {
      context.fillRect(x + size - 1 - row, y + row, row + 1, 1);
    } else {
      const at = Math.min(row, size - arm);
      context.fillRect(x + at, y + row, arm, 1);
      context.fillRect(x + size - arm - at, y + row, arm, 1);
    }
  }
}

/**
 * Draws how many peers have each part of the torrent, as a skyline. A comb marks the parts that are
 * missing here and that no connected peer has.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./piece_cells.js").Cells} cells
 */
export function drawAvailability(canvas, cells) {
  const height = Math.round(AVAILABILITY_HEIGHT * devicePixelRatio);
  const context = prepare(canvas, height);
  const most = cells.availability.reduce((max, n) => Math.max(max, n), 0);
  const [present, absent, ground] = ["map-available", "map-failed", "map-missing"].map(color);
  const tooth = Math.max(2, Math.round(2 * devicePixelRatio));
  for (let x = 0; x < canvas.width; x++) {
    const { least, isMissed } = partOf(cells, x / canvas.width, (x + 1) / canvas.width);
    const isTooth = isMissed && most > 0 && x % (2 * tooth) < tooth;
    const top = isTooth ? height : Math.round(least / Math.max(1, most) * height);
    context.fillStyle = ground ?? "";
    context.fillRect(x, 0, 1, height - top);
    context.fillStyle = (isTooth ? absent : present) ?? "";
    context.fillRect(x, height - top, 1, top);
  }
}

/**
 * The rarest of the cells between two points of the map, given as shares of its length.
 * @param {import("./piece_cells.js").Cells} cells
 * @param {number} from
 * @param {number} to
 */
function partOf(cells, from, to) {
  const first = Math.floor(from * cells.count);
  const end = Math.max(first + 1, Math.floor(to * cells.count));
  let least = 255;
  let isMissed = false;
  for (let i = first; i < end; i++) {
    const peers = cells.availability[i] ?? 0;
    least = Math.min(least, peers);
    if (peers === 0 && kindOf(cells, i) !== "verified") isMissed = true;
  }
  return { least, isMissed };
}

/** @param {HTMLCanvasElement} canvas */
function widthOf(canvas) {
  return Math.max(1, Math.floor(canvas.clientWidth * devicePixelRatio));
}

/**
 * Clears the canvas, and makes it as wide as it is shown and `height` device pixels tall.
 * @param {HTMLCanvasElement} canvas
 * @param {number} height
 */
function prepare(canvas, height) {
  canvas.width = widthOf(canvas);
  canvas.height = height;
  canvas.style.setProperty("height", `${height / devicePixelRatio}px`);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser cannot draw on a canvas");
  return context;
}
