/**
 * Whom to dial next: the better we know that somebody is there, the sooner.
 *
 * @module
 */

import { type Peer, rankOf } from "./peer.ts";

const RANK_COUNT = 4;

/** A number by which candidates of one rank are ordered, highest first. */
export type PriorityOf = (peer: Peer) => number;

/** The peers that can be dialled now. */
export class DialQueue {
  readonly #wanting = sets();
  /** Those that wanted nothing when last seen: of no use to us once we want nothing either. */
  readonly #sated = sets();

  /** The peer can be dialled from now on. What is known of it must not change while it is in here. */
  add(peer: Peer): void {
    const ranks = peer.wantsNothing ? this.#sated : this.#wanting;
    ranks[rankOf(peer.source)]!.add(peer);
  }

  /** The peer cannot be dialled any more, or is to be added anew. */
  delete(peer: Peer): void {
    for (const set of this.#wanting) set.delete(peer);
    for (const set of this.#sated) set.delete(peer);
  }

  /**
   * Up to `count` peers, best first; they stay in the queue. Where one rank has more than fit, the ones
   * of highest priority.
   *
   * @param weWantNothing leaves out those that want nothing either
   * @param mayDial asked of one after the other, in the order in which they would be dialled
   */
  best(
    count: number,
    weWantNothing: boolean,
    priorityOf: PriorityOf,
    mayDial: (peer: Peer) => boolean = () => true,
  ): Peer[] {
    const best: Peer[] = [];
    for (let rank = 0; rank < RANK_COUNT && best.length < count; rank++) {
      const peers = [...this.#wanting[rank]!, ...weWantNothing ? [] : this.#sated[rank]!];
      const isOrdered = peers.length <= count - best.length;
      for (const peer of isOrdered ? peers : highest(peers, priorityOf)) {
        if (best.length === count) break;
        if (mayDial(peer)) best.push(peer);
      }
    }
    return best;
  }
}

function sets(): Set<Peer>[] {
  return Array.from({ length: RANK_COUNT }, () => new Set<Peer>());
}

function highest(peers: readonly Peer[], priorityOf: PriorityOf): Peer[] {
  return peers.map((peer) => ({ peer, priority: priorityOf(peer) }))
    .sort((a, b) => b.priority - a.priority)
    .map(({ peer }) => peer);
}
