// @ts-check
/// <reference lib="dom" />
/**
 * Chooses which torrents are listed: by a part of the name, and by what they do.
 *
 * @module
 */

import { html } from "../preact.js";
import { integer } from "../format.js";

/**
 * @typedef {import("../../torrents/list_snapshot.ts").ListSnapshot} ListSnapshot
 * @typedef {import("../use_query.js").Query} Query
 */

/** The groups, most urgent first, with their names. */
export const GROUPS = /** @type {const} */ ([
  ["failed", "Failed"],
  ["waiting", "Waiting"],
  ["downloading", "Downloading"],
  ["seeding", "Seeding"],
]);

/**
 * @param {{
 *   counts: ListSnapshot["counts"],
 *   query: Query,
 *   changeQuery: (next: Query) => void,
 * }} props
 */
export function ListFilter({ counts, query, changeQuery }) {
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const onInput = (/** @type {any} */ event) =>
    changeQuery({ ...query, filter: event.currentTarget.value });
  const button = (
    /** @type {string} */ group,
    /** @type {string} */ label,
    /** @type {number} */ n,
  ) =>
    html`
      <button type="button" key=${group} aria-pressed=${query.group === group}
        onClick=${() => changeQuery({ ...query, group })}
      >${label} <b>${integer(n)}</b></button>
    `;
  const present = GROUPS.filter(([group]) => counts[group] > 0 || query.group === group);
  return html`
    <search class="choosing">
      <div>
        <label for="filter">Filter by name</label>
        <input id="filter" type="search" value=${query.filter} onInput=${onInput}
          autocomplete="off" spellcheck="false" />
      </div>
      <div class="groups" role="group" aria-label="State">
        ${button("", "All", all)}
        ${present.map(([group, label]) => button(group, label, counts[group]))}
      </div>
    </search>
  `;
}
