/**
 * What a seeder and a leecher have in common: a port, a session, trackers, listeners, and figures.
 *
 * @module
 */

import { isIPv6, isLoopback } from "../codec/address.ts";
import type { DiskError } from "../errors.ts";
import { addressOf } from "../peer/peer_book.ts";
import type { Connection } from "../peer/connection.ts";
import { type AnnouncedProgress, Announcer } from "./announcer.ts";
import type {
  ConnectionStats,
  TransferEvent,
  TransferListener,
  TransferSource,
  TransferStats,
} from "./events.ts";
import { makePeerId, PROGRAM } from "./identity.ts";
import { Listener } from "./listener.ts";
import { pause, RateLimiter } from "./rate_limiter.ts";
import { Session } from "./session.ts";
import type { TrackerState } from "./waiting.ts";

/** Options that a seeder and a leecher share. */
export interface HostOptions {
  /** Tracker URLs, `udp://host:port`. */
  readonly trackers?: readonly string[];
  /** TCP port; it has to be free. Default: the first free one from 6881 on. */
  readonly port?: number;
  /** Address to bind to. Default: all. */
  readonly host?: string;
  /** Bytes per second; default unlimited. */
  readonly uploadLimit?: number;
  /** Bytes per second; default unlimited. */
  readonly downloadLimit?: number;
  /** Connections; default 100. */
  readonly maxPeers?: number;
  /** Ends everything when aborted. */
  readonly signal?: AbortSignal;
  /** Hears of everything from the first moment on. */
  readonly onEvent?: TransferListener;
}

const MAX_PEERS = 100;
const UPLOAD_SLOTS = 20;
/** While fewer peers than this are known, trackers are asked for more. */
const ENOUGH_PEERS = 3;

/** What happens to a torrent that the host's owner has to know. */
export interface HostDuties {
  readonly v1Hash?: Uint8Array | undefined;
  readonly v2Hash?: Uint8Array | undefined;
  readonly onMetadata: (info: Uint8Array) => void;
  readonly onComplete: () => void;
  readonly onDiskError: (error: DiskError) => void;
}

/** One torrent's presence on the network. */
export class Host {
  /** The session; the owner begins its transfer. */
  readonly session: Session;
  /** Where peers connect to. */
  readonly port: number;
  readonly #listener: Listener;
  readonly #peerId = makePeerId();
  readonly #listeners = new Set<TransferListener>();
  readonly #host: string | undefined;
  readonly #trackers = new Map<string, boolean>(); // whether it answered last time
  readonly #heardOfTracker = Promise.withResolvers<void>();
  #announcer: Announcer | undefined;
  #closing: Promise<void> | undefined;
  #haveBytes = 0;

  /**
   * Listens, unless a listening port is handed over, and begins to take part.
   *
   * @throws {NetworkError} when the port asked for cannot be had
   */
  constructor(
    options: HostOptions,
    duties: HostDuties,
    listeners: Iterable<TransferListener>,
    listener: Listener = Listener.listen(options.port, options.host),
  ) {
    for (const each of listeners) this.#listeners.add(each);
    this.#listener = listener;
    this.#host = options.host;
    this.port = this.#listener.port;
    this.session = new Session({
      peerId: this.#peerId,
      client: PROGRAM,
      listener: this.#listener,
      maxConnections: options.maxPeers ?? MAX_PEERS,
      uploadSlots: UPLOAD_SLOTS,
      uploadLimiter: new RateLimiter(options.uploadLimit ?? 0),
      downloadLimiter: new RateLimiter(options.downloadLimit ?? 0),
      tell: (event) => this.tell(event),
      ...duties,
    });
    this.tell({ type: "listening", port: this.port });
  }

  /** Registers a listener; the returned function takes it back. */
  on(listener: TransferListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells all listeners. */
  tell(event: TransferEvent): void {
    if (event.type === "piece") this.#haveBytes += event.bytes;
    for (const listener of this.#listeners) listener(event);
  }

  /** So much was on disk when the transfer began. */
  startWith(haveBytes: number): void {
    this.#haveBytes = haveBytes;
  }

  /** Verified bytes on disk. */
  get haveBytes(): number {
    return this.#haveBytes;
  }

  /** Announces the torrent on trackers from now on. */
  announce(
    trackers: readonly string[],
    swarms: { v1Hash?: Uint8Array | undefined; v2Hash?: Uint8Array | undefined },
    progress: () => Omit<AnnouncedProgress, "uploadedBytes" | "downloadedBytes">,
    hosted: () => { name: string; length: number; v2Hash?: Uint8Array } | undefined,
  ): void {
    if (trackers.length === 0) return;
    const { v1Hash, v2Hash } = swarms;
    this.#announcer = new Announcer({
      trackers,
      swarms: [
        ...(v1Hash ? [{ infoHash: v1Hash, v2: false }] : []),
        ...(v2Hash ? [{ infoHash: v2Hash.subarray(0, 20), v2: true }] : []),
      ],
      peerId: this.#peerId,
      port: this.port,
      progress: () => ({ ...this.#moved(), ...progress() }),
      hosted,
      onPeers: (addresses, v2) => this.session.learn(addresses, "tracker", v2),
      onStatus: ({ nextInSeconds: _, ...status }) => {
        this.#trackers.set(status.url, status.ok);
        this.#heardOfTracker.resolve();
        this.tell({ type: "tracker", ...status });
      },
      ...(this.#host !== undefined && isBindable(this.#host) && { localHost: this.#host }),
    });
  }

  /** Resolves when the first tracker has answered or failed to, after `ms` at the latest. */
  async announced(ms: number): Promise<void> {
    if (this.#announcer === undefined) return;
    const waited = new AbortController();
    await Promise.race([this.#heardOfTracker.promise, pause(ms, waited.signal)]);
    waited.abort();
  }

  /** What there is to expect of trackers: nothing without one, nothing while all fail. */
  get trackerState(): TrackerState {
    if (this.#announcer === undefined) return "none";
    const answers = [...this.#trackers.values()];
    return answers.length > 0 && !answers.includes(true) ? "failing" : "answering";
  }

  /** Asks the trackers anew: what they were told no longer holds. */
  announceNow(): void {
    this.#announcer?.announceNow();
  }

  /** Tells the trackers that everything is here. */
  announceCompleted(): void {
    this.#announcer?.completed();
  }

  /** Asks the trackers early when there are hardly any peers. */
  askForPeers(): void {
    const { book } = this.session.swarm;
    let usable = 0;
    for (const peer of book.values()) {
      if (peer.state !== "away" && peer.state !== "banned") usable++;
    }
    if (usable < ENOUGH_PEERS) this.#announcer?.announceNow();
  }

  /** Closes everything: peers first, then `stopped` to the trackers, then the port. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.all([this.session.close(), this.#announcer?.close()]);
      await this.#listener.close();
    })();
    return this.#closing;
  }

  /** The figures that do not depend on whether it seeds or leeches. */
  stats(nowMs = performance.now()): Omit<TransferStats, "name" | "state" | "totalBytes"> {
    const { swarm } = this.session;
    const connections = [...swarm.connections.values()].map((c) => connectionStats(c, nowMs));
    const sum = (of: (c: ConnectionStats) => number) => connections.reduce((n, c) => n + of(c), 0);
    const states = { known: 0, connecting: 0, connected: 0, away: 0, banned: 0, available: 0 };
    for (const peer of swarm.book.values()) {
      states.known++;
      states[peer.state]++;
    }
    const { available: _, ...peers } = states;
    const transfer = swarm.phase.name === "transfer" ? swarm.phase.transfer : undefined;
    return {
      haveBytes: this.#haveBytes,
      ...this.#moved(),
      wastedBytes: transfer?.download.wastedBytes ?? 0,
      downloadRate: sum((c) => c.downloadRate),
      uploadRate: sum((c) => c.uploadRate),
      pieces: transfer?.layout.pieceCount ?? 0,
      havePieces: transfer?.pieces.have.count ?? 0,
      peers,
      connections,
      sources: this.sources(),
    };
  }

  /** Who gave how many verified bytes, most first. A peer that came back counts once. */
  sources(): TransferSource[] {
    const sources = new Map<string, TransferSource>();
    for (const peer of this.session.swarm.book.contributors()) {
      const address = addressOf(peer);
      const before = sources.get(address);
      const client = peer.client || before?.client;
      sources.set(address, {
        address,
        bytes: peer.verifiedBytes + (before?.bytes ?? 0),
        ...(client && { client }),
      });
    }
    return [...sources.values()].sort((a, b) => b.bytes - a.bytes);
  }

  #moved(): { uploadedBytes: number; downloadedBytes: number } {
    const { uploadedBytes, downloadedBytes } = this.session.swarm;
    return { uploadedBytes, downloadedBytes };
  }
}

function connectionStats(connection: Connection, nowMs: number): ConnectionStats {
  const { peer, negotiated, down, up, remote } = connection;
  const flags = [
    negotiated.inbound ? "i" : "",
    negotiated.v2 ? "2" : "",
    connection.peerChoking ? "" : "d",
    connection.amChoking ? "" : "u",
    connection.snubbed ? "s" : "",
  ];
  return {
    address: addressOf(peer),
    client: peer.client,
    downloadedBytes: down.total,
    uploadedBytes: up.total,
    downloadRate: down.rate(nowMs),
    uploadRate: up.rate(nowMs),
    progress: remote.length === 0 ? 0 : remote.count / remote.length,
    flags: flags.join(""),
  };
}

/** Announces leave from the bound address, unless that is "all" or one a tracker elsewhere cannot answer. */
function isBindable(host: string): boolean {
  return host !== "0.0.0.0" && host !== "::" && (isIPv6(host) || !isLoopback(host));
}
