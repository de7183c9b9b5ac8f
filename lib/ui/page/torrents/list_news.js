// @ts-check
/// <reference lib="dom" />
/**
 * Tells listeners what has happened to the list of torrents: what has come, is complete, or has failed.
 *
 * @module
 */

import { useEffect, useRef } from "../preact.js";
import { count, plain } from "../format.js";
import { useAnnounce } from "../live_region.js";

/** News of so long are announced together. */
const GATHERED_MS = 3_000;
/** More torrents than this are only counted. */
const MAX_NAMES = 2;

/** @typedef {import("../../torrents/list_snapshot.ts").TorrentRow} Row */

/** @param {readonly Row[]} rows */
export function useListNews(rows) {
  const announce = useAnnounce();
  const before = useRef(undefined);
  const news = useRef(emptyNews());
  const timer = useRef(undefined);
  useEffect(() => {
    if (before.current !== undefined) gather(news.current, before.current, rows);
    before.current = rows;
    if (timer.current !== undefined || sentenceOf(news.current) === "") return;
    timer.current = setTimeout(() => {
      announce(sentenceOf(news.current));
      news.current = emptyNews();
      timer.current = undefined;
    }, GATHERED_MS);
  }, [rows]);
  useEffect(() => () => clearTimeout(timer.current), []);
}

/** @typedef {{failed: string[], complete: string[], added: string[]}} News names of torrents */

/** @returns {News} */
function emptyNews() {
  return { failed: [], complete: [], added: [] };
}

/**
 * @param {News} news
 * @param {readonly Row[]} before
 * @param {readonly Row[]} rows
 */
function gather(news, before, rows) {
  const known = new Map(before.map((row) => [row.id, row]));
  for (const row of rows) {
    const was = known.get(row.id);
    if (was === row) continue;
    if (was === undefined) news.added.push(row.name);
    else if (row.group === "failed" && was.group !== "failed") news.failed.push(row.name);
    else if (row.group === "seeding" && was.group !== "seeding" && was.progress !== 1) {
      news.complete.push(row.name);
    }
  }
}

/** @param {News} news */
function sentenceOf({ failed, complete, added }) {
  return [
    failed.length > 0 && `Failed: ${named(failed)}`,
    complete.length > 0 && `Complete: ${named(complete)}`,
    added.length > 0 && `New: ${named(added)}`,
  ].filter(Boolean).join(". ");
}

/** @param {string[]} names */
function named(names) {
  return names.length > MAX_NAMES
    ? count(names.length, "torrent")
    : names.map((name) => plain(name) || "a torrent").join(", ");
}
