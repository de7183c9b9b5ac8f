/**
 * Whether the program is to live on when its terminal goes.
 *
 * @module
 */

import { isPermitted } from "../runtime/permissions.ts";

/** Linux says here which signals a process ignores, in hex. */
const STATUS = "/proc/self/status";

/**
 * Whether SIGHUP was ignored when the program was started, as `nohup` does it. To be asked before the
 * first listener for any signal is added: Deno then takes all of them over, and ends at a SIGHUP.
 *
 * Where the system does not say, a program that has a terminal for nothing misses nothing when one goes.
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
    return ""; // a container without it, or a Deno that wants more than --allow-read for it
  }
}
