/**
 * Finds the network that crowds a swarm.
 *
 * @module
 */

import { sharesNetwork } from "./host_words.ts";
import { indexOf, type PeerSlot, type Swarm } from "./swarm.ts";

/** Number of peers sampled: a network with a tenth of the swarm is nearly always in the sample twice. */
const DRAWN = 64;

/**
 * The slot of the peer to remove from a full swarm: the oldest sampled peer of the network that occurs most
 * often in a random sample; -1 if no network occurs twice.
 */
export function slotOfLargestHost(swarm: Swarm, random: () => number, nowMs: number): PeerSlot {
  const drawn = Array.from(
    { length: DRAWN },
    () => swarm.slotWithIndex(Math.floor(random() * swarm.size)),
  );
  const slots = [...new Set(drawn)];
  let crowd: PeerSlot[] = [];
  for (const slot of slots) {
    const same = slots.filter((other) => areNeighbours(swarm, slot, other));
    if (same.length > crowd.length) crowd = same;
  }
  if (crowd.length < 2) return -1;
  const stay = (slot: PeerSlot) => swarm.rosterOf(slot).sinceSeconds(indexOf(slot), nowMs);
  return crowd.reduce((oldest, slot) => stay(slot) > stay(oldest) ? slot : oldest);
}

function areNeighbours(swarm: Swarm, a: PeerSlot, b: PeerSlot): boolean {
  const first = swarm.rosterOf(a), second = swarm.rosterOf(b);
  const { stride } = first;
  return sharesNetwork(first.words, indexOf(a) * stride, second.words, indexOf(b) * stride, stride);
}
