/**
 * Decides which of the addresses that a source names may be dialled.
 *
 * @module
 */

import type { HostPort } from "../../codec/address.ts";
import {
  AddressScope,
  isNowhere,
  isServicePort,
  mayReach,
  scopeOf,
  type SourceScope,
} from "../../codec/address_scope.ts";
import type { PeerSource } from "../connection/peer.ts";
import type { ExternalAddress } from "./external_address.ts";
import type { PeerList } from "./peer_list.ts";

/** Addresses read from one answer. Trackers return fewer, though a datagram could hold ten thousand. */
const MAX_NAMED = 200;

/** How a source named addresses. */
export interface Introduction {
  /** They were found under the v2 info-hash. */
  readonly v2: boolean;
  /** IP address of the source; absent when each peer named itself, or when the user did. */
  readonly by?: string | undefined;
}

/** Adds those of the addresses that may be dialled to the peer list. */
export function addPeers(
  book: PeerList,
  ownAddresses: ExternalAddress,
  peers: readonly HostPort[],
  source: PeerSource,
  told: Introduction,
): void {
  for (const { host, port } of allowedAddresses(peers, source, ownAddresses, told.by)) {
    book.addPeer(host, port, source, told);
  }
}

/**
 * Returns those of the addresses that may be dialled. Every source goes through this filter; `mayReach` has
 * the rule. In addition, our own addresses are dropped, and so are the ports of mail and remote login unless
 * the user named them.
 *
 * A source that names unroutable addresses repeats what it was told and has not heard from those peers. Its
 * machine-local and link-local addresses are therefore dropped too.
 *
 * @param from IP address of the source; absent when each peer named itself
 */
export function allowedAddresses<T extends HostPort>(
  named: readonly T[],
  source: PeerSource,
  ownAddresses: ExternalAddress,
  from?: string,
): T[] {
  const { here } = ownAddresses;
  const nearest: AddressScope = source !== "user" && named.some(({ host }) => isNowhere(host))
    ? AddressScope.site
    : AddressScope.machine;
  const neighbours = source === "tracker" ? here : [];
  const isAdmissible = ({ host, port }: T) => {
    const scope = source === "user" ? "user" : atLeast(scopeOf(from ?? host, here), nearest);
    return scope !== undefined && mayReach(host, scope, neighbours) &&
      (scope === "user" || !isServicePort(port)) && !ownAddresses.includes({ host, port });
  };
  return named.slice(0, MAX_NAMED).filter(isAdmissible);
}

function atLeast(reach: AddressScope | undefined, nearest: AddressScope): SourceScope | undefined {
  return reach === undefined || reach > nearest ? reach : nearest;
}
