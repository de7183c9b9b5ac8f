// @ts-check
/// <reference lib="dom" />
/**
 * The piece map with its legend, its row of availability, and the same in words for those who do not
 * see it.
 *
 * @module
 */

import { html, useEffect, useMemo, useRef } from "../preact.js";
import { bytes, count, percent, whole } from "../format.js";
import { KINDS, readCells, tally } from "./piece_cells.js";
import { drawAvailability, drawMap, drawSample } from "./piece_drawing.js";
import { Folding } from "../components.js";
import { onThemeChange } from "../colors.js";

const WORDS = {
  verified: "Verified",
  partly: "Partly verified",
  flight: "In flight",
  failed: "Failed lately",
  missing: "Missing",
};

/**
 * @param {{map: import("../../snapshot.ts").PieceMap | undefined, snapshot: import("../../snapshot.ts").TransferSnapshot}} props
 */
export function PieceMapPanel({ map, snapshot }) {
  const { pieces, havePieces, pieceLength, haveBytes, totalBytes } = snapshot;
  return html`
    <${Folding} id="map" title="Chunks" isOpen=${havePieces < pieces}>
      ${map === undefined || map.cells === 0
        ? html`<p class="quiet">${
          pieceLength === 0 || haveBytes < totalBytes
            ? "The chunks are shown as soon as it is known how many there are."
            : "No chunks to show."
        }</p>`
        : html`<${Drawn} map=${map} snapshot=${snapshot} />`}
    <//>
  `;
}

/** @param {{map: import("../../snapshot.ts").PieceMap, snapshot: import("../../snapshot.ts").TransferSnapshot}} props */
function Drawn({ map, snapshot }) {
  const cells = useMemo(() => readCells(map), [map]);
  const counts = useMemo(() => tally(cells), [cells]);
  const { perCell, pieces } = map;
  const unit = perCell === 1 ? "" : ` One square is ${count(perCell, "chunk")}.`;
  const verified = `${whole(snapshot.havePieces)} of ${count(pieces, "chunk")}${
    lengthOf(snapshot)
  } verified`;
  return html`
    <p class="quiet">${verified}.${unit}</p>
    <${Canvas}
      class="cells" cells=${cells} draw=${drawMap}
      label=${`Map of the chunks: ${verified} (${percent(snapshot.havePieces, pieces)}%). ${
        inWords(counts, perCell)
      }`}
    />
    <ul class="legend">
      ${KINDS.filter((kind) => kind !== "partly" || counts.partly > 0).map((kind) =>
        html`<li key=${kind} data-kind=${kind}>
        <${Canvas} class="sample" cells=${kind} draw=${drawSample} />
        ${WORDS[kind]} <b>${whole(counts[kind])}</b>
      </li>`
      )}
    </ul>
    <${Availability} cells=${cells} absent=${counts.absent} note=${gradually(snapshot)} />
  `;
}

/**
 * Why so few peers seem to have so much, where that is on purpose (BEP 16).
 * @param {import("../../snapshot.ts").TransferSnapshot} snapshot
 */
function gradually({ superSeeding, peers }) {
  if (superSeeding) return " One copy is handed out gradually, each chunk to one peer first.";
  return peers.some(({ isGradual }) => isGradual)
    ? " A seeder hands its chunks out gradually, each to one peer first."
    : "";
}

/** @param {{cells: import("./piece_cells.js").Cells, absent: number, note: string}} props */
function Availability({ cells, absent, note }) {
  const least = cells.availability.reduce((min, n) => Math.min(min, n), 255);
  const most = cells.availability.reduce((max, n) => Math.max(max, n), 0);
  const unit = cells.perCell === 1 ? "chunk" : "square";
  const sentence = most === 0
    ? `no connected peer has any ${unit}`
    : least === most
    ? `every ${unit} is at ${count(least, "connected peer")}`
    : `the rarest is at ${whole(least)}, the most common at ${count(most, "connected peer")}`;
  const lack = absent === 0 || most === 0
    ? ""
    : cells.perCell === 1
    ? `; nobody connected has ${count(absent, "missing chunk")}`
    : `; of ${count(absent, "missing square")} nobody connected has all`;
  return html`
    <h3>Availability</h3>
    <${Canvas}
      class="availability" cells=${cells} draw=${drawAvailability}
      label=${`Availability: ${sentence}${lack}.${note}`}
    />
    <p class="quiet">From the first ${unit} to the last: ${sentence}${lack}.${note}</p>
  `;
}

/**
 * A canvas that is drawn again when its cells, its width or the colours change. Without a label it is
 * decoration.
 * @template T
 * @param {{class: string, cells: T, draw: (canvas: HTMLCanvasElement, cells: T) => void, label?: string}} props
 */
function Canvas({ class: name, cells, draw, label }) {
  const canvas = useRef(null);
  useEffect(() => {
    draw(canvas.current, cells);
    return onThemeChange(canvas.current, () => draw(canvas.current, cells));
  }, [cells]);
  return label === undefined
    ? html`<canvas ref=${canvas} class=${name} aria-hidden="true"></canvas>`
    : html`<canvas ref=${canvas} class=${name} role="img" aria-label=${label}></canvas>`;
}

/** @param {import("../../snapshot.ts").TransferSnapshot} snapshot */
function lengthOf({ pieceLength }) {
  return pieceLength > 0 ? ` of ${bytes(pieceLength)}` : "";
}

/**
 * @param {ReturnType<typeof tally>} counts
 * @param {number} perCell
 */
function inWords({ flight, failed, missing, partly }, perCell) {
  const unit = perCell === 1 ? "" : " squares";
  const parts = [`${whole(flight)}${unit} in flight`, `${whole(failed)}${unit} failed lately`];
  if (partly > 0) parts.push(`${whole(partly)}${unit} partly verified`);
  return `${parts.join(", ")}, ${whole(missing)}${unit} missing.`;
}
