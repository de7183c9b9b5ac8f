/**
 * What the caller asks to download, in any of its forms.
 *
 * @module
 */

import { type Metainfo, parseMetainfo } from "../codec/torrent/metainfo.ts";
import { ExitCode, NetworkError } from "../errors.ts";
import { callListener } from "../runtime/event_listeners.ts";
import {
  lookupEvent,
  type TransferEvent,
  type TransferListener,
  warningEvent,
} from "../session/events.ts";
import { Torrent } from "../store/torrent.ts";
import type { LeecherOptions } from "./options.ts";
import { resolveSource, type Source } from "./torrent_source.ts";

/** A timer that is set to more than this rings at once; no search takes so long. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What to download: a text as users write it, a URL, the bytes of a .torrent file, or a torrent. */
export type TorrentSource = string | URL | Uint8Array | Torrent;

/** Finds out what the swarm needs to know of it, see {@link resolveSource}; tells how that goes. */
export async function requestedTorrent(
  what: TorrentSource,
  options: LeecherOptions,
  listeners: readonly TransferListener[],
): Promise<Source> {
  const tell = (event: TransferEvent) => {
    for (const listener of listeners) callListener(listener, event);
  };
  const limit = new AbortController();
  const { signal, timeoutSeconds = Infinity } = options;
  const giveUp = () =>
    limit.abort(
      new NetworkError(`not found within ${timeoutSeconds} s`, {
        code: "timed-out",
        exitCode: ExitCode.timeout,
      }),
    );
  const waitMs = 1000 * timeoutSeconds;
  const timer = waitMs > LONGEST_TIMER_MS ? undefined : setTimeout(giveUp, waitMs);
  const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
  try {
    const source = await resolveSource(metainfoOrText(what), {
      ...options,
      signal: either,
      onLookup: (...lookup) => tell(lookupEvent(...lookup)),
      onWarning: (...warning) => tell(warningEvent(...warning)),
    });
    either.throwIfAborted();
    return source;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws {TorrentError} when the bytes are no torrent */
function metainfoOrText(what: TorrentSource): string | Metainfo {
  if (typeof what === "string") return what;
  if (what instanceof URL) return what.href;
  return what instanceof Torrent ? what.metainfo : parseMetainfo(what);
}
