/**
 * Shares a file or a folder.
 *
 * @module
 */

import { formatHostPort, isLoopback } from "../codec/address.ts";
import { reachableAddress, reachableTracker } from "../discovery/advertised_address.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import { isOnOneLinkOnly } from "../runtime/network_interfaces.ts";
import { ActiveTorrent } from "../session/active_torrent.ts";
import { hostDetails, torrentDetails, type TransferDetails } from "../session/details.ts";
import { type TransferListener, type TransferStats, warningEvent } from "../session/events.ts";
import { closedEarly, TorrentFiles, type TransferFile } from "../session/torrent_files.ts";
import type { Torrent } from "../store/torrent.ts";
import { adviceOnSharing } from "./create/shared_torrent.ts";
import { alone, type ClientResources, hearAll, type Membership } from "./client_resources.ts";
import { offerComingPath } from "./coming.ts";
import { ExpectedCopies } from "./expected_copies.ts";
import type { LocalTracker } from "./local_tracker.ts";
import type { SeederOptions } from "./options.ts";
import { announceContent, hashContent, serveContent } from "./seeding.ts";

export type { SeederOptions } from "./options.ts";

/** Makes a seeder of its parts; only this module can. */
let construct: (...parts: SeederParts) => Seeder;

/** See the constructor of {@link Seeder}. */
type SeederParts = [
  member: Membership,
  host: ActiveTorrent,
  torrent: Torrent,
  links: { trackers: readonly string[]; magnet: string; tracker: LocalTracker | undefined },
  path: string,
  options: SeederOptions,
];

const ONE_LINK_ONLY =
  "this machine has only link-local IPv6 addresses (fe80::), which are not used: the " +
  "link works on this machine alone; give it an address of IPv4, or of IPv6 such as fd00::1";
/** How long to wait for a tracker's first answer before the seeder counts as started. */
const ANNOUNCE_WAIT_MS = 1000;

/**
 * Seeds one file, or one folder with all its contents.
 *
 * @example
 * ```ts
 * import { Seeder } from "@shoal/shoal";
 *
 * await using seeder = await Seeder.start("file.iso");
 * console.log(seeder.magnet);
 * await seeder.done;
 * ```
 */
export class Seeder implements AsyncDisposable {
  /** Its number among the torrents of its client: 1 for the first. */
  readonly id: number;
  /** The torrent of the file or folder. */
  readonly torrent: Torrent;
  /**
   * A magnet link to share, with the tracker's and this seeder's addresses as other machines reach them.
   */
  readonly magnet: string;
  /** The trackers it announces to. */
  readonly trackers: readonly string[];
  /** Resolves when seeding ends: the seeder was closed, or reached a limit. */
  readonly done: Promise<void>;
  readonly #host: ActiveTorrent;
  readonly #path: string;
  readonly #tracker: LocalTracker | undefined;
  readonly #member: Membership;
  readonly #files: TorrentFiles;
  readonly #expected: ExpectedCopies | undefined;
  readonly #finished = Promise.withResolvers<void>();
  readonly #stopped = new AbortController();
  #closing: Promise<void> | undefined;

  static {
    construct = (...parts) => new Seeder(...parts);
  }

  private constructor(...[member, host, torrent, links, path, options]: SeederParts) {
    this.id = member.id;
    this.#member = member;
    this.#host = host;
    this.torrent = torrent;
    this.#files = new TorrentFiles(host);
    this.#files.open(torrent.metainfo);
    this.#path = path;
    this.trackers = links.trackers;
    this.magnet = links.magnet;
    this.#tracker = links.tracker;
    this.done = this.#finished.promise;
    const { untilCopies, ...limits } = options;
    const isCounted = typeof untilCopies === "number";
    host.seedUntil(
      isCounted ? { ...limits, untilCopies } : limits,
      torrent.length,
      () => void this.close(),
    );
    this.#expected = untilCopies !== "all" ? undefined : new ExpectedCopies({
      trackers: links.trackers,
      infoHash: torrent.metainfo.info.v1Hash ?? torrent.metainfo.info.v2Hash!.subarray(0, 20),
      onWarning: (message) => host.tell(warningEvent(message, "no-expected-list")),
      onReached: () => void this.close(),
    });
    options.signal?.addEventListener("abort", () => void this.close(), {
      signal: this.#stopped.signal,
    });
  }

  /**
   * Shares the file or folder at `path`. Returns when it is hashed and, if a tracker answers soon,
   * announced.
   *
   * @throws {DiskError} when there is no file to share, or one cannot be read
   * @throws {NetworkError} when the requested port is not available, or, with the code
   * `needs-unstable-net`, when Deno runs without `--unstable-net`
   */
  static async start(path: string, options: SeederOptions = {}): Promise<Seeder> {
    options.signal?.throwIfAborted();
    requireDatagrams();
    // Listen before hashing, so that a taken port is not reported only after an hour.
    const member = alone(options);
    try {
      return await seed(member, path, options);
    } catch (error) {
      await member.leave();
      throw error;
    }
  }

  /** True while this seeder hosts a tracker that it uses: from the start, or after another one left. */
  get embeddedTracker(): boolean {
    return this.#tracker?.isOwn === true;
  }

  /** Whether machines of the local network find it by its name. */
  get isFoundLocally(): boolean {
    return this.#host.isFoundLocally;
  }

  /** The TCP port that peers connect to. */
  get port(): number {
    return this.#host.port;
  }

  /** See {@link Leecher.file}; all of the file is here. */
  file(index: number): TransferFile {
    return this.#files.file(index);
  }

  /** Registers a listener; the returned function removes it. */
  on(listener: TransferListener): () => void {
    return this.#host.on(listener);
  }

  /** The current statistics. */
  stats(): TransferStats {
    const state = this.#stopped.signal.aborted ? "stopped" : "seeding";
    const { name, length } = this.torrent;
    const expected = this.#expected?.counts;
    const untilCopies = expected?.recipients ?? this.#host.seedingLimit?.untilCopies;
    const wanted = {
      ...(untilCopies !== undefined && { untilCopies }),
      ...(expected !== undefined && { copies: expected.complete }),
    };
    return { ...this.#host.stats(), ...wanted, name, state, totalBytes: length };
  }

  /** Details beyond the statistics. */
  details(): TransferDetails {
    const atCopies = this.#expected?.counts?.recipients;
    const limits = this.#host.seedingLimit?.end;
    const end = atCopies === undefined ? limits : { ...limits, atCopies };
    return {
      ...hostDetails(this.#host),
      ...torrentDetails(this.torrent.metainfo, this.#host),
      magnet: this.magnet,
      path: this.#path,
      ...(end && { end }),
    };
  }

  /** Stops sharing, and announces that to the trackers. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#stopped.abort();
      this.#files.end(closedEarly());
      await this.#expected?.close();
      await this.#host.close();
      await this.#member.leave();
      this.#finished.resolve();
    })();
    return this.#closing;
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Seeds as a torrent of a client; throws as {@link Seeder.start} does. The resources stay the caller's to
 * close when this fails.
 */
export async function seed(
  member: Membership,
  path: string,
  options: SeederOptions,
): Promise<Seeder> {
  const coming = offerComingPath(member.resources, path, options);
  try {
    return await start(member, path, options);
  } finally {
    await coming?.close();
  }
}

async function start(member: Membership, path: string, options: SeederOptions): Promise<Seeder> {
  const { resources, listeners } = member;
  const hashed = await hashContent(path, options, member);
  options.signal?.throwIfAborted();
  const { v1Hash, v2Hash } = hashed.torrent.metainfo.info;
  const handlers = { onMetadata: () => {}, onComplete: () => {}, onDiskError: () => {} };
  const host = new ActiveTorrent(resources, options, { v1Hash, v2Hash, ...handlers }, listeners);
  hearAll(member, host);
  try {
    const isTracked = options.trackers?.length || options.embeddedTracker === false;
    const tracker = isTracked ? undefined : await localTrackerFor(resources, options);
    const trackers = tracker ? [tracker.url] : options.trackers ?? [];
    const own = options.announceIp ?? reachableAddress(options.host);
    if (isLoopback(own) && options.host === undefined && isOnOneLinkOnly()) {
      host.tell({ type: "warning", message: ONE_LINK_ONLY });
    }
    const outside = await Promise.all(trackers.map((url) => reachableTracker(url, own)));
    const torrent = hashed.torrent.withTrackers(outside);
    const peer = formatHostPort(own, host.port);
    const magnet = torrent.magnet({ peers: torrent.private ? [] : [peer] });
    serveContent(host, torrent, hashed, resources.disk);
    const advice = await adviceOnSharing(path);
    if (advice !== undefined) host.tell(warningEvent(advice, "shares-torrent-file"));
    announceContent(host, torrent, trackers);
    await host.announced(ANNOUNCE_WAIT_MS);
    options.signal?.throwIfAborted();
    return construct(member, host, torrent, { trackers, magnet, tracker }, path, options);
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** A private torrent is for trackers that its user chose, and for one of this machine. */
function localTrackerFor(resources: ClientResources, options: SeederOptions) {
  const isLocal = options.localDiscovery !== false && !isLoopback(options.host ?? "");
  return resources.localTracker(options.announceIp, isLocal && !options.private);
}
