/**
 * One torrent's peers: events in, actions out.
 *
 * The swarm has no clock, no sockets and no chance of its own: time comes with every event, chance is
 * injected, and what it wants done comes out of {@link Swarm.pollActions}. The same machine runs behind
 * real sockets and in a simulation.
 *
 * A driver feeds the events. After each batch it calls {@link Swarm.poll}, which asks peers for more, and
 * carries out the actions.
 *
 * @module
 */

import type { HostPort } from "../codec/address.ts";
import type { Handshake } from "../codec/wire/handshake.ts";
import type { Message } from "../codec/wire/message.ts";
import { CorruptDataError } from "../errors.ts";
import type { PieceIndex } from "../store/layout.ts";
import { adoptConnections } from "./adopt_connections.ts";
import { type Action, Outbox } from "./connection/actions.ts";
import type { Connection } from "./connection/connection.ts";
import { InfoHashes, type TorrentHashes } from "./connection/info_hashes.ts";
import type { Peer, PeerSource } from "./connection/peer.ts";
import { ReadyQueue } from "./connection/ready_queue.ts";
import type { BlockRequest } from "./connection/upload_state.ts";
import { ConnectionLifecycle } from "./connection_lifecycle.ts";
import { Extensions } from "./extension/extensions.ts";
import { MetadataFetch } from "./extension/metadata_fetch.ts";
import { PeerExchange } from "./extension/pex.ts";
import type { SwarmOptions, TransferOptions } from "./options.ts";
import { addPeers, type Introduction } from "./peers/address_filter.ts";
import { ConnectionPolicy } from "./peers/connection_policy.ts";
import { ExternalAddress } from "./peers/external_address.ts";
import type { PeerContext } from "./peers/peer_context.ts";
import { PeerList } from "./peers/peer_list.ts";
import { Transfer } from "./transfer.ts";
import type { TransferView } from "./transfer_view.ts";

/** All peers, connections and pieces of one torrent. */
export class Swarm {
  /** Every peer that is known. */
  readonly peers: PeerList;
  /** Where we are, and are seen. */
  readonly ownAddresses: ExternalAddress;
  /** The open conversations, by number. */
  readonly connections: ReadonlyMap<number, Connection>;
  readonly #options: SwarmOptions;
  readonly #context: PeerContext;
  readonly #policy: ConnectionPolicy;
  readonly #pex: PeerExchange;
  readonly #extensions: Extensions;
  readonly #lifecycle: ConnectionLifecycle;
  #infoHashes: InfoHashes;
  /** What the swarm does now: it fetches the metadata, or it transfers pieces. */
  #phase: MetadataFetch | Transfer;
  /** The same, once pieces can move. */
  #transfer: Transfer | undefined;
  readonly #outbox = new Outbox();
  #tickMs = 0; // when the last tick was

  /** A swarm that knows no peer yet, and of its torrent the hashes only. */
  constructor(options: SwarmOptions) {
    this.#options = options;
    this.#infoHashes = new InfoHashes(options, options.peerId);
    const connections = new Map<number, Connection>();
    this.connections = connections;
    this.peers = new PeerList((peer) => this.#outbox.emit({ type: "peer", peer }));
    this.ownAddresses = new ExternalAddress(options.listenPort, options.listenHost);
    const context = this.#context = {
      connections,
      emit: this.#outbox.emit,
      ready: new ReadyQueue(),
      random: options.random,
      peerById: (id) => this.peers.byId(id),
      peers: this.peers,
      ownAddresses: this.ownAddresses,
    };
    this.#phase = new MetadataFetch(context, options);
    const { peerId, maxConnections } = options;
    const wantsNothing = () => this.#wantsNothing;
    this.#policy = new ConnectionPolicy(context, { peerId, maxConnections, wantsNothing });
    this.#pex = new PeerExchange(context);
    this.#extensions = new Extensions(context, options, {
      target: () => this.#phase,
      pex: this.#pex,
      onListenPort: (connection, port) => this.#policy.setListenPort(connection, port),
    });
    this.#lifecycle = new ConnectionLifecycle(context, connections, {
      policy: this.#policy,
      pex: this.#pex,
      extensions: this.#extensions,
      phase: () => this.#phase,
    });
  }

  /** What to say in handshakes. */
  get infoHashes(): InfoHashes {
    return this.#infoHashes;
  }

  /** The transfer; `undefined` while the metadata is not known. */
  get transfer(): TransferView | undefined {
    return this.#transfer;
  }

  /** Trackers and the user alone introduce peers (BEP 27), as far as we know yet. */
  get private(): boolean {
    return this.#extensions.isPrivate;
  }

  /** It is known to be private: before anybody is connected, or else {@link beginTransfer} says so. */
  becomePrivate(): void {
    this.#extensions.isPrivate = true;
    this.#policy.becomePrivate();
  }

  /** File data received over all connections that ever were. */
  get downloadedBytes(): number {
    return this.#lifecycle.totals.downloaded;
  }

  /** File data sent over all connections that ever were. */
  get uploadedBytes(): number {
    return this.#lifecycle.totals.uploaded;
  }

  /** What is to be done now, in order. */
  pollActions(): readonly Action[] {
    return this.#outbox.take();
  }

  /** A peer became known. `v2`: it was found under the v2 info-hash. */
  addPeer(host: string, port: number, source: PeerSource, v2 = false): void {
    this.introduce([{ host, port }], source, { v2 });
  }

  /** Peers became known: see {@link addPeers}. */
  introduce(peers: readonly HostPort[], source: PeerSource, told: Introduction): void {
    addPeers(this.peers, this.ownAddresses, peers, source, told);
  }

  /** A peer connected to us. Returns `undefined` when there is no room for it or it is not welcome. */
  accept(host: string, port: number): Peer | undefined {
    return this.#policy.accept(host, port, this.#tickMs);
  }

  /** An attempt to connect, ours or the peer's, came to nothing. */
  dialFailed(peer: Peer, reason: string, nowMs: number): void {
    this.#policy.dialFailed(peer, reason, nowMs);
  }

  /**
   * Both handshakes are complete. Returns the connection, or in words why there will be none: the peer is
   * ourselves, is banned, or is connected already.
   */
  opened(
    peer: Peer,
    handshake: Handshake,
    settled: { inbound: boolean; v2: boolean },
    nowMs: number,
  ): Connection | string {
    return this.#lifecycle.open(peer, handshake, settled, nowMs);
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
      if (message.type === "extended") this.#extensions.onMessage(connection, message, nowMs);
      else this.#phase.onMessage(connection, message, nowMs);
    } catch (error) {
      if (error instanceof CorruptDataError) this.#policy.ban(connection.peer, error.message);
      throw error;
    }
  }

  /** The connection is gone, whoever closed it. */
  closed(connection: Connection, reason: string, nowMs: number): void {
    const wasOpen = this.#lifecycle.end(connection, reason, this.#wantsNothing, nowMs);
    if (!wasOpen || !connection.renewed) return;
    this.peers.postpone(connection.peer, nowMs); // nothing failed: there is nothing to wait for
    this.#dial(nowMs);
  }

  /** A peer is proved to have sent corrupt data, and nothing is taken from it any more. */
  ban(peer: Peer, piece: PieceIndex): void {
    this.#policy.ban(peer, `sent corrupt data (piece ${piece})`);
  }

  /** The metadata is known and the disk is looked at: pieces can move. */
  beginTransfer(options: TransferOptions, hashes: TorrentHashes, nowMs: number): void {
    this.#infoHashes = new InfoHashes(hashes, this.#options.peerId);
    const ban = (peer: Peer, piece: PieceIndex) => {
      if (peer.url === undefined) this.ban(peer, piece);
      else this.#outbox.emit({ type: "spoiled", peer, piece });
    };
    const transfer = new Transfer(this.#context, options, this.#options, ban, nowMs);
    const before = this.#phase;
    if (before instanceof Transfer) throw new Error("the transfer has begun already");
    const nowHybrid = options.layout.version === "hybrid" && this.#options.v2Hash === undefined;
    const upgrade = nowHybrid && !transfer.hashesComplete;
    this.#phase = this.#transfer = transfer;
    if (options.private) this.becomePrivate();
    adoptConnections(this.#context, before, transfer, this.#extensions, upgrade, nowMs);
  }

  /**
   * The driver checked a full piece, and stored it when it matched.
   *
   * @param bySha1 it was checked by its SHA-1
   * @param digests the SHA-256 of each of its blocks, packed: where it did not match, or where
   * {@link VerifyAction.wantsDigests} says so. They tell who sent wrong blocks; without them no peer that
   * sent a piece together with others is ever banned.
   */
  verified(piece: PieceIndex, matches: boolean, bySha1: boolean, digests?: Uint8Array): void {
    const from = this.#running.verified(piece, matches, bySha1, digests);
    for (const peer of from) this.peers.credit(peer);
    if (this.#running.pieces.isComplete) this.#outbox.emit({ type: "complete" });
  }

  /** The driver could not store a full piece. */
  storeFailed(piece: PieceIndex): void {
    this.#running.download.onStoreFailed(piece);
  }

  /** The driver found that a piece on disk is not what it was. */
  pieceLost(piece: PieceIndex): void {
    this.#running.pieceLost(piece);
  }

  /** The driver hashed the blocks of a piece on disk, packed, or could not. */
  hashed(piece: PieceIndex, leaves: Uint8Array | undefined, nowMs: number): void {
    this.#running.hashed(piece, leaves, nowMs);
  }

  /** Fetched blocks for the socket, up to `maxBytes`. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[] {
    return this.#transfer?.takeUploads(connection, maxBytes) ?? [];
  }

  /** The driver cannot give a block that it took to be sent: the peer must not wait for it. */
  uploadRefused(connection: Connection, request: BlockRequest): void {
    this.#running.upload.onRefused(connection, request);
  }

  /** Bytes were written to the peer: all of them, and how many were file data. */
  sent(connection: Connection, dataBytes: number, nowMs: number): void {
    connection.lastSentMs = nowMs;
    if (dataBytes > 0) this.#running.upload.onSent(connection, dataBytes, nowMs);
  }

  /** Time passed: timeouts, keep-alives, dials, chokes. */
  tick(nowMs: number): void {
    this.#tickMs = nowMs;
    this.#phase.tick(nowMs);
    this.#lifecycle.tick(this.#transfer !== undefined, this.#wantsNothing, nowMs);
    this.#extensions.tick();
    if (!this.private) this.#pex.tick(nowMs);
    this.#policy.tick(nowMs);
    this.#dial(nowMs);
  }

  /** Asks peers for more where something changed. The driver calls it after every batch of events. */
  poll(nowMs: number): void {
    const { ready } = this.#context;
    for (let next = ready.next(); next !== undefined; next = ready.next()) {
      if (!next.closing) this.#phase.poll(next, nowMs);
    }
  }

  /** @throws {Error} when what the parts of the transfer know contradicts each other */
  checkInvariant(): void {
    this.#transfer?.download.checkInvariant();
  }

  /** Dials the peers whose turn it is. */
  #dial(nowMs: number): void {
    this.peers.refresh(nowMs);
    for (const peer of this.#policy.nextDials(nowMs)) {
      this.peers.apply(peer, "dial");
      this.#outbox.emit({ type: "dial", peer, v2: this.#infoHashes.dialsV2(peer.v2) });
    }
  }

  get #running(): Transfer {
    if (this.#transfer !== undefined) return this.#transfer;
    throw new Error("pieces do not move before the metadata is known");
  }

  /** Whether everything that was chosen is here. */
  get #wantsNothing(): boolean {
    return this.#transfer?.pieces.isComplete ?? false;
  }
}
