// @ts-check
/// <reference lib="dom" />
/**
 * The program's state as a hook. A hidden page only keeps its title up to date and draws nothing.
 *
 * @module
 */

import { useEffect, useRef, useState } from "./preact.js";
import { pageTitle } from "./page_title.js";
import { StateStream } from "./state_stream.js";

/** The program is asked this long after the last key, not at each one. */
const TYPING_PAUSE_MS = 250;

/**
 * @typedef {object} ProgramState
 * @property {import("../snapshot.ts").Snapshot} [snapshot]
 * @property {import("../snapshot.ts").PieceMap} [map]
 * @property {import("./state_stream.js").Trouble | undefined} [trouble] what is wrong with the connection
 */

/**
 * @param {import("./use_query.js").Query} query
 * @returns {ProgramState}
 */
export function useProgramState(query) {
  const [shown, setShown] = useState(/** @type {ProgramState} */ ({}));
  const latest = useRef(shown);
  const stream = useRef(undefined);
  const followed = useRef(query);

  useEffect(() => {
    const update = (/** @type {ProgramState} */ change) => {
      latest.current = { ...latest.current, ...change };
      if (change.snapshot !== undefined) document.title = pageTitle(change.snapshot);
      if (!document.hidden) setShown(latest.current);
    };
    stream.current = new StateStream({
      onState: (snapshot) => update({ snapshot }),
      onMap: (map) => update({ map }),
      onConnection: (trouble) => trouble !== latest.current.trouble && update({ trouble }),
    }, document.hidden);
    const onVisibilityChange = () => {
      stream.current.setHidden(document.hidden);
      if (!document.hidden) setShown(latest.current);
    };
    document.addEventListener("visibilitychange", onVisibilityChange);
    return () => document.removeEventListener("visibilitychange", onVisibilityChange);
  }, []);

  useEffect(() => {
    const pauseMs = query.q === followed.current.q ? 0 : TYPING_PAUSE_MS;
    const timer = setTimeout(() => {
      followed.current = query;
      stream.current.follow(query);
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [query.q, query.swarm]);

  return shown;
}
