/**
 * The web seeds of one torrent: from a URL in the book of peers to a connection.
 *
 * @module
 */

import { utf8 } from "../codec/bytes.ts";
import { type WebSeedFiles, webSeedFileUrl } from "../codec/web_seed_url.ts";
import type { Connection } from "../peer/connection.ts";
import type { Peer } from "../peer/peer_book.ts";
import type { Swarm } from "../peer/swarm.ts";
import type { Layout } from "../store/layout.ts";
import type { Carrier, CarrierHost } from "./carrier.ts";
import type { TransferListener } from "./events.ts";
import { expectOutsideFault } from "./outside_fault.ts";
import { probe, WebFault } from "./web_fetch.ts";
import { WebSeed } from "./web_seed.ts";

/** What web seeds need from the session they belong to. */
export interface WebSeedsOptions {
  readonly info: WebSeedFiles;
  readonly layout: Layout;
  readonly swarm: Swarm;
  readonly host: CarrierHost;
  /** Runs a carrier until its connection has ended. */
  readonly carry: (connection: Connection, carrier: Carrier) => Promise<void>;
  readonly tell: TransferListener;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** Takes up connections to web servers. */
export class WebSeeds {
  readonly #options: WebSeedsOptions;
  readonly #told = new Set<string>();

  /** For one torrent whose metadata is known. */
  constructor(options: WebSeedsOptions) {
    this.#options = options;
  }

  /** Does for a web seed what connecting and shaking hands is for a peer, and stays until its end. */
  async dial(peer: Peer, url: string): Promise<void> {
    const { swarm, info, layout, host, carry } = this.#options;
    try {
      await this.#probe(url);
      this.#options.signal.throwIfAborted();
    } catch (error) {
      if (!(error instanceof WebFault)) expectOutsideFault(error);
      const reason = error instanceof Error ? error.message : String(error);
      swarm.dialFailed(peer, reason, performance.now());
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
    const connection = swarm.opened(peer, handshake, settled, performance.now());
    if (typeof connection === "string") return;
    const seed = new WebSeed(connection, { url, info, layout }, host);
    await carry(connection, seed);
    this.#mind(peer, url, seed.fault);
  }

  /** Looks for the longest file: whether it can be had in parts shows there. */
  async #probe(url: string): Promise<void> {
    const { info, signal } = this.#options;
    let longest = -1;
    for (const [file, { length, pad }] of info.files.entries()) {
      if (!pad && length > (info.files[longest]?.length ?? 0)) longest = file;
    }
    if (longest < 0) return;
    const fileLength = info.files[longest]!.length;
    await probe({ url: webSeedFileUrl(url, info, longest), fileLength }, signal);
  }

  /** Leaves a server alone for as long as it asked for, and tells the user what only people can mend. */
  #mind(peer: Peer, url: string, fault: unknown): void {
    if (!(fault instanceof WebFault) || fault.waitMs === undefined) return;
    this.#options.swarm.book.postpone(peer, performance.now() + fault.waitMs);
    const message = `the web seed ${url} ${fault.message}`;
    if (!fault.isHopeless || this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.tell({ type: "warning", message });
  }
}

/** A peer id of its own, so that no web seed is taken for another or for a peer (BEP 20). */
function webSeedPeerId(): Uint8Array {
  const peerId = crypto.getRandomValues(new Uint8Array(20));
  peerId.set(utf8("-WS0000-"));
  return peerId;
}
