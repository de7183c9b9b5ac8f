/**
 * The libraries the page draws with, as text, so that they are inside a compiled program.
 *
 * @module
 */

import preact from "/vendor/preact.js" with { type: "text" };
import qrcode from "/vendor/qrcode.js" with { type: "text" };
import uplot from "/vendor/uplot.js" with { type: "text" };
import uplotSheet from "/vendor/uplot.css" with { type: "text" };
import type { Asset } from "./assets.ts";

const SCRIPT = "text/javascript; charset=utf-8";

/** Every library, by the name it is served under. */
export const VENDOR: Readonly<Record<string, Asset>> = {
  "vendor/preact.js": { type: SCRIPT, text: preact },
  "vendor/qrcode.js": { type: SCRIPT, text: qrcode },
  "vendor/uplot.js": { type: SCRIPT, text: uplot },
  "vendor/uplot.css": { type: "text/css; charset=utf-8", text: uplotSheet },
};
