// @ts-check
/// <reference lib="dom" />
/**
 * The page of a running program.
 *
 * @module
 */

import { html, render, useEffect, useRef, useState } from "./preact.js";
import { capitalized, plain } from "./format.js";
import { LiveRegion, useAnnounce } from "./live_region.js";
import { ListView } from "./torrents/list_view.js";
import { TrackerView } from "./tracker_view.js";
import { TransferView } from "./transfer_view.js";
import { useProgramState } from "./use_program_state.js";
import { useQuery } from "./use_query.js";

const PROGRAMS = { leecher: "Leecher", seeder: "Seeder", tracker: "Tracker", client: "Version" };
const GONE = "The torrent that you looked at is not here any more.";

const TROUBLES = {
  silent: "connection to the program lost, trying again",
  refused:
    "this address no longer works because the program was restarted: open the address that " +
    "it printed then",
};

function App() {
  const [query, changeQuery] = useQuery();
  const [notice, setNotice] = useState("");
  const announce = useAnnounce();
  const { snapshot, map, trouble } = useProgramState(query, () => {
    changeQuery({ ...query, torrent: "", files: "" });
    setNotice(GONE);
    announce(GONE);
  });
  useEffect(() => {
    if (query.torrent !== "") setNotice("");
  }, [query.torrent]);
  useEffect(() => trouble && announce(TROUBLES[trouble]), [trouble]);
  return html`
    <header class="top">
      <p class="brand"><span class="mark" aria-hidden="true"><i></i><i></i><i></i></span>Shoal</p>
      ${snapshot &&
        html`<p class="quiet">${PROGRAMS[snapshot.program]} ${plain(snapshot.version)}</p>`}
    </header>
    ${trouble && html`<p class="lost">${capitalized(TROUBLES[trouble])}</p>`}
    <main>${snapshot === undefined ? html`<h1>${trouble ? "Shoal" : "Connecting…"}</h1>` : html`
      <${View}
        snapshot=${trouble ? { ...snapshot, tone: "stale" } : snapshot} map=${map}
        query=${query} changeQuery=${changeQuery} notice=${notice}
      />
    `}</main>
  `;
}

/**
 * @param {{
 *   snapshot: import("../snapshot.ts").Snapshot,
 *   map: import("../snapshot.ts").PieceMap | undefined,
 *   query: import("./use_query.js").Query,
 *   changeQuery: (next: import("./use_query.js").Query) => void,
 *   notice: string,
 * }} props
 */
function View({ snapshot, map, query, changeQuery, notice }) {
  const place = useRef(undefined);
  switch (snapshot.program) {
    case "tracker":
      return html`<${TrackerView} snapshot=${snapshot} query=${query} changeQuery=${changeQuery} />`;
    case "client":
      return html`
        <${ListView} snapshot=${snapshot} query=${query} changeQuery=${changeQuery}
          place=${place} notice=${notice} />
      `;
    default:
      return html`
        <${TransferView} snapshot=${snapshot} map=${map} query=${query}
          changeQuery=${changeQuery} place=${place} />
      `;
  }
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
render(
  html`
    <${LiveRegion}>
      <${App} />
      <//>
  `,
  root,
);
