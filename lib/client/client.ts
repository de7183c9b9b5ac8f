/**
 * Many torrents in one program, with one port, one set of limits and one stream of events.
 *
 * @module
 */

import type { OfferHandle } from "../discovery/local/offer.ts";
import { ExitCode, ShoalError } from "../errors.ts";
import { ConnectionLimit } from "../peer/peers/connection_limit.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import { callListener } from "../runtime/event_listeners.ts";
import { EventQueue } from "../runtime/event_queue.ts";
import type { TransferEvent } from "../session/events.ts";
import type { TorrentOptions } from "../session/options.ts";
import { offerComing } from "./coming.ts";
import { ClientResources, type Membership } from "./client_resources.ts";
import { download, type Leecher, type LeecherOptions } from "./leecher.ts";
import type { TorrentSource } from "./requested_torrent.ts";
import { seed, type Seeder, type SeederOptions } from "./seeder.ts";

/** The options of a client, which are those of its torrents where they have none of their own. */
export interface ClientOptions
  extends
    Pick<TorrentOptions, "port" | "host" | "uploadLimit" | "downloadLimit" | "signal">,
    Pick<TorrentOptions, "trackers" | "maxPeers" | "localDiscovery">,
    Pick<SeederOptions, "announceIp" | "embeddedTracker"> {
  /** Maximum connections of all torrents together; default 500. Each torrent is guaranteed an equal part. */
  readonly maxConnections?: number;
  /** Called with every event from the start. */
  readonly onEvent?: ClientListener;
}

/** Limits that can be changed while a client runs; those that are absent stay as they are. */
export interface ClientLimits {
  /** Bytes per second that all torrents together send; 0 for no limit. */
  readonly uploadLimit?: number;
  /** Bytes per second that all torrents together receive; 0 for no limit. */
  readonly downloadLimit?: number;
  /** Maximum connections of all torrents together. */
  readonly maxConnections?: number;
}

/** The options of {@link Client.seed}: those that do not concern the client as a whole. */
export type SeedOptions = Omit<
  SeederOptions,
  "port" | "host" | "uploadLimit" | "downloadLimit" | "onEvent"
>;
/** The options of {@link Client.download}: those that do not concern the client as a whole. */
export type DownloadOptions = Omit<
  LeecherOptions,
  "port" | "host" | "uploadLimit" | "downloadLimit" | "onEvent"
>;

/**
 * An event of a client: of one of its torrents, by its number, or of the client as a whole when the number is
 * absent, as in `listening`, `reach`, `localDiscovery`, `trackerFound` and some warnings.
 */
export type ClientEvent = TransferEvent & { readonly torrent?: number };

/** Receives the events of a client; see {@link TransferListener} for errors. */
export type ClientListener = (event: ClientEvent) => void;

/** A torrent of a client. */
export type ClientTorrent = Seeder | Leecher;

/** What a client moves. Rates in bytes per second. */
export interface ClientStats {
  /** Number of torrents. */
  readonly torrents: number;
  /** Open connections of all torrents. */
  readonly connections: number;
  /** What all torrents receive now. */
  readonly downloadRate: number;
  /** What all torrents send now. */
  readonly uploadRate: number;
  /** File data received by all torrents that are still there. */
  readonly downloadedBytes: number;
  /** File data sent by all torrents that are still there. */
  readonly uploadedBytes: number;
}

/**
 * Seeds and downloads any number of torrents.
 *
 * @example
 * ```ts
 * import { Client } from "@shoal/shoal";
 *
 * await using client = await Client.start({ trackers: ["udp://10.0.0.2:6969"] });
 * const seeder = await client.seed("file.iso");
 * console.log(seeder.magnet);
 * ```
 */
export class Client implements AsyncDisposable {
  readonly #options: ClientOptions;
  readonly #resources: ClientResources;
  readonly #connections: ConnectionLimit;
  readonly #torrents = new Map<number, ClientTorrent>();
  /** In order; made when somebody looks after a change. */
  #sorted: readonly ClientTorrent[] | undefined;
  readonly #listeners = new Set<ClientListener>();
  readonly #queues = new Set<EventQueue<ClientEvent>>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #coming = new Set<OfferHandle>();
  readonly #stopped = new AbortController();
  #nextId = 1;
  #closing: Promise<void> | undefined;

  private constructor(
    options: ClientOptions,
    resources: ClientResources,
    connections: ConnectionLimit,
  ) {
    this.#options = options;
    this.#resources = resources;
    this.#connections = connections;
    if (options.onEvent) this.#listeners.add(options.onEvent);
    resources.on((event) => this.#tell(event));
    this.#tell({ type: "listening", port: resources.listener.port });
    options.signal?.addEventListener("abort", () => void this.close(), {
      signal: this.#stopped.signal,
    });
  }

  /**
   * Starts a client that listens for peers and has no torrents yet.
   *
   * @throws {NetworkError} when the requested port is not available, or, with the code
   * `needs-unstable-net`, when Deno runs without `--unstable-net`
   */
  static start(options: ClientOptions = {}): Promise<Client> {
    return Promise.try(() => {
      options.signal?.throwIfAborted();
      requireDatagrams();
      const connections = new ConnectionLimit(options.maxConnections);
      return new Client(options, new ClientResources(options, connections), connections);
    });
  }

  /** The TCP port that peers connect to. */
  get port(): number {
    return this.#resources.listener.port;
  }

  /** The torrents in the order in which they were asked for, without those that are closed. */
  get torrents(): readonly ClientTorrent[] {
    return this.#sorted ??= [...this.#torrents.values()].sort((a, b) => a.id - b.id);
  }

  /** The trackers that its torrents announce to, besides their own. */
  get trackers(): readonly string[] {
    const { trackers } = this.#options;
    if (trackers !== undefined && trackers.length > 0) return trackers;
    const local = this.#resources.trackerOfThisMachine;
    return local === undefined ? [] : [local.url];
  }

  /** True while it hosts a tracker for its torrents. */
  get embeddedTracker(): boolean {
    return this.#resources.trackerOfThisMachine?.isOwn === true;
  }

  /**
   * Shares the file or folder at `path`, as {@link Seeder.start} does.
   *
   * @throws {ShoalError} as it does, or with the code `duplicate-torrent` when this client has the torrent
   * already
   */
  seed(path: string, options: SeedOptions = {}): Promise<Seeder> {
    return this.#add((member) => seed(member, path, this.#withDefaults(options)));
  }

  /**
   * Downloads a torrent, then seeds it, as {@link Leecher.start} does.
   *
   * @param what a magnet link, a .torrent path or URL, an info-hash, a name, the bytes of a .torrent file, or
   * a {@link Torrent}
   * @throws {ShoalError} as it does, or with the code `duplicate-torrent` when this client has the torrent
   * already
   */
  download(
    what: TorrentSource,
    options: DownloadOptions = {},
  ): Promise<Leecher> {
    return this.#add((member) => download(member, what, this.#withDefaults(options)));
  }

  /**
   * Tells machines of the local network that ask for a name that its torrent will be here soon, until the
   * client is closed. They wait for it. What is being hashed is told of in any case.
   *
   * @param includes whether a torrent of this name, in normal form C, is coming
   */
  offerSoon(includes: (name: string) => boolean): void {
    if (this.#closing !== undefined) return;
    const coming = offerComing(this.#resources, includes, this.#options);
    if (coming !== undefined) this.#coming.add(coming);
  }

  /** Registers a listener; the returned function removes it. */
  on(listener: ClientListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * All events from now on, until the client is closed. A reader that falls 10,000 events behind loses the
   * oldest.
   */
  events(): AsyncIterableIterator<ClientEvent, undefined> {
    const queue = new EventQueue<ClientEvent>(() => this.#queues.delete(queue));
    if (this.#closing === undefined) this.#queues.add(queue);
    else queue.close();
    return queue;
  }

  /** The sums over all torrents of this moment; those of one are in its own `stats`. */
  stats(): ClientStats {
    const sums = { connections: 0, downloadRate: 0, uploadRate: 0 };
    let downloadedBytes = 0, uploadedBytes = 0;
    for (const torrent of this.#torrents.values()) {
      const stats = torrent.stats();
      sums.connections += stats.connections.length;
      sums.downloadRate += stats.downloadRate;
      sums.uploadRate += stats.uploadRate;
      downloadedBytes += stats.downloadedBytes;
      uploadedBytes += stats.uploadedBytes;
    }
    return { torrents: this.#torrents.size, ...sums, downloadedBytes, uploadedBytes };
  }

  /** Changes limits at once; torrents that have too many connections close some. */
  setLimits({ uploadLimit, downloadLimit, maxConnections }: ClientLimits): void {
    const { uploadLimiter, downloadLimiter } = this.#resources;
    if (uploadLimit !== undefined) uploadLimiter.bytesPerSecond = uploadLimit;
    if (downloadLimit !== undefined) downloadLimiter.bytesPerSecond = downloadLimit;
    if (maxConnections === undefined) return;
    this.#connections.setTotal(maxConnections, performance.now());
  }

  /**
   * Stops all torrents and closes the port. Downloads that are not complete reject with the code
   * `interrupted`.
   */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#stopped.abort(
        new ShoalError("the client was closed", {
          code: "interrupted",
          exitCode: ExitCode.interrupted,
        }),
      );
      await Promise.allSettled(this.#starting);
      const closing = [...this.#torrents.values()].map((torrent) => torrent.close());
      const closed = await Promise.allSettled(closing);
      for (const coming of this.#coming) await coming.close();
      await this.#resources.close();
      for (const queue of this.#queues) queue.close();
      const failed = closed.find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason; // the port is free all the same
    })();
    return this.#closing;
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A torrent's options, with those of its client where it has none of its own. */
  #withDefaults<T extends { readonly signal?: AbortSignal }>(options: T) {
    const { port: _, onEvent: __, signal: ___, ...shared } = this.#options;
    const stop = this.#stopped.signal;
    const { signal } = options;
    return {
      ...shared,
      ...options,
      signal: signal === undefined ? stop : AbortSignal.any([stop, signal]),
    };
  }

  async #add<T extends ClientTorrent>(start: (member: Membership) => Promise<T>): Promise<T> {
    this.#stopped.signal.throwIfAborted();
    const id = this.#nextId++;
    const listeners = [(event: TransferEvent) => this.#tell({ ...event, torrent: id })];
    let hasLeft = false;
    const leave = () => {
      hasLeft = true;
      this.#torrents.delete(id);
      this.#sorted = undefined;
      return Promise.resolve();
    };
    const starting = start({ resources: this.#resources, id, listeners, isAlone: false, leave });
    this.#starting.add(starting);
    try {
      const torrent = await starting;
      if (!hasLeft) this.#torrents.set(id, torrent);
      this.#sorted = undefined;
      return torrent;
    } finally {
      this.#starting.delete(starting);
    }
  }

  #tell(event: ClientEvent): void {
    for (const listener of this.#listeners) callListener(listener, event);
    for (const queue of this.#queues) queue.push(event);
  }
}
