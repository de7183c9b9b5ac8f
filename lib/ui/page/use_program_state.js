// @ts-check
/// <reference lib="dom" />
/**
 * The program's state as a hook. A hidden page only keeps its title up to date and draws nothing.
 *
 * @module
 */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./preact.js";
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
  const followed = useRef(query);
  const gone = useRef(onGone);
  gone.current = onGone;
  const update = useCallback((/** @type {ProgramState} */ change) => {
    latest.current = { ...latest.current, ...change };
    if (change.snapshot !== undefined) document.title = pageTitle(change.snapshot);
    if (!document.hidden) setShown(latest.current);
  }, []);
  const merged = useKeptList(query, update);
  const stream = useStream({
    onState: (snapshot) =>
      update(isSameProgram(latest.current, snapshot) ? { snapshot } : { snapshot, map: undefined }),
    onMap: (map) => update({ map }),
    onList: (news) => {
      if (followed.current.torrent !== "") gone.current();
      update({ snapshot: merged(news), map: undefined });
    },
    onConnection: (trouble) => trouble !== latest.current.trouble && update({ trouble }),
  }, () => setShown(latest.current));

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

/**
 * The stream of states, which learns whether the page is hidden.
 * @param {import("./state_stream.js").Handlers} handlers
 * @param {() => void} onShown called when the page is not hidden any more
 */
function useStream(handlers, onShown) {
  const stream = useRef(undefined);
  useEffect(() => {
    stream.current = new StateStream(handlers, document.hidden);
    const onVisibilityChange = () => {
      stream.current.setHidden(document.hidden);
      if (!document.hidden) onShown();
    };
    document.addEventListener("visibilitychange", onVisibilityChange);
    return () => document.removeEventListener("visibilitychange", onVisibilityChange);
  }, []);
  return stream;
}

/**
 * Keeps the list of torrents. Who comes back to it sees at once what was listed last.
 * @param {import("./use_query.js").Query} query
 * @param {(change: ProgramState) => void} update
 * @returns {(news: ListSnapshot) => ListSnapshot} puts news together with the list
 */
function useKeptList(query, update) {
  /** @type {{current: ListSnapshot | undefined}} */
  const list = useRef(undefined);
  useLayoutEffect(() => {
    if (query.torrent !== "" || list.current === undefined) return;
    update({ snapshot: list.current, map: undefined });
  }, [query.torrent]);
  return (news) => list.current = mergedList(list.current, news);
}

/**
 * Whether the state is of the same torrent as the last one, so that the last map still belongs to it.
 * @param {ProgramState} last
 * @param {import("../snapshot.ts").Snapshot} snapshot
 */
function isSameProgram({ snapshot: last }, snapshot) {
  const idOf = (/** @type {typeof last} */ state) =>
    state !== undefined && "listed" in state ? state.listed?.id : undefined;
  return idOf(last) === idOf(snapshot);
}
