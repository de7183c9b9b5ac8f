// @ts-check
/// <reference lib="dom" />
/**
 * The page of a tracker.
 *
 * @module
 */

import { html, useRef } from "./preact.js";
import { StatList } from "./components.js";
import { CopyButton } from "./copy_button.js";
import { duration, integer } from "./format.js";
import { StatusBanner } from "./status_banner.js";
import { SwarmMembers } from "./cards/swarm_members.js";
import { SwarmList } from "./cards/swarm_list.js";

/**
 * @typedef {import("../snapshot.ts").TrackerSnapshot} TrackerSnapshot
 * @typedef {import("./use_query.js").Query} Query
 */

/** The label says how the tracker is; how its peers are stands in the tables. @type {Record<string, string>} */
const LABELS = { good: "Running", wait: "Running" };

/** @param {{snapshot: TrackerSnapshot, query: Query, changeQuery: (next: Query) => void}} props */
export function TrackerView({ snapshot, query, changeQuery }) {
  const { sentence, tone, url, selected } = snapshot;
  /** The swarm that the user has just opened, until its members are here and get the focus. */
  const opened = useRef("");
  const select = (/** @type {string} */ hash) => {
    opened.current = hash;
    changeQuery({ ...query, swarm: hash });
  };
  const close = () => {
    focusSelectedSwarm();
    select("");
  };
  return html`
    <section class="panel overview" aria-label="Overview">
      <${StatusBanner} sentence=${sentence} tone=${tone} label=${LABELS[tone]} />
      <div class="copying">
        <code class="url">${url}</code><${CopyButton} text=${url} what="Address" />
      </div>
      <${Counters} snapshot=${snapshot} />
    </section>
    <${SwarmList} snapshot=${snapshot} query=${query} changeQuery=${changeQuery} select=${select} />
    ${selected &&
      html`
        <${SwarmMembers}
          selected=${selected} swarms=${snapshot.swarms} opened=${opened} close=${close} />
      `}
  `;
}

/** Closing the members would leave the keyboard nowhere; it goes on at their swarm. */
function focusSelectedSwarm() {
  const button = document.querySelector('button[aria-pressed="true"]');
  if (button instanceof HTMLElement) button.focus();
}

/** @param {{snapshot: TrackerSnapshot}} props */
function Counters({ snapshot: { counters, elapsedSeconds } }) {
  const { swarms, seeders, leechers, announces, answersPerSecond, errors } = counters;
  return html`<${StatList} class="figures" entries=${[
    ["Swarms", integer(swarms)],
    ["Seeders", integer(seeders)],
    ["Leechers", integer(leechers)],
    ["Announces", integer(announces)],
    ["Answers per second", integer(Math.round(answersPerSecond))],
    ["Errors", integer(errors)],
    ["Uptime", duration(elapsedSeconds)],
  ]} />`;
}
