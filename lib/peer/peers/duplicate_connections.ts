/**
 * Two connections with one peer: which of them stays.
 *
 * Peers that dial each other at the same moment drop the same one of the two. Later the one that is there
 * stays as long as its peer is alive: a peer id is no proof, and whoever copies one must not drive out
 * whom it belongs to. But a newcomer casts a doubt. A peer whose address is gone says nothing any more,
 * and nobody hears that from its connection; so the peer is asked for something, and when nothing at all
 * comes, its connection ends and the newcomer's next attempt succeeds.
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
 * So long after the first a second connection the other way may be of two that were dialled at the same
 * moment; where both see each other at one address, handshakes may have taken their time.
 */
const RACE_MS = 10_000;
const RACE_ELSEWHERE_MS = 1000;
/** Who said something so recently is alive. */
const FRESH_MS = 1000;
/** So long a peer has to say anything at all after it was asked. */
const ANSWER_MS = 4000;

/** Judges between connections with one peer. */
export class DuplicateConnections {
  readonly #ourId: string;
  readonly #emit: Emit;
  /** Whose peer was asked whether it is alive, and when. */
  readonly #doubts = new Map<Connection, number>();

  /** `ourId`: our peer id in hex. */
  constructor(ourId: string, emit: Emit) {
    this.#ourId = ourId;
    this.#emit = emit;
  }

  /** Whether the second connection is to stay instead of the first: they are of one moment. */
  isSecondKept(first: Connection, host: string, inbound: boolean, nowMs: number): boolean {
    const { peer, negotiated, openedMs } = first;
    if (negotiated.inbound === inbound || keepsFirstDuplicate(negotiated.peerId)) return false;
    const isSameHost = hostKey(peer.host) === hostKey(host);
    if (nowMs - openedMs > (isSameHost ? RACE_MS : RACE_ELSEWHERE_MS)) return false;
    // Both sides must drop the same one: the greater peer id keeps the one it initiated.
    return inbound === (negotiated.peerId > this.#ourId);
  }

  /**
   * Somebody else came who says to be this peer. Returns after how many milliseconds it may come again,
   * since it will be known then whether this one is alive; `undefined` when it is, or cannot be asked.
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

  /** The connections whose peers were asked in vain. */
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

  /** The connection is gone. */
  onDisconnected(connection: Connection): void {
    this.#doubts.delete(connection);
  }
}
