/**
 * Who gets a connection: whom we dial, who may come in, which of two connections to the same peer stays,
 * and who makes room when there are as many as we want.
 *
 * @module
 */

import { isServicePort } from "../../codec/address_scope.ts";
import { hex } from "../../codec/bytes.ts";
import type { Connection } from "../connection/connection.ts";
import { closeConnection } from "../connection/context.ts";
import type { Peer } from "../connection/peer.ts";
import { DialFailures } from "./dial_failures.ts";
import { DuplicateConnections } from "./duplicate_connections.ts";
import { ConnectionSlots } from "./eviction.ts";
import { DialQuotas } from "./network_usage.ts";
import type { PeerContext } from "./peer_context.ts";
import type { PeerList } from "./peer_list.ts";

/** Attempts to connect under way at once. */
const MAX_DIALS = 30;
/** More than any priority: among peers of one source, hosts that failed less often come first. */
const FAILURE_WEIGHT = 2 ** 33;

/** Who we are, how many connections we want, and whether we want anything else. */
interface PolicyOptions {
  /** Ours, 20 bytes. */
  readonly peerId: Uint8Array;
  readonly maxConnections: number;
  /** Whether everything we want is here. */
  readonly wantsNothing: () => boolean;
}

/** Decides over connections; the swarm opens and closes them. */
export class ConnectionPolicy {
  readonly #context: PeerContext;
  readonly #peers: PeerList;
  readonly #connections: ReadonlyMap<number, Connection>;
  readonly #wantsNothing: () => boolean;
  readonly #slots: ConnectionSlots;
  readonly #peerId: string;
  readonly #duplicateJudge: DuplicateConnections;
  readonly #failures = new DialFailures();
  /** The ports at which inbound peers say they listen. */
  readonly #listenPorts = new Map<Connection, number>();
  /** Closed in favour of another with the same peer. */
  readonly #duplicates = new Set<Connection>();

  /** Decides over the peers and the connections of `context`. */
  constructor(context: PeerContext, { peerId, maxConnections, wantsNothing }: PolicyOptions) {
    this.#context = context;
    this.#peers = context.peers;
    this.#connections = context.connections;
    this.#wantsNothing = wantsNothing;
    this.#slots = new ConnectionSlots(context, maxConnections, wantsNothing);
    this.#peerId = hex(peerId);
    this.#duplicateJudge = new DuplicateConnections(this.#peerId, context.emit);
  }

  /**
   * The peers to dial now, best first. A host and a network get their portions of the attempts. Where
   * there is no room for anybody, a connection of no use to either side is closed, and the next call fills
   * its place; or one is dialled for whom one of a crowd will make room.
   */
  nextDials(nowMs: number): Peer[] {
    const { connecting } = this.#peers;
    const room = Math.min(MAX_DIALS, this.#slots.free) - connecting.size;
    if (room <= 0) return this.#nextDialsWhenFull(nowMs);
    const portions = new DialQuotas(MAX_DIALS);
    for (const { host } of connecting) portions.take(host);
    return this.#best(room, ({ host, url }) => url !== undefined || portions.take(host));
  }

  #nextDialsWhenFull(nowMs: number): Peer[] {
    if (this.#peers.connecting.size > 0 || this.#wantsNothing()) return [];
    const useless = this.#slots.ofNoInterest(nowMs);
    if (useless === undefined) {
      const holdLess = this.#slots.holdLess();
      const [first] = this.#best(1, ({ host }) => holdLess(host));
      return first && this.#slots.ofCrowd(first, nowMs) ? [first] : [];
    }
    if (this.#best(1).length > 0) {
      this.#close(useless, "has nothing we want, nor wants anything");
    }
    return [];
  }

  #best(count: number, mayDial?: (peer: Peer) => boolean): Peer[] {
    const { random } = this.#context;
    const priorityOf = (peer: Peer) =>
      (this.#slots.priorityOf(peer) ?? random() * 2 ** 32) -
      this.#failures.at(peer.host) * FAILURE_WEIGHT;
    return this.#peers.nextToDial(count, this.#wantsNothing(), priorityOf, mayDial);
  }

  /** Somebody connected to us; returns `undefined` when there is no room or it is not welcome. */
  accept(host: string, port: number, nowMs: number): Peer | undefined {
    if (this.#slots.areTaken && !this.#isAtHost(host)) {
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
   * Handshakes are through: why there will be no connection all the same, or `undefined`. Another
   * connection that has to go for it is closed.
   */
  reasonToReject(peer: Peer, peerId: string, inbound: boolean, nowMs: number): string | undefined {
    const unwelcome = this.#unwelcome(peer, peerId, inbound);
    if (unwelcome !== undefined) return this.#failed(peer, unwelcome, nowMs);
    this.#failures.succeeded(peer.host);
    const twin = this.#connectionWith(peerId);
    if (twin !== undefined) return this.#chooseDuplicate(peer, twin, inbound, nowMs);
    if (peer.url !== undefined || !this.#slots.areTaken) return undefined;
    const leaver = this.#slots.findEviction(peer, nowMs);
    if (leaver === undefined) return this.#failed(peer, "no room", nowMs);
    this.#close(leaver, "makes room for another peer");
    return undefined;
  }

  /** An attempt to connect, ours or the peer's, came to nothing. */
  dialFailed(peer: Peer, reason: string, nowMs: number): void {
    this.#failures.failed(peer.host);
    this.#failed(peer, reason, nowMs);
    // Perhaps because it has connected to us meanwhile, and could not be recognized while we dialled.
    for (const connection of this.#connections.values()) {
      const { peer: other } = connection;
      if (other.dialable || other.host !== peer.host) continue;
      if (this.#listenPorts.get(connection) === peer.port) {
        this.setListenPort(connection, peer.port);
      }
    }
  }

  /** Time passed: who was asked whether it is alive, and says nothing, has to go. */
  tick(nowMs: number): void {
    for (const connection of this.#duplicateJudge.tick(nowMs)) {
      this.#close(connection, "answers no more, and came back from elsewhere");
    }
  }

  /** A connection is gone. */
  onDisconnected(connection: Connection, reason: string, nowMs: number): void {
    this.#duplicateJudge.onDisconnected(connection);
    this.#listenPorts.delete(connection);
    const { peer, negotiated, download, upload, extension, renewed } = connection;
    if (this.#duplicates.delete(connection)) {
      return this.#wasDuplicate(peer, negotiated.peerId, negotiated.inbound, reason, nowMs);
    }
    const serves = !download.peerChoking && peer.url === undefined; // a web seed always says so
    const moved = download.meter.total > 0 || upload.meter.total > 0;
    const useful = moved || serves || extension.gaveMetadata || renewed;
    this.#peers.lost(peer, reason, useful, nowMs, this.#context.random);
  }

  /** A peer is proven to lie: never again, and not a moment longer. */
  ban(peer: Peer, reason: string): void {
    const connection = [...this.#connections.values()].find((other) => other.peer === peer);
    this.#peers.ban(peer, connection?.negotiated.peerId, reason);
    if (connection !== undefined) this.#close(connection, reason);
  }

  /** An inbound peer said where it listens: it may be somebody we know, even somebody banned. */
  setListenPort(connection: Connection, listenPort: number): void {
    if (isServicePort(listenPort)) return; // another machine's perhaps, behind the same address
    this.#listenPorts.set(connection, listenPort);
    this.#peers.setListenPort(connection.peer, listenPort);
    const { state, reason } = connection.peer;
    if (state === "banned") this.#close(connection, reason);
  }

  /** From now on trackers and the user alone introduce peers (BEP 27): the others have to go. */
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
    return inbound || peer.dialable ? undefined : "the torrent is private"; // and became so just now
  }

  #failed(peer: Peer, reason: string, nowMs: number): string {
    this.#peers.lost(peer, reason, false, nowMs, this.#context.random);
    return reason;
  }

  /** One of two connections with one peer: see {@link DuplicateConnections}. */
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

  /** Nothing failed. And if we dialled it, we know now where the peer listens that is connected to us. */
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
  }

  #connectionWith(peerId: string): Connection | undefined {
    for (const connection of this.#connections.values()) {
      if (connection.negotiated.peerId === peerId && !connection.closing) return connection;
    }
    return undefined;
  }

  /** Perhaps the same peer, dialled by us at the same moment: its handshake will tell. */
  #isAtHost(host: string): boolean {
    for (const { peer, closing } of this.#connections.values()) {
      if (peer.host === host && !closing) return true;
    }
    return false;
  }
}
