/**
 * What seeders and leechers share: a port, a session, trackers, listeners, and statistics.
 *
 * @module
 */

import { isIPv6, isLoopback } from "../codec/address.ts";
import { cleanLabel } from "../codec/discovery/udp_tracker.ts";
import type { AnnouncedSwarm } from "../discovery/announce_target.ts";
import { Announcer } from "../discovery/announcer.ts";
import { discoverLocally, type LsdHandle } from "../discovery/lsd.ts";
import { PortCheck } from "../discovery/port_check.ts";
import { summarize, TrackerStatusTable, type TrackerSummary } from "../discovery/tracker_status.ts";
import { Listener } from "../net/listener.ts";
import { pause, RateLimiter } from "../net/rate_limiter.ts";
import { watchAddresses } from "../runtime/address_watch.ts";
import { callListener } from "../runtime/event_listeners.ts";
import { hostName } from "../runtime/host_name.ts";
import { makePeerId, PROGRAM } from "../runtime/version.ts";
import {
  type TransferEvent,
  type TransferListener,
  type TransferSource,
  type TransferStats,
  warningEvent,
} from "./events.ts";
import type { AnnounceConfig, TorrentHandlers, TorrentOptions } from "./options.ts";
import { SeedingLimit, type SeedingLimitOptions } from "./seeding_limit.ts";
import { Session } from "./session.ts";
import { contributors, swarmStats } from "./stats.ts";

const MAX_PEERS = 100;
/** Upload slots: peers that share the line at a time. */
const UPLOAD_SLOTS = 4;
/** While no data arrives and fewer peers than this are known, ask trackers for more. */
const ENOUGH_PEERS = 3;
/** While a download knows fewer peers than this, announce early, at growing intervals. */
const MANY_PEERS = 30;

/** One torrent's presence on the network. */
export class ActiveTorrent {
  /** The session; the owner starts its transfer. */
  readonly session: Session;
  /** The TCP port that peers connect to. */
  readonly port: number;
  /** The state of each tracker. */
  readonly trackers: TrackerStatusTable = new TrackerStatusTable();
  /** Pieces that did not match their hash. */
  failedPieces = 0;
  /** Whether other peers can connect to us. */
  readonly inquiry: PortCheck;
  readonly #listener: Listener;
  readonly #peerId = makePeerId();
  readonly #listeners = new Set<TransferListener>();
  readonly #host: string | undefined;
  readonly #label: string;
  readonly #heardOfTracker = Promise.withResolvers<void>();
  readonly #searchesLocally: boolean;
  readonly #stopWatching: () => void;
  #announcer: Announcer | undefined;
  #local: LsdHandle | undefined;
  #leaving: Promise<void> | undefined;
  #namesTrackers = false;
  #closing: Promise<void> | undefined;
  #haveBytes = 0;
  #bytesOf: ((piece: number) => number) | undefined;
  #seedingLimit: SeedingLimit | undefined;

  /**
   * Listens, unless a listener is passed in, and joins the swarm.
   *
   * @throws {NetworkError} when the requested port is not available
   */
  constructor(
    options: TorrentOptions,
    duties: TorrentHandlers,
    listeners: Iterable<TransferListener>,
    listener: Listener = Listener.listen(options.port, options.host),
  ) {
    for (const each of listeners) this.#listeners.add(each);
    this.#listener = listener;
    this.#host = options.host;
    this.#label = cleanLabel(options.label ?? hostName() ?? "");
    this.#searchesLocally = options.localDiscovery !== false && !isLoopback(options.host ?? "");
    const port = this.port = listener.port;
    this.inquiry = new PortCheck({
      port,
      ...boundTo(this.#host),
      onAnswer: (reachable, tracker) => this.tell({ type: "reach", port, reachable, tracker }),
    });
    this.session = new Session({
      peerId: this.#peerId,
      client: PROGRAM,
      listener: this.#listener,
      maxConnections: options.maxPeers ?? MAX_PEERS,
      uploadSlots: UPLOAD_SLOTS,
      uploadLimiter: new RateLimiter(options.uploadLimit ?? 0),
      downloadLimiter: new RateLimiter(options.downloadLimit ?? 0),
      emit: (event) => this.tell(event),
      ...duties,
    });
    this.#stopWatching = watchAddresses(({ gone }) => {
      this.session.cutOff(gone);
      this.#announcer?.addressChanged();
    });
    this.tell({ type: "listening", port: this.port });
  }

  /** Registers a listener; the returned function removes it. */
  on(listener: TransferListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Emits an event to all listeners. */
  tell(event: TransferEvent): void {
    if (event.type === "piece") this.#haveBytes += this.#bytesOf?.(event.piece) ?? event.bytes;
    if (event.type === "pieceFailed") this.failedPieces++;
    for (const listener of this.#listeners) callListener(listener, event);
  }

  /** Sets the bytes on disk when the transfer began; `bytesOf` says how much each piece counts. */
  startWith(haveBytes: number, bytesOf?: (piece: number) => number): void {
    this.#haveBytes = haveBytes;
    this.#bytesOf = bytesOf;
  }

  /** Verified bytes on disk, of the chosen files. */
  get haveBytes(): number {
    return this.#haveBytes;
  }

  /**
   * How many other peers have the whole torrent, or had it before they left: counted by us, or at one time
   * by a tracker, which includes us.
   */
  get copies(): number {
    return Math.max(this.session.copies.count, this.trackers.mostSeeders - 1);
  }

  /** Announces the torrent from now on: to trackers, and by LSD if enabled. */
  announce(publicity: AnnounceConfig): void {
    const { v1Hash, v2Hash, isPrivate } = publicity;
    if (isPrivate) this.session.swarm.becomePrivate();
    const swarms = [
      ...(v1Hash ? [{ infoHash: v1Hash, v2: false }] : []),
      ...(v2Hash ? [{ infoHash: v2Hash.subarray(0, 20), v2: true }] : []),
    ];
    if (this.#searchesLocally && !isPrivate) this.#discoverLocally(swarms);
    if (publicity.trackers.length === 0) return;
    const isQuiet = publicity.isAssumed === true && this.#local !== undefined;
    if (!isQuiet) this.#namesTrackers = true;
    const { progress, hosted, trackers } = publicity;
    if (!isQuiet) this.trackers.expect(trackers.flat());
    this.#announcer = new Announcer({
      tiers: trackers,
      oneAtATime: isPrivate,
      swarms,
      peerId: this.#peerId,
      port: this.port,
      progress: () => ({ ...this.#moved(), ...progress() }),
      hosted: () => {
        const file = hosted();
        return file && { ...file, label: this.#label };
      },
      wantsPeers: () => progress().leftBytes > 0 && this.#usablePeers() < MANY_PEERS,
      onPeers: ({ peers, by }, v2) => this.session.addPeers(peers, "tracker", v2, by),
      onStatus: ({ nextInSeconds, fault, ...status }) => {
        const standing = { ...status, ...(fault && { fault }) };
        this.trackers.heard(standing, nextInSeconds, performance.now());
        this.#heardOfTracker.resolve();
        if (status.ok) this.inquiry.ask(status.url);
        if (status.ok || !isQuiet) this.tell({ type: "tracker", ...status });
      },
      ...boundTo(this.#host),
    });
  }

  /** Stops LSD, because the torrent turned out to be private. */
  leaveLocalNetwork(): void {
    this.#leaving ??= this.#local?.close();
    this.#local = undefined;
  }

  /** Resolves when the first tracker has answered or failed, after `ms` at the latest. */
  async announced(ms: number): Promise<void> {
    if (this.#announcer === undefined) return;
    const waited = new AbortController();
    await Promise.race([this.#heardOfTracker.promise, pause(ms, waited.signal)]);
    waited.abort();
  }

  /** What can be expected of the trackers: nothing without one, or while all fail. */
  trackerOutlook(): TrackerSummary {
    const outlook = summarize(this.trackers.standings(performance.now()));
    if (outlook.state === "answering") return outlook;
    if (this.#local !== undefined && !this.#namesTrackers) return { state: "local" };
    return this.#announcer === undefined ? { state: "none" } : outlook;
  }

  /**
   * The download is complete: seeds until `limits` are reached, counted from now, then calls `onReached`.
   */
  seedUntil(limits: SeedingLimitOptions, totalBytes: number, onReached: () => void): void {
    const progress = () => ({
      uploadedBytes: this.session.swarm.uploadedBytes,
      copies: this.copies,
    });
    this.#seedingLimit = new SeedingLimit(limits, totalBytes, progress, onReached);
  }

  /** The limit that ends seeding; `undefined` while not seeding. */
  get seedingLimit(): Pick<SeedingLimit, "end" | "untilCopies"> | undefined {
    return this.#seedingLimit;
  }

  /** Announces again, because what the trackers were told no longer holds. */
  announceNow(): void {
    this.#announcer?.announceNow();
  }

  /** Announces `completed` to the trackers. */
  announceCompleted(): void {
    this.#announcer?.completed();
  }

  /** Announces early when hardly any peers are known. */
  askForPeers(): void {
    if (this.#usablePeers() < ENOUGH_PEERS) this.#announcer?.announceNow();
  }

  /** Closes everything: peers first, then announces `stopped`, then closes the port. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#stopWatching();
      this.#seedingLimit?.close();
      this.leaveLocalNetwork();
      const [session, asking] = [this.session.close(), this.inquiry.close()];
      await Promise.all([session, this.#announcer?.close(), this.#leaving, asking]);
      await this.#listener.close();
    })();
    return this.#closing;
  }

  /** The statistics that seeders and leechers share. */
  stats(nowMs = performance.now()): Omit<TransferStats, "name" | "state" | "totalBytes"> {
    const { copies } = this;
    return { haveBytes: this.#haveBytes, copies, ...swarmStats(this.session.swarm, nowMs) };
  }

  /** Verified bytes by source, most first. */
  sources(): TransferSource[] {
    return contributors(this.session.swarm);
  }

  #discoverLocally(swarms: readonly AnnouncedSwarm[]): void {
    this.#local = discoverLocally({
      swarms,
      port: this.port,
      ...(this.#host !== undefined && !isAny(this.#host) && { host: this.#host }),
      onPeer: (address, v2) => this.session.addPeers([address], "local", v2),
      onStart: (addresses, error, warning) => {
        if (addresses.length === 0) this.leaveLocalNetwork();
        this.tell({ type: "localDiscovery", addresses, ...(error !== undefined && { error }) });
        if (warning !== undefined) this.tell(warningEvent(warning, "too-many-networks"));
      },
    });
  }

  #usablePeers(): number {
    let usable = 0;
    for (const { state, url } of this.session.swarm.peers.values()) {
      if (state !== "away" && state !== "banned" && url === undefined) usable++;
    }
    return usable;
  }

  #moved(): { uploadedBytes: number; downloadedBytes: number } {
    const { uploadedBytes, downloadedBytes } = this.session.swarm;
    return { uploadedBytes, downloadedBytes };
  }
}

/**
 * Trackers are contacted from the bound address, unless it is a wildcard or of no use to other machines.
 */
function boundTo(host = "::"): { localHost?: string } {
  return isAny(host) || (isLoopback(host) && !isIPv6(host)) ? {} : { localHost: host };
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
