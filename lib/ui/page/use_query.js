// @ts-check
/// <reference lib="dom" />
/**
 * What the user asks a tracker for. It is part of the page's address, so that it can be shared.
 *
 * @module
 */

import { useCallback, useEffect, useState } from "./preact.js";

/** @typedef {{q: string, swarm: string}} Query a part of a name, and the hash of the swarm to show */

/** @returns {[Query, (next: Query) => void]} */
export function useQuery() {
  const [query, setQuery] = useState(readQuery);
  useEffect(() => {
    const onHashChange = () => setQuery(readQuery());
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  const changeQuery = useCallback((/** @type {Query} */ next) => {
    const given = Object.entries(next).filter(([, value]) => value !== "");
    history.replaceState(null, "", `#${new URLSearchParams(given)}`);
    setQuery(next);
  }, []);
  return [query, changeQuery];
}

/** @returns {Query} */
function readQuery() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  return { q: parameters.get("q") ?? "", swarm: parameters.get("swarm") ?? "" };
}
