/**
 * One swarm on a bench; the test plays its peers, its driver and its clock.
 * @module
 */

import type { Handshake } from "../../../lib/codec/wire/handshake.ts";
import type { Message } from "../../../lib/codec/wire/message.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import type { Peer } from "../../../lib/peer/connection/peer.ts";
import type { ConnectionLimit } from "../../../lib/peer/peers/connection_limit.ts";
import { Swarm } from "../../../lib/peer/swarm.ts";
import type { TransferView } from "../../../lib/peer/transfer_view.ts";
import type { Bitfield } from "../../../lib/store/bitfield.ts";
import { seededRandom } from "../../../support/random.ts";
import { bits, sentTo } from "../peer/peers.ts";
import { MemoryTorrent } from "./memory_torrent.ts";

/** How a swarm on a bench is set up. */
export interface SwarmHarnessOptions {
  torrent?: MemoryTorrent;
  /** What is on disk; without it the swarm knows the hashes only. */
  have?: Bitfield;
  /** Which hashes it knows before the metadata; all by default. */
  hashes?: readonly ("v1" | "v2")[];
  /** Whether piece layers are known. */
  layersKnown?: boolean;
  /** The byte its peer id consists of. */
  id?: number;
  maxConnections?: number;
  /** What it shares with other swarms. */
  connectionLimit?: ConnectionLimit;
  uploadSlots?: number;
}

/** Twenty times the same byte: a peer id whose order is plain to see. */
export function idOf(byte: number): Uint8Array {
  return new Uint8Array(20).fill(byte);
}

/** A swarm whose surroundings are the test. */
export class SwarmHarness {
  readonly torrent: MemoryTorrent;
  readonly swarm: Swarm;
  nowMs = 1000;
  readonly #options: SwarmHarnessOptions;
  #actions: Action[] = [];

  constructor(options: SwarmHarnessOptions = {}) {
    this.#options = options;
    this.torrent = options.torrent ??
      new MemoryTorrent({ lengths: [4 * 32_768], pieceLength: 32_768 });
    const { info } = this.torrent;
    const hashes = options.hashes ?? ["v1", "v2"];
    this.swarm = new Swarm({
      peerId: idOf(options.id ?? 100),
      client: "bench",
      listenPort: 6881,
      v1Hash: hashes.includes("v1") ? info.v1Hash : undefined,
      v2Hash: hashes.includes("v2") ? info.v2Hash : undefined,
      maxConnections: options.maxConnections ?? 50,
      connectionLimit: options.connectionLimit,
      uploadSlots: options.uploadSlots ?? 4,
      random: seededRandom(1),
    });
    if (options.have !== undefined) this.begin(options.have);
  }

  /** The transfer; throws while there is none. */
  get transfer(): TransferView {
    const { transfer } = this.swarm;
    if (transfer === undefined) throw new Error("no metadata yet");
    return transfer;
  }

  /** The metadata is known. */
  begin(have: Bitfield = bits(this.torrent.layout.pieceCount)): void {
    const { info, layout } = this.torrent;
    this.swarm.beginTransfer(
      {
        info: info.bytes,
        layout,
        have,
        slotCount: 16,
        sha1s: info.pieces,
        private: info.private,
        layers: this.torrent.layers(this.#options.layersKnown ?? true),
        storeBlock: () => {},
      },
      { v1Hash: info.v1Hash, v2Hash: info.v2Hash },
      this.nowMs,
    );
  }

  /** A peer's handshake. */
  handshake(id: number, more: Partial<Handshake> = {}): Handshake {
    const { v1Hash, v2Hash } = this.torrent.info;
    const infoHash = v1Hash ?? v2Hash!.subarray(0, 20);
    const off = { dht: false, v2Upgrade: false };
    return { infoHash, peerId: idOf(id), extensions: true, fast: true, ...off, ...more };
  }

  /** Somebody connects to us; a string says why not. */
  inbound(id: number, more: Partial<Handshake> & { host?: string; v2?: boolean } = {}) {
    const { host = `10.0.0.${id}`, v2 = false, ...handshake } = more;
    const peer = this.swarm.accept(host, 50_000 + id);
    if (peer === undefined) return "not accepted";
    const settled = { inbound: true, v2 };
    return this.swarm.opened(peer, this.handshake(id, handshake), settled, this.nowMs);
  }

  /** As {@link inbound}, for one that is welcome. */
  connect(id: number, more: Partial<Handshake> & { host?: string; v2?: boolean } = {}): Connection {
    const connection = this.inbound(id, more);
    if (typeof connection === "string") throw new Error(connection);
    return connection;
  }

  /** We dial the peer at this host; a string says why there is no connection. */
  outbound(id: number, more: Partial<Handshake> & { host?: string; v2?: boolean } = {}) {
    const { host = `10.0.0.${id}`, v2 = false, ...handshake } = more;
    this.swarm.addPeer(host, 6881, "tracker");
    const peer = this.peerAt(host, 6881)!;
    if (peer.state === "available") this.swarm.peers.apply(peer, "dial");
    const settled = { inbound: false, v2 };
    return this.swarm.opened(peer, this.handshake(id, handshake), settled, this.nowMs);
  }

  /** The peer known at an address. */
  peerAt(host: string, port: number): Peer | undefined {
    return [...this.swarm.peers.values()].find((peer) => peer.host === host && peer.port === port);
  }

  /** The peer says something. */
  say(connection: Connection, ...messages: Message[]): void {
    for (const message of messages) this.swarm.received(connection, message, this.nowMs);
  }

  /** Time passes, with a look around every quarter of a second. */
  pass(byMs: number): void {
    for (const untilMs = this.nowMs + byMs; this.nowMs < untilMs;) {
      this.nowMs = Math.min(untilMs, this.nowMs + 250);
      this.swarm.tick(this.nowMs);
      this.swarm.poll(this.nowMs);
    }
  }

  /** What the swarm wants done, after settling; closes are not carried out. */
  actions(): Action[] {
    this.swarm.poll(this.nowMs);
    this.#actions.push(...this.swarm.pollActions());
    this.swarm.checkInvariant();
    return this.#actions.splice(0);
  }

  /** The messages to this connection; those to others are forgotten. */
  said(connection: Connection): Message[] {
    return sentTo(this.actions(), connection);
  }

  /** Carries out all closes that are wanted; returns the reasons. */
  carryOutCloses(): string[] {
    const reasons: string[] = [];
    for (const action of this.actions()) {
      if (action.type !== "close") continue;
      reasons.push(action.reason);
      this.swarm.closed(action.connection, action.reason, this.nowMs);
    }
    return reasons;
  }
}
