/**
 * Decides which of two connections with one peer stays.
 *
 * When two peers dial each other at the same moment, both sides drop the same connection. Later, the existing
 * connection stays as long as its peer is alive: a peer id proves nothing, and a peer that copies one must
 * not displace its owner. A newcomer casts doubt on the existing connection, though, because a peer whose
 * address is gone falls silent without closing it. We then send that peer a request. If nothing at all
 * arrives, we close the connection, and the newcomer's next attempt succeeds.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import { METADATA_EXTENSION } from "../../codec/wire/extension.ts";
import type { Emit } from "../connection/actions.ts";
import type { Connection } from "../connection/connection.ts";
import { sendMetadata } from "../connection/metadata_message.ts";
import { keepsFirstDuplicate } from "./client_quirks.ts";

/**
 * How long after the first a second connection in the other direction may still come from a simultaneous
 * dial. The time is longer when both come from one address, since handshakes may be slow.
 */
const RACE_MS = 10_000;
const RACE_ELSEWHERE_MS = 1000;
/** A peer that sent something this recently is alive. */
const FRESH_MS = 1000;
/** How long a peer has to send anything at all after we ask. */
const ANSWER_MS = 4000;

/** Chooses between connections with one peer. */
export class DuplicateConnections {
  readonly #ourId: string;
  readonly #emit: Emit;
  /** Connections whose peer was asked for a sign of life, and when. */
  readonly #doubts = new Map<Connection, number>();

  /** `ourId` is our peer id in hex. */
  constructor(ourId: string, emit: Emit) {
    this.#ourId = ourId;
    this.#emit = emit;
  }

  /**
   * Whether to keep the second connection instead of the first, since both were dialled at the same moment.
   */
  isSecondKept(first: Connection, host: string, inbound: boolean, nowMs: number): boolean {
    const { peer, negotiated, openedMs } = first;
    if (negotiated.inbound === inbound || keepsFirstDuplicate(negotiated.peerId)) return false;
    const isSameHost = hostKey(peer.host) === hostKey(host);
    if (nowMs - openedMs > (isSameHost ? RACE_MS : RACE_ELSEWHERE_MS)) return false;
    // Both sides must drop the same one: the greater peer id keeps the one it initiated.
    return inbound === (negotiated.peerId > this.#ourId);
  }

  /**
   * Another connection claims the peer id of this one. Returns after how many milliseconds it may try again,
   * because we will know by then whether this peer is alive. Returns `undefined` when the peer is alive, or
   * cannot be asked.
   */
  doubt(connection: Connection, nowMs: number): number | undefined {
    if (nowMs - connection.lastReceivedMs < FRESH_MS) return undefined;
    if (!connection.extension.ids.get(METADATA_EXTENSION)) return undefined;
    const askedMs = this.#doubts.get(connection);
    if (askedMs !== undefined) return askedMs + ANSWER_MS - nowMs;
    this.#doubts.set(connection, nowMs);
    sendMetadata(this.#emit, connection, { type: "request", piece: 0 });
    return ANSWER_MS;
  }

  /** Returns the connections whose peers did not answer in time. */
  tick(nowMs: number): Connection[] {
    const dead: Connection[] = [];
    for (const [connection, askedMs] of this.#doubts) {
      const isSilent = connection.lastReceivedMs <= askedMs;
      if (isSilent && nowMs - askedMs < ANSWER_MS) continue;
      this.#doubts.delete(connection);
      if (isSilent) dead.push(connection);
    }
    return dead;
  }

  onDisconnected(connection: Connection): void {
    this.#doubts.delete(connection);
  }
}
