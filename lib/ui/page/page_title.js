// @ts-check
/**
 * The title of the tab.
 *
 * @module
 */

import { integer, plain } from "./format.js";
import { isCompleteSeeder, progressPercent, uploadRatio } from "./transfer_progress.js";

/**
 * How far the program is, and with what.
 * @param {import("../snapshot.ts").Snapshot} snapshot
 */
export function pageTitle(snapshot) {
  if (snapshot.program === "tracker") return `${integer(snapshot.total)} swarms, Shoal`;
  const { name } = snapshot;
  if (name === "") return "Shoal";
  return isCompleteSeeder(snapshot)
    ? `${uploadRatio(snapshot)}× ${plain(name)}`
    : `${progressPercent(snapshot)}% ${plain(name)}`;
}
