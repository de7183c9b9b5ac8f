/**
 * What seeders and leechers have in common: a session, trackers, listeners, and statistics.
 *
 * @module
 */

import { isLoopback } from "../codec/address.ts";
import { cleanLabel } from "../codec/discovery/udp_tracker.ts";
import type { AnnouncedSwarm } from "../discovery/announce_target.ts";
import { Announcer } from "../discovery/announcer.ts";
import { discoverLocally, type LsdHandle } from "../discovery/local/lsd.ts";
import { summarize, TrackerStatusTable, type TrackerSummary } from "../discovery/tracker_status.ts";
import { callListener } from "../runtime/event_listeners.ts";
import { hostName } from "../runtime/host_name.ts";
import { PROGRAM } from "../runtime/version.ts";
import {
  type TransferEvent,
  type TransferListener,
  type TransferSource,
  type TransferStats,
} from "./events.ts";
import type {
  AnnounceConfig,
  JoinedTorrent,
  SharedResources,
  TorrentHandlers,
  TorrentOptions,
} from "./options.ts";
import { SeedingLimit, type SeedingLimitOptions } from "./seeding_limit.ts";
import { Session } from "./session.ts";
import { contributors, swarmStats, usablePeers } from "./stats.ts";

const MAX_PEERS = 100;
/** Upload slots: peers that share the line at a time. */
const UPLOAD_SLOTS = 4;
/** While no data arrives and fewer peers than this are known, ask trackers for more. */
const ENOUGH_PEERS = 3;
/** While a download knows fewer peers than this, announce early, at growing intervals. */
const MANY_PEERS = 30;

/** The statistics that seeders and leechers share. */
export type TorrentStats = Omit<TransferStats, "name" | "state" | "totalBytes">;

/** One torrent's presence on the network. */
export class ActiveTorrent implements JoinedTorrent {
  /** The session; the owner starts its transfer. */
  readonly session: Session;
  /** The state of each tracker. */
  readonly trackers: TrackerStatusTable = new TrackerStatusTable();
  /** Pieces that did not match their hash. */
  failedPieces = 0;
  readonly #resources: SharedResources;
  readonly #listeners = new Set<TransferListener>();
  readonly #label: string;
  readonly #heardOfTracker = Promise.withResolvers<void>();
  readonly #searchesLocally: boolean;
  readonly #leave: () => void;
  #announcer: Announcer | undefined;
  #local: LsdHandle | undefined;
  #publicity: AnnounceConfig | undefined;
  #leaving: Promise<void> | undefined;
  #namesTrackers = false;
  #closing: Promise<void> | undefined;
  #haveBytes = 0;
  #bytesOf: ((piece: number) => number) | undefined;
  #seedingLimit: SeedingLimit | undefined;

  /**
   * Joins the swarm. The resources stay their owner's to close.
   *
   * @throws {ShoalError} with the code `duplicate-torrent` when the client has the torrent already
   */
  constructor(
    resources: SharedResources,
    options: Pick<TorrentOptions, "maxPeers" | "localDiscovery" | "label">,
    handlers: TorrentHandlers,
    listeners: Iterable<TransferListener>,
  ) {
    for (const each of listeners) this.#listeners.add(each);
    this.#resources = resources;
    this.#leave = resources.join(this, handlers);
    this.#label = cleanLabel(options.label ?? hostName() ?? "");
    const { host = "" } = resources.listener;
    this.#searchesLocally = options.localDiscovery !== false && !isLoopback(host);
    this.session = new Session({
      resources,
      client: PROGRAM,
      maxConnections: options.maxPeers ?? MAX_PEERS,
      uploadSlots: UPLOAD_SLOTS,
      emit: (event) => this.tell(event),
      ...handlers,
    });
  }

  /** The TCP port that peers connect to. */
  get port(): number {
    return this.#resources.listener.port;
  }

  /** Whether other peers can connect to us; `undefined` until known. */
  get reachable(): boolean | undefined {
    return this.#resources.portCheck.reachable;
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
    this.#publicity = publicity;
    if (isPrivate) this.session.swarm.becomePrivate();
    const swarms = [
      ...(v1Hash ? [{ infoHash: v1Hash, v2: false }] : []),
      ...(v2Hash ? [{ infoHash: v2Hash.subarray(0, 20), v2: true }] : []),
    ];
    if (this.#searchesLocally && !isPrivate) this.#discoverLocally(swarms);
    this.#offerByName();
    if (publicity.trackers.length === 0) return;
    const isQuiet = publicity.isAssumed === true && this.#local !== undefined;
    if (!isQuiet) this.#namesTrackers = true;
    const { progress, hosted, trackers } = publicity;
    const { peerId, clock, trackerClientFor, spreadsAnnounces, portCheck } = this.#resources;
    if (!isQuiet) this.trackers.expect(trackers.flat());
    this.#announcer = new Announcer({
      tiers: trackers,
      oneAtATime: isPrivate,
      swarms,
      peerId,
      port: this.port,
      clock,
      clientFor: trackerClientFor,
      spreads: spreadsAnnounces,
      progress: () => ({ ...this.#moved(), ...progress() }),
      hosted: () => {
        const file = hosted();
        return file && { ...file, label: this.#label };
      },
      wantsPeers: () => progress().leftBytes > 0 && usablePeers(this.session.swarm) < MANY_PEERS,
      onPeers: ({ peers, by }, v2) => this.session.addPeers(peers, "tracker", v2, by),
      onStatus: ({ nextInSeconds, fault, ...status }) => {
        const standing = { ...status, ...(fault && { fault }) };
        this.trackers.heard(standing, nextInSeconds, this.#nowMs);
        this.#heardOfTracker.resolve();
        if (status.ok) portCheck.ask(status.url);
        if (status.ok || !isQuiet) this.tell({ type: "tracker", ...status });
      },
    });
  }

  /** Whether LSD is on, so that other machines of the local network find us. */
  get isFoundLocally(): boolean {
    return this.#local !== undefined;
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
    const { clock } = this.#resources;
    await Promise.race([this.#heardOfTracker.promise, clock.sleep(ms, waited.signal)]);
    waited.abort();
  }

  /** What can be expected of the trackers: nothing without one, or while all fail. */
  trackerOutlook(): TrackerSummary {
    const outlook = summarize(this.trackers.standings(this.#nowMs));
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
    const { ticker } = this.#resources;
    this.#seedingLimit = new SeedingLimit(limits, totalBytes, progress, onReached, ticker);
  }

  /** The limit that ends seeding; `undefined` while not seeding. */
  get seedingLimit(): Pick<SeedingLimit, "end" | "untilCopies"> | undefined {
    return this.#seedingLimit;
  }

  /** See {@link JoinedTorrent.addressChanged}. */
  addressChanged(gone: ReadonlySet<string>): void {
    this.session.cutOff(gone);
    this.#announcer?.addressChanged();
  }

  /** Announces again, because what the trackers were told no longer holds. */
  announceNow(): void {
    this.#offerByName();
    this.#announcer?.announceNow();
  }

  /** Announces `completed` to the trackers. */
  announceCompleted(): void {
    this.#offerByName();
    this.#announcer?.completed();
  }

  /** Announces early when hardly any peers are known. */
  askForPeers(): void {
    if (usablePeers(this.session.swarm) < ENOUGH_PEERS) this.#announcer?.announceNow();
  }

  /** Leaves the swarm: peers first, then announces `stopped`. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#seedingLimit?.close();
      this.leaveLocalNetwork();
      await Promise.all([this.session.close(), this.#announcer?.close(), this.#leaving]);
      this.#leave();
    })();
    return this.#closing;
  }

  /** The statistics that seeders and leechers share. */
  stats(): TorrentStats {
    const { copies } = this;
    return { haveBytes: this.#haveBytes, copies, ...swarmStats(this.session.swarm, this.#nowMs) };
  }

  /** Verified bytes by source, most first. */
  sources(): TransferSource[] {
    return contributors(this.session.swarm);
  }

  get #nowMs(): number {
    return this.#resources.clock.nowMs();
  }

  #discoverLocally(swarms: readonly AnnouncedSwarm[]): void {
    const { host } = this.#resources.listener;
    this.#local = discoverLocally({
      swarms,
      port: this.port,
      ...(host !== undefined && { host }),
      onPeer: (address, v2) => this.session.addPeers([address], "local", v2),
      onStart: (addresses, error, warning) => {
        if (addresses.length === 0) this.leaveLocalNetwork();
        const event = { addresses, ...(error !== undefined && { error }) };
        this.#resources.tellLocalDiscovery({ type: "localDiscovery", ...event }, warning);
      },
    });
  }

  /** Once all of it is here, the local network finds it by its name. */
  #offerByName(): void {
    const { hosted, progress, v1Hash } = this.#publicity ?? {};
    const file = progress?.().leftBytes === 0 ? hosted?.() : undefined;
    if (file !== undefined) this.#local?.offer({ ...(v1Hash && { v1Hash }), ...file });
  }

  #moved(): { uploadedBytes: number; downloadedBytes: number } {
    const { uploadedBytes, downloadedBytes } = this.session.swarm;
    return { uploadedBytes, downloadedBytes };
  }
}
