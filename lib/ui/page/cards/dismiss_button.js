// @ts-check
/// <reference lib="dom" />
/**
 * A button that hides machines which have left.
 *
 * @module
 */

import { html, useState } from "../preact.js";
import { useAnnounce } from "../live_region.js";
import { apiAddress } from "../state_stream.js";

/**
 * @param {{hash: string, address?: string, name?: string}} props `address` and `name` of one machine; without
 * them, all of the swarm that have left
 */
export function DismissButton({ hash, address = "", name }) {
  const announce = useAnnounce();
  const [isBusy, setIsBusy] = useState(false);
  const onClick = async () => {
    setIsBusy(true);
    const isDone = await dismiss({ swarm: hash, address });
    setIsBusy(false);
    const what = name ?? "all who have left";
    announce(isDone ? `${what} dismissed` : `${what} could not be dismissed`);
  };
  return html`
    <button
      type="button" class=${name === undefined ? "" : "plain"} disabled=${isBusy} onClick=${onClick}
    >${name === undefined
      ? "Dismiss all who left"
      : html`Dismiss<span class="unseen"> ${name}</span>`}</button>
  `;
}

/**
 * @param {Record<string, string>} query
 * @returns {Promise<boolean>} whether the tracker has done it
 */
async function dismiss(query) {
  try {
    return (await fetch(apiAddress("/api/dismiss", query), { method: "POST" })).ok;
  } catch {
    return false; // the tracker cannot be reached; the page says so
  }
}
