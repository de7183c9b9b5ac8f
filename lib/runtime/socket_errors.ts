/**
 * Explains the operating system's socket errors in words that help.
 *
 * @module
 */

import { describeDenial } from "./permissions.ts";

/** Error numbers of Linux, BSD and Windows for which Deno has no class. */
const BY_NUMBER: readonly (readonly [numbers: readonly number[], words: string])[] = [
  [[101, 51, 10051], "this machine has no network that leads there"],
  [[113, 65, 10065], "no machine has that address"],
  [[97, 47, 10047], "this machine does not use such addresses"],
  [[99, 49, 10049], "this machine does not have the address to send from"],
  [[1, 13, 10013], "this machine does not let it through: is there a firewall?"],
  [[23, 24, 10024], "too many files and connections are open: see ulimit -n"],
  [[104, 54, 10054], "closed the connection"],
  [[110, 60, 10060], "does not answer"],
];

/**
 * A sentence that `what` cannot be reached, and why. If a Deno permission is missing, says so instead,
 * because the host may well be reachable.
 */
export function unreachable(what: string, error: unknown): string {
  const verb = describeDenial(error) === undefined ? "reached" : "asked";
  return `${what} cannot be ${verb}: ${socketErrorText(error)}`;
}

/** Why connecting, sending or receiving failed, to follow a colon; never a bare error number. */
export function socketErrorText(error: unknown): string {
  const sentence = describeDenial(error);
  if (sentence !== undefined) return sentence;
  if (error instanceof Deno.errors.ConnectionRefused) return "refuses connections";
  if (error instanceof Deno.errors.TimedOut) return "does not answer";
  const message = error instanceof Error ? error.message : String(error);
  const number = Number(/\(os error (\d+)\)/.exec(message)?.[1]);
  const known = BY_NUMBER.find(([numbers]) => numbers.includes(number));
  if (known !== undefined) return known[1];
  return message.replace(/ ?\(os error \d+\)/, "");
}
