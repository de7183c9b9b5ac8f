/**
 * Downloads a byte range of a file from a web server, with time limits and checks of the response.
 *
 * @module
 */

import type { HttpClient } from "../http_client.ts";
import { HOPELESS_MS, MissingFileError, RetrySchedule, WebSeedError } from "../http_errors.ts";

/** If a server does not support ranges, at most this much of a file is skipped to reach the wanted part. */
const MAX_SKIP_BYTES = 1024 * 1024;
/** Delay after "too many requests" or "unavailable" without `Retry-After`. */
const BUSY_MS = 30_000;
/** Maximum honoured `Retry-After`. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;
/** Status codes that do not concern one file but the client: who asks, how often, how fast. */
const ABOUT_US = [401, 407, 408, 425, 429];

/** A byte range of a file. */
interface HttpRange {
  readonly url: string;
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
  /** Length of the whole file. */
  readonly fileLength: number;
}

/**
 * Requests one byte to check that the file exists, has the expected length, and can be read in ranges.
 *
 * @throws {WebSeedError} if not
 */
export async function probe(
  client: HttpClient,
  file: Omit<HttpRange, "offset" | "length">,
  signal: AbortSignal,
): Promise<void> {
  for await (const _ of fetchRange(client, { ...file, offset: 0, length: 1 }, signal)) break;
}

/**
 * Yields the bytes of the range in order, as they arrive. Time that the consumer spends between them does not
 * count towards the limit.
 *
 * @throws {WebSeedError} if the server does not deliver them
 * @throws {Error} the reason of `signal`
 */
export async function* fetchRange(
  client: HttpClient,
  range: HttpRange,
  signal: AbortSignal,
  patienceMs?: number,
): AsyncGenerator<Uint8Array, void, void> {
  using patience = new RetrySchedule(signal, patienceMs);
  try {
    const response = await patience.within(open(client, range, patience.signal));
    const reader = (response.body ?? new Blob().stream()).getReader();
    try {
      yield* cut(reader, skipOf(response, range), range.length, patience);
    } finally {
      await reader.cancel().catch(() => {}); // it may already have failed
    }
  } catch (error) {
    signal.throwIfAborted();
    throw patience.signal.aborted ? patience.signal.reason : error;
  }
}

/** Yields `length` bytes of a body, after the first `skip`. */
async function* cut(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  skip: number,
  length: number,
  patience: RetrySchedule,
): AsyncGenerator<Uint8Array, void, void> {
  let position = -skip; // relative to the start of the wanted range
  while (position < length) {
    const { value, done } = await patience.within(
      reader.read().catch(() => {
        throw new WebSeedError("broke off while it was sending");
      }),
    );
    if (done) throw new WebSeedError("sends less than it should");
    patience.got(value.length);
    const wanted = value.subarray(Math.max(0, -position), Math.max(0, length - position));
    position += value.length;
    if (wanted.length > 0) yield wanted;
  }
}

async function open(
  client: HttpClient,
  { url, offset, length }: HttpRange,
  signal: AbortSignal,
): Promise<Response> {
  const headers = {
    "range": `bytes=${offset}-${offset + length - 1}`,
    "accept-encoding": "identity", // a range of compressed data is useless
  };
  return (await client.get(new URL(url), headers, signal)).response;
}

/** Number of bytes in the response before the wanted range. @throws {WebSeedError} if the server refused */
function skipOf(response: Response, { offset, length, fileLength }: HttpRange): number {
  const { status, headers } = response;
  if ((headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    throw new WebSeedError(
      "compresses what it sends, of which parts are of no use",
      HOPELESS_MS,
      true,
    );
  }
  if (status === 206) {
    // Range unit names are case-insensitive (RFC 9110, 14.1).
    const told = headers.get("content-range") ?? "";
    const content = /^bytes[ \t]+(\d+)-(\d+)\/(\d+|\*)$/i.exec(told.trim());
    const [, first, last, total] = content ?? [];
    if (total !== undefined && total !== "*" && Number(total) !== fileLength) throw wrongLength();
    if (Number(first) === offset && Number(last) === offset + length - 1) return 0;
    throw new WebSeedError("sends other parts than asked for", HOPELESS_MS, true);
  }
  if (status === 200) {
    const told = headers.get("content-length");
    if (told !== null && Number(told) !== fileLength) throw wrongLength();
    if (offset <= MAX_SKIP_BYTES && fileLength <= MAX_SKIP_BYTES) return offset;
    throw new MissingFileError("gives whole files only, no ranges of bytes");
  }
  if (status === 416) throw wrongLength();
  const answer = `answers ${status} ${response.statusText}`.trim();
  if (status === 429 || status === 503) throw new WebSeedError(answer, retryAfterMs(headers));
  if (status >= 500) throw new WebSeedError(answer);
  throw ABOUT_US.includes(status)
    ? new WebSeedError(answer, HOPELESS_MS, true)
    : new MissingFileError(answer);
}

function wrongLength(): WebSeedError {
  return new MissingFileError("has a file of another length");
}

/** The delay from `Retry-After`, in seconds or as a date (RFC 9110), clamped. */
function retryAfterMs(headers: Headers): number {
  const text = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? BUSY_MS : Math.min(Math.max(ms, 1000), MAX_RETRY_AFTER_MS);
}
