/**
 * The states of a download, as one table.
 *
 * The table says which event leads from which state to which; an event that is not listed for a state
 * cannot happen in it, and {@link nextState} refuses it.
 *
 * @module
 */

/**
 * - `metadata`: the info dictionary is not known yet
 * - `checking`: the data on disk is checked against the piece hashes
 * - `downloading`: pieces arrive, or are waited for
 * - `verifying`: all pieces are stored, and the whole is checked once more
 * - `flushing`: the data is written out and renamed to its final name
 * - `seeding`: pieces are uploaded to other peers
 * - `stopped`: the end, of a finished download or of one that is resumed next time
 */
export type DownloadState =
  | "metadata"
  | "checking"
  | "downloading"
  | "verifying"
  | "flushing"
  | "seeding"
  | "stopped";

/** The events of a download. */
export type DownloadEvent =
  | "described" // its info dictionary came, from a file or from peers
  | "checked" // what is on disk is known
  | "complete" // the last piece that was chosen is stored
  | "verified" // the checks of the whole passed
  | "in place" // it has its final name
  | "stop"; // closed or failed

/** Every legal transition. */
export const TRANSITIONS: Readonly<
  Record<DownloadState, Readonly<Partial<Record<DownloadEvent, DownloadState>>>>
> = {
  metadata: { described: "checking", stop: "stopped" },
  checking: { checked: "downloading", stop: "stopped" },
  downloading: { complete: "verifying", stop: "stopped" },
  verifying: { verified: "flushing", stop: "stopped" },
  flushing: { "in place": "seeding", stop: "stopped" },
  seeding: { stop: "stopped" },
  stopped: {},
};

/**
 * The state that `event` leads to from `state`.
 *
 * @throws {Error} when the table has no such transition: a bug in the caller, never caused by a peer
 */
export function nextState(state: DownloadState, event: DownloadEvent): DownloadState {
  const next = TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`a download that is ${state} cannot meet "${event}"`);
  return next;
}
