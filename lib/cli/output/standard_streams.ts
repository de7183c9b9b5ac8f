/**
 * Standard output and standard error, written in whole, at once, and without a crash when nobody reads
 * on. For what is said before or instead of a program's work; an `BufferedOutput` is for what is said during it.
 *
 * @module
 */

import { ExitCode, ShoalError } from "../../errors.ts";

const RETRY_MS = 5;
const encoder = new TextEncoder();

/** Standard output's reader is gone (`seeder FILE | head -0`): there is nobody to tell more. */
export class ReaderGone extends ShoalError {
  /** Made when a write meets a broken pipe. */
  constructor(cause: unknown) {
    super("nobody reads standard output any more", { exitCode: ExitCode.ok, cause });
  }
}

/** The part of `Deno.stdout` and `Deno.stderr` that is needed here. */
interface ByteSink {
  /** Writes some of `bytes` and says how many. */
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

/** What it means that standard output could not be written: its reader is gone, or something else. */
export function outputFailure(error: unknown): ShoalError {
  if (error instanceof Deno.errors.BrokenPipe) return new ReaderGone(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new ShoalError(`cannot write to standard output: ${reason}`, {
    exitCode: ExitCode.io,
    cause: error,
  });
}

/**
 * Writes all of `text` to standard error. When that fails there is nobody left to say so to, and the
 * work goes on: a download is worth finishing even if the window that watched it is gone.
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
      // Another program has made the shared terminal or pipe non-blocking, and it is full just now.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
