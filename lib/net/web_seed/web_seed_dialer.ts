/**
 * The web seeds of one torrent: from a URL in the book of peers to a connection.
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

/** What a server has of a file of the same length that is another one. */
const OTHER_DATA = "has other data than the torrent";
/** Of a server's missing files so many are told. */
const MAX_TOLD = 3;

/** A web server, and who names it: the user, or somebody who is so near. */
export interface WebSeedUrl {
  readonly url: string;
  readonly from: SourceScope;
}

/** What web seeds need from the session they belong to. */
interface WebSeedsOptions {
  readonly info: WebSeedFiles;
  readonly layout: Layout;
  readonly swarm: Swarm;
  readonly host: TransportHost;
  /** Runs a carrier until its connection has ended. */
  readonly carry: (connection: Connection, carrier: Transport) => Promise<void>;
  /** Hears, in a sentence, what people have to mend. */
  readonly onWarning: (message: string) => void;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** The clock of the swarm; the machine's by default. */
  readonly clock?: Clock;
}

/** What is known of a web server. */
interface Server {
  readonly client: HttpClient;
  readonly lacks: MissingFiles;
  /** Who answers for it now, while there is a connection. */
  seed?: WebSeed | undefined;
  /** Of how many files the user was told. */
  told: number;
}

/** Takes up connections to web servers. */
export class WebSeedDialer implements Disposable {
  readonly #options: WebSeedsOptions;
  readonly #told = new Set<string>();
  readonly #servers = new Map<string, Server>();
  readonly #clock: Clock;

  /** For one torrent whose metadata is known. */
  constructor(options: WebSeedsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Takes a web server into the book of peers, once. */
  add({ url, from }: WebSeedUrl): void {
    if (this.#servers.has(url)) return;
    const { layout, info, swarm } = this.#options;
    const client = new HttpClient(from, undefined, this.#clock);
    this.#servers.set(url, { client, lacks: new MissingFiles(layout, info.files), told: 0 });
    swarm.peers.addWebSeed(new URL(url));
  }

  /** Closes what is open, once no connection is left. */
  [Symbol.dispose](): void {
    for (const { client } of this.#servers.values()) client[Symbol.dispose]();
  }

  /** Does for a web seed what connecting and shaking hands is for a peer, and stays until its end. */
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
      fast: true, // each request is answered, be it by a reject
      dht: false,
      v2Upgrade: false,
    };
    peer.client = "web seed";
    // Not v2: hashes are asked for on such connections.
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
   * What came from a web server of this piece is not the torrent's. It may have another version of a file:
   * the rest goes on coming from there. Only where several files are wrong nothing does any more.
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
   * Looks for the longest file: whether it can be had in parts shows there. Where it is not there, the
   * next one may be.
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

  /** Tells of the first few files that a server lacks: it is somebody's to mend. */
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

  /** Leaves a server alone for as long as it asked for, and tells the user what only people can mend. */
  #mind(peer: Peer, url: string, fault: unknown): void {
    if (!(fault instanceof WebSeedError) || fault.waitMs === undefined) return;
    this.#options.swarm.peers.postpone(peer, this.#clock.nowMs() + fault.waitMs);
    if (fault.isHopeless) this.#warn(`the web seed ${url} ${fault.message}`);
  }
}

/** A peer id of its own, so that no web seed is taken for another or for a peer (BEP 20). */
function webSeedPeerId(): Uint8Array {
  const peerId = crypto.getRandomValues(new Uint8Array(20));
  peerId.set(utf8("-WS0000-"));
  return peerId;
}
