// @ts-check
/// <reference lib="dom" />
/**
 * The program's state as a hook. A hidden page only keeps its title up to date and draws nothing.
 *
 * @module
 */

import { useEffect, useLayoutEffect, useRef, useState } from "./preact.js";
import { pageTitle } from "./page_title.js";
import { StateStream } from "./state_stream.js";
import { mergedList } from "./torrents/list_state.js";

/** The program is asked this long after the last key, not at each one. */
const TYPING_PAUSE_MS = 250;

/**
 * @typedef {object} ProgramState
 * @property {import("../snapshot.ts").Snapshot} [snapshot]
 * @property {import("../snapshot.ts").PieceMap | undefined} [map]
 * @property {import("./state_stream.js").Trouble | undefined} [trouble] what is wrong with the connection
 */

/** @typedef {import("../torrents/list_snapshot.ts").ListSnapshot} ListSnapshot */

/**
 * @param {import("./use_query.js").Query} query
 * @param {() => void} onGone called when the torrent of the query is not there any more
 * @returns {ProgramState}
 */
export function useProgramState(query, onGone) {
  const [shown, setShown] = useState(/** @type {ProgramState} */ ({}));
  const latest = useRef(shown);
  const stream = useRef(undefined);
  const followed = useRef(query);
  /** @type {{current: ListSnapshot | undefined}} */
  const list = useRef(undefined);
  const gone = useRef(onGone);
  gone.current = onGone;

  useEffect(() => {
    const update = (/** @type {ProgramState} */ change) => {
      latest.current = { ...latest.current, ...change };
      if (change.snapshot !== undefined) document.title = pageTitle(change.snapshot);
      if (!document.hidden) setShown(latest.current);
    };
    stream.current = new StateStream({
      onState: (snapshot) => update({ snapshot }),
      onMap: (map) => update({ map }),
      onList: (news) => {
        list.current = mergedList(list.current, news);
        if (followed.current.torrent !== "") gone.current();
        update({ snapshot: list.current, map: undefined });
      },
      onConnection: (trouble) => trouble !== latest.current.trouble && update({ trouble }),
    }, document.hidden);
    const onVisibilityChange = () => {
      stream.current.setHidden(document.hidden);
      if (!document.hidden) setShown(latest.current);
    };
    document.addEventListener("visibilitychange", onVisibilityChange);
    return () => document.removeEventListener("visibilitychange", onVisibilityChange);
  }, []);

  // What was listed last is shown at once, and where it was. News come with the connection.
  useLayoutEffect(() => {
    if (query.torrent !== "" || list.current === undefined) return;
    latest.current = { ...latest.current, snapshot: list.current, map: undefined };
    setShown(latest.current);
  }, [query.torrent]);

  useEffect(() => {
    const pauseMs = query.q === followed.current.q ? 0 : TYPING_PAUSE_MS;
    const timer = setTimeout(() => {
      followed.current = query;
      const { q, swarm, torrent, files } = query;
      stream.current.follow({ q, swarm, torrent, files });
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [query.q, query.swarm, query.torrent, query.files]);

  return shown;
}
