// @ts-check
/// <reference lib="dom" />
/**
 * The peers: those that are connected, and why the others are not.
 *
 * @module
 */

import { html } from "../preact.js";
import { bytes, integer, rate } from "../format.js";
import { PROGRESS_WIDTH, ProgressCell, UntrustedText } from "../components.js";
import { SortableTable } from "../sortable_table.js";

/** How many chunks are listed by number; the rest are counted. */
const MAX_CHUNKS = 3;

/**
 * @typedef {import("../../snapshot.ts").PeerRow} Peer
 * @typedef {import("../../snapshot.ts").OtherPeerRow} OtherPeer
 * @typedef {import("../sortable_table.js").Column<Peer>} PeerColumn
 */

/** @type {import("../sortable_table.js").Column<{address: string, client: string}>[]} */
const IDENTITY_COLUMNS = [
  {
    key: "address",
    label: "Address",
    isHeader: true,
    value: ({ address }) => address,
    cell: ({ address }) => html`<${UntrustedText} text=${address} class="address" />`,
  },
  {
    key: "client",
    label: "Client",
    value: ({ client }) => client,
    cell: ({ client }) => client === "" ? "unknown" : html`<${UntrustedText} text=${client} />`,
    isEmpty: ({ client }) => client === "",
  },
];

/** @type {PeerColumn[]} */
const COLUMNS = [
  ...IDENTITY_COLUMNS,
  {
    key: "progress",
    label: "Has",
    isNumber: true,
    minWidth: PROGRESS_WIDTH,
    value: ({ progress, isGradual }) => isGradual ? 1 : progress,
    cell: ({ progress, address, isGradual }) =>
      isGradual
        ? html`<span class="gradual">seeder, handing out gradually</span>`
        : html`<${ProgressCell} share=${progress} label=${`Progress of ${address}`} />`,
  },
  numberColumn("downRate", "Down", rate),
  numberColumn("upRate", "Up", rate),
  numberColumn("downloaded", "Received", bytes),
  numberColumn("uploaded", "Sent", bytes),
  {
    key: "fetching",
    label: "Fetching",
    value: ({ fetching }) => fetching[0] ?? Infinity,
    cell: ({ fetching }) => chunkNumbers(fetching),
    isEmpty: () => true, // a card shows only what matters most
  },
  {
    key: "flags",
    label: "Notes",
    cell: ({ flags }) => flags.join(", "),
    isEmpty: ({ flags }) => flags.length === 0,
  },
  numberColumn("badPieces", "Bad", integer),
];

/** A seeder receives nothing, so these columns would stay empty. */
const DOWNLOAD_KEYS = new Set(["downRate", "downloaded", "fetching", "badPieces"]);
const SEEDER_COLUMNS = COLUMNS.filter(({ key }) => !DOWNLOAD_KEYS.has(key));

/** @type {import("../sortable_table.js").Column<OtherPeer>[]} */
const OTHER_COLUMNS = [
  ...IDENTITY_COLUMNS,
  {
    key: "complete",
    label: "Has",
    value: ({ complete }) => complete ? 0 : 1,
    cell: ({ complete }) => complete ? "everything" : "unknown",
    isEmpty: ({ complete }) => !complete,
  },
  { key: "state", label: "State", value: ({ state }) => state, cell: ({ state }) => state },
  {
    key: "reason",
    label: "Reason",
    value: ({ reason }) => reason ?? "",
    cell: ({ reason }) => reason === undefined ? "" : html`<${UntrustedText} text=${reason} />`,
    isEmpty: ({ reason }) => reason === undefined,
  },
  {
    key: "badPieces",
    label: "Bad chunks",
    isNumber: true,
    value: ({ badPieces }) => badPieces,
    cell: ({ badPieces }) => integer(badPieces),
    isEmpty: ({ badPieces }) => badPieces === 0,
  },
];

/** @param {{snapshot: import("../../snapshot.ts").TransferSnapshot}} props */
export function PeerTable({ snapshot }) {
  const { peers, others, known, program } = snapshot;
  const isCut = known.connected > peers.length;
  const disconnected = known.known - known.connected;
  const table = html`
    <${SortableTable}
      name="Connected peers" noun="peer" rows=${peers} keyOf=${addressOf}
      columns=${program === "seeder" ? SEEDER_COLUMNS : COLUMNS}
      sortedBy=${program === "seeder" ? "uploaded" : "downloaded"}
    />
  `;
  const rest = html`<details>
    <summary>${integer(disconnected)} not connected</summary>
    ${
    disconnected > others.length &&
    html`<p class="quiet">The first ${integer(others.length)} are listed.</p>`
  }
    <${SortableTable}
      name="Peers that are not connected" noun="peer" columns=${OTHER_COLUMNS} rows=${others}
      keyOf=${addressOf} sortedBy="state"
    />
  </details>`;
  return html`
    <section class="panel" aria-labelledby="peers-title">
      <h2 id="peers-title">Peers <small>${integer(known.connected)} connected</small></h2>
      ${isCut && html`<p class="quiet">The ${integer(peers.length)} most active are listed.</p>`}
      ${peers.length === 0 ? html`<p class="quiet">No peers connected.</p>` : table}
      ${others.length > 0 && rest}
    </section>
  `;
}

/** @param {{address: string}} peer */
function addressOf({ address }) {
  return address;
}

/**
 * @param {"downRate" | "upRate" | "downloaded" | "uploaded" | "badPieces"} key
 * @param {string} label
 * @param {(n: number) => string} format
 * @returns {PeerColumn}
 */
function numberColumn(key, label, format) {
  return {
    key,
    label,
    isNumber: true,
    value: (peer) => peer[key],
    isEmpty: (peer) => peer[key] === 0,
    cell: (peer) => peer[key] === 0 ? html`<span class="quiet">0</span>` : format(peer[key]),
  };
}

/** @param {readonly number[]} pieces */
function chunkNumbers(pieces) {
  const named = pieces.slice(0, MAX_CHUNKS).map(integer).join(", ");
  const rest = pieces.length - MAX_CHUNKS;
  return rest > 0 ? `${named} +${integer(rest)}` : named;
}
