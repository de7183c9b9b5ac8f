// @ts-check
/// <reference lib="dom" />
/**
 * The machines of the selected swarm, those first that need attention: who has it, gets it, or is gone.
 *
 * @module
 */

import { html, useEffect, useRef } from "../preact.js";
import { PROGRESS_WIDTH, ProgressCell, UntrustedText } from "../components.js";
import { capitalized, duration, eta, plain, rate } from "../format.js";
import { SortableTable } from "../sortable_table.js";
import { DismissButton } from "./dismiss_button.js";

/**
 * @typedef {import("../../snapshot.ts").TrackerSnapshot} TrackerSnapshot
 * @typedef {NonNullable<TrackerSnapshot["selected"]>} Selected
 * @typedef {Selected["peers"][number]} Member
 */

/** The states in words, most urgent first. @type {Record<Member["state"], string>} */
const STATES = {
  lost: "lost",
  missing: "never seen",
  silent: "silent",
  slow: "slow",
  downloading: "downloading",
  complete: "complete",
  left: "complete, left",
};
const URGENCY = Object.keys(STATES);
/** A number, and the word or sign after it. */
const COUNT = /(\d+ [^\s,]+)/;

/** @type {import("../sortable_table.js").Column<Member>[]} */
const COLUMNS = [
  {
    key: "label",
    label: "Machine",
    isHeader: true,
    value: (member) => nameOf(member),
    cell: (member) => html`<${UntrustedText} text=${nameOf(member)} class="address" />`,
  },
  {
    key: "address",
    label: "Address",
    value: ({ address }) => address,
    cell: ({ address }) => html`<${UntrustedText} text=${address} class="address" />`,
    isEmpty: ({ address, label }) => address === "" || label === undefined,
  },
  {
    key: "progress",
    label: "Progress",
    isNumber: true,
    minWidth: PROGRESS_WIDTH,
    value: ({ progress }) => progress ?? -1,
    cell: (member) =>
      member.state === "missing"
        ? ""
        : member.progress === undefined
        ? html`<span class="quiet">unknown</span>`
        : html`<${ProgressCell} share=${member.progress} label=${`Progress of ${
          nameOf(member)
        }`} />`,
    isEmpty: ({ state }) => state === "missing",
  },
  {
    key: "state",
    label: "State",
    value: ({ state }) => URGENCY.indexOf(state),
    cell: (member) =>
      html`
        <span class=${`member is-${member.state}`}>${STATES[member.state]}</span>${remarks(member)}
      `,
  },
  {
    key: "downRate",
    label: "Down",
    isNumber: true,
    value: ({ downRate }) => downRate ?? -1,
    cell: ({ downRate }) => downRate === undefined ? "" : rate(downRate),
    isEmpty: ({ downRate }) => downRate === undefined,
  },
  {
    key: "etaSeconds",
    label: "Time left",
    isNumber: true,
    value: ({ etaSeconds }) => etaSeconds ?? -1,
    cell: ({ etaSeconds }) => eta(etaSeconds) ?? "",
    isEmpty: ({ etaSeconds }) => etaSeconds === undefined,
  },
  {
    key: "lastSeenSeconds",
    label: "Last seen",
    isNumber: true,
    value: ({ lastSeenSeconds }) => lastSeenSeconds ?? Infinity,
    cell: ({ lastSeenSeconds }) =>
      lastSeenSeconds === undefined ? "never" : `${duration(lastSeenSeconds)} ago`,
  },
  {
    key: "client",
    label: "Client",
    value: ({ client }) => client ?? "",
    cell: (member) =>
      member.client
        ? html`<${UntrustedText} text=${member.client} />`
        : isGone(member) || member.state === "missing"
        ? ""
        : "unknown",
    isEmpty: ({ client }) => !client,
  },
];

/** @param {Member} member */
function nameOf({ label, address }) {
  return label ?? address;
}

/** @param {Member} member */
function isGone({ state }) {
  return state === "lost" || state === "left";
}

/** @param {Member} member */
function remarks({ isSource, isPartial, isUnlisted, reachable }) {
  return [
    isPartial && "wants a part",
    isSource && "first seeder",
    isUnlisted && "not on the list",
    reachable === "no" && "unreachable",
  ].filter(Boolean).map((remark) => `, ${remark}`).join("");
}

/**
 * The columns, with a last one of buttons when machines have left.
 * @param {string} hash
 * @param {readonly Member[]} peers
 * @returns {import("../sortable_table.js").Column<Member>[]}
 */
function columnsFor(hash, peers) {
  if (!peers.some(isGone)) return COLUMNS;
  return [...COLUMNS, {
    key: "dismiss",
    label: "Dismiss",
    cell: (member) =>
      isGone(member) &&
      html`<${DismissButton} hash=${hash} address=${member.address} name=${nameOf(member)} />`,
    isEmpty: (member) => !isGone(member),
  }];
}

/**
 * @param {{
 *   selected: Selected,
 *   swarms: TrackerSnapshot["swarms"],
 *   opened: {current: string},
 *   close: () => void,
 * }} props `opened` holds the hash of the swarm whose members get the focus when they appear
 */
export function SwarmMembers({ selected, swarms, opened, close }) {
  const { hash, rollCall, tone, slowest, peers } = selected;
  const heading = useRef(null);
  useEffect(() => {
    if (hash === opened.current) heading.current.focus();
    opened.current = "";
  }, [hash]);
  const name = selected.name ?? swarms.find((swarm) => swarm.hash === hash)?.name ?? hash;
  return html`
    <section class="panel members" aria-labelledby="members-title">
      <div class="heading">
        <h2 id="members-title" tabindex="-1" ref=${heading}><${UntrustedText} text=${name} /></h2>
        <button type="button" onClick=${close}>Close</button>
      </div>
      <p class=${`roll-call ${tone}`}>${unbrokenCounts(capitalized(plain(rollCall)))}</p>
      ${slowest && html`<${Slowest} slowest=${slowest} />`}
      ${peers.some(isGone) && html`
        <p>
          <${DismissButton} hash=${hash} />
        </p>
      `}
      ${peers.length === 0 ? html`<p class="quiet">No peers.</p>` : html`
        <${SortableTable}
          name="Machines of the swarm" noun="machine" columns=${columnsFor(hash, peers)}
          rows=${peers} sortedBy="state"
          keyOf=${(/** @type {Member} */ { address, label }) => `${address} ${label ?? ""}`}
        />
      `}
    </section>
  `;
}

/**
 * A number stays on one line with what it counts.
 * @param {string} text
 */
function unbrokenCounts(text) {
  return text.split(COUNT).map((part, i) =>
    i % 2 === 1 ? html`<span class="unbroken">${part}</span>` : part
  );
}

/** @param {{slowest: NonNullable<Selected["slowest"]>}} props */
function Slowest({ slowest: { name, downRate, etaSeconds } }) {
  const left = eta(etaSeconds);
  const pace = downRate === 0 ? "receives nothing" : `gets ${rate(downRate)}`;
  return html`<p class="quiet">The slowest, <${UntrustedText} text=${name} />, ${pace}${
    left === undefined ? "" : `, ${left} left`
  }.</p>`;
}
