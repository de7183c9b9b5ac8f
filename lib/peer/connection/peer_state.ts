/**
 * The states of a peer, as one table.
 *
 * A peer is identified by its address; a connection is one session with it. The table lists which event leads
 * from which state to which. An event that is not listed for a state cannot happen in it, and {@link
 * nextState} throws.
 *
 * @module
 */

/**
 * - `available`: known, not connected, may be dialled
 * - `connecting`: TCP connect and handshake under way
 * - `connected`: handshake complete
 * - `away`: an attempt or a connection ended; tried again after a back-off
 * - `banned`: sent data that provably failed verification; not used again in this run
 */
export type PeerState = "available" | "connecting" | "connected" | "away" | "banned";

/** What can happen to a peer. */
export type PeerEvent =
  | "dial" // we start to connect
  | "accept" // it connects to us
  | "handshake" // both handshakes are complete
  | "loss" // anything that ends an attempt or a connection: failure, timeout, close
  | "back-off over" // time to try again
  | "learned" // a source names its address again
  | "given up" // failed too often, or must not be known (BEP 27)
  | "corrupt"; // its data failed verification, and no other peer can be to blame

/** Every legal transition. `forgotten` means that the peer leaves the list. */
export const TRANSITIONS: Readonly<
  Record<PeerState, Readonly<Partial<Record<PeerEvent, PeerState | "forgotten">>>>
> = {
  available: {
    dial: "connecting",
    accept: "connecting",
    learned: "available",
    "given up": "forgotten",
    corrupt: "banned",
  },
  connecting: {
    handshake: "connected",
    loss: "away",
    learned: "connecting",
    corrupt: "banned",
  },
  connected: {
    loss: "away",
    learned: "connected",
    corrupt: "banned",
  },
  away: {
    "back-off over": "available",
    accept: "connecting",
    learned: "away",
    "given up": "forgotten",
    corrupt: "banned",
  },
  banned: {
    learned: "banned",
    loss: "banned",
    corrupt: "banned",
  },
};

/**
 * The state that `event` leads to from `state`.
 *
 * @throws {Error} when the table has no such transition, which is a bug in the caller and never a peer's
 * doing
 */
export function nextState(state: PeerState, event: PeerEvent): PeerState | "forgotten" {
  const next = TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`a peer that is ${state} cannot meet "${event}"`);
  return next;
}
