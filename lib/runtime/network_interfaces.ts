/**
 * This machine's addresses, as other machines reach it.
 *
 * @module
 */

import { ipToBytes, isIp, isLoopback } from "../codec/address.ts";
import { AddressScope, reachOf } from "../codec/address_scope.ts";
import { equalBytes } from "../codec/bytes.ts";
import { isForContainers, isLinkLocalIPv6, ranked } from "./address_rank.ts";
import { networkInterfaces } from "./permissions.ts";
import { routeClues } from "./route_clues.ts";

/** An address of this machine and its network. */
export interface InterfaceNetwork {
  /** IPv4 or IPv6. */
  address: string;
  /** In the notation of an address. */
  netmask: string;
}

/**
 * This machine's addresses that other machines can use, the most likely one first; without loopback and
 * link-local IPv6. Empty without the permission to list them.
 */
export function ownAddresses(): InterfaceNetwork[] {
  const interfaces = networkInterfaces() ?? [];
  const clues = routeClues(interfaces.map(({ name }) => name));
  return ranked(interfaces, clues).filter(isForOthers);
}

/** As {@link ownAddresses}, unordered, which is faster. */
function unorderedAddresses(): InterfaceNetwork[] {
  return (networkInterfaces() ?? []).filter(isForOthers);
}

/** Whether this machine has link-local IPv6 addresses (fe80::/10), and none that other machines can use. */
export function isOnOneLinkOnly(): boolean {
  const interfaces = networkInterfaces() ?? [];
  return !interfaces.some(isForOthers) &&
    interfaces.some(({ address }) => isLinkLocalIPv6(address));
}

/**
 * The addresses that matter now. Leaves out container bridges, which on some machines come and go all day.
 */
export function reachableNow(): string[] {
  return (networkInterfaces() ?? [])
    .filter((each) => isForOthers(each) && !isForContainers(each.name))
    .map(({ address }) => address);
}

function isForOthers({ address }: InterfaceNetwork): boolean {
  return isIp(address) && !isLoopback(address) && !isLinkLocalIPv6(address);
}

/**
 * This machine's address on the side of `host`: in the same network if there is one, else the best of the
 * same family.
 *
 * @param host An IP address.
 */
export function addressTowards(
  host: string,
  addresses: readonly InterfaceNetwork[] = ownAddresses(),
): string | undefined {
  const other = ipToBytes(host);
  const sameFamily = addresses.filter(({ address }) => ipToBytes(address).length === other.length);
  return (sameFamily.find((own) => isNeighbour(other, own)) ?? sameFamily[0])?.address;
}

/**
 * Whether `host` is this machine or on a local network: it has a private address, or one in a network of
 * this machine.
 *
 * @param host An IP address; false for one that cannot be connected to.
 */
export function isNearby(
  host: string,
  addresses: readonly InterfaceNetwork[] = unorderedAddresses(),
): boolean {
  const reach = reachOf(host);
  if (reach === undefined) return false;
  if (reach !== AddressScope.world) return true;
  const other = ipToBytes(host);
  return addresses.some((own) => isNeighbour(other, own));
}

/**
 * Whether `host` is this machine, or a machine with a private or link-local address in a network of this
 * machine. Stricter than {@link isNearby}: a private address elsewhere is none of ours.
 *
 * @param host An IP address; false for one that cannot be connected to.
 */
export function isInOwnNetwork(host: string, addresses: readonly InterfaceNetwork[]): boolean {
  const reach = reachOf(host);
  if (reach === undefined) return false;
  const other = ipToBytes(host);
  if (addresses.some(({ address }) => isIp(address) && equalBytes(ipToBytes(address), other))) {
    return true;
  }
  const isPrivate = reach === AddressScope.link || reach === AddressScope.site;
  return isPrivate && addresses.some((own) => isIp(own.address) && isNeighbour(other, own));
}

function isNeighbour(other: Uint8Array, { address, netmask }: InterfaceNetwork): boolean {
  const own = ipToBytes(address);
  const mask = ipToBytes(netmask);
  return own.length === other.length &&
    mask.every((bits, i) => ((own[i]! ^ other[i]!) & bits) === 0);
}
