/**
 * A part of a file from a web server, bounded in time and held to what was asked for.
 *
 * @module
 */

import { isLocalHost, webUrl } from "../codec/web_seed_url.ts";
import { networkReason } from "./network_reason.ts";
import { unpermitted } from "./permitted.ts";

const MAX_REDIRECTS = 5;
/** So long a server may take to begin an answer, or to send the next {@link STEP_BYTES} of it. */
const PATIENCE_MS = 15_000;
const STEP_BYTES = 16 * 1024;
/** Where a server knows no ranges, so much of a file is skipped to get to the part that is wanted. */
const MAX_SKIP_BYTES = 1024 * 1024;
/** A server that has not what it should is asked again after so long: somebody may put it there. */
const HOPELESS_MS = 5 * 60_000;
/** After "too many requests" or "unavailable" without a time. */
const BUSY_MS = 30_000;
/** The longest time for which a server can send us away. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;

/** What a web server did wrong. */
export class WebFault extends Error {
  /** For how long it is left alone; `undefined`: as long as any peer that cannot be reached. */
  readonly waitMs: number | undefined;
  /** Waiting will hardly help: the user should know. */
  readonly isHopeless: boolean;

  /** `message` completes the sentence "the web seed …". */
  constructor(message: string, waitMs?: number, isHopeless = false) {
    super(message);
    this.waitMs = waitMs;
    this.isHopeless = isHopeless;
  }
}

/** Which bytes of which file. */
export interface WebRange {
  readonly url: string;
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
  /** How long the whole file is. */
  readonly fileLength: number;
}

/**
 * Asks for one byte, to learn whether the file is there, as long as it should be, and can be had in parts.
 *
 * @throws {WebFault} when not
 */
export async function probe(file: Omit<WebRange, "offset" | "length">, signal: AbortSignal) {
  for await (const _ of fetchRange({ ...file, offset: 0, length: 1 }, signal)) break;
}

/**
 * The bytes of the range, in order, as they arrive; time that the reader takes between them is not
 * counted.
 *
 * @throws {WebFault} when the server does not give them
 * @throws {Error} the reason of `signal`
 */
export async function* fetchRange(
  range: WebRange,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): AsyncGenerator<Uint8Array, void, void> {
  using patience = new Patience(signal, patienceMs);
  try {
    const response = await patience.within(open(range, patience.signal));
    const reader = (response.body ?? new Blob().stream()).getReader();
    try {
      yield* cut(reader, skipOf(response, range), range.length, patience);
    } finally {
      await reader.cancel().catch(() => {}); // it may have failed already
    }
  } catch (error) {
    signal.throwIfAborted();
    if (patience.signal.aborted) throw patience.signal.reason;
    if (error instanceof WebFault) throw error;
    const refusal = unpermitted(error);
    if (refusal !== undefined) throw new WebFault(`cannot be asked: ${refusal}`, HOPELESS_MS, true);
    throw new WebFault(error instanceof TypeError ? "cannot be reached" : networkReason(error));
  }
}

/** `length` bytes of a body, after the first `skip`. */
async function* cut(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  skip: number,
  length: number,
  patience: Patience,
): AsyncGenerator<Uint8Array, void, void> {
  let position = -skip; // in the range that is wanted
  while (position < length) {
    const { value, done } = await patience.within(
      reader.read().catch((error) => {
        throw error instanceof TypeError ? new WebFault("broke off while it was sending") : error;
      }),
    );
    if (done) throw new WebFault("sends less than it should");
    patience.got(value.length);
    const wanted = value.subarray(Math.max(0, -position), Math.max(0, length - position));
    position += value.length;
    if (wanted.length > 0) yield wanted;
  }
}

/** Follows redirects by hand: not endlessly, and not from the internet into somebody's own network. */
async function open({ url, offset, length }: WebRange, signal: AbortSignal): Promise<Response> {
  const headers = {
    "range": `bytes=${offset}-${offset + length - 1}`,
    "accept-encoding": "identity", // a range of what is compressed is of no use
  };
  let at = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(at, { headers, redirect: "manual", signal });
    if (![301, 302, 303, 307, 308].includes(response.status)) return response;
    await response.body?.cancel();
    const to = webUrl(URL.parse(response.headers.get("location") ?? "", at)?.href ?? "");
    if (to === undefined || (isLocalHost(to.hostname) && !isLocalHost(at.hostname))) {
      throw new WebFault("redirects to where nothing can be had", HOPELESS_MS, true);
    }
    at = to;
  }
  throw new WebFault("redirects in circles", HOPELESS_MS, true);
}

/** How many bytes of the answer come before what was asked for. @throws {WebFault} for a refusal */
function skipOf(response: Response, { offset, length, fileLength }: WebRange): number {
  const { status, headers } = response;
  if (status === 206) {
    const content = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
    const [, first, last, total] = content ?? [];
    if (total !== undefined && total !== "*" && Number(total) !== fileLength) throw wrongLength();
    if (Number(first) === offset && Number(last) === offset + length - 1) return 0;
    throw new WebFault("sends other parts than asked for", HOPELESS_MS, true);
  }
  if (status === 200) {
    const told = headers.get("content-length");
    if (told !== null && Number(told) !== fileLength) throw wrongLength();
    if (offset <= MAX_SKIP_BYTES && fileLength <= MAX_SKIP_BYTES) return offset;
    throw new WebFault("gives whole files only, no ranges of bytes", HOPELESS_MS, true);
  }
  if (status === 416) throw wrongLength();
  const answer = `answers ${status} ${response.statusText}`.trim();
  if (status === 429 || status === 503) throw new WebFault(answer, retryAfterMs(headers));
  throw status < 500 ? new WebFault(answer, HOPELESS_MS, true) : new WebFault(answer);
}

function wrongLength(): WebFault {
  return new WebFault("has a file of another length", HOPELESS_MS, true);
}

/** `Retry-After` in seconds or as a date (RFC 9110), within bounds. */
function retryAfterMs(headers: Headers): number {
  const text = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? BUSY_MS : Math.min(Math.max(ms, 1000), MAX_RETRY_AFTER_MS);
}

/** Ends a request whose server lets us wait for too long. */
class Patience implements Disposable {
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #patienceMs: number;
  #leftMs: number;
  #bytes = 0;

  constructor(signal: AbortSignal, patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.#leftMs = patienceMs;
    this.signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /** Waits for the server, until there is no patience left. */
  async within<T>(promise: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const late = () => this.#over.abort(new WebFault("does not answer, or hardly sends anything"));
    const timer = setTimeout(late, this.#leftMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - startMs));
    }
  }

  /** Bytes arrived; enough of them renew the patience. */
  got(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < STEP_BYTES) return;
    this.#bytes = 0;
    this.#leftMs = this.#patienceMs;
  }

  [Symbol.dispose](): void {
    this.#over.abort(); // lets go of the signal it listens to
  }
}
