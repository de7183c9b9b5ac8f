/**
 * Lists what a torrent contains without downloading it.
 *
 * @module
 */

import { ExitCode, NetworkError } from "../errors.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import { tellOf } from "../runtime/event_listeners.ts";
import { ActiveTorrent } from "../session/active_torrent.ts";
import { lookupEvent, warningEvent } from "../session/events.ts";
import { Torrent } from "../store/torrent.ts";
import { alone, hearAll } from "./client_resources.ts";
import { metainfoOf } from "./download.ts";
import type { LeecherOptions } from "./options.ts";
import { addLocalPeers, resolveSource, type Source } from "./torrent_source.ts";

const DEFAULT_TIMEOUT_SECONDS = 60;

/**
 * The torrent behind a magnet link, .torrent file or URL, info-hash or name. Downloads the metadata from
 * peers if necessary, but no file data.
 *
 * @throws {ShoalError} as `Leecher.start` does, or exit 2 when no peer sends the metadata in time
 */
export async function listTorrent(what: string, options: LeecherOptions = {}): Promise<Torrent> {
  return (await describeTorrent(what, options)).torrent;
}

/** A torrent, and the files a magnet link selects. */
interface Description {
  readonly torrent: Torrent;
  readonly selectOnly?: readonly number[] | undefined;
}

/** As {@link listTorrent}, with the link's file selection. */
export async function describeTorrent(
  what: string,
  options: LeecherOptions,
): Promise<Description> {
  const source = await resolveSource(what, {
    ...options,
    onLookup: (...lookup) => tellOf(options, lookupEvent(...lookup)),
    onWarning: (...warning) => tellOf(options, warningEvent(...warning)),
  });
  options.signal?.throwIfAborted();
  if (source.metainfo !== undefined) return { torrent: new Torrent(source.metainfo) };
  const metainfo = metainfoOf(await fetchInfo(source, options));
  return { torrent: new Torrent(metainfo), selectOnly: source.selectOnly };
}

/** Downloads the info dictionary from peers. */
async function fetchInfo(source: Source, options: LeecherOptions): Promise<Uint8Array> {
  requireDatagrams();
  const arrived = Promise.withResolvers<Uint8Array>();
  const member = alone(options);
  const { resources, listeners } = member;
  const host = new ActiveTorrent(resources, options, {
    v1Hash: source.v1Hash,
    v2Hash: source.v2Hash,
    onMetadata: arrived.resolve,
    onComplete: () => {},
    onDiskError: arrived.reject,
  }, listeners);
  hearAll(member, host);
  const seconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const timer = setTimeout(() => {
    const text =
      `no peer gave the description of this torrent within ${seconds} s: is a seeder running?`;
    arrived.reject(new NetworkError(text, { exitCode: ExitCode.timeout }));
  }, seconds * 1000);
  const abort = () => arrived.reject(options.signal?.reason);
  options.signal?.addEventListener("abort", abort);
  try {
    host.session.addPeers(source.peers, "user");
    addLocalPeers(host.session, source);
    host.announce({
      ...source,
      isAssumed: source.assumesTracker === true,
      isPrivate: false, // only the metadata will tell whether it is
      progress: () => ({ leftBytes: 16_384 }),
      hosted: () => undefined,
    });
    return await arrived.promise;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
    await host.close();
    await resources.close();
  }
}
