/**
 * Connects to the web seeds of one torrent.
 *
 * @module
 */

import type { SourceScope } from "../../codec/address_scope.ts";
import { utf8 } from "../../codec/bytes.ts";
import { type WebSeedFiles, webSeedFileUrl } from "../../codec/torrent/web_seed_url.ts";
import type { Connection } from "../../peer/connection/connection.ts";
import type { Peer } from "../../peer/connection/peer.ts";
import type { Swarm } from "../../peer/swarm.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { rethrowBug } from "../../runtime/operational_errors.ts";
import type { Layout, PieceIndex } from "../../store/layout.ts";
import { HttpClient } from "../http_client.ts";
import { MissingFileError, WebSeedError } from "../http_errors.ts";
import type { Transport, TransportHost } from "../transport.ts";
import { probe } from "./http_range.ts";
import { MissingFiles } from "./missing_files.ts";
import { WebSeed } from "./web_seed.ts";

/** Warning for a file of the right length with different content. */
const OTHER_DATA = "has other data than the torrent";
/** Maximum number of missing files reported per server. */
const MAX_TOLD = 3;

/** A web server's URL and its source: the user, or a network scope. */
export interface WebSeedUrl {
  readonly url: string;
  readonly from: SourceScope;
}

/** What web seeds need from their session. */
interface WebSeedsOptions {
  readonly info: WebSeedFiles;
  readonly layout: Layout;
  readonly swarm: Swarm;
  readonly host: TransportHost;
  /** Runs a transport until its connection has ended. */
  readonly carry: (connection: Connection, carrier: Transport) => Promise<void>;
  /** Receives, as a sentence, problems that the user has to fix. */
  readonly onWarning: (message: string) => void;
  /** Aborts all web seeds. */
  readonly signal: AbortSignal;
  /** The clock of the swarm; the system clock by default. */
  readonly clock?: Clock;
}

/** State of a web server. */
interface Server {
  readonly client: HttpClient;
  readonly lacks: MissingFiles;
  /** The running web seed, while there is a connection. */
  seed?: WebSeed | undefined;
  /** Number of missing files reported to the user. */
  told: number;
}

/** Opens connections to web servers. */
export class WebSeedDialer implements Disposable {
  readonly #options: WebSeedsOptions;
  readonly #told = new Set<string>();
  readonly #servers = new Map<string, Server>();
  readonly #clock: Clock;

  /** @param options The torrent, whose metadata must be known, and its session. */
  constructor(options: WebSeedsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Adds a web server to the known peers, once. */
  add({ url, from }: WebSeedUrl): void {
    if (this.#servers.has(url)) return;
    const { layout, info, swarm } = this.#options;
    const client = new HttpClient(from, undefined, this.#clock);
    this.#servers.set(url, { client, lacks: new MissingFiles(layout, info.files), told: 0 });
    swarm.peers.addWebSeed(new URL(url));
  }

  /** Closes all HTTP clients. No connection may be left. */
  [Symbol.dispose](): void {
    for (const { client } of this.#servers.values()) client[Symbol.dispose]();
  }

  /** The counterpart of dialling a peer. Runs the web seed until its connection ends. */
  async dial(peer: Peer, url: string): Promise<void> {
    const { swarm, info, layout, host, carry } = this.#options;
    const server = this.#servers.get(url)!;
    const { client, lacks } = server;
    const onMissing = (file: number, fault: WebSeedError) => this.#miss(url, file, fault.message);
    try {
      await this.#probe(url);
    } catch (error) {
      if (!(error instanceof WebSeedError)) rethrowBug(error);
      const reason = error instanceof Error ? error.message : String(error);
      swarm.dialFailed(peer, reason, this.#clock.nowMs());
      return this.#mind(peer, url, error);
    }
    const handshake = {
      infoHash: swarm.infoHashes.v1 ?? swarm.infoHashes.v2!,
      peerId: webSeedPeerId(),
      extensions: false,
      fast: true, // each request is answered, if need be by a reject
      dht: false,
      v2Upgrade: false,
    };
    peer.client = "web seed";
    // Not v2, because v2 connections are asked for hashes.
    const settled = { inbound: false, v2: false };
    const connection = swarm.opened(peer, handshake, settled, this.#clock.nowMs());
    if (typeof connection === "string") return;
    const about = { url, info, layout, client, lacks, clock: this.#clock, onMissing };
    const seed = server.seed = new WebSeed(connection, about, host);
    await carry(connection, seed);
    server.seed = undefined;
    this.#mind(peer, url, seed.fault);
  }

  /**
   * Handles a bad piece from a web server. The server may have another version of one file, so it stays in
   * use for the other files. It is banned only if several files are wrong.
   */
  spoiled(peer: Peer, piece: PieceIndex): void {
    const { lacks, seed } = this.#servers.get(peer.url!)!;
    const learned = lacks.differ(piece);
    if (learned === undefined) return;
    const { files: { first, last }, hope } = learned;
    if (!hope) return this.#options.swarm.ban(peer, piece);
    this.#miss(peer.url!, first, OTHER_DATA, first === last ? "" : " or a file after it");
    seed?.reconsider();
  }

  /**
   * Probes the longest available file, which shows best whether the server supports ranges. If it is missing,
   * the next longest one is probed.
   */
  async #probe(url: string): Promise<void> {
    const { info, signal } = this.#options;
    const { client, lacks } = this.#servers.get(url)!;
    lacks.forget(lacks.longest() === undefined ? Infinity : this.#clock.nowMs());
    for (let file = lacks.longest(); file !== undefined; file = lacks.longest()) {
      const { length: fileLength } = info.files[file]!;
      try {
        await probe(client, { url: webSeedFileUrl(url, info, file), fileLength }, signal);
        return lacks.hit();
      } catch (error) {
        if (!(error instanceof MissingFileError)) throw error;
        if (!lacks.miss(file, this.#clock.nowMs())) throw error;
        this.#miss(url, file, error.message);
      }
    }
    signal.throwIfAborted();
  }

  /** Warns about the first few files that a server lacks, which its owner can fix. */
  #miss(url: string, file: number, message: string, orElse = ""): void {
    const server = this.#servers.get(url)!;
    const path = this.#options.info.files[file]!.path.join("/");
    const text =
      `the web seed ${url} ${message} for "${path}"${orElse}; the other files come from there`;
    if (this.#told.has(text) || server.told === MAX_TOLD) return;
    server.told++;
    this.#warn(text);
  }

  #warn(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.onWarning(message);
  }

  /**
   * Leaves a server alone for as long as its error demands, and warns about errors that only people can fix.
   */
  #mind(peer: Peer, url: string, fault: unknown): void {
    if (!(fault instanceof WebSeedError) || fault.waitMs === undefined) return;
    this.#options.swarm.peers.postpone(peer, this.#clock.nowMs() + fault.waitMs);
    if (fault.isHopeless) this.#warn(`the web seed ${url} ${fault.message}`);
  }
}

/** A unique peer id, so that a web seed is not taken for another one or for a peer (BEP 20). */
function webSeedPeerId(): Uint8Array {
  const peerId = crypto.getRandomValues(new Uint8Array(20));
  peerId.set(utf8("-WS0000-"));
  return peerId;
}
