/**
 * The life of a connection from the handshake to its end.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import type { Handshake } from "../codec/wire/handshake.ts";
import { Connection } from "./connection/connection.ts";
import { closeConnection } from "./connection/context.ts";
import type { Peer } from "./connection/peer.ts";
import type { Extensions } from "./extension/extensions.ts";
import type { PeerExchange } from "./extension/pex.ts";
import type { ConnectionPolicy } from "./peers/connection_policy.ts";
import {
  bothUninterested,
  closeReason,
  keepAliveDue,
  recordCompleteness,
} from "./peers/keep_alive.ts";
import type { PeerContext } from "./peers/peer_context.ts";
import { TransferTotals } from "./transfer_totals.ts";

/** The parts of a swarm that are told when a connection opens or ends. */
interface ConnectionParts {
  readonly policy: ConnectionPolicy;
  readonly pex: PeerExchange;
  readonly extensions: Extensions;
  /** The current phase of the swarm. */
  readonly phase: () => {
    onConnected(connection: Connection, late: boolean): void;
    onDisconnected(connection: Connection): void;
  };
}

/** Opens, watches and ends connections. */
export class ConnectionLifecycle {
  /** File data moved over all connections, including those that have ended. */
  readonly totals: TransferTotals;
  readonly #context: PeerContext;
  readonly #connections: Map<number, Connection>;
  readonly #parts: ConnectionParts;
  #nextId = 1;

  /** `connections` are those of the context; only this class changes them. */
  constructor(
    context: PeerContext,
    connections: Map<number, Connection>,
    parts: ConnectionParts,
  ) {
    this.#context = context;
    this.#connections = connections;
    this.#parts = parts;
    this.totals = new TransferTotals(connections);
  }

  /** See {@link Swarm.opened}. */
  open(
    peer: Peer,
    handshake: Handshake,
    settled: { inbound: boolean; v2: boolean },
    nowMs: number,
  ): Connection | string {
    const { policy, pex, extensions, phase } = this.#parts;
    const peerId = hex(handshake.peerId);
    const refusal = policy.reasonToReject(peer, peerId, settled.inbound, nowMs);
    if (refusal !== undefined) return refusal;
    const { extensions: speaksExtensions, fast } = handshake; // we always offer both
    const upgradable = handshake.v2Upgrade && !settled.v2;
    const negotiated = { ...settled, peerId, extensions: speaksExtensions, fast, upgradable };
    const connection = new Connection(this.#nextId++, peer, negotiated, nowMs);
    this.#connections.set(connection.id, connection);
    this.#context.peers.apply(peer, "handshake");
    extensions.introduce(connection, false);
    if (peer.url === undefined) pex.onConnected(connection, nowMs);
    phase().onConnected(connection, false);
    return connection;
  }

  /** Removes a connection that has ended. Returns false when it was already removed. */
  end(connection: Connection, reason: string, wantsNothing: boolean, nowMs: number): boolean {
    if (!this.#connections.delete(connection.id)) return false;
    const { policy, pex, phase } = this.#parts;
    phase().onDisconnected(connection);
    this.#context.ready.remove(connection);
    this.totals.onDisconnected(connection);
    pex.onDisconnected(connection, bothUninterested(connection, wantsNothing), nowMs);
    policy.onDisconnected(connection, reason, nowMs);
    return true;
  }

  /** Closes connections that are useless or silent, and keeps the others alive. */
  tick(isTransferring: boolean, wantsNothing: boolean, nowMs: number): void {
    for (const connection of this.#connections.values()) {
      if (connection.closing) continue;
      if (!isTransferring) this.#context.ready.enqueue(connection); // its retry times may be over
      recordCompleteness(connection, isTransferring);
      const end = closeReason(connection, wantsNothing, nowMs);
      if (end !== undefined) closeConnection(this.#context, connection, end);
      else if (keepAliveDue(connection, nowMs)) this.#keepAlive(connection, nowMs);
    }
  }

  #keepAlive(connection: Connection, nowMs: number): void {
    connection.lastSentMs = nowMs;
    this.#context.emit({ type: "send", connection, message: { type: "keepAlive" } });
  }
}
