/**
 * A peer of a swarm: what is known of it, and from whom.
 *
 * @module
 */

import { formatHostPort } from "../../codec/address.ts";
import type { PeerState } from "./peer_state.ts";

/** Where we learned of a peer. What the user named is never given up. */
export type PeerSource = "user" | "tracker" | "inbound" | "peer" | "local";

/** A peer that takes part in the swarm, or once did. */
export interface Peer {
  /** Number of this peer in its book. */
  readonly id: number;
  /** Set when it is no peer but a web server that stands in for one (BEP 19): its URL. */
  readonly url?: string;
  host: string;
  port: number;
  state: PeerState;
  source: PeerSource;
  /** False when the port is only where its connection came from, and not where it listens. */
  dialable: boolean;
  /** It serves the v2 info-hash, as far as the tracker told. */
  v2: boolean;
  /** It had every piece when last seen. */
  complete: boolean;
  /** It wanted nothing more when last seen, or as others say: it is complete, or chose to be. */
  wantsNothing: boolean;
  /** Attempts or connections that brought nothing, in a row. */
  failures: number;
  retryAtMs: number;
  /** What it calls itself. */
  client: string;
  /** Why it is away or banned, in words. */
  reason: string;
  /** Verified bytes received from it. */
  verifiedBytes: number;
  /** Pieces that did not match their hash and that it had a part in, by guilt or by chance. */
  badPieces: number;
}

/** A peer that was not connected yet. */
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

/** `host:port` of a peer, brackets around IPv6; the URL of a web seed. */
export function addressOf(peer: Peer): string {
  return peer.url ?? formatHostPort(peer.host, peer.port);
}

/**
 * How sure an address is, best first. What the user named is meant; who is on the local network is near;
 * a tracker has heard from the peer itself. What other peers say may be old, or made up.
 */
const RANKS: Readonly<Record<PeerSource, number>> = {
  user: 0,
  local: 1,
  tracker: 2,
  inbound: 2,
  peer: 3,
};

/** How sure an address from there is: 0 is best. */
export function sourceRank(source: PeerSource): number {
  return RANKS[source];
}
