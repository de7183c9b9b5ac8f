// @ts-check
/// <reference lib="dom" />
/**
 * The piece map with its legend and the availability, and both in words for screen readers.
 *
 * @module
 */

import { html, useEffect, useMemo, useRef } from "../preact.js";
import { bytes, count, integer, percent } from "../format.js";
import { countKinds, KINDS, readCells } from "./piece_cells.js";
import { drawAvailability, drawLegendCell, drawMap } from "./piece_drawing.js";
import { CollapsiblePanel } from "../components.js";
import { onThemeChange } from "../colors.js";

const LABELS = {
  verified: "Verified",
  partly: "Partly verified",
  flight: "In flight",
  failed: "Failed recently",
  missing: "Missing",
};

/**
 * @param {{map: import("../../snapshot.ts").PieceMap | undefined, snapshot: import("../../snapshot.ts").TransferSnapshot}} props
 */
export function PieceMapPanel({ map, snapshot }) {
  const { pieces, havePieces, pieceLength, haveBytes, totalBytes } = snapshot;
  return html`
    <${CollapsiblePanel} id="map" title="Chunks" isOpen=${havePieces < pieces}>
      ${map === undefined || map.cells === 0
        ? html`<p class="quiet">${
          pieceLength === 0 || haveBytes < totalBytes
            ? "The map appears as soon as the number of chunks is known."
            : "No chunks to show."
        }</p>`
        : html`<${PieceMap} map=${map} snapshot=${snapshot} />`}
    <//>
  `;
}

/** @param {{map: import("../../snapshot.ts").PieceMap, snapshot: import("../../snapshot.ts").TransferSnapshot}} props */
function PieceMap({ map, snapshot }) {
  const cells = useMemo(() => readCells(map), [map]);
  const counts = useMemo(() => countKinds(cells), [cells]);
  const { perCell, pieces } = map;
  const unit = perCell === 1 ? "" : ` One square stands for ${count(perCell, "chunk")}.`;
  const verified = `${integer(snapshot.havePieces)} of ${count(pieces, "chunk")}${
    lengthText(snapshot)
  } verified`;
  return html`
    <p class="quiet">${verified}.${unit}</p>
    <${Canvas}
      class="cells" cells=${cells} draw=${drawMap}
      label=${`Map of the chunks: ${verified} (${percent(snapshot.havePieces, pieces)}%). ${
        kindsText(counts, perCell)
      }`}
    />
    <ul class="legend">
      ${KINDS.filter((kind) => kind !== "partly" || counts.partly > 0).map((kind) =>
        html`<li key=${kind} data-kind=${kind}>
        <${Canvas} class="sample" cells=${kind} draw=${drawLegendCell} />
        ${LABELS[kind]} <b>${integer(counts[kind])}</b>
      </li>`
      )}
    </ul>
    <${Availability} cells=${cells} absent=${counts.absent} note=${superSeedingNote(snapshot)} />
  `;
}

/**
 * Explains a low availability that is intended: a super-seeder does not announce all that it has (BEP 16).
 * @param {import("../../snapshot.ts").TransferSnapshot} snapshot
 */
function superSeedingNote({ superSeeding, peers }) {
  if (superSeeding) return " This seeder hands out its chunks gradually, each to one peer first.";
  return peers.some(({ isGradual }) => isGradual)
    ? " A seeder hands out its chunks gradually, each to one peer first."
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
    ? `${count(least, "connected peer")} ${least === 1 ? "has" : "have"} every ${unit}`
    : `the rarest ${unit} is with ${integer(least)}, the most common with ${
      count(most, "connected peer")
    }`;
  const lack = absent === 0 || most === 0
    ? ""
    : cells.perCell === 1
    ? `; no connected peer has ${count(absent, "missing chunk")}`
    : `; no connected peer has all of ${count(absent, "missing square")}`;
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
 * A canvas that is redrawn when its cells, its width or the colors change. Without a label it is
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
function lengthText({ pieceLength }) {
  return pieceLength > 0 ? ` of ${bytes(pieceLength)}` : "";
}

/**
 * @param {ReturnType<typeof countKinds>} counts
 * @param {number} perCell
 */
function kindsText({ flight, failed, missing, partly }, perCell) {
  const unit = perCell === 1 ? "" : " squares";
  const parts = [
    `${integer(flight)}${unit} in flight`,
    `${integer(failed)}${unit} failed recently`,
  ];
  if (partly > 0) parts.push(`${integer(partly)}${unit} partly verified`);
  return `${parts.join(", ")}, ${integer(missing)}${unit} missing.`;
}
