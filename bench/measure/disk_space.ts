/**
 * Whether memory has room for a benchmark's files.
 *
 * @module
 */

import { statfsSync } from "node:fs";

/** The files are in memory, so that no disk is measured. */
export const MEMORY_FOLDER = "/dev/shm";
/** Memory that the programs need in addition. */
const MARGIN_BYTES = 512 * 2 ** 20;

/** A sentence that says why files of this size do not fit; `undefined` when they do. */
export function lackOfSpace(neededBytes: number): string | undefined {
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  const free = Math.min(bavail * bsize, Deno.systemMemoryInfo().available - MARGIN_BYTES);
  if (free >= neededBytes) return undefined;
  const text = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return `${MEMORY_FOLDER} and this machine's memory have ${
    text(Math.max(0, free))
  } free and this ` +
    `takes ${text(neededBytes)}`;
}
