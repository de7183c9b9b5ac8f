// @ts-check
/// <reference lib="dom" />
/**
 * The link for other machines: to copy, and as a QR code to scan.
 *
 * @module
 */

import { html, useEffect, useRef } from "../preact.js";
import qrcode from "/vendor/qrcode.js";
import { WIDE_SCREEN } from "../components.js";
import { CopyButton } from "../copy_button.js";

/** The squares of a longer text are too small for a phone to read from a screen. */
const MAX_QR_LENGTH = 800;
/** The side of a square, in pixels. */
const SQUARE = 6;
/** The white margin that the standard demands, in squares. */
const QUIET_ZONE = 4;

/** @param {{link: string}} props */
export function LinkCard({ link }) {
  if (link === "") return null;
  return html`
    <section class="panel link" aria-labelledby="link-title">
      <h2 id="link-title">Link</h2>
      <p class="quiet">Open it with <code>leecher</code> to get the file.</p>
      <div class="copying">
        <input
          type="text" readonly value=${link} aria-labelledby="link-title" spellcheck="false"
          dir="ltr"
          onFocus=${(/** @type {any} */ event) => event.currentTarget.select()}
        />
        <${CopyButton} text=${link} what="Link" />
      </div>
      <details open=${matchMedia(WIDE_SCREEN).matches}>
        <summary>QR code</summary>
        <${QrCode} text=${link} />
      </details>
    </section>
  `;
}

/** @param {{text: string}} props */
function QrCode({ text }) {
  const canvas = useRef(null);
  const fits = text.length <= MAX_QR_LENGTH;
  useEffect(() => {
    if (fits) drawQrCode(canvas.current, text);
  }, [text]);
  if (!fits) return html`<p class="quiet">The link is too long for a QR code.</p>`;
  return html`<canvas ref=${canvas} class="qr" role="img" aria-label="QR code of the link"></canvas>`;
}

/**
 * Black on white in the dark scheme too: many scanners read nothing else.
 * @param {HTMLCanvasElement} canvas
 * @param {string} text
 */
function drawQrCode(canvas, text) {
  const code = qrcode(0, "L");
  code.addData(text);
  code.make();
  const squares = code.getModuleCount();
  canvas.width = canvas.height = (squares + 2 * QUIET_ZONE) * SQUARE;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#000";
  for (let row = 0; row < squares; row++) {
    for (let column = 0; column < squares; column++) {
      if (!code.isDark(row, column)) continue;
      context.fillRect((column + QUIET_ZONE) * SQUARE, (row + QUIET_ZONE) * SQUARE, SQUARE, SQUARE);
    }
  }
}
