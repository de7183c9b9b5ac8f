/**
 * Decides which peers get a connection: which ones to dial, which ones to accept, which of two connections to
 * the same peer stays, and which one is evicted when the connection limit is reached.
 *
 * @module
 */

import { isServicePort } from "../../codec/address_scope.ts";
import { hex } from "../../codec/bytes.ts";
import type { Connection } from "../connection/connection.ts";
import { closeConnection } from "../connection/context.ts";
import type { Peer } from "../connection/peer.ts";
import type { ConnectionLimit, ConnectionShare } from "./connection_limit.ts";
import { DialFailures } from "./dial_failures.ts";
import { DuplicateConnections } from "./duplicate_connections.ts";
import { ConnectionSlots, type FairChoice } from "./eviction.ts";
import { DialQuotas } from "./network_usage.ts";
import type { PeerContext } from "./peer_context.ts";
import type { PeerList } from "./peer_list.ts";

/** Limit of simultaneous dials. */
const MAX_DIALS = 30;
/** Exceeds any peer priority, so within one source rank hosts with fewer failures always come first. */
const FAILURE_WEIGHT = 2 ** 33;
const ROOM_FOR_ANOTHER_TORRENT = "makes room for another torrent";

/** Our peer id, our connection limit, and whether we still want pieces. */
interface PolicyOptions {
  /** Our peer id, 20 bytes. */
  readonly peerId: Uint8Array;
  readonly maxConnections: number;
  /** The limit for all torrents of the client; absent when there is none. */
  readonly connectionLimit?: ConnectionLimit | undefined;
  /** Whether we have everything we want. */
  readonly wantsNothing: () => boolean;
}

/** Makes the decisions; the swarm opens and closes the connections. */
export class ConnectionPolicy {
  readonly #context: PeerContext;
  readonly #peers: PeerList;
  readonly #connections: ReadonlyMap<number, Connection>;
  readonly #wantsNothing: () => boolean;
  readonly #slots: ConnectionSlots;
  readonly #share: ConnectionShare | undefined;
  readonly #peerId: string;
  readonly #duplicateJudge: DuplicateConnections;
  readonly #failures = new DialFailures();
  /** Ports on which inbound peers say they listen. */
  readonly #listenPorts = new Map<Connection, number>();
  /** Connections closed in favour of another one with the same peer. */
  readonly #duplicates = new Set<Connection>();

  constructor(context: PeerContext, options: PolicyOptions) {
    const { peerId, maxConnections, wantsNothing } = options;
    this.#context = context;
    this.#peers = context.peers;
    this.#connections = context.connections;
    this.#wantsNothing = wantsNothing;
    this.#slots = new ConnectionSlots(context, maxConnections, wantsNothing);
    this.#share = options.connectionLimit?.join({
      giveUp: (nowMs, isFair) => this.#giveUp(nowMs, isFair),
      open: () => this.#slots.open(),
      close: (connection) => this.#close(connection, ROOM_FOR_ANOTHER_TORRENT),
    });
    this.#peerId = hex(peerId);
    this.#duplicateJudge = new DuplicateConnections(this.#peerId, context.emit);
  }

  /**
   * The peers to dial now, best first. {@link DialQuotas} limits the dials per host and network. When the
   * connection limit is reached, the policy closes a connection that is useless to both sides, and the next
   * call fills its slot. If there is no such connection, it may return one peer for which a connection of an
   * over-represented host or network will be evicted.
   */
  nextDials(nowMs: number): Peer[] {
    const { connecting } = this.#peers;
    const room = Math.min(MAX_DIALS, this.#slots.free) - connecting.size;
    if (room <= 0) return this.#nextDialsWhenFull(nowMs);
    const portions = new DialQuotas(MAX_DIALS);
    for (const { host } of connecting) portions.take(host);
    const best = this.#best(room, ({ host, url }) => url !== undefined || portions.take(host));
    return this.#share === undefined ? best : this.#within(this.#share, best, nowMs);
  }

  /** Those of the peers to dial for which the client has connections; a crowd's one at a time: dials fail. */
  #within(share: ConnectionShare, best: Peer[], nowMs: number): Peer[] {
    const wanted = best.filter(({ url }) => url === undefined);
    share.wants = wanted.length > 0;
    const [first] = wanted;
    if (first === undefined) return best;
    let room = share.makeRoom(wanted.length, first.host, nowMs);
    const isWaiting = room <= 0 && !this.#closeUseless(nowMs);
    if (isWaiting && this.#peers.connecting.size === 0 && !this.#wantsNothing()) {
      room = share.takeFromCrowd(first.host, nowMs) ? 1 : 0;
    }
    return best.filter(({ url }) => url !== undefined || room-- > 0);
  }

  #nextDialsWhenFull(nowMs: number): Peer[] {
    if (this.#peers.connecting.size > 0 || this.#wantsNothing()) return [];
    if (this.#slots.ofNoInterest(nowMs) === undefined) {
      const holdLess = this.#slots.holdLess();
      const [first] = this.#best(1, ({ host }) => holdLess(host));
      return first && this.#slots.ofCrowd(first, nowMs) ? [first] : [];
    }
    if (this.#best(1).length > 0) this.#closeUseless(nowMs);
    return [];
  }

  /** Returns false when there is none. */
  #closeUseless(nowMs: number): boolean {
    const useless = this.#slots.ofNoInterest(nowMs);
    if (useless !== undefined) this.#close(useless, "has nothing we want, nor wants anything");
    return useless !== undefined;
  }

  #best(count: number, mayDial?: (peer: Peer) => boolean): Peer[] {
    const { random } = this.#context;
    const priorityOf = (peer: Peer) =>
      (this.#slots.priorityOf(peer) ?? random() * 2 ** 32) -
      this.#failures.at(peer.host) * FAILURE_WEIGHT;
    return this.#peers.nextToDial(count, this.#wantsNothing(), priorityOf, mayDial);
  }

  /** Handles an inbound connection. Returns `undefined` when there is no room or the peer is not welcome. */
  accept(host: string, port: number, nowMs: number): Peer | undefined {
    const isFull = this.#slots.areTaken || this.#share?.admits(host, nowMs) === false;
    if (isFull && !this.#slots.isAtHost(host)) {
      if (this.#slots.findEviction({ host, port }, nowMs) === undefined) return undefined;
    }
    const peer = this.#peers.addPeer(host, port, "inbound");
    if (peer === undefined || (peer.state !== "available" && peer.state !== "away")) {
      return undefined;
    }
    this.#peers.apply(peer, "accept");
    return peer;
  }

  /**
   * Called when both handshakes are complete. Returns why the connection is refused, or `undefined` to keep
   * it. Closes another connection if that has to make room.
   */
  reasonToReject(peer: Peer, peerId: string, inbound: boolean, nowMs: number): string | undefined {
    const unwelcome = this.#unwelcome(peer, peerId, inbound);
    if (unwelcome !== undefined) return this.#failed(peer, unwelcome, nowMs);
    this.#failures.succeeded(peer.host);
    const twin = this.#connectionWith(peerId);
    if (twin !== undefined) return this.#chooseDuplicate(peer, twin, inbound, nowMs);
    if (
      peer.url !== undefined ||
      (!this.#slots.areTaken && this.#share?.mayKeep(peer.host, nowMs) !== false)
    ) {
      return undefined;
    }
    const leaver = this.#slots.findEviction(peer, nowMs);
    if (leaver === undefined) return this.#failed(peer, "no room", nowMs);
    this.#close(leaver, "makes room for another peer");
    return undefined;
  }

  /** A dial or an inbound attempt failed. */
  dialFailed(peer: Peer, reason: string, nowMs: number): void {
    this.#failures.failed(peer.host);
    this.#failed(peer, reason, nowMs);
    // The dial may have failed because the peer connected to us meanwhile and was not recognized.
    for (const connection of this.#connections.values()) {
      const { peer: other } = connection;
      if (other.dialable || other.host !== peer.host) continue;
      if (this.#listenPorts.get(connection) === peer.port) {
        this.setListenPort(connection, peer.port);
      }
    }
  }

  /** A connection or an attempt has begun or ended. */
  onChange(): void {
    if (this.#share !== undefined) this.#share.held = this.#slots.held;
  }

  /** The torrent is closed and wants no more connections. */
  leave(): void {
    if (this.#share !== undefined) this.#share.wants = false;
  }

  /** Closes the connections of peers that did not answer a liveness check. */
  tick(nowMs: number): void {
    for (const connection of this.#duplicateJudge.tick(nowMs)) {
      this.#close(connection, "answers no more, and came back from elsewhere");
    }
  }

  onDisconnected(connection: Connection, reason: string, nowMs: number): void {
    this.onChange();
    this.#duplicateJudge.onDisconnected(connection);
    this.#listenPorts.delete(connection);
    const { peer, negotiated, download, upload, extension, renewed } = connection;
    if (this.#duplicates.delete(connection)) {
      return this.#wasDuplicate(peer, negotiated.peerId, negotiated.inbound, reason, nowMs);
    }
    const serves = !download.peerChoking && peer.url === undefined; // a web seed always does
    const moved = download.meter.total > 0 || upload.meter.total > 0;
    const useful = moved || serves || extension.gaveMetadata || renewed;
    this.#peers.lost(peer, reason, useful, nowMs, this.#context.random);
  }

  /** Bans a peer that is proven to have lied, and closes its connection. */
  ban(peer: Peer, reason: string): void {
    const connection = [...this.#connections.values()].find((other) => other.peer === peer);
    this.#peers.ban(peer, connection?.negotiated.peerId, reason);
    if (connection !== undefined) this.#close(connection, reason);
  }

  /** An inbound peer told us its listen port. That may identify it as a known peer, or a banned one. */
  setListenPort(connection: Connection, listenPort: number): void {
    if (isServicePort(listenPort)) return; // perhaps of another machine behind the same address
    this.#listenPorts.set(connection, listenPort);
    this.#peers.setListenPort(connection.peer, listenPort);
    const { state, reason } = connection.peer;
    if (state === "banned") this.#close(connection, reason);
  }

  /** Only trackers and the user may introduce peers from now on (BEP 27). Disconnects all others. */
  becomePrivate(): void {
    const strangers = new Set(this.#peers.becomePrivate());
    for (const connection of this.#connections.values()) {
      if (strangers.has(connection.peer)) this.#close(connection, "the torrent is private");
    }
  }

  #unwelcome(peer: Peer, peerId: string, inbound: boolean): string | undefined {
    if (peerId === this.#peerId) {
      if (!inbound) this.#peers.isOurselves(peer);
      return "that is ourselves";
    }
    if (peer.state === "banned") return peer.reason;
    if (this.#peers.isBannedId(peer.host, peerId)) return "banned before";
    return inbound || peer.dialable ? undefined : "the torrent is private"; // since just now
  }

  #failed(peer: Peer, reason: string, nowMs: number): string {
    this.#peers.lost(peer, reason, false, nowMs, this.#context.random);
    return reason;
  }

  /** Chooses between two connections with one peer: see {@link DuplicateConnections}. */
  #chooseDuplicate(
    peer: Peer,
    twin: Connection,
    inbound: boolean,
    nowMs: number,
  ): string | undefined {
    const { peerId } = twin.negotiated;
    if (this.#duplicateJudge.isSecondKept(twin, peer.host, inbound, nowMs)) {
      this.#duplicates.add(twin);
      this.#close(twin, "connected twice");
      return undefined;
    }
    const againMs = this.#duplicateJudge.doubt(twin, nowMs);
    this.#wasDuplicate(peer, peerId, inbound, "connected already", nowMs, againMs);
    return "connected already";
  }

  /**
   * Treats the end of a duplicate as no failure. If we had dialled it, its address tells us where the
   * connected peer listens.
   */
  #wasDuplicate(
    peer: Peer,
    peerId: string,
    inbound: boolean,
    reason: string,
    nowMs: number,
    againMs?: number,
  ): void {
    this.#peers.duplicate(peer, reason, nowMs, againMs);
    const other = this.#connectionWith(peerId);
    if (inbound || other === undefined || other.peer.host !== peer.host) return;
    if (other.peer !== peer) this.#peers.setListenPort(other.peer, peer.port);
  }

  #close(connection: Connection, reason: string): void {
    closeConnection(this.#context, connection, reason);
    this.onChange();
  }

  #giveUp(nowMs: number, isFair: FairChoice): boolean {
    const leaver = this.#slots.leastUseful(nowMs, isFair);
    if (leaver !== undefined) this.#close(leaver, ROOM_FOR_ANOTHER_TORRENT);
    return leaver !== undefined;
  }

  #connectionWith(peerId: string): Connection | undefined {
    for (const connection of this.#connections.values()) {
      if (connection.negotiated.peerId === peerId && !connection.closing) return connection;
    }
    return undefined;
  }
}
