/**
 * Who crowds a swarm.
 *
 * @module
 */

import { sharesNetwork } from "./host_words.ts";
import { indexOf, type PeerSlot, type Swarm } from "./swarm.ts";

/** Peers drawn at random: whoever makes up a tenth of the swarm is nearly always among them twice. */
const DRAWN = 64;

/**
 * The seat of the peer that is to give way in a full swarm: of the network that is met most often in a
 * sample, the one who has been there for longest; -1 when no network is met twice.
 */
export function slotOfLargestHost(swarm: Swarm, random: () => number, nowMs: number): PeerSlot {
  const drawn = Array.from(
    { length: DRAWN },
    () => swarm.seatWithIndex(Math.floor(random() * swarm.size)),
  );
  const seats = [...new Set(drawn)];
  let crowd: PeerSlot[] = [];
  for (const seat of seats) {
    const same = seats.filter((other) => areNeighbours(swarm, seat, other));
    if (same.length > crowd.length) crowd = same;
  }
  if (crowd.length < 2) return -1;
  const stay = (seat: PeerSlot) => swarm.rosterOf(seat).sinceSeconds(indexOf(seat), nowMs);
  return crowd.reduce((oldest, seat) => stay(seat) > stay(oldest) ? seat : oldest);
}

function areNeighbours(swarm: Swarm, a: PeerSlot, b: PeerSlot): boolean {
  const first = swarm.rosterOf(a), second = swarm.rosterOf(b);
  const { stride } = first;
  return sharesNetwork(first.words, indexOf(a) * stride, second.words, indexOf(b) * stride, stride);
}
