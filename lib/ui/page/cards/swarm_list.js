// @ts-check
/// <reference lib="dom" />
/**
 * The swarms of a tracker, with a search by name.
 *
 * @module
 */

import { html } from "../preact.js";
import { UntrustedText } from "../components.js";
import { bytes, integer } from "../format.js";
import { SortableTable } from "../sortable_table.js";

/**
 * @typedef {import("../../snapshot.ts").TrackerSnapshot} TrackerSnapshot
 * @typedef {TrackerSnapshot["swarms"][number]} Swarm
 * @typedef {import("../use_query.js").Query} Query
 */

/**
 * @param {{
 *   snapshot: TrackerSnapshot,
 *   query: Query,
 *   changeQuery: (next: Query) => void,
 *   select: (hash: string) => void,
 * }} props
 */
export function SwarmList({ snapshot: { swarms, total }, query, changeQuery, select }) {
  const onInput = (/** @type {any} */ event) =>
    changeQuery({ ...query, q: event.currentTarget.value });
  return html`
    <section class="panel" aria-labelledby="swarms-title">
      <h2 id="swarms-title">Swarms <small>${integer(total)}${query.q && " found"}</small></h2>
      <search>
        <label for="q">Search by name</label>
        <input id="q" type="search" value=${query.q} onInput=${onInput} autocomplete="off"
          spellcheck="false" />
      </search>
      ${swarms.length < total &&
        html`<p class="quiet">The first ${integer(swarms.length)} are listed.</p>`}
      ${swarms.length === 0
        ? html`<p class="quiet">${query.q ? "No matches." : "No swarms yet."}</p>`
        : html`
          <${SortableTable}
            name="Swarms" noun="swarm" columns=${columns(query.swarm, select)} rows=${swarms}
            keyOf=${(/** @type {Swarm} */ { hash }) => hash} sortedBy="seeders"
            isSelected=${(/** @type {Swarm} */ { hash }) => hash === query.swarm}
          />
        `}
    </section>
  `;
}

/**
 * @param {string} selected hash of the selected swarm
 * @param {(hash: string) => void} select
 * @returns {import("../sortable_table.js").Column<Swarm>[]}
 */
function columns(selected, select) {
  return [
    {
      key: "name",
      label: "Name",
      isHeader: true,
      value: ({ name, hash }) => name ?? hash,
      cell: ({ name, hash }) =>
        html`
          <button type="button" class="plain" aria-pressed=${hash === selected}
            onClick=${() => select(hash === selected ? "" : hash)}
          ><${UntrustedText} text=${name ?? "unnamed"} /></button>
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
 * @returns {import("../sortable_table.js").Column<Swarm>}
 */
function numberColumn(key, label) {
  return { key, label, isNumber: true, value: (swarm) => swarm[key], cell: (s) => integer(s[key]) };
}
