/**
 * Advice on errors, warnings and stalled downloads, in terms of command line flags. The library says what
 * is wrong and gives it a code; the advice that follows the sentence is here.
 *
 * @module
 */

import type { ErrorCode, StallCode, WarningCode } from "../../error_codes.ts";
import { DownloadTimeoutError, ShoalError } from "../../errors.ts";

const ELSEWHERE = "or choose another place with -o";

/** Advice appended to error messages. */
const AFTER_ERRORS: Readonly<Partial<Record<ErrorCode, string>>> = {
  "port-taken": ": choose another with --port",
  "port-forbidden": ": choose one above 1023 with --port",
  "udp-port-taken": "; choose one with --port",
  "page-port-taken": "; choose another one with --ui, or --ui off",
  "no-tracker": "; give one with --tracker udp://host:6969",
  "tracker-silent": "; start one there, or name the seeder's own with --tracker",
  "not-a-source": ", and -o says where it goes",
  "nothing-selected": ": choose some with --select",
  "no-such-index": "; --list shows them",
  "not-selected": ": choose it with --select",
  "shares-own-torrent-file": " (-o)",
  "file-replaced": `: remove that, ${ELSEWHERE}, and run the same command again`,
  "read-only-disk": ": choose another folder with -o",
  "path-exists": ": choose another place with -o",
  "path-too-long": ": choose another with -o",
  "file-too-large": ": choose another disk with -o",
  "name-impossible": ": choose another with -o",
  "other-content": ": move it, choose another place with -o, or replace it with --overwrite",
  "other-download": ": move it, or replace it with --overwrite",
  "symbolic-link": `: remove it, ${ELSEWHERE}`,
  "hard-link": ": move it, or replace it with --overwrite",
  "output-locked": `: wait until it is done, ${ELSEWHERE}`,
  "not-a-file": `: move it, ${ELSEWHERE}`,
  "output-is-folder": ": choose another place with -o",
  "output-is-file": ": choose a folder for it with -o",
  "parent-is-file": ": choose another with -o, or leave out the / at its end",
  "file-for-folder": `: move it, ${ELSEWHERE}`,
  "same-name": "; choose another disk with -o, or leave one of them out with --select",
};

/** Advice appended to stall reasons. */
const AFTER_STALLS: Readonly<Partial<Record<StallCode, string>>> = {
  "no-source": "; name one with --tracker or --peer",
  "no-local-peer": "; name one with --tracker",
  "tracker-refuses": ", or name another with --tracker",
  "tracker-fails": ", or name another with --tracker",
};

/** Advice appended to warnings. */
const AFTER_WARNINGS: Readonly<Record<WarningCode, string>> = {
  "too-many-networks": "; --host ADDRESS names the one that is meant",
  "http-trackers-only": ": name one with --tracker, or a seeder with --peer",
  "shares-torrent-file": ", with -o where that lies: what is there is checked, and shared",
  "metadata-too-long": ": hand out the .torrent file (-o) instead",
  "no-expected-list": ": start the tracker with --expect FILE, or give --until-copies a number",
};

/** The text of an error with its advice, not yet made safe to print. */
export function errorText(error: ShoalError): string {
  const { code, message } = error;
  if (error instanceof DownloadTimeoutError) {
    const why = error.stall === undefined ? "" : ` (${stallText(error.stall)})`;
    return `${error.limit}; run the same command again to continue${why}`;
  }
  if (code === "checksum-of-folder") return message.replace(/^a checksum/, "--checksum");
  return message + (AFTER_ERRORS[code] ?? "");
}

/**
 * As {@link errorText}, after the name of the error's kind, as `String(error)` has it; any other error
 * unchanged.
 */
export function namedErrorText(error: unknown): string {
  return error instanceof ShoalError ? `${error.name}: ${errorText(error)}` : String(error);
}

/** The text of a stalled download with its advice, not yet made safe to print. */
export function stallText({ code, sentence }: { code: StallCode; sentence: string }): string {
  return sentence + (AFTER_STALLS[code] ?? "");
}

/** The text of a warning with its advice, not yet made safe to print. */
export function warningText({ code, message }: { code?: WarningCode; message: string }): string {
  return code === undefined ? message : message + AFTER_WARNINGS[code];
}
