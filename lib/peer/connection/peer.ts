/**
 * A peer of a swarm: what we know of it, and from which source.
 *
 * @module
 */

import { formatHostPort } from "../../codec/address.ts";
import type { PeerState } from "./peer_state.ts";

/** Where we learned of a peer. A peer that the user named is never given up. */
export type PeerSource = "user" | "tracker" | "inbound" | "peer" | "local";

/** A peer of the swarm, connected or not. */
export interface Peer {
  /** Id of this peer in its list. */
  readonly id: number;
  /** The URL of a web seed (BEP 19), which is treated as a peer; absent for real peers. */
  readonly url?: string;
  host: string;
  port: number;
  state: PeerState;
  source: PeerSource;
  /** False when `port` is only the source port of an inbound connection, not a listen port. */
  dialable: boolean;
  /** Its source says that it serves the v2 info-hash. */
  v2: boolean;
  /** It had every piece when last seen. */
  complete: boolean;
  /** It was complete or upload-only when last seen, or so its source says. */
  wantsNothing: boolean;
  /** Number of consecutive attempts or connections that were of no use. */
  failures: number;
  retryAtMs: number;
  /** Its client name. */
  client: string;
  /** Why it is away or banned, in words. */
  reason: string;
  /** Verified bytes received from it. */
  verifiedBytes: number;
  /** Number of pieces that failed their hash and contained blocks from it, right or wrong. */
  badPieces: number;
}

/** Creates a peer that has not been connected yet. */
export function newPeer(
  said: Pick<Peer, "id" | "url" | "host" | "port" | "source" | "dialable" | "v2" | "wantsNothing">,
): Peer {
  return {
    ...said,
    state: "available",
    complete: false,
    failures: 0,
    retryAtMs: 0,
    client: "",
    reason: "",
    verifiedBytes: 0,
    badPieces: 0,
  };
}

/** `host:port` of a peer, with brackets around IPv6; the URL of a web seed. */
export function addressOf(peer: Peer): string {
  return peer.url ?? formatHostPort(peer.host, peer.port);
}

/**
 * How reliable an address is, best first. The user means what they name; local peers are near; a tracker has
 * heard from the peer itself. What other peers say may be outdated or made up.
 */
const RANKS: Readonly<Record<PeerSource, number>> = {
  user: 0,
  local: 1,
  tracker: 2,
  inbound: 2,
  peer: 3,
};

/** How reliable an address from this source is: 0 is best. */
export function sourceRank(source: PeerSource): number {
  return RANKS[source];
}
