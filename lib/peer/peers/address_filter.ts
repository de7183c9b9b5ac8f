/**
 * Addresses that somebody names: to which of them we let ourselves be sent.
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

/** Addresses read of one answer: more than trackers give, though a datagram has room for ten thousand. */
const MAX_NAMED = 200;

/** How addresses were named. */
export interface Introduction {
  /** They were found under the v2 info-hash. */
  readonly v2: boolean;
  /** The IP address of who told us; absent where each peer spoke for itself, and for the user. */
  readonly by?: string | undefined;
}

/** Lets a book learn those of the addresses that may be dialled. */
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
 * Those of the addresses that may be dialled. All sources go through here; see `mayReach` for the rule.
 * Besides, nobody sends us to ourselves, and nobody but the user to where mail or remote login is served.
 *
 * A source that names addresses where nobody can be hands on what it was told, and has not heard from
 * those it names. So what it says of this machine and of our cable is not believed either.
 *
 * @param from the IP address of whoever names them; absent where each speaks for itself
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
