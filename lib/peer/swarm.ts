/**
 * The peers of one torrent, as a state machine: events in, actions out.
 *
 * The swarm has no clock, no sockets and no randomness of its own. Each event carries the time, the random
 * source is injected, and {@link Swarm.pollActions} returns what is to be done. The same code runs on real
 * sockets and in a simulation.
 *
 * A driver feeds the events. After each batch it calls {@link Swarm.poll}, which sends requests to peers, and
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
  /** All known peers. */
  readonly peers: PeerList;
  /** Our own addresses, as we and as others see them. */
  readonly ownAddresses: ExternalAddress;
  /** The open connections, by number. */
  readonly connections: ReadonlyMap<number, Connection>;
  readonly #options: SwarmOptions;
  readonly #context: PeerContext;
  readonly #policy: ConnectionPolicy;
  readonly #pex: PeerExchange;
  readonly #extensions: Extensions;
  readonly #lifecycle: ConnectionLifecycle;
  #infoHashes: InfoHashes;
  /** The current phase: fetching the metadata or transferring pieces. */
  #phase: MetadataFetch | Transfer;
  /** The transfer, once it has begun. */
  #transfer: Transfer | undefined;
  readonly #outbox = new Outbox();
  #tickMs = 0; // time of the last tick

  /** Starts without peers, knowing only the hashes of the torrent. */
  constructor(options: SwarmOptions) {
    this.#options = options;
    this.#infoHashes = new InfoHashes(options, options.peerId);
    const connections = new Map<number, Connection>();
    this.connections = connections;
    this.peers = new PeerList((peer) => {
      this.#outbox.emit({ type: "peer", peer });
      this.#policy.onChange();
    });
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
    const wantsNothing = () => this.#wantsNothing;
    this.#policy = new ConnectionPolicy(context, { ...options, wantsNothing });
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

  /** The info-hashes for handshakes. */
  get infoHashes(): InfoHashes {
    return this.#infoHashes;
  }

  /** The transfer; `undefined` while the metadata is not known. */
  get transfer(): TransferView | undefined {
    return this.#transfer;
  }

  /** Whether the torrent is known to be private: only trackers and the user introduce peers (BEP 27). */
  get private(): boolean {
    return this.#extensions.isPrivate;
  }

  /** Makes the torrent private. Call this before any peer connects; {@link beginTransfer} does it itself. */
  becomePrivate(): void {
    this.#extensions.isPrivate = true;
    this.#policy.becomePrivate();
  }

  /** File data received over all connections, including those that have ended. */
  get downloadedBytes(): number {
    return this.#lifecycle.totals.downloaded;
  }

  /** File data sent over all connections, including those that have ended. */
  get uploadedBytes(): number {
    return this.#lifecycle.totals.uploaded;
  }

  /** Takes the actions to carry out now, in order. */
  pollActions(): readonly Action[] {
    return this.#outbox.take();
  }

  /** Adds a peer. `v2`: it was found under the v2 info-hash. */
  addPeer(host: string, port: number, source: PeerSource, v2 = false): void {
    this.introduce([{ host, port }], source, { v2 });
  }

  /** Adds the peers that a source named: see {@link addPeers}. */
  introduce(peers: readonly HostPort[], source: PeerSource, told: Introduction): void {
    addPeers(this.peers, this.ownAddresses, peers, source, told);
  }

  /** A peer connected to us. Returns `undefined` when there is no room or the peer is not welcome. */
  accept(host: string, port: number): Peer | undefined {
    return this.#policy.accept(host, port, this.#tickMs);
  }

  /** A dial or an inbound attempt failed. */
  dialFailed(peer: Peer, reason: string, nowMs: number): void {
    this.#policy.dialFailed(peer, reason, nowMs);
  }

  /** Both handshakes are complete. Returns the connection, or in words why it is refused, such as a ban. */
  opened(
    peer: Peer,
    handshake: Handshake,
    settled: { inbound: boolean; v2: boolean },
    nowMs: number,
  ): Connection | string {
    return this.#lifecycle.open(peer, handshake, settled, nowMs);
  }

  /**
   * Handles a message.
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

  /** The connection ended, whichever side closed it. */
  closed(connection: Connection, reason: string, nowMs: number): void {
    const wasOpen = this.#lifecycle.end(connection, reason, this.#wantsNothing, nowMs);
    if (!wasOpen || !connection.renewed) return;
    this.peers.postpone(connection.peer, nowMs); // nothing failed, so no back-off
    this.#dial(nowMs);
  }

  /** Bans a peer that is proven to have sent corrupt data. */
  ban(peer: Peer, piece: PieceIndex): void {
    this.#policy.ban(peer, `sent corrupt data (piece ${piece})`);
  }

  /** Starts the transfer, once the metadata is known and the disk has been checked. */
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
   * The driver checked a full piece, and stored it if it matched.
   *
   * @param bySha1 it was checked by its SHA-1
   * @param digests the SHA-256 of each of its blocks, packed, if {@link VerifyAction.wantsDigests} asks for
   * them or it did not match: without them, a peer that sent only part of a piece is never banned
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

  /** The driver found that a piece on disk has changed. */
  pieceLost(piece: PieceIndex): void {
    this.#running.pieceLost(piece);
  }

  /** The driver hashed the blocks of a piece on disk, packed, or failed to. */
  hashed(piece: PieceIndex, leaves: Uint8Array | undefined, nowMs: number): void {
    this.#running.hashed(piece, leaves, nowMs);
  }

  /** Takes queued requests for the socket, up to `maxBytes`. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[] {
    return this.#transfer?.takeUploads(connection, maxBytes) ?? [];
  }

  /** The driver cannot send a block that it took, so the peer must not wait for it. */
  uploadRefused(connection: Connection, request: BlockRequest): void {
    this.#running.upload.onRefused(connection, request);
  }

  /** Bytes were written to the peer, `dataBytes` of them file data. */
  sent(connection: Connection, dataBytes: number, nowMs: number): void {
    connection.lastSentMs = nowMs;
    if (dataBytes > 0) this.#running.upload.onSent(connection, dataBytes, nowMs);
  }

  /** The torrent is closed: it wants no more connections of those that the client may have. */
  leave(): void {
    this.#policy.leave();
  }

  /** Handles timeouts, keep-alives, dials and chokes. */
  tick(nowMs: number): void {
    this.#tickMs = nowMs;
    this.#phase.tick(nowMs);
    this.#lifecycle.tick(this.#transfer !== undefined, this.#wantsNothing, nowMs);
    this.#extensions.tick();
    if (!this.private) this.#pex.tick(nowMs);
    this.#policy.tick(nowMs);
    this.#dial(nowMs);
  }

  /** Sends requests to peers for which something changed. The driver calls it after every batch of events. */
  poll(nowMs: number): void {
    const { ready } = this.#context;
    for (let next = ready.next(); next !== undefined; next = ready.next()) {
      if (!next.closing) this.#phase.poll(next, nowMs);
    }
  }

  /** @throws {Error} when the parts of the transfer contradict each other */
  checkInvariant(): void {
    this.#transfer?.download.checkInvariant();
  }

  /** Dials the peers that are due. */
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

  /** Whether we have everything that was chosen. */
  get #wantsNothing(): boolean {
    return this.#transfer?.pieces.isComplete ?? false;
  }
}
