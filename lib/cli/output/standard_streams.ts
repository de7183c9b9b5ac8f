/**
 * Standard output and standard error, written completely and synchronously, without a crash when the reader
 * is gone. For messages before or instead of a program's work; during it, use a `BufferedOutput`.
 *
 * @module
 */

import { ExitCode, ShoalError } from "../../errors.ts";

const RETRY_MS = 5;
const encoder = new TextEncoder();

/** Standard output's reader is gone (`seeder FILE | head -0`). */
export class ReaderGone extends ShoalError {
  /** Created when a write meets a broken pipe. */
  constructor(cause: unknown) {
    super("nobody reads standard output any more", { exitCode: ExitCode.ok, cause });
  }
}

/** The part of `Deno.stdout` and `Deno.stderr` used here. */
interface ByteSink {
  /** Writes some of `bytes` and returns how many. */
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes all of `text` to standard output.
 *
 * @throws ReaderGone when the pipe is broken
 * @throws ShoalError when it cannot be written for another reason, such as a full disk
 */
export function writeResult(text: string, sink: ByteSink = Deno.stdout): void {
  try {
    writeAll(sink, encoder.encode(text));
  } catch (error) {
    throw outputFailure(error);
  }
}

/** The error for a failed write to standard output: its reader is gone, or something else. */
export function outputFailure(error: unknown): ShoalError {
  if (error instanceof Deno.errors.BrokenPipe) return new ReaderGone(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new ShoalError(`cannot write to standard output: ${reason}`, {
    exitCode: ExitCode.io,
    cause: error,
  });
}

/**
 * Writes all of `text` to standard error. When that fails there is no way to report it, and the work
 * continues: a download is worth finishing even if its window is closed.
 */
export function writeNotice(text: string, sink: ByteSink = Deno.stderr): void {
  try {
    writeAll(sink, encoder.encode(text));
  } catch { /* as above */ }
}

function writeAll(sink: ByteSink, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(sink.writeSync(rest));
    } catch (error) {
      // Another program made the shared terminal or pipe non-blocking, and it is full right now.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
