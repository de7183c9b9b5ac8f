// @ts-check
/// <reference lib="dom" />
/**
 * Everybody who is known: those connected, and why the others are not.
 *
 * @module
 */

import { html } from "../preact.js";
import { bytes, rate, whole } from "../format.js";
import { ProgressCell, SHARE_ROOM, UntrustedText } from "../components.js";
import { SortableTable } from "../sortable_table.js";

/** So many chunks are named before the rest are only counted. */
const CHUNKS_NAMED = 3;

/**
 * @typedef {import("../../snapshot.ts").PeerRow} Peer
 * @typedef {import("../../snapshot.ts").OtherPeerRow} OtherPeer
 * @typedef {import("../sortable_table.js").Column<Peer>} PeerColumn
 */

/** @type {import("../sortable_table.js").Column<{address: string, client: string}>[]} */
const WHO = [
  {
    key: "address",
    label: "Address",
    isHeader: true,
    value: ({ address }) => address,
    cell: ({ address }) => html`<${UntrustedText} text=${address} class="address" />`,
  },
  {
    key: "client",
    label: "Program",
    value: ({ client }) => client,
    cell: ({ client }) => client === "" ? "unknown" : html`<${UntrustedText} text=${client} />`,
    isEmpty: ({ client }) => client === "",
  },
];

/** @type {PeerColumn[]} */
const COLUMNS = [
  ...WHO,
  {
    key: "progress",
    label: "Has",
    isNumber: true,
    room: SHARE_ROOM,
    value: ({ progress, isGradual }) => isGradual ? 1 : progress,
    cell: ({ progress, address, isGradual }) =>
      isGradual
        ? html`<span class="gradual">seeder, handing out gradually</span>`
        : html`<${ProgressCell} share=${progress} of=${`${address} has`} />`,
  },
  amount("downRate", "Down", rate),
  amount("upRate", "Up", rate),
  amount("downloaded", "Received", bytes),
  amount("uploaded", "Sent", bytes),
  {
    key: "fetching",
    label: "Fetching",
    value: ({ fetching }) => fetching[0] ?? Infinity,
    cell: ({ fetching }) => chunks(fetching),
    isEmpty: () => true, // a card tells what matters most
  },
  {
    key: "flags",
    label: "Notes",
    cell: ({ flags }) => flags.join(", "),
    isEmpty: ({ flags }) => flags.length === 0,
  },
  amount("badPieces", "Bad", whole),
];

/** A seeder is given nothing, so these would stay empty. */
const OF_LEECHERS = new Set(["downRate", "downloaded", "fetching", "badPieces"]);
const SEEDER_COLUMNS = COLUMNS.filter(({ key }) => !OF_LEECHERS.has(key));

/** @type {import("../sortable_table.js").Column<OtherPeer>[]} */
const OTHER_COLUMNS = [
  ...WHO,
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
    label: "Why",
    value: ({ reason }) => reason ?? "",
    cell: ({ reason }) => reason === undefined ? "" : html`<${UntrustedText} text=${reason} />`,
    isEmpty: ({ reason }) => reason === undefined,
  },
  {
    key: "badPieces",
    label: "Bad chunks",
    isNumber: true,
    value: ({ badPieces }) => badPieces,
    cell: ({ badPieces }) => whole(badPieces),
    isEmpty: ({ badPieces }) => badPieces === 0,
  },
];

/** @param {{snapshot: import("../../snapshot.ts").TransferSnapshot}} props */
export function PeerTable({ snapshot }) {
  const { peers, others, known, program } = snapshot;
  const more = known.connected - peers.length;
  const apart = known.known - known.connected;
  const table = html`
    <${SortableTable}
      name="Connected peers" noun="peer" rows=${peers} keyOf=${addressOf}
      columns=${program === "seeder" ? SEEDER_COLUMNS : COLUMNS}
      sortedBy=${program === "seeder" ? "uploaded" : "downloaded"}
    />
  `;
  const rest = html`<details>
    <summary>${whole(apart)} not connected</summary>
    ${apart > others.length && html`<p class="quiet">The first ${whole(others.length)}.</p>`}
    <${SortableTable}
      name="Peers that are not connected" noun="peer" columns=${OTHER_COLUMNS} rows=${others}
      keyOf=${addressOf} sortedBy="state"
    />
  </details>`;
  return html`
    <section class="panel" aria-labelledby="peers-title">
      <h2 id="peers-title">Peers <small>${whole(known.connected)} connected</small></h2>
      ${more > 0 && html`<p class="quiet">The ${whole(peers.length)} most active of them.</p>`}
      ${peers.length === 0 ? html`<p class="quiet">Nobody is connected.</p>` : table}
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
function amount(key, label, format) {
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
function chunks(pieces) {
  const named = pieces.slice(0, CHUNKS_NAMED).map(whole).join(", ");
  const rest = pieces.length - CHUNKS_NAMED;
  return rest > 0 ? `${named} +${whole(rest)}` : named;
}
