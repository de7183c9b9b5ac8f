/**
 * The places in a book of peers: how many there are, and who makes room when they are taken.
 *
 * @module
 */

import { type Peer, type PeerSource, sourceRank } from "../connection/peer.ts";
import { FAIR_GRADE, NetworkUsage } from "./network_usage.ts";
import { UnverifiedPeers } from "./unverified_peers.ts";

/** How many peers are remembered; strangers decide how many there are. */
const MAX_PEERS = 3000;

/** Somebody who wants to be remembered. */
export interface Newcomer {
  readonly host: string;
  readonly source: PeerSource;
  /** The host that told us of it. */
  readonly by: string;
}

/** Counts who has a place. */
export class PeerListCapacity {
  readonly #crowds = new NetworkUsage();
  readonly #hearsay = new UnverifiedPeers();

  /** Somebody takes a place. `by`: the host that told us of it. */
  add(peer: Peer, by: string): void {
    this.#crowds.add(peer, by);
    if (peer.source === "peer") this.#hearsay.add(peer.host);
  }

  /** Somebody's place is free again. */
  delete(peer: Peer): void {
    if (!this.#crowds.delete(peer)) return;
    if (peer.source === "peer") this.#hearsay.delete(peer.host);
  }

  /** Somebody is known from a better source. */
  setSource(peer: Peer, source: PeerSource): void {
    if (peer.source === "peer" && this.#crowds.has(peer)) this.#hearsay.delete(peer.host);
    peer.source = source;
  }

  /** Whether there is room for a newcomer: `true`, or who has to be forgotten for it; else `false`. */
  roomFor(newcomer: Newcomer): boolean | Peer {
    const isHearsay = newcomer.source === "peer";
    if (isHearsay && !this.#hearsay.hasRoom(newcomer.host)) return false;
    const isFull = this.#crowds.size >= MAX_PEERS || (isHearsay && this.#hearsay.isFull);
    return !isFull || (this.#whoMakesRoom(newcomer) ?? false);
  }

  /**
   * Somebody who failed; else somebody who was only heard of, for whom more is known of; else somebody of
   * those who hold most, unless that would be the newcomer's own. For a peer that is sure to exist it may
   * be anybody. What others say drives out nothing but what others said.
   */
  #whoMakesRoom(newcomer: Newcomer): Peer | undefined {
    const { source } = newcomer;
    const isSure = source === "user" || source === "inbound";
    return this.#crowds.evicted(newcomer, (peer) => {
      const { state, failures } = peer;
      if ((state !== "available" && state !== "away") || peer.source === "user") return undefined;
      if (!isSure && sourceRank(peer.source) < sourceRank(source)) return undefined;
      if (state === "away" && failures > 0) return 0;
      if (peer.source === "peer" && source !== "peer") return 1;
      return isSure ? 2 : FAIR_GRADE;
    });
  }
}
