// @ts-check
/// <reference lib="dom" />
/**
 * The page of a leecher or a seeder.
 *
 * @module
 */

import { html } from "./preact.js";
import { FileList } from "./cards/file_list.js";
import { LinkCard } from "./cards/link_card.js";
import { Overview } from "./overview.js";
import { PeerTable } from "./cards/peer_table.js";
import { PieceMapPanel } from "./pieces/piece_map.js";
import { hasNoRates, RateGraph } from "./cards/rate_graph.js";
import { ResultCard } from "./cards/result_card.js";
import { TorrentTrail } from "./torrents/torrent_trail.js";
import { TrackerList } from "./cards/tracker_list.js";
import { TransferDetails } from "./cards/transfer_details.js";

/**
 * @param {{
 *   snapshot: import("../snapshot.ts").TransferSnapshot,
 *   map: import("../snapshot.ts").PieceMap | undefined,
 *   query: import("./use_query.js").Query,
 *   changeQuery: (next: import("./use_query.js").Query) => void,
 *   place: import("./torrents/list_view.js").Place,
 * }} props
 */
export function TransferView({ snapshot, map, query, changeQuery, place }) {
  const { result, link, trackers, listed } = snapshot;
  const skipFiles = (/** @type {number} */ files) =>
    changeQuery({ ...query, files: files === 0 ? "" : String(files) });
  return html`
    ${listed && html`<${TorrentTrail} snapshot=${snapshot} query=${query} place=${place} />`}
    <div class="columns top">
      <${Overview} snapshot=${snapshot} />
      <${LinkCard} link=${link} />
    </div>
    ${result && html`<${ResultCard} result=${result} snapshot=${snapshot} />`}
    <div class=${hasNoRates(snapshot) === (map === undefined) ? "columns halves" : "columns"}>
      <${PieceMapPanel} map=${map} snapshot=${snapshot} />
      <${RateGraph} snapshot=${snapshot} />
    </div>
    <${PeerTable} snapshot=${snapshot} />
    <${FileList} snapshot=${snapshot} skip=${skipFiles} />
    <div class="columns halves">
      <${TrackerList} trackers=${trackers} />
      <${TransferDetails} snapshot=${snapshot} />
    </div>
  `;
}
