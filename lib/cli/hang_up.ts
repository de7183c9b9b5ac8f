/**
 * Whether the program should survive the loss of its terminal.
 *
 * @module
 */

import { isPermitted } from "../runtime/permissions.ts";

/** On Linux, this file lists a process's ignored signals, in hex. */
const STATUS = "/proc/self/status";

/**
 * Whether SIGHUP was ignored when the program was started, as with `nohup`. Call it before adding the first
 * listener for any signal: Deno then takes over all of them, and ends on a SIGHUP.
 *
 * Where the system does not tell, assumes that a program without any terminal can ignore the loss of one.
 */
export function isHangUpIgnored(): boolean {
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(statusText())?.[1];
  if (ignored !== undefined) return (Number(`0x${ignored.slice(-1)}`) & 1) === 1;
  return ![Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}

function statusText(): string {
  if (Deno.build.os !== "linux" || !isPermitted({ name: "read", path: STATUS })) return "";
  try {
    return Deno.readTextFileSync(STATUS);
  } catch {
    return ""; // a container without it, or a Deno that requires more than --allow-read for it
  }
}
