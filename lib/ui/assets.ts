/**
 * The files of the page and its libraries, imported as text so that a compiled program contains them.
 *
 * @module
 */

import vendorPreact from "/vendor/preact.js" with { type: "text" };
import vendorQrcode from "/vendor/qrcode.js" with { type: "text" };
import vendorUplotSheet from "/vendor/uplot.css" with { type: "text" };
import vendorUplot from "/vendor/uplot.js" with { type: "text" };
import app from "./page/app.js" with { type: "text" };
import dismissButton from "./page/cards/dismiss_button.js" with { type: "text" };
import fileList from "./page/cards/file_list.js" with { type: "text" };
import linkCard from "./page/cards/link_card.js" with { type: "text" };
import peerTable from "./page/cards/peer_table.js" with { type: "text" };
import rateGraph from "./page/cards/rate_graph.js" with { type: "text" };
import resultCard from "./page/cards/result_card.js" with { type: "text" };
import swarmList from "./page/cards/swarm_list.js" with { type: "text" };
import swarmMembers from "./page/cards/swarm_members.js" with { type: "text" };
import trackerList from "./page/cards/tracker_list.js" with { type: "text" };
import transferDetails from "./page/cards/transfer_details.js" with { type: "text" };
import colors from "./page/colors.js" with { type: "text" };
import components from "./page/components.js" with { type: "text" };
import connectionSlot from "./page/connection_slot.js" with { type: "text" };
import copyButton from "./page/copy_button.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import liveRegion from "./page/live_region.js" with { type: "text" };
import overview from "./page/overview.js" with { type: "text" };
import pageTitle from "./page/page_title.js" with { type: "text" };
import pieceCells from "./page/pieces/piece_cells.js" with { type: "text" };
import pieceDrawing from "./page/pieces/piece_drawing.js" with { type: "text" };
import pieceMap from "./page/pieces/piece_map.js" with { type: "text" };
import preact from "./page/preact.js" with { type: "text" };
import sortableTable from "./page/sortable_table.js" with { type: "text" };
import stateStream from "./page/state_stream.js" with { type: "text" };
import statusBanner from "./page/status_banner.js" with { type: "text" };
import panelsSheet from "./page/styles/panels.css" with { type: "text" };
import partsSheet from "./page/styles/parts.css" with { type: "text" };
import styleSheet from "./page/styles/style.css" with { type: "text" };
import tablesSheet from "./page/styles/tables.css" with { type: "text" };
import torrentsSheet from "./page/styles/torrents.css" with { type: "text" };
import tokenForm from "./page/token_form.html" with { type: "text" };
import listFilter from "./page/torrents/list_filter.js" with { type: "text" };
import listNews from "./page/torrents/list_news.js" with { type: "text" };
import listState from "./page/torrents/list_state.js" with { type: "text" };
import listView from "./page/torrents/list_view.js" with { type: "text" };
import torrentTable from "./page/torrents/torrent_table.js" with { type: "text" };
import torrentTrail from "./page/torrents/torrent_trail.js" with { type: "text" };
import trackerView from "./page/tracker_view.js" with { type: "text" };
import transferProgress from "./page/transfer_progress.js" with { type: "text" };
import transferView from "./page/transfer_view.js" with { type: "text" };
import useProgramState from "./page/use_program_state.js" with { type: "text" };
import useQuery from "./page/use_query.js" with { type: "text" };

/** A file of the page. */
export interface Asset {
  /** Its media type. */
  readonly type: string;
  readonly text: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** By the name it is served under: its path in `page/`. */
const FILES: Readonly<Record<string, string>> = {
  "index.html": index,
  "styles/panels.css": panelsSheet,
  "styles/parts.css": partsSheet,
  "styles/style.css": styleSheet,
  "styles/tables.css": tablesSheet,
  "styles/torrents.css": torrentsSheet,
  "app.js": app,
  "cards/dismiss_button.js": dismissButton,
  "cards/file_list.js": fileList,
  "cards/link_card.js": linkCard,
  "cards/peer_table.js": peerTable,
  "cards/rate_graph.js": rateGraph,
  "cards/result_card.js": resultCard,
  "cards/swarm_list.js": swarmList,
  "cards/swarm_members.js": swarmMembers,
  "cards/tracker_list.js": trackerList,
  "cards/transfer_details.js": transferDetails,
  "colors.js": colors,
  "components.js": components,
  "connection_slot.js": connectionSlot,
  "copy_button.js": copyButton,
  "format.js": format,
  "live_region.js": liveRegion,
  "overview.js": overview,
  "page_title.js": pageTitle,
  "pieces/piece_cells.js": pieceCells,
  "pieces/piece_drawing.js": pieceDrawing,
  "pieces/piece_map.js": pieceMap,
  "preact.js": preact,
  "sortable_table.js": sortableTable,
  "state_stream.js": stateStream,
  "status_banner.js": statusBanner,
  "torrents/list_filter.js": listFilter,
  "torrents/list_news.js": listNews,
  "torrents/list_state.js": listState,
  "torrents/list_view.js": listView,
  "torrents/torrent_table.js": torrentTable,
  "torrents/torrent_trail.js": torrentTrail,
  "tracker_view.js": trackerView,
  "transfer_progress.js": transferProgress,
  "transfer_view.js": transferView,
  "use_program_state.js": useProgramState,
  "use_query.js": useQuery,
  "vendor/preact.js": vendorPreact,
  "vendor/qrcode.js": vendorQrcode,
  "vendor/uplot.js": vendorUplot,
  "vendor/uplot.css": vendorUplotSheet,
};

/** The page for a reader without a token. It needs no other file. */
export const TOKEN_FORM: Asset = { type: TYPES["html"]!, text: tokenForm };

/** The file that is served under this name. */
export function assetAt(name: string): Asset | undefined {
  if (!Object.hasOwn(FILES, name)) return undefined;
  return { type: TYPES[name.slice(name.lastIndexOf(".") + 1)]!, text: FILES[name]! };
}
