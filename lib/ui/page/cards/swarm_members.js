// @ts-check
/// <reference lib="dom" />
/**
 * The peers of the selected swarm, those first that need attention.
 *
 * @module
 */

import { html, useEffect, useRef } from "../preact.js";
import { PROGRESS_WIDTH, ProgressCell, UntrustedText } from "../components.js";
import { capitalized, duration, plain } from "../format.js";
import { SortableTable } from "../sortable_table.js";

/**
 * @typedef {import("../../snapshot.ts").TrackerSnapshot} TrackerSnapshot
 * @typedef {NonNullable<TrackerSnapshot["selected"]>} Selected
 * @typedef {Selected["peers"][number]} Member
 */

/** The states, most urgent first. */
const URGENCY = ["silent", "slow", "downloading", "complete"];

/** @type {import("../sortable_table.js").Column<Member>[]} */
const COLUMNS = [
  {
    key: "address",
    label: "Address",
    isHeader: true,
    value: ({ address }) => address,
    cell: ({ address }) => html`<${UntrustedText} text=${address} class="address" />`,
  },
  {
    key: "progress",
    label: "Progress",
    isNumber: true,
    minWidth: PROGRESS_WIDTH,
    value: ({ progress }) => progress ?? -1,
    cell: ({ progress, address }) =>
      progress === undefined
        ? html`<span class="quiet">unknown</span>`
        : html`<${ProgressCell} share=${progress} label=${`Progress of ${address}`} />`,
  },
  {
    key: "state",
    label: "State",
    value: ({ state }) => URGENCY.indexOf(state),
    cell: ({ state, reachable }) =>
      html`
        <span class=${`member ${state}`}>${state}</span>${reachable === "no" ? ", unreachable" : ""}
      `,
  },
  {
    key: "lastSeenSeconds",
    label: "Last seen",
    isNumber: true,
    value: ({ lastSeenSeconds }) => lastSeenSeconds,
    cell: ({ lastSeenSeconds }) => `${duration(lastSeenSeconds)} ago`,
  },
  {
    key: "client",
    label: "Client",
    value: ({ client }) => client ?? "",
    cell: ({ client }) => client ? html`<${UntrustedText} text=${client} />` : "unknown",
    isEmpty: ({ client }) => !client,
  },
];

/**
 * @param {{
 *   selected: Selected,
 *   swarms: TrackerSnapshot["swarms"],
 *   opened: {current: string},
 *   close: () => void,
 * }} props `opened` holds the hash of the swarm whose members get the focus when they appear
 */
export function SwarmMembers({ selected, swarms, opened, close }) {
  const { hash, rollCall, peers } = selected;
  const heading = useRef(null);
  useEffect(() => {
    if (hash === opened.current) heading.current.focus();
    opened.current = "";
  }, [hash]);
  const name = swarms.find((swarm) => swarm.hash === hash)?.name ?? hash;
  return html`
    <section class="panel members" aria-labelledby="members-title">
      <div class="heading">
        <h2 id="members-title" tabindex="-1" ref=${heading}><${UntrustedText} text=${name} /></h2>
        <button type="button" onClick=${close}>Close</button>
      </div>
      <p class="roll-call">${capitalized(plain(rollCall))}</p>
      ${peers.length === 0 ? html`<p class="quiet">No peers.</p>` : html`
        <${SortableTable}
          name="Peers of the swarm" noun="peer" columns=${COLUMNS} rows=${peers}
          keyOf=${(/** @type {Member} */ { address }) => address} sortedBy="state"
        />
      `}
    </section>
  `;
}
