// @ts-check
/// <reference lib="dom" />
/**
 * The way from a torrent's page back to the list.
 *
 * @module
 */

import { html, useEffect, useRef } from "../preact.js";
import { UntrustedText } from "../components.js";
import { integer } from "../format.js";
import { hashOf } from "../use_query.js";

/**
 * @param {{
 *   snapshot: import("../../snapshot.ts").TransferSnapshot,
 *   query: import("../use_query.js").Query,
 *   place: import("./list_view.js").Place,
 * }} props
 */
export function TorrentTrail({ snapshot: { name, listed }, query, place }) {
  const here = useRef(null);
  useEffect(() => {
    const isOpenedHere = place.current?.torrent === query.torrent;
    if (!isOpenedHere) {
      place.current = { torrent: query.torrent };
      return;
    }
    scrollTo(0, 0);
    here.current?.focus({ preventScroll: true });
  }, [query.torrent]);
  if (listed === undefined) return null;
  return html`
    <nav class="trail" aria-label="List">
      <a href=${hashOf({ ...query, torrent: "", files: "" })}>All torrents <small>${integer(
        listed.of,
      )}</small></a>
      <span ref=${here} tabindex="-1" aria-current="page"><${UntrustedText}
        text=${name || "Name not known yet"}
      /></span>
    </nav>
  `;
}
