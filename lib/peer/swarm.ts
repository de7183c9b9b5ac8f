/**
 * One torrent's peers: events in, actions out.
 *
 * The swarm has no clock, no sockets and no chance of its own: time comes with every event, chance is
 * injected, and what it wants done comes out of {@link Swarm.takeActions}. The same machine runs behind
 * real sockets and in a simulation.
 *
 * Driver's loop: feed events; after each batch call {@link Swarm.settle}, which asks peers for more, and
 * carry out the actions.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import {
  decodeDontHave,
  decodeMetadataMessage,
  EXTENDED_HANDSHAKE_ID,
} from "../codec/extension.ts";
import type { Handshake } from "../codec/handshake.ts";
import type { ExtendedMessage, Message } from "../codec/message.ts";
import { ProtocolError } from "../errors.ts";
import type { PieceIndex } from "../store/layout.ts";
import type { Action } from "./actions.ts";
import { type BlockRequest, Connection } from "./connection.ts";
import { CorruptDataError } from "./corrupt_data.ts";
import { ourExtendedHandshake, OurExtension, takeExtendedHandshake } from "./extended_handshake.ts";
import { InfoHashes, type TorrentHashes } from "./info_hashes.ts";
import { MetadataFetch } from "./metadata_fetch.ts";
import { type Peer, PeerBook, type PeerSource } from "./peer_book.ts";
import { Transfer, type TransferOptions } from "./transfer.ts";

const KEEP_ALIVE_MS = 55_000;
/** rqbit hangs up after ten silent seconds. */
const KEEP_ALIVE_RQBIT_MS = 8000;
const IDLE_TIMEOUT_MS = 150_000;
/** Attempts to connect under way at once. */
const MAX_DIALS = 30;

/** Who we are and what we may spend. */
export interface SwarmOptions {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** What we call ourselves (BEP 10 `v`). */
  readonly client: string;
  /** Where we accept connections. */
  readonly listenPort: number;
  /** SHA-1 of the info dictionary, 20 bytes, if there is one. */
  readonly v1Hash?: Uint8Array | undefined;
  /** SHA-256 of the info dictionary, 32 bytes, if there is one. */
  readonly v2Hash?: Uint8Array | undefined;
  readonly maxConnections: number;
  /** Peers served at once. */
  readonly uploadSlots: number;
  /** A number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
}

/** The two phases of a swarm's life. */
export type Phase =
  | { readonly name: "metadata"; readonly fetch: MetadataFetch }
  | { readonly name: "transfer"; readonly transfer: Transfer };

/** All peers, connections and pieces of one torrent. */
export class Swarm {
  /** Everybody we know of. */
  readonly book: PeerBook;
  /** The open conversations, by number. */
  readonly connections: ReadonlyMap<number, Connection>;
  readonly #connections = new Map<number, Connection>();
  readonly #options: SwarmOptions;
  readonly #peerId: string;
  #closedDownBytes = 0;
  #closedUpBytes = 0;
  #infoHashes: InfoHashes;
  #phase: Phase;
  #actions: Action[] = [];
  #nextId = 1;

  /** A swarm that knows nobody, and of its torrent the hash only. */
  constructor(options: SwarmOptions) {
    this.#options = options;
    this.#peerId = hex(options.peerId);
    this.#infoHashes = new InfoHashes(options, options.peerId);
    this.connections = this.#connections;
    this.book = new PeerBook((peer) => this.#emit({ type: "peer", peer }));
    const fetch = new MetadataFetch(options.v1Hash, options.v2Hash, this.#emit);
    this.#phase = { name: "metadata", fetch };
  }

  /** What to say in handshakes. */
  get infoHashes(): InfoHashes {
    return this.#infoHashes;
  }

  /** Fetching the metadata, or transferring pieces. */
  get phase(): Phase {
    return this.#phase;
  }

  /** File data received over all connections that ever were. */
  get downloadedBytes(): number {
    let bytes = this.#closedDownBytes;
    for (const connection of this.#connections.values()) bytes += connection.down.total;
    return bytes;
  }

  /** File data sent over all connections that ever were. */
  get uploadedBytes(): number {
    let bytes = this.#closedUpBytes;
    for (const connection of this.#connections.values()) bytes += connection.up.total;
    return bytes;
  }

  /** What is to be done now, in order. */
  takeActions(): Action[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Somebody told us of a peer. `v2`: it was found under the v2 info-hash. */
  learn(host: string, port: number, source: PeerSource, v2 = false): void {
    this.book.learn(host, port, source, v2);
  }

  /** Somebody connected to us; returns `undefined` when there is no room or it is not welcome. */
  accept(host: string, port: number): Peer | undefined {
    if (this.#connections.size >= this.#options.maxConnections) return undefined;
    const peer = this.book.learn(host, port, "inbound");
    if (peer === undefined || (peer.state !== "available" && peer.state !== "away")) {
      return undefined;
    }
    this.book.apply(peer, "accept");
    return peer;
  }

  /** An attempt to connect, ours or the peer's, came to nothing. */
  dialFailed(peer: Peer, reason: string, nowMs: number): void {
    this.book.lost(peer, reason, false, nowMs, this.#options.random);
  }

  /**
   * Handshakes are through. Returns the conversation, or in words why there will be none: it is
   * ourselves, somebody banned, or somebody we talk to already.
   */
  opened(
    peer: Peer,
    handshake: Handshake,
    settled: { inbound: boolean; v2: boolean },
    nowMs: number,
  ): Connection | string {
    const peerId = hex(handshake.peerId);
    const refusal = this.#refusal(peer, peerId, settled.inbound);
    if (refusal !== undefined) {
      this.dialFailed(peer, refusal, nowMs);
      if (!settled.inbound) this.#recognize(peer, peerId);
      return refusal;
    }
    const { extensions, fast } = handshake; // ours are both on
    const upgradable = handshake.v2Upgrade && !settled.v2;
    const negotiated = { ...settled, peerId, extensions, fast, upgradable };
    const connection = new Connection(this.#nextId++, peer, negotiated, nowMs);
    this.#connections.set(connection.id, connection);
    this.book.apply(peer, "handshake");
    if (extensions) this.#sendExtendedHandshake(connection);
    if (this.#phase.name === "metadata") this.#phase.fetch.joined(connection);
    else this.#phase.transfer.joined(connection, false);
    return connection;
  }

  /**
   * A message arrived.
   *
   * @throws {ProtocolError} when it breaks the protocol; the driver closes the connection
   */
  received(connection: Connection, message: Message, nowMs: number): void {
    if (connection.closing) return;
    connection.lastReceivedMs = nowMs;
    try {
      if (message.type === "extended") this.#extended(connection, message, nowMs);
      else if (this.#phase.name === "transfer") {
        this.#phase.transfer.received(connection, message, nowMs);
      } else this.#phase.fetch.received(connection, message);
    } catch (error) {
      if (error instanceof CorruptDataError) this.#ban(connection.peer, error.message);
      throw error;
    }
  }

  /** The connection is gone, whoever closed it. */
  closed(connection: Connection, reason: string, nowMs: number): void {
    if (!this.#connections.delete(connection.id)) return;
    if (this.#phase.name === "transfer") this.#phase.transfer.left(connection);
    else this.#phase.fetch.left(connection);
    this.#closedDownBytes += connection.down.total;
    this.#closedUpBytes += connection.up.total;
    const { peer } = connection;
    const useful = connection.down.total > 0 || connection.up.total > 0 ||
      !connection.peerChoking || connection.helpful;
    this.book.lost(peer, reason, useful, nowMs, this.#options.random);
  }

  /** The metadata is known and the disk is looked at: pieces can move. */
  beginTransfer(options: TransferOptions, hashes: TorrentHashes, nowMs: number): Transfer {
    this.#infoHashes = new InfoHashes(hashes, this.#options.peerId);
    const transfer = new Transfer(options, {
      connections: this.#connections,
      emit: this.#emit,
      random: this.#options.random,
      peerById: (id) => this.book.byId(id),
      uploadSlots: this.#options.uploadSlots,
    }, nowMs);
    const before = this.#phase;
    const nowHybrid = options.layout.version === "hybrid" && this.#options.v2Hash === undefined;
    const upgrade = nowHybrid && !transfer.hashesComplete;
    this.#phase = { name: "transfer", transfer };
    for (const connection of this.#connections.values()) {
      transfer.joined(connection, true);
      if (connection.negotiated.extensions) this.#sendExtendedHandshake(connection);
      const held = before.name === "metadata" ? before.fetch.held(connection) : [];
      this.#replay(connection, held, nowMs);
      connection.hungry = true;
      // Hashes are asked for on v2 connections only, and we did not know to offer one. Where the peer
      // could, we come back at once.
      if (!upgrade || !connection.negotiated.upgradable || !connection.peer.dialable) continue;
      connection.helpful = true;
      this.#close(connection, "connecting anew as v2");
    }
    return transfer;
  }

  /**
   * The driver checked a full piece. When it failed and one peer alone sent it, that peer is banned.
   *
   * @param bySha1 it was checked by its SHA-1
   */
  verified(piece: PieceIndex, matches: boolean, bySha1: boolean): void {
    const { from, alone } = this.#transfer().verified(piece, matches, bySha1);
    for (const peer of from) {
      if (matches) this.book.credit(peer);
      else if (alone) this.#ban(peer, `sent corrupt data (piece ${piece})`);
    }
    if (this.#transfer().pieces.isComplete) this.#emit({ type: "complete" });
  }

  /** Fetched blocks for the socket, up to `maxBytes`. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[] {
    return this.#phase.name === "transfer"
      ? this.#phase.transfer.upload.take(connection, maxBytes)
      : [];
  }

  /** Bytes were written to the peer: all of them, and how many were file data. */
  sent(connection: Connection, dataBytes: number, nowMs: number): void {
    connection.lastSentMs = nowMs;
    if (dataBytes > 0) connection.up.add(dataBytes, nowMs);
  }

  /** Time passed: timeouts, keep-alives, dials, chokes. */
  tick(nowMs: number): void {
    this.book.refresh(nowMs);
    if (this.#phase.name === "transfer") this.#phase.transfer.tick(nowMs);
    else {
      this.#phase.fetch.tick(nowMs);
      for (const connection of this.#connections.values()) connection.hungry = true;
    }
    for (const connection of this.#connections.values()) this.#watch(connection, nowMs);
    this.#dial();
  }

  /** Asks whoever may have something for us for more. Call it after every batch of events. */
  settle(nowMs: number): void {
    for (const connection of this.#connections.values()) {
      if (!connection.hungry || connection.closing) continue;
      if (this.#phase.name === "transfer") this.#phase.transfer.settle(connection, nowMs);
      else {
        connection.hungry = false;
        this.#phase.fetch.settle(connection, nowMs);
      }
    }
  }

  readonly #emit = (action: Action): void => {
    this.#actions.push(action);
  };

  #transfer(): Transfer {
    if (this.#phase.name === "transfer") return this.#phase.transfer;
    throw new Error("pieces do not move before the metadata is known");
  }

  #refusal(peer: Peer, peerId: string, inbound: boolean): string | undefined {
    if (peerId === this.#peerId) {
      if (!inbound) this.book.isOurselves(peer);
      return "that is ourselves";
    }
    if (peer.state === "banned") return peer.reason;
    if (this.book.isBannedId(peer.host, peerId)) return "banned before";
    if (this.#connections.size >= this.#options.maxConnections) return "no room";
    for (const other of this.#connections.values()) {
      if (other.negotiated.peerId !== peerId || other.closing) continue;
      // Both sides must drop the same one: the greater peer id keeps the connection it initiated.
      const newInitiatorIsGreater = inbound === (peerId > this.#peerId);
      const bothWays = other.negotiated.inbound !== inbound;
      if (!bothWays || !newInitiatorIsGreater) return "connected already";
      this.#close(other, "connected twice");
    }
    return undefined;
  }

  /** Somebody we dialled is connected to us already: from now on we know where it listens. */
  #recognize(peer: Peer, peerId: string): void {
    for (const { negotiated, peer: other } of this.#connections.values()) {
      if (negotiated.peerId !== peerId || other.host !== peer.host || other === peer) continue;
      this.book.identify(other, peer.port);
    }
  }

  #extended(connection: Connection, message: ExtendedMessage, nowMs: number): void {
    if (message.id === EXTENDED_HANDSHAKE_ID) {
      return this.#extendedHandshake(connection, message.payload);
    }
    if (message.id === OurExtension.metadata) {
      const metadata = decodeMetadataMessage(message.payload);
      if (this.#phase.name === "transfer") this.#phase.transfer.metadata(connection, metadata);
      else this.#phase.fetch.metadata(connection, metadata, nowMs);
    } else if (message.id === OurExtension.dontHave) {
      if (this.#phase.name === "transfer") {
        this.#phase.transfer.dontHave(connection, decodeDontHave(message.payload));
      }
    }
  }

  #extendedHandshake(connection: Connection, payload: Uint8Array): void {
    const listenPort = takeExtendedHandshake(connection, payload);
    if (listenPort !== undefined && connection.negotiated.inbound) {
      this.book.identify(connection.peer, listenPort);
      const { state, reason } = connection.peer;
      if (state === "banned") this.#close(connection, reason);
    }
    connection.hungry = true;
  }

  #sendExtendedHandshake(connection: Connection): void {
    const transfer = this.#phase.name === "transfer" ? this.#phase.transfer : undefined;
    const payload = ourExtendedHandshake(connection, this.#options, transfer);
    const message = { type: "extended", id: EXTENDED_HANDSHAKE_ID, payload } as const;
    this.#emit({ type: "send", connection, message });
  }

  /** What a peer said before we could understand it, said again. */
  #replay(connection: Connection, held: readonly Message[], nowMs: number): void {
    try {
      for (const message of held) this.#transfer().received(connection, message, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#close(connection, error.message);
    }
    if (connection.peerInterested) this.#transfer().upload.interested(connection, nowMs);
  }

  #watch(connection: Connection, nowMs: number): void {
    if (connection.closing) return;
    connection.peer.complete = this.#phase.name === "transfer" && connection.remote.isFull;
    if (connection.peer.state === "banned") return this.#close(connection, connection.peer.reason);
    if (nowMs - connection.lastReceivedMs > IDLE_TIMEOUT_MS) {
      return this.#close(connection, "said nothing for too long");
    }
    if (this.#bothComplete(connection) && nowMs - connection.openedMs > 1000) {
      return this.#close(connection, "both sides are complete");
    }
    const isRqbit = connection.negotiated.peerId.startsWith("2d7251"); // -rQ
    const keepAliveMs = isRqbit ? KEEP_ALIVE_RQBIT_MS : KEEP_ALIVE_MS;
    if (nowMs - connection.lastSentMs < keepAliveMs) return;
    connection.lastSentMs = nowMs;
    this.#emit({ type: "send", connection, message: { type: "keepAlive" } });
  }

  #bothComplete(connection: Connection): boolean {
    if (this.#phase.name !== "transfer" || !connection.peer.complete) return false;
    return this.#phase.transfer.pieces.isComplete && !connection.peerInterested;
  }

  #dial(): void {
    const complete = this.#phase.name === "transfer" && this.#phase.transfer.pieces.isComplete;
    let connecting = 0;
    for (const peer of this.book.values()) if (peer.state === "connecting") connecting++;
    for (const peer of this.book.values()) {
      if (connecting >= MAX_DIALS) return;
      if (this.#connections.size + connecting >= this.#options.maxConnections) return;
      if (peer.state !== "available" || !peer.dialable || (complete && peer.complete)) continue;
      this.book.apply(peer, "dial");
      connecting++;
      this.#emit({ type: "dial", peer, v2: this.#infoHashes.dialsV2(peer.v2) });
    }
  }

  #close(connection: Connection, reason: string): void {
    if (connection.closing) return;
    connection.closing = true;
    this.#emit({ type: "close", connection, reason });
  }

  #ban(peer: Peer, reason: string): void {
    const connection = [...this.#connections.values()].find((other) => other.peer === peer);
    this.book.ban(peer, connection?.negotiated.peerId, reason);
    if (connection !== undefined) this.#close(connection, reason);
  }
}
