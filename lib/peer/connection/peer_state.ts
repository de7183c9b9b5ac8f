/**
 * The states a peer can be in, as one table.
 *
 * A peer is known by its address; a connection is one conversation with it. The table says
 * which event leads from which state to which; an event that is not listed for a state cannot happen
 * in it, and {@link nextState} refuses it.
 *
 * @module
 */

/**
 * - `available`: known from a tracker, a link or the user; no connection
 * - `connecting`: TCP and handshake under way
 * - `connected`: messages flow
 * - `away`: was tried or was here, is not now; tried again after a back-off
 * - `banned`: sent data that provably failed verification; never again in this run
 */
export type PeerState = "available" | "connecting" | "connected" | "away" | "banned";

/** What can happen to a peer. */
export type PeerEvent =
  | "dial" // we start to connect
  | "accept" // it connects to us
  | "handshake" // both handshakes are through
  | "loss" // failure, timeout, close: anything that ends an attempt or a connection
  | "back-off over" // time to try again
  | "learned" // its address is named once more
  | "given up" // failed too often, or is not to be known (BEP 27)
  | "corrupt"; // its data failed verification, and no other peer can be to blame

/** Every legal transition. `forgotten` means the peer leaves the book. */
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
 * @throws {Error} when the table has no such transition: a bug in the caller, never a peer's doing
 */
export function nextState(state: PeerState, event: PeerEvent): PeerState | "forgotten" {
  const next = TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`a peer that is ${state} cannot meet "${event}"`);
  return next;
}
