/**
 * The capacity of a peer list, and which peer makes room when it is full.
 *
 * @module
 */

import { type Peer, type PeerSource, sourceRank } from "../connection/peer.ts";
import { FAIR_GRADE, NetworkUsage } from "./network_usage.ts";
import { UnverifiedPeers } from "./unverified_peers.ts";

/** Limit for remembered peers. Strangers decide how many there are. */
const MAX_PEERS = 3000;

/** A peer that is about to be added. */
export interface Newcomer {
  readonly host: string;
  readonly source: PeerSource;
  /** The host that introduced it. */
  readonly by: string;
}

/** Counts the peers of a list and chooses which to evict. */
export class PeerListCapacity {
  readonly #crowds = new NetworkUsage();
  readonly #hearsay = new UnverifiedPeers();

  /** Adds a peer. `by` is the host that introduced it. */
  add(peer: Peer, by: string): void {
    this.#crowds.add(peer, by);
    if (peer.source === "peer") this.#hearsay.add(peer.host);
  }

  delete(peer: Peer): void {
    if (!this.#crowds.delete(peer)) return;
    if (peer.source === "peer") this.#hearsay.delete(peer.host);
  }

  /** Records that a better source named the peer. */
  setSource(peer: Peer, source: PeerSource): void {
    if (peer.source === "peer" && this.#crowds.has(peer)) this.#hearsay.delete(peer.host);
    peer.source = source;
  }

  /** Returns `true` if there is room, the peer to forget for the newcomer, or `false`. */
  roomFor(newcomer: Newcomer): boolean | Peer {
    const isHearsay = newcomer.source === "peer";
    if (isHearsay && !this.#hearsay.hasRoom(newcomer.host)) return false;
    const isFull = this.#crowds.size >= MAX_PEERS || (isHearsay && this.#hearsay.isFull);
    return !isFull || (this.#whoMakesRoom(newcomer) ?? false);
  }

  /**
   * Prefers a peer that failed, then a peer known from PEX only (for a newcomer from a better source), then
   * one of the largest crowd, unless that would be the newcomer's own. A newcomer that surely exists may
   * replace any peer. A newcomer from PEX replaces only peers from PEX.
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
