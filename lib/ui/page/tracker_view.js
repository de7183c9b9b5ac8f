// @ts-check
/// <reference lib="dom" />
/**
 * The page of a tracker: what is shared, and how far everybody is.
 *
 * @module
 */

import { html, useEffect, useRef } from "./preact.js";
import { bytes, capitalised, plain, seconds, whole } from "./format.js";
import { Headline } from "./status_banner.js";
import { CopyButton, Figures, ProgressCell, SHARE_ROOM, UntrustedText } from "./components.js";
import { SortableTable } from "./sortable_table.js";

/**
 * @typedef {import("../snapshot.ts").TrackerSnapshot} TrackerSnapshot
 * @typedef {TrackerSnapshot["swarms"][number]} Swarm
 * @typedef {NonNullable<TrackerSnapshot["selected"]>} Selected
 * @typedef {Selected["peers"][number]} Member
 * @typedef {{q: string, swarm: string}} Question
 */

/** The tracker runs; whether all is well with those it knows is said where they are. @type {Record<string, string>} */
const LABELS = { good: "Running", wait: "Running" };

/** @param {{snapshot: TrackerSnapshot, question: Question, ask: (question: Question) => void}} props */
export function TrackerView({ snapshot, question, ask }) {
  const { sentence, tone, url, selected } = snapshot;
  return html`
    <section class="panel overview" aria-label="At a glance">
      <${Headline} sentence=${sentence} tone=${tone} label=${LABELS[tone]} />
      <div class="copying">
        <code class="url">${url}</code><${CopyButton} text=${url} what="Address" />
      </div>
      <${Counters} snapshot=${snapshot} />
    </section>
    <${Swarms} snapshot=${snapshot} question=${question} ask=${ask} />
    ${selected &&
      html`<${Members} selected=${selected} swarms=${snapshot.swarms} close=${() =>
        leave(() => ask({ ...question, swarm: "" }))} />`}
  `;
}

/** @param {{snapshot: TrackerSnapshot}} props */
function Counters({ snapshot: { counters, elapsedSeconds } }) {
  const { swarms, seeders, leechers, announces, answersPerSecond, errors } = counters;
  return html`<${Figures} class="figures" entries=${[
    ["Swarms", whole(swarms)],
    ["Seeders", whole(seeders)],
    ["Leechers", whole(leechers)],
    ["Announces", whole(announces)],
    ["Answers per second", whole(Math.round(answersPerSecond))],
    ["Errors", whole(errors)],
    ["Running for", seconds(elapsedSeconds)],
  ]} />`;
}

/** @param {{snapshot: TrackerSnapshot, question: Question, ask: (question: Question) => void}} props */
function Swarms({ snapshot: { swarms, total }, question, ask }) {
  const type = (/** @type {any} */ event) => ask({ ...question, q: event.currentTarget.value });
  return html`
    <section class="panel" aria-labelledby="swarms-title">
      <h2 id="swarms-title">Swarms <small>${whole(total)}${question.q && " found"}</small></h2>
      <search>
        <label for="q">Search by name</label>
        <input id="q" type="search" value=${question
          .q} onInput=${type} autocomplete="off" spellcheck="false" />
      </search>
      ${swarms.length < total &&
        html`<p class="quiet">The first ${whole(swarms.length)} of them.</p>`}
      ${swarms.length === 0
        ? html`<p class="quiet">${
          question.q ? "No name contains this." : "Nobody shares anything yet."
        }</p>`
        : html`
          <${SortableTable}
            name="Swarms" noun="swarm" columns=${swarmColumns(question, ask)} rows=${swarms}
            keyOf=${(/** @type {Swarm} */ { hash }) => hash} sortedBy="seeders"
            isSelected=${(/** @type {Swarm} */ { hash }) => hash === question.swarm}
          />
        `}
    </section>
  `;
}

/**
 * @param {Question} question
 * @param {(question: Question) => void} ask
 * @returns {import("./sortable_table.js").Column<Swarm>[]}
 */
function swarmColumns(question, ask) {
  const select = (/** @type {string} */ hash) => {
    chosen = hash === question.swarm ? "" : hash;
    ask({ ...question, swarm: chosen });
  };
  return [
    {
      key: "name",
      label: "Name",
      isHeader: true,
      value: ({ name, hash }) => name ?? hash,
      cell: ({ name, hash }) =>
        html`
          <button type="button" class="plain" aria-pressed=${hash === question.swarm}
            onClick=${() => select(hash)}><${UntrustedText} text=${name ??
              "without a name"} /></button>
        `,
    },
    {
      key: "size",
      label: "Size",
      isNumber: true,
      value: ({ size }) => size ?? -1,
      cell: ({ size }) => size === undefined ? "unknown" : bytes(size),
    },
    numberColumn("seeders", "Seeders"),
    numberColumn("leechers", "Leechers"),
    numberColumn("completed", "Completed"),
    {
      key: "hash",
      label: "Info-hash",
      value: ({ hash }) => hash,
      cell: ({ hash }) => html`<code class="short" title=${hash}>${hash.slice(0, 12)}…</code>`,
    },
  ];
}

/**
 * @param {"seeders" | "leechers" | "completed"} key
 * @param {string} label
 * @returns {import("./sortable_table.js").Column<Swarm>}
 */
function numberColumn(key, label) {
  return { key, label, isNumber: true, value: (swarm) => swarm[key], cell: (s) => whole(s[key]) };
}

/** Those first whom somebody has to look after. */
const URGENCY = ["silent", "slow", "downloading", "complete"];

/** @type {import("./sortable_table.js").Column<Member>[]} */
const MEMBER_COLUMNS = [
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
    room: SHARE_ROOM,
    value: ({ progress }) => progress ?? -1,
    cell: ({ progress, address }) =>
      progress === undefined
        ? html`<span class="quiet">unknown</span>`
        : html`<${ProgressCell} share=${progress} of=${`${address} has`} />`,
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
    cell: ({ lastSeenSeconds }) => `${seconds(lastSeenSeconds)} ago`,
  },
  {
    key: "client",
    label: "Program",
    value: ({ client }) => client ?? "",
    cell: ({ client }) => client ? html`<${UntrustedText} text=${client} />` : "unknown",
    isEmpty: ({ client }) => !client,
  },
];

/** The swarm that was pressed last, until its peers are there. */
let chosen = "";

/**
 * Does something that ends the peers' panel; who works with the keyboard goes on at the swarm.
 * @param {() => void} close
 */
function leave(close) {
  const swarm = document.querySelector('button[aria-pressed="true"]');
  close();
  if (swarm instanceof HTMLElement) swarm.focus();
}

/** @param {{selected: Selected, swarms: Swarm[], close: () => void}} props */
function Members({ selected, swarms, close }) {
  const { hash, rollCall, peers } = selected;
  const heading = useRef(null);
  // Below a long list nobody would see that it has come.
  useEffect(() => {
    if (hash === chosen) heading.current.focus();
    chosen = "";
  }, [hash]);
  const name = swarms.find((swarm) => swarm.hash === hash)?.name ?? hash;
  return html`
    <section class="panel members" aria-labelledby="members-title">
      <div class="heading">
        <h2 id="members-title" tabindex="-1" ref=${heading}><${UntrustedText} text=${name} /></h2>
        <button type="button" onClick=${close}>Close</button>
      </div>
      <p class="roll-call">${capitalised(plain(rollCall))}</p>
      ${peers.length === 0 ? html`<p class="quiet">Nobody is here.</p>` : html`
        <${SortableTable}
          name="Peers of the swarm" noun="peer" columns=${MEMBER_COLUMNS} rows=${peers}
          keyOf=${(/** @type {Member} */ { address }) => address} sortedBy="state"
        />
      `}
    </section>
  `;
}
