/**
 * The list of machines that an administrator expects to have every file.
 *
 * @module
 */

import { isIp, normalizeIp } from "../../codec/address.ts";
import { utf8Length } from "../../codec/bytes.ts";
import { cleanLabel, hasUnprintable, MAX_LABEL_LENGTH } from "../../codec/discovery/udp_tracker.ts";
import { OptionError } from "../../errors.ts";

/** More machines than one tracker has in view; each roll-call names those that were never seen. */
export const MAX_EXPECTED = 10_000;

/** The reader yields after this many lines, which take a few milliseconds to parse. */
const LINES_AT_ONCE = 2000;

/** A line that was meant as an address, or has a separator in it, is no name that a machine gives itself. */
const NO_NAME = /^\d*\.[\d.]*(?:\s|$)|[/,;:="<>|\\]/;

/** A machine on the list: by its IP address, or by the name it gives itself. */
export type ExpectedMachine = { readonly host: string } | { readonly label: string };

/**
 * Reads a list of machines, one per line: a host name or an IP address. Empty lines are ignored, and what
 * follows a `#`. A machine that is named twice counts once.
 *
 * The generator yields now and then, so that the caller of a long list can do other work in between.
 *
 * @throws {OptionError} naming the first line that is no name, or saying that the list is too long
 */
export function* readExpectedMachines(text: string): Generator<void, ExpectedMachine[]> {
  const machines = new Map<string, ExpectedMachine>();
  let at = text.startsWith("\ufeff") ? 1 : 0;
  for (let line = 1; at <= text.length; line++) {
    const end = text.indexOf("\n", at);
    const entry = text.slice(at, end < 0 ? text.length : end).replace(/#.*/s, "").trim();
    at = end < 0 ? Infinity : end + 1;
    if (entry !== "") {
      const machine = machineOf(entry, line);
      const key = "host" in machine ? machine.host : machine.label.toLowerCase();
      if (!machines.has(key)) machines.set(key, machine);
    }
    if (machines.size > MAX_EXPECTED) {
      throw new OptionError(`it names more than ${MAX_EXPECTED} machines`);
    }
    if (line % LINES_AT_ONCE === 0) yield;
  }
  return [...machines.values()];
}

function machineOf(entry: string, line: number): ExpectedMachine {
  if (isIp(entry)) return { host: normalizeIp(entry) };
  if (utf8Length(entry) > MAX_LABEL_LENGTH || hasUnprintable(entry) || NO_NAME.test(entry)) {
    const shown = cleanLabel(entry);
    throw new OptionError(
      `line ${line} is neither the name nor the IP address of a machine: "${shown}"`,
    );
  }
  return { label: entry };
}

/** The part of a name before its first dot: what `pc7.lab.example` is called in its own domain. */
export function shortName(label: string): string {
  return label.split(".", 1)[0]!.toLowerCase();
}

/**
 * Whether a label is that of a machine on the list, whatever the case. A name without a domain stands for the
 * machine of that name in any domain.
 */
export function isNameOf(expected: string, label: string): boolean {
  if (expected.toLowerCase() === label.toLowerCase()) return true;
  const isShort = !expected.includes(".") || !label.includes(".");
  return isShort && shortName(expected) === shortName(label);
}
