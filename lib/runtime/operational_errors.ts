/**
 * Distinguishes operational errors from bugs.
 *
 * A broken connection, a lying peer or a full disk is handled by the code that ran into it. Everything else
 * is a bug, and must not be mistaken for one of these.
 *
 * @module
 */

import { ShoalError } from "../errors.ts";

/** System errors for which Deno has a class. */
const DENO_ERRORS: readonly (abstract new (...args: never[]) => Error)[] = Object.values(
  Deno.errors,
);

/** Whether the error comes from a peer, the network or the disk, and is no bug. */
export function isOperational(error: unknown): boolean {
  if (error instanceof ShoalError || error instanceof DOMException) return true; // the latter: aborted
  if (DENO_ERRORS.some((kind) => error instanceof kind)) return true;
  // System errors without a Deno class, and errors of Node's functions.
  return error instanceof Error &&
    ("code" in error && typeof error.code === "string" && !error.code.startsWith("ERR_") ||
      /\(os error \d+\)/.test(error.message));
}

/** Ignores an operational error; rethrows anything else. */
export function rethrowBug(error: unknown): void {
  if (!isOperational(error)) throw error;
}
