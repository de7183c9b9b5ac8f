/**
 * The page's own files as text, so that they are inside a compiled program.
 *
 * @module
 */

import announcer from "./page/announcer.js" with { type: "text" };
import app from "./page/app.js" with { type: "text" };
import fileList from "./page/file_list.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import headline from "./page/headline.js" with { type: "text" };
import linkCard from "./page/link_card.js" with { type: "text" };
import live from "./page/live.js" with { type: "text" };
import overview from "./page/overview.js" with { type: "text" };
import peerTable from "./page/peer_table.js" with { type: "text" };
import pieceCells from "./page/piece_cells.js" with { type: "text" };
import pieceDrawing from "./page/piece_drawing.js" with { type: "text" };
import pieceMap from "./page/piece_map.js" with { type: "text" };
import preact from "./page/preact.js" with { type: "text" };
import rateGraph from "./page/rate_graph.js" with { type: "text" };
import resultCard from "./page/result_card.js" with { type: "text" };
import smallParts from "./page/small_parts.js" with { type: "text" };
import sortableTable from "./page/sortable_table.js" with { type: "text" };
import streamSlot from "./page/stream_slot.js" with { type: "text" };
import theme from "./page/theme.js" with { type: "text" };
import trackerRows from "./page/tracker_rows.js" with { type: "text" };
import trackerView from "./page/tracker_view.js" with { type: "text" };
import transferView from "./page/transfer_view.js" with { type: "text" };
import door from "./page/door.html" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import baseSheet from "./page/style.css" with { type: "text" };
import partsSheet from "./page/parts.css" with { type: "text" };
import panelsSheet from "./page/panels.css" with { type: "text" };
import tablesSheet from "./page/tables.css" with { type: "text" };

/** A file of the page. */
export interface Asset {
  /** Its media type. */
  readonly type: string;
  readonly text: string;
}

/** Every file of the page, by the name it is served under. */
export const ASSETS: Readonly<Record<string, Asset>> = {
  "index.html": { type: "text/html; charset=utf-8", text: index },
  "style.css": styleSheet(baseSheet),
  "parts.css": styleSheet(partsSheet),
  "panels.css": styleSheet(panelsSheet),
  "tables.css": styleSheet(tablesSheet),
  "announcer.js": script(announcer),
  "app.js": script(app),
  "file_list.js": script(fileList),
  "format.js": script(format),
  "headline.js": script(headline),
  "link_card.js": script(linkCard),
  "live.js": script(live),
  "overview.js": script(overview),
  "peer_table.js": script(peerTable),
  "piece_cells.js": script(pieceCells),
  "piece_drawing.js": script(pieceDrawing),
  "piece_map.js": script(pieceMap),
  "preact.js": script(preact),
  "rate_graph.js": script(rateGraph),
  "result_card.js": script(resultCard),
  "small_parts.js": script(smallParts),
  "sortable_table.js": script(sortableTable),
  "stream_slot.js": script(streamSlot),
  "theme.js": script(theme),
  "tracker_rows.js": script(trackerRows),
  "tracker_view.js": script(trackerView),
  "transfer_view.js": script(transferView),
};

/** What somebody without a token sees; it needs no other file. */
export const DOOR: Asset = { type: "text/html; charset=utf-8", text: door };

function script(text: string): Asset {
  return { type: "text/javascript; charset=utf-8", text };
}

function styleSheet(text: string): Asset {
  return { type: "text/css; charset=utf-8", text };
}
