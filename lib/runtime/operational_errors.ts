/**
 * Which errors are the world's doing, and which are ours.
 *
 * A connection breaks, a stranger lies, a disk is full: whoever tried has to deal with that. Everything
 * else is a bug, and nobody may take it for one of these.
 *
 * @module
 */

import { ShoalError } from "../errors.ts";

/** Errors that the system reports by a class of Deno's. */
const DENO_ERRORS: readonly (abstract new (...args: never[]) => Error)[] = Object.values(
  Deno.errors,
);

/** Whether the error is a stranger's, the network's or the disk's, and no bug. */
export function isOperational(error: unknown): boolean {
  if (error instanceof ShoalError || error instanceof DOMException) return true; // the latter: aborted
  if (DENO_ERRORS.some((kind) => error instanceof kind)) return true;
  // What the system says and Deno has no class for, and what Node's functions throw.
  return error instanceof Error &&
    ("code" in error && typeof error.code === "string" && !error.code.startsWith("ERR_") ||
      /\(os error \d+\)/.test(error.message));
}

/** Goes on with a fault from outside; anything else is thrown on. */
export function rethrowBug(error: unknown): void {
  if (!isOperational(error)) throw error;
}
