// @ts-check
/**
 * The title of the tab.
 *
 * @module
 */

import { capitalized, integer, plain } from "./format.js";
import { isCompleteSeeder, progressPercent, uploadRatio } from "./transfer_progress.js";

/**
 * How far the program is, and with what.
 * @param {import("../snapshot.ts").Snapshot} snapshot
 */
export function pageTitle(snapshot) {
  if (snapshot.program === "tracker") return `${integer(snapshot.total)} swarms, Shoal`;
  if (snapshot.program === "client") return listTitle(snapshot);
  const { name } = snapshot;
  if (name === "") return "Shoal";
  return isCompleteSeeder(snapshot)
    ? `${uploadRatio(snapshot)}× ${plain(name)}`
    : `${progressPercent(snapshot)}% ${plain(name)}`;
}

/**
 * How many do what; the reason of a trouble is too long.
 * @param {import("../torrents/list_snapshot.ts").ListSnapshot} list
 */
function listTitle({ sentence }) {
  return `${capitalized(plain(sentence.replace(/: .*$/s, "")))}, Shoal`;
}
