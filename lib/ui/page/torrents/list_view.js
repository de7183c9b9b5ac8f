// @ts-check
/// <reference lib="dom" />
/**
 * The page of a client with several torrents: all of them at a glance, and the list.
 *
 * @module
 */

import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef } from "../preact.js";
import { StatList } from "../components.js";
import { bytes, integer, rate } from "../format.js";
import { useAnnounce } from "../live_region.js";
import { StatusBanner } from "../status_banner.js";
import { hashOf } from "../use_query.js";
import { ListFilter } from "./list_filter.js";
import { useListNews } from "./list_news.js";
import { chosenRows } from "./list_state.js";
import { TorrentTable } from "./torrent_table.js";

/**
 * @typedef {import("../../torrents/list_snapshot.ts").ListSnapshot} ListSnapshot
 * @typedef {import("../use_query.js").Query} Query
 */

/**
 * Where the list was left: the torrent that was opened, how far its link was from the top of the window, and
 * how many rows were drawn. Absent when no torrent was opened.
 * @typedef {{current: {torrent: string, top?: number, drawnRows?: number} | undefined}} Place
 */

/** A row counts as settled when it has not moved for so many frames, or at last after so many. */
const CALM_FRAMES = 4;
const MAX_FRAMES = 30;

/** How long to wait after the last key before the number of matches is announced. */
const TYPING_PAUSE_MS = 1_000;

/**
 * @param {{
 *   snapshot: ListSnapshot,
 *   query: Query,
 *   changeQuery: (next: Query) => void,
 *   place: Place,
 *   notice?: string,
 * }} props
 */
export function ListView({ snapshot, query, changeQuery, place, notice }) {
  const { sentence, tone, rows, counts } = snapshot;
  const chosen = useMemo(() => chosenRows(rows, query), [rows, query.filter, query.group]);
  useListNews(rows);
  useAnnouncedMatches(chosen.length, query);
  // Before the browser paints, but after the table has found out whether its rows are cards.
  useLayoutEffect(() => queueMicrotask(() => goBackTo(place)), []);
  const latest = useRef(query);
  latest.current = query;
  const open = useCallback((/** @type {string} */ torrent, /** @type {HTMLElement} */ link) => {
    const drawnRows = link.closest("tbody")?.rows.length ?? 0;
    place.current = { torrent, top: link.getBoundingClientRect().top, drawnRows };
    location.hash = hashOf({ ...latest.current, torrent, files: "" });
  }, [place]);
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return html`
    <section class="panel overview" aria-label="Overview">
      <${StatusBanner} sentence=${unbrokenCounts(sentence)} tone=${tone} isQuiet=${true} />
      <${Totals} snapshot=${snapshot} />
    </section>
    <section class="panel" aria-labelledby="torrents-title">
      <h2 id="torrents-title">Torrents <small>${chosen.length < rows.length &&
        `${integer(chosen.length)} of `}${integer(all)}</small></h2>
      ${notice && html`<p class="quiet">${notice}</p>`}
      <${ListFilter} counts=${counts} query=${query} changeQuery=${changeQuery} />
      ${rows.length < all &&
        html`<p class="quiet">The first ${integer(rows.length)} are listed.</p>`}
      ${chosen.length === 0
        ? html`<${NoTorrents} isFiltered=${
          rows.length > 0
        } query=${query} changeQuery=${changeQuery} />`
        : html`
          <${TorrentTable}
            rows=${chosen} query=${query} changeQuery=${changeQuery} open=${open}
            drawnRows=${place.current?.drawnRows}
          />
        `}
    </section>
  `;
}

/** @param {{isFiltered: boolean, query: Query, changeQuery: (next: Query) => void}} props */
function NoTorrents({ isFiltered, query, changeQuery }) {
  if (!isFiltered) return html`<p class="quiet">No torrents.</p>`;
  const clear = () => {
    changeQuery({ ...query, filter: "", group: "" });
    document.getElementById("filter")?.focus();
  };
  return html`
    <p class="quiet">No matches. <button type="button" onClick=${clear}>Show all</button></p>
  `;
}

/**
 * No line ends between a count and what it counts. Names, which are in quotation marks, stay as they are.
 * @param {string} sentence
 */
function unbrokenCounts(sentence) {
  return sentence.replace(/^[^":]*/, (counts) => counts.replace(/(\d) /g, "$1\u00a0"));
}

/** @param {{snapshot: ListSnapshot}} props */
function Totals({ snapshot }) {
  const { downloadRate, uploadRate, peers, uploadedBytes, totalBytes } = snapshot;
  return html`<${StatList} class="figures" entries=${[
    ["Down", rate(downloadRate)],
    ["Up", rate(uploadRate)],
    ["Peers", integer(peers)],
    ["Size", bytes(totalBytes)],
    ["Sent", bytes(uploadedBytes)],
  ]} />`;
}

/**
 * Announces how many torrents match when the user has changed the filter.
 * @param {number} matches
 * @param {Query} query
 */
function useAnnouncedMatches(matches, { filter, group }) {
  const announce = useAnnounce();
  useEffect(() => {
    if (filter === "" && group === "") return;
    const timer = setTimeout(
      () => announce(`${integer(matches)} ${matches === 1 ? "torrent matches" : "torrents match"}`),
      TYPING_PAUSE_MS,
    );
    return () => clearTimeout(timer);
  }, [filter, group]);
}

/**
 * The torrent that was opened is where it was, and has the focus. Rows around it have their true heights only
 * when they have been drawn, some frames later.
 * @param {Place} place
 */
function goBackTo(place) {
  if (place.current === undefined) return;
  const { torrent, top } = place.current;
  place.current = undefined;
  const link = document.querySelector(`a[data-torrent="${torrent}"]`);
  if (!(link instanceof HTMLElement)) return;
  if (top === undefined) link.scrollIntoView({ block: "center" });
  const target = top ?? link.getBoundingClientRect().top;
  let [frames, calmFrames] = [0, 0];
  const settle = () => {
    if (!link.isConnected) return;
    const shift = link.getBoundingClientRect().top - target;
    scrollBy(0, shift);
    calmFrames = Math.abs(shift) < 1 ? calmFrames + 1 : 0;
    if (calmFrames < CALM_FRAMES && ++frames < MAX_FRAMES) requestAnimationFrame(settle);
    else link.focus({ preventScroll: true });
  };
  settle();
}
