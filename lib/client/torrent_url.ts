/**
 * Downloads a .torrent file from a web server, with limits on length and time. Every failure is reported as
 * the server's.
 *
 * @module
 */

import type { SourceScope } from "../codec/address_scope.ts";
import { textOf } from "../codec/bytes.ts";
import { MAX_LINK_LENGTH } from "../codec/torrent/link_text.ts";
import { MAX_METAINFO_LENGTH } from "../codec/torrent/metainfo.ts";
import { withoutPassword } from "../codec/torrent/web_seed_url.ts";
import { ExitCode, MagnetError, NetworkError, OptionError, TorrentError } from "../errors.ts";
import { ForbiddenAddressError, HttpClient } from "../net/http_client.ts";
import { HttpTimeoutError, RetrySchedule, WebSeedError } from "../net/http_errors.ts";

/** The limit on the whole download, however slowly bytes arrive. */
const TOTAL_MS = 5 * 60_000;
const FIRST_ROOM = 64 * 1024;

const DICT = 0x64; // the first byte of every torrent file
const ANGLE = 0x3c; // the first byte of every web page
const LINK = 0x6d; // of magnet:

/** What a URL returned. */
type Fetched =
  | { readonly torrent: Uint8Array; readonly from: SourceScope }
  | { readonly magnet: string };

/**
 * Downloads a torrent file, or a magnet link that the URL redirects to or returns.
 *
 * @param patienceMs how long the server may be silent; default 15 s
 * @throws {NetworkError} when the server does not return it
 * @throws {TorrentError} when it is something else
 * @throws {Error} the reason of `signal`
 */
export async function fetchTorrent(
  url: string,
  signal: AbortSignal = new AbortController().signal,
  patienceMs?: number,
): Promise<Fetched> {
  const shown = withoutPassword(url);
  const start = URL.parse(url);
  if (start === null) throw new OptionError(`"${shown}" is no URL: copy it anew`);
  signal.throwIfAborted();
  using client = new HttpClient("user");
  using patience = new RetrySchedule(
    AbortSignal.any([signal, AbortSignal.timeout(TOTAL_MS)]),
    patienceMs,
  );
  try {
    const { response, reach } = await patience.within(client.get(start, {}, patience.signal));
    const bytes = await bodyOf(response, shown, patience);
    return bytes[0] === LINK ? { magnet: linkOf(bytes, shown) } : { torrent: bytes, from: reach };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ForbiddenAddressError && /^magnet:/i.test(error.location)) {
      return { magnet: error.location };
    }
    throw inWords(patience.signal.aborted ? patience.signal.reason : error, shown);
  }
}

/** The error as told to the user. */
function inWords(error: unknown, shown: string): unknown {
  if (error instanceof HttpTimeoutError || (error as Error).name === "TimeoutError") {
    return new NetworkError(
      `${shown} does not answer, or hardly sends anything: try again later`,
      { exitCode: ExitCode.timeout, cause: error },
    );
  }
  if (!(error instanceof WebSeedError)) return error;
  const advice = error.message === "cannot be reached" ? ": check the address" : "";
  return new NetworkError(`${shown} ${error.message}${advice}`, {
    exitCode: ExitCode.network,
    cause: error,
  });
}

async function bodyOf(
  response: Response,
  shown: string,
  patience: RetrySchedule,
): Promise<Uint8Array> {
  const reader = (response.body ?? new Blob().stream()).getReader();
  try {
    checkStatus(response, shown);
    const isCompressed = response.headers.has("content-encoding");
    const told = Number(response.headers.get("content-length") ?? 0);
    if (!isCompressed && told > MAX_METAINFO_LENGTH) throw tooLarge(shown);
    const room = new ArrayBuffer(FIRST_ROOM, { maxByteLength: MAX_METAINFO_LENGTH });
    let length = 0;
    while (true) {
      const { value, done } = await patience.within(
        reader.read().catch(() => {
          const how = isCompressed ? ", or what it sends is badly compressed" : "";
          throw new WebSeedError(`broke off while it was sending${how}: try again`);
        }),
      );
      if (done) break;
      if (length === 0) checkBeginning(value, shown);
      patience.got(value.length);
      if (length + value.length > MAX_METAINFO_LENGTH) throw tooLarge(shown);
      if (length + value.length > room.byteLength) {
        const enough = Math.max(length + value.length, 2 * room.byteLength);
        room.resize(Math.min(enough, MAX_METAINFO_LENGTH));
      }
      new Uint8Array(room, length).set(value);
      length += value.length;
    }
    if (length === 0) throw new WebSeedError("sends nothing: check the address");
    return new Uint8Array(room.transferToFixedLength(length));
  } finally {
    await reader.cancel().catch(() => {}); // it may have failed already
  }
}

function checkStatus({ ok, status, statusText }: Response, shown: string): void {
  if (ok) return;
  const answer = `${shown} answers ${status} ${statusText}`.trim();
  if (status === 401) {
    throw new NetworkError(
      `${answer}: write the name and password into it, http://name:password@…`,
    );
  }
  const isGone = status === 404 || status === 410;
  throw new NetworkError(answer, { exitCode: isGone ? ExitCode.notFound : ExitCode.network });
}

/** Recognizes other files by their first byte, before the rest arrives. */
function checkBeginning(bytes: Uint8Array, shown: string): void {
  const first = bytes.find((byte) => byte > 0x20 && byte < 0x7f);
  if (bytes.length === 0 || bytes[0] === DICT || bytes[0] === LINK) return;
  throw new TorrentError(
    first === ANGLE
      ? `${shown} is a web page, not a torrent file: open it in a browser, and copy the link that is there`
      : `${shown} is not a torrent file: check the address`,
  );
}

function linkOf(bytes: Uint8Array, shown: string): string {
  const text = textOf(bytes.subarray(0, MAX_LINK_LENGTH));
  if (/^magnet:/i.test(text) && bytes.length <= MAX_LINK_LENGTH) return text;
  throw new MagnetError(`${shown} is neither a torrent file nor a magnet link: check the address`);
}

function tooLarge(shown: string): TorrentError {
  return new TorrentError(`${shown} is too large for a torrent file: is it the file itself?`);
}
