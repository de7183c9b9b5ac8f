/**
 * The connections of a torrent as places that many want: who makes room when all are taken.
 *
 * @module
 */

import { peerPriority } from "../../codec/wire/peer_priority.ts";
import type { Connection } from "../connection/connection.ts";
import { Census } from "./network_usage.ts";
import type { PeerContext } from "./peer_context.ts";

/** A connection this young has not had the time to be of use, and makes room for nobody. */
const GRACE_MS = 10_000;
/**
 * While all places are taken, a host and a network may keep so many of them as long as they make use of
 * them. Of what they hold beyond that, anything makes room for those who hold less.
 */
const FEW_PER_HOST = 4;
const FEW_PER_NETWORK = 16;

/** Somebody's address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Looks who holds a place, and who is to give one up. */
export class ConnectionSlots {
  readonly #context: PeerContext;
  readonly #maxConnections: number;
  readonly #wantsNothing: () => boolean;

  /** `wantsNothing` says whether everything we want is here. */
  constructor(context: PeerContext, maxConnections: number, wantsNothing: () => boolean) {
    this.#context = context;
    this.#maxConnections = maxConnections;
    this.#wantsNothing = wantsNothing;
  }

  /** Whether there are as many connections as there may be. */
  get areTaken(): boolean {
    return this.#context.connections.size >= this.#maxConnections && this.free <= 0;
  }

  /** How many more there may be. Web seeds do not count: they take nobody's place. */
  get free(): number {
    let free = this.#maxConnections;
    for (const { closing, peer } of this.#context.connections.values()) {
      if (!closing && peer.url === undefined) free--;
    }
    return free;
  }

  /**
   * The connection that is worth less than one to the newcomer; never one that the user asked for.
   *
   * - One that idles and is of no use to either side goes for anybody: it takes our requests and sends
   *   nothing, or we want nothing and nor does the peer, at least not from us.
   * - One of the host that holds most of them, then of the network that does, goes for somebody whose host
   *   or network holds less, and would hold less even then.
   * - Others that idle go for a newcomer of higher priority (BEP 40), which all peers compute alike: so
   *   places are not a matter of who came first, and nobody gets one by coming again and again.
   */
  findEviction(newcomer: Address, nowMs: number): Connection | undefined {
    return this.#useless(nowMs) ?? this.ofCrowd(newcomer, nowMs) ??
      this.#ofLowerPriority(newcomer, nowMs);
  }

  /** The priority of a peer towards us; `undefined` while we do not know how it sees us. */
  priorityOf({ host, port }: Address): number | undefined {
    const { ownAddresses } = this.#context;
    const own = ownAddresses.forPeer(host);
    return own === undefined
      ? undefined
      : peerPriority({ host: own, port: ownAddresses.port }, { host, port });
  }

  #useless(nowMs: number): Connection | undefined {
    for (const connection of this.#mayLeave()) {
      if (!isEvictable(connection, nowMs)) continue;
      if (connection.download.snubbed) return connection;
      if (this.#wantsNothing() && !connection.upload.peerInterested) return connection;
    }
    return undefined;
  }

  /** One over which neither side wants anything of the other. */
  ofNoInterest(nowMs: number): Connection | undefined {
    for (const connection of this.#mayLeave()) {
      const { pieces, upload } = connection;
      if (!pieces.amInterested && !upload.peerInterested && isEvictable(connection, nowMs)) {
        return connection;
      }
    }
    return undefined;
  }

  /** See {@link findEviction}. */
  ofCrowd(newcomer: Address, nowMs: number): Connection | undefined {
    const census = this.#census();
    const own = census.at(newcomer.host);
    for (const kind of ["host", "network"] as const) {
      const few = kind === "host" ? FEW_PER_HOST : FEW_PER_NETWORK;
      let leaver: Connection | undefined;
      let most = own[kind] + 1;
      for (const connection of this.#mayLeave()) {
        const count = census.around(connection)[kind];
        if (count <= own[kind] + 1 || count < most) continue;
        if (count <= few && !isEvictable(connection, nowMs)) continue;
        if (count === most && leaver && !isWorthLess(connection, leaver, nowMs)) continue;
        [leaver, most] = [connection, count];
      }
      if (leaver !== undefined) return leaver;
    }
    return undefined;
  }

  #ofLowerPriority(newcomer: Address, nowMs: number): Connection | undefined {
    const census = this.#census();
    const own = census.at(newcomer.host);
    let least = this.priorityOf(newcomer) ?? -1;
    let leaver: Connection | undefined;
    for (const connection of this.#mayLeave()) {
      if (!isEvictable(connection, nowMs)) continue;
      const around = census.around(connection);
      if (around.host < own.host || around.network < own.network) continue; // it holds less as it is
      const priority = this.priorityOf(connection.peer);
      if (priority === undefined || priority >= least) continue;
      least = priority;
      leaver = connection;
    }
    return leaver;
  }

  /** Says of hosts whether one connection more leaves them with less than others have. */
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
    return new Census(this.#open(), ({ peer }) => peer.host);
  }

  *#open(): Generator<Connection> {
    for (const connection of this.#context.connections.values()) {
      if (!connection.closing && connection.peer.url === undefined) yield connection;
    }
  }

  *#mayLeave(): Generator<Connection> {
    for (const connection of this.#open()) if (connection.peer.source !== "user") yield connection;
  }
}

function isEvictable(connection: Connection, nowMs: number): boolean {
  const { openedMs, download, upload } = connection;
  if (nowMs - openedMs < GRACE_MS) return false;
  if ((download.outstanding.size > 0 && !download.snubbed) || upload.queue.length > 0) return false;
  return rateOf(connection, nowMs) === 0;
}

/** Of two of a crowd: the one over which less moves, or the younger. */
function isWorthLess(one: Connection, other: Connection, nowMs: number): boolean {
  const difference = rateOf(one, nowMs) - rateOf(other, nowMs);
  return difference < 0 || (difference === 0 && one.openedMs > other.openedMs);
}

function rateOf({ download, upload }: Connection, nowMs: number): number {
  return download.meter.rate(nowMs) + upload.meter.rate(nowMs);
}
