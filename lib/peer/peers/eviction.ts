/**
 * Decides which connection is evicted when a torrent has reached its connection limit.
 *
 * @module
 */

import { peerPriority } from "../../codec/wire/peer_priority.ts";
import type { Connection } from "../connection/connection.ts";
import { Census } from "./network_usage.ts";
import type { PeerContext } from "./peer_context.ts";

/** A younger connection has had no time to be useful, and is not evicted for being idle. */
const GRACE_MS = 10_000;
/**
 * When the limit is reached, a host and a network may keep this many connections as long as they use them.
 * Any connection beyond that may be evicted for a newcomer whose host or network has fewer.
 */
const FEW_PER_HOST = 4;
const FEW_PER_NETWORK = 16;

/** A peer's address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Whether this connection may be closed for the sake of another one. */
export type FairChoice = (connection: Connection) => boolean;

/** The connection slots of a torrent: counts them and chooses which one to free. */
export class ConnectionSlots {
  readonly #context: PeerContext;
  readonly #maxConnections: number;
  readonly #wantsNothing: () => boolean;

  /** `wantsNothing` says whether we have everything we want. */
  constructor(context: PeerContext, maxConnections: number, wantsNothing: () => boolean) {
    this.#context = context;
    this.#maxConnections = maxConnections;
    this.#wantsNothing = wantsNothing;
  }

  /** Whether the connection limit is reached. */
  get areTaken(): boolean {
    return this.#context.connections.size >= this.#maxConnections && this.free <= 0;
  }

  /** The connections of the torrent and its dials in progress. Web seeds do not count. */
  get held(): number {
    let held = this.#maxConnections - this.free;
    for (const { url } of this.#context.peers.connecting) if (url === undefined) held++;
    return held;
  }

  /** How many more connections are allowed. Web seeds do not count. */
  get free(): number {
    let free = this.#maxConnections;
    for (const { closing, peer } of this.#context.connections.values()) {
      if (!closing && peer.url === undefined) free--;
    }
    return free;
  }

  /**
   * The connection that is worth less than one to the newcomer. Peers that the user added are never evicted.
   *
   * - An idle connection that is useless to both sides is evicted for any newcomer: the peer takes our
   *   requests and sends nothing, or neither side wants anything from the other.
   * - A connection of the host, or else the network, with the most connections is evicted for a newcomer
   *   whose host or network has fewer and would still have fewer afterwards.
   * - Any other idle connection is evicted for a newcomer of higher priority (BEP 40). All peers compute the
   *   same priority, so slots do not go to whoever came first, and reconnecting over and over gains nothing.
   */
  findEviction(newcomer: Address, nowMs: number): Connection | undefined {
    return this.#useless(nowMs) ?? this.ofCrowd(newcomer, nowMs) ??
      this.#ofLowerPriority(newcomer, nowMs);
  }

  /**
   * A connection from a host we are connected to may be the same peer, dialled by both sides at the same
   * moment. Its handshake will tell.
   */
  isAtHost(host: string): boolean {
    for (const { peer, closing } of this.#context.connections.values()) {
      if (peer.host === host && !closing) return true;
    }
    return false;
  }

  /** A peer's priority towards us; `undefined` while we do not know how it sees us. */
  priorityOf({ host, port }: Address): number | undefined {
    const { ownAddresses } = this.#context;
    const own = ownAddresses.forPeer(host);
    return own === undefined
      ? undefined
      : peerPriority({ host: own, port: ownAddresses.port }, { host, port });
  }

  #useless(nowMs: number, mayGo = mayLeave): Connection | undefined {
    for (const connection of this.open()) {
      if (!mayGo(connection) || !isEvictable(connection, nowMs)) continue;
      if (connection.download.snubbed) return connection;
      if (this.#wantsNothing() && !connection.upload.peerInterested) return connection;
    }
    return undefined;
  }

  /** A connection on which neither side is interested in the other. */
  ofNoInterest(nowMs: number, mayGo = mayLeave): Connection | undefined {
    for (const connection of this.open()) {
      const { pieces, upload } = connection;
      if (
        mayGo(connection) && !pieces.amInterested && !upload.peerInterested &&
        isEvictable(connection, nowMs)
      ) {
        return connection;
      }
    }
    return undefined;
  }

  /**
   * The connection that is worth least, whoever comes in its place: a useless one, else one that is idle,
   * else the one that moves least. Peers that the user added are never chosen.
   *
   * @param isFair whether a connection may be chosen at all
   */
  leastUseful(nowMs: number, isFair: FairChoice): Connection | undefined {
    const mayGo = (connection: Connection) => mayLeave(connection) && isFair(connection);
    const useless = this.#useless(nowMs, mayGo) ?? this.ofNoInterest(nowMs, mayGo);
    if (useless !== undefined) return useless;
    let leaver: Connection | undefined;
    let isIdle = false;
    for (const connection of this.open()) {
      if (!mayGo(connection)) continue;
      const idle = isEvictable(connection, nowMs);
      if (leaver !== undefined && isIdle === idle && !isWorthLess(connection, leaver, nowMs)) {
        continue;
      }
      if (isIdle && !idle) continue;
      [leaver, isIdle] = [connection, idle];
    }
    return leaver;
  }

  /** See {@link findEviction}. */
  ofCrowd(newcomer: Address, nowMs: number): Connection | undefined {
    return ofCrowd([...this.open()], newcomer, nowMs);
  }

  #ofLowerPriority(newcomer: Address, nowMs: number): Connection | undefined {
    const census = this.#census();
    const own = census.at(newcomer.host);
    let least = this.priorityOf(newcomer) ?? -1;
    let leaver: Connection | undefined;
    for (const connection of this.#mayLeave()) {
      if (!isEvictable(connection, nowMs)) continue;
      const around = census.around(connection);
      if (around.host < own.host || around.network < own.network) continue; // it already has fewer
      const priority = this.priorityOf(connection.peer);
      if (priority === undefined || priority >= least) continue;
      least = priority;
      leaver = connection;
    }
    return leaver;
  }

  /** Returns a test of whether a host, with one more connection, would still have fewer than others. */
  holdLess(): (host: string) => boolean {
    const census = this.#census();
    let [host, network] = [0, 0];
    for (const connection of this.#mayLeave()) {
      const around = census.around(connection);
      [host, network] = [Math.max(host, around.host), Math.max(network, around.network)];
    }
    return (newcomer) => {
      const own = census.at(newcomer);
      return own.host + 1 < host || own.network + 1 < network;
    };
  }

  #census(): Census<Connection> {
    return new Census(this.open(), ({ peer }) => peer.host);
  }

  /** The connections that count. */
  *open(): Generator<Connection> {
    for (const connection of this.#context.connections.values()) {
      if (!connection.closing && connection.peer.url === undefined) yield connection;
    }
  }

  *#mayLeave(): Generator<Connection> {
    for (const connection of this.open()) if (mayLeave(connection)) yield connection;
  }
}

/**
 * Of these connections, one of the host, or else the network, that has the most of them, if the newcomer's has
 * fewer and would still have fewer afterwards.
 */
export function ofCrowd(
  open: readonly Connection[],
  newcomer: Pick<Address, "host">,
  nowMs: number,
): Connection | undefined {
  const census = new Census(open, ({ peer }) => peer.host);
  const own = census.at(newcomer.host);
  for (const kind of ["host", "network"] as const) {
    const few = kind === "host" ? FEW_PER_HOST : FEW_PER_NETWORK;
    let leaver: Connection | undefined;
    let most = own[kind] + 1;
    for (const connection of open) {
      const count = census.around(connection)[kind];
      if (count <= own[kind] + 1 || count < most || !mayLeave(connection)) continue;
      if (count <= few && !isEvictable(connection, nowMs)) continue;
      if (count === most && leaver && !isWorthLess(connection, leaver, nowMs)) continue;
      [leaver, most] = [connection, count];
    }
    if (leaver !== undefined) return leaver;
  }
  return undefined;
}

/** Chooses the connections whose host and network have no fewer of these than those of a newcomer. */
export function ofNoSmallerCrowd(open: readonly Connection[], newcomer: string): FairChoice {
  const census = new Census(open, ({ peer }) => peer.host);
  const own = census.at(newcomer);
  return (connection) => {
    const { host, network } = census.around(connection);
    return host >= own.host && network >= own.network;
  };
}

function mayLeave({ peer }: Connection): boolean {
  return peer.source !== "user";
}

function isEvictable(connection: Connection, nowMs: number): boolean {
  const { openedMs, download, upload } = connection;
  if (nowMs - openedMs < GRACE_MS) return false;
  if ((download.outstanding.size > 0 && !download.snubbed) || upload.queue.length > 0) return false;
  return rateOf(connection, nowMs) === 0;
}

/** Of two connections of a crowd, the one that moves less data is worth less, or else the younger one. */
function isWorthLess(one: Connection, other: Connection, nowMs: number): boolean {
  const difference = rateOf(one, nowMs) - rateOf(other, nowMs);
  return difference < 0 || (difference === 0 && one.openedMs > other.openedMs);
}

function rateOf({ download, upload }: Connection, nowMs: number): number {
  return download.meter.rate(nowMs) + upload.meter.rate(nowMs);
}
