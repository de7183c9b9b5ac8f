// @ts-check
/// <reference lib="dom" />
/**
 * What the user looks at. It is part of the page's address, so that it can be shared, and the browser can
 * go back to it.
 *
 * @module
 */

import { useCallback, useEffect, useState } from "./preact.js";

/**
 * @typedef {object} Query
 * @property {string} q of a tracker: a part of a name
 * @property {string} swarm of a tracker: the hash of the swarm to show
 * @property {string} torrent the number of the torrent to show; empty for the list
 * @property {string} files how many files of the torrent to skip
 * @property {string} filter a part of the names to list
 * @property {string} group the group to list
 * @property {string} sort the column that sorts the list, after a minus if from the largest
 */

const KEYS = /** @type {const} */ (["q", "swarm", "torrent", "files", "filter", "group", "sort"]);

/** @returns {[Query, (next: Query) => void]} */
export function useQuery() {
  const [query, setQuery] = useState(readQuery);
  useEffect(() => {
    const onHashChange = () => setQuery(readQuery());
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  const changeQuery = useCallback((/** @type {Query} */ next) => {
    history.replaceState(null, "", hashOf(next));
    setQuery(next);
  }, []);
  return [query, changeQuery];
}

/**
 * The part of the address for a query.
 * @param {Query} query
 */
export function hashOf(query) {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(given)}`;
}

/** @returns {Query} */
function readQuery() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const values = KEYS.map((key) => [key, parameters.get(key) ?? ""]);
  return /** @type {Query} */ (Object.fromEntries(values));
}
