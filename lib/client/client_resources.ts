/**
 * What all torrents of a client share: one port, one peer id, one set of tracker sockets, one timer.
 *
 * @module
 */

import { isIPv6, isLoopback } from "../codec/address.ts";
import { hex } from "../codec/bytes.ts";
import type { AnnounceClient } from "../discovery/announce_target.ts";
import { type OfferHandle, offerSoon } from "../discovery/local/offer.ts";
import { PortCheck } from "../discovery/port_check.ts";
import { TrackerPool } from "../discovery/tracker_pool.ts";
import { DiskResources } from "../disk/disk_resources.ts";
import { ShoalError } from "../errors.ts";
import { Listener } from "../net/listener.ts";
import { RateLimiter } from "../net/rate_limiter.ts";
import type { TorrentHashes } from "../peer/connection/info_hashes.ts";
import type { ConnectionLimit } from "../peer/peers/connection_limit.ts";
import { watchAddresses } from "../runtime/address_watch.ts";
import { callListener } from "../runtime/event_listeners.ts";
import { GcPacer } from "../runtime/gc.ts";
import { SharedClock } from "../runtime/shared_clock.ts";
import { makePeerId } from "../runtime/version.ts";
import { type TransferEvent, type TransferListener, warningEvent } from "../session/events.ts";
import type {
  JoinedTorrent,
  LocalDiscoveryEvent,
  SharedResources,
  TorrentOptions,
} from "../session/options.ts";
import { Ticker } from "../session/ticker.ts";
import { LocalTracker } from "./local_tracker.ts";

/** From this many torrents on, announces are spread over the interval. */
const MANY_TORRENTS = 10;

/**
 * Starting a torrent leaves garbage: hashes that are parsed, pieces that are checked. Among many starts the
 * engine would let the heap grow to twice what it needs.
 */
const STARTS_PER_COLLECTION = 100;
/** The largest share of time spent on that. */
const COLLECTION_TIME_SHARE = 1 / 10;

/** The options that concern all torrents of a client. */
export type ResourceOptions = Pick<
  TorrentOptions,
  "port" | "host" | "uploadLimit" | "downloadLimit"
>;

/** Opened by whoever starts the first torrent. The owner closes it after all torrents. */
export class ClientResources implements SharedResources, AsyncDisposable {
  readonly listener: Listener;
  readonly peerId: Uint8Array = makePeerId();
  readonly uploadLimiter: RateLimiter;
  readonly downloadLimiter: RateLimiter;
  readonly connectionLimit: ConnectionLimit | undefined;
  readonly ticker: Ticker = new Ticker();
  readonly clock: SharedClock = new SharedClock();
  readonly portCheck: PortCheck;
  /** Threads, open files and memory. */
  readonly disk: DiskResources = new DiskResources();
  readonly #trackers: TrackerPool;
  readonly #listeners = new Set<TransferListener>();
  readonly #torrents = new Set<JoinedTorrent>();
  /** The info-hashes in hex of all torrents. */
  readonly #infoHashes = new Set<string>();
  readonly #stopWatching: () => void;
  /** One for torrents that may use a tracker of the local network, and one for those that may not. */
  readonly #localTrackers = new Map<boolean, Promise<LocalTracker>>();
  readonly #foundTrackers: LocalTracker[] = [];
  readonly #garbage = new GcPacer(STARTS_PER_COLLECTION, COLLECTION_TIME_SHARE);
  #toldLocalDiscovery = "";

  /**
   * Listens.
   *
   * @param connectionLimit for all torrents together; a torrent that is alone has its own
   * @throws {NetworkError} when the requested port is not available
   */
  constructor(options: ResourceOptions, connectionLimit?: ConnectionLimit) {
    this.listener = Listener.listen(options.port, options.host);
    this.uploadLimiter = new RateLimiter(options.uploadLimit ?? 0);
    this.downloadLimiter = new RateLimiter(options.downloadLimit ?? 0);
    this.connectionLimit = connectionLimit;
    const localHost = boundTo(this.listener.host);
    const { port } = this.listener;
    this.portCheck = new PortCheck({
      port,
      ...(localHost !== undefined && { localHost }),
      onAnswer: (reachable, tracker) => this.tell({ type: "reach", port, reachable, tracker }),
    });
    this.#trackers = new TrackerPool({ localHost, clock: this.clock });
    this.#stopWatching = watchAddresses(({ gone }) => {
      this.#trackers.renew();
      for (const torrent of this.#torrents) torrent.addressChanged(gone);
    });
  }

  /** See {@link SharedResources.trackerClientFor}. */
  readonly trackerClientFor = (url: string): AnnounceClient => this.#trackers.clientFor(url);

  /** See {@link SharedResources.spreadsAnnounces}. */
  readonly spreadsAnnounces = (): boolean => this.#torrents.size > MANY_TORRENTS;

  /** See {@link SharedResources.join}. */
  join(torrent: JoinedTorrent, { v1Hash, v2Hash }: TorrentHashes): () => void {
    const hashes = [v1Hash, v2Hash].filter((hash) => hash !== undefined).map(hex);
    if (hashes.some((hash) => this.#infoHashes.has(hash))) {
      throw new ShoalError("this client has the torrent already", { code: "duplicate-torrent" });
    }
    for (const hash of hashes) this.#infoHashes.add(hash);
    this.#torrents.add(torrent);
    this.#garbage.add(1);
    return () => {
      this.#torrents.delete(torrent);
      for (const hash of hashes) this.#infoHashes.delete(hash);
    };
  }

  /** See {@link SharedResources.tellLocalDiscovery}. */
  tellLocalDiscovery(event: LocalDiscoveryEvent, warning: string | undefined): void {
    const text = `${event.addresses.join()} ${event.error} ${warning}`;
    if (text === this.#toldLocalDiscovery) return;
    this.#toldLocalDiscovery = text;
    this.tell(event);
    if (warning !== undefined) this.tell(warningEvent(warning, "too-many-networks"));
  }

  /** Registers a listener for what concerns no torrent alone; the returned function removes it. */
  on(listener: TransferListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Emits an event that concerns no torrent alone. */
  tell(event: TransferEvent): void {
    for (const listener of this.#listeners) callListener(listener, event);
  }

  /**
   * The tracker of this machine, found or hosted for the first torrent that needs it.
   *
   * @param asksLocally whether one of the local network will do, and may find us
   */
  localTracker(externalIp: string | undefined, asksLocally: boolean): Promise<LocalTracker> {
    const known = this.#localTrackers.get(asksLocally);
    if (known !== undefined) return known;
    const finding = LocalTracker.find({
      externalIp,
      asksLocally,
      hidden: !asksLocally,
      onFound: (url) => this.tell({ type: "trackerFound", url }),
      onWarning: (message) => this.tell({ type: "warning", message }),
      onTakeOver: () => this.#torrents.forEach((torrent) => torrent.announceNow()),
    });
    this.#localTrackers.set(asksLocally, finding);
    finding.then(
      (tracker) => this.#foundTrackers.push(tracker),
      () => this.#localTrackers.delete(asksLocally), // the next torrent tries again
    );
    return finding;
  }

  /**
   * Tells machines of the local network that ask for one of these names, in normal form C, that its torrent is
   * being prepared. The caller ends it.
   */
  offerSoon(includes: (name: string) => boolean): OfferHandle {
    const { port, host } = this.listener;
    return offerSoon({ includes, port, ...(host !== undefined && { host }) });
  }

  /** The tracker that torrents without one of their own use; `undefined` until a torrent has needed it. */
  get trackerOfThisMachine(): LocalTracker | undefined {
    return this.#foundTrackers.find(({ isOwn }) => isOwn) ?? this.#foundTrackers[0];
  }

  /** Closes the port, and the tracker if it is our own. */
  async close(): Promise<void> {
    this.#stopWatching();
    await this.portCheck.close();
    await this.listener.close();
    await Promise.allSettled(this.#localTrackers.values());
    await Promise.all(this.#foundTrackers.map((tracker) => tracker.close()));
    await this.disk.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Trackers are contacted from the bound address, unless it is of no use to other machines. */
function boundTo(host: string | undefined): string | undefined {
  return host !== undefined && isLoopback(host) && !isIPv6(host) ? undefined : host;
}

/** A torrent's place in its client. */
export interface Membership {
  readonly resources: ClientResources;
  /** 1 for the first torrent of the client. */
  readonly id: number;
  /** Called with every event of the torrent, from the start. */
  readonly listeners: readonly TransferListener[];
  /** Whether the torrent is the only one. */
  readonly isAlone: boolean;
  /** Called when the torrent has ended. */
  leave(): Promise<void>;
}

/**
 * The place of a torrent that is alone in its client. It hears what concerns the whole client, too.
 *
 * @throws {NetworkError} when the requested port is not available
 */
export function alone(options: ResourceOptions & Pick<TorrentOptions, "onEvent">): Membership {
  const listeners = options.onEvent ? [options.onEvent] : [];
  const resources = new ClientResources(options);
  return { resources, id: 1, listeners, isAlone: true, leave: () => resources.close() };
}

/** Lets a torrent that is alone hear what concerns the whole client. */
export function hearAll(
  { resources, isAlone }: Membership,
  torrent: { tell(event: TransferEvent): void },
): void {
  if (!isAlone) return;
  resources.on((event) => torrent.tell(event));
  torrent.tell({ type: "listening", port: resources.listener.port });
}
