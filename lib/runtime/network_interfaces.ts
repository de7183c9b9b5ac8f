/**
 * The addresses under which other machines reach this one.
 *
 * @module
 */

import { ipToBytes, isIp, isLoopback } from "../codec/address.ts";
import { AddressScope, reachOf } from "../codec/address_scope.ts";
import { isForContainers, isLinkLocalIPv6, ranked } from "./address_rank.ts";
import { networkInterfaces } from "./permissions.ts";
import { routeClues } from "./route_clues.ts";

/** An address of this machine and the network it is in. */
export interface InterfaceNetwork {
  /** IPv4 or IPv6. */
  address: string;
  /** In the notation of an address. */
  netmask: string;
}

/**
 * This machine's addresses that others can use, the one they most likely reach it under first: not
 * loopback, nor IPv6 addresses of one link. None where they may not be listed.
 */
export function ownAddresses(): InterfaceNetwork[] {
  const interfaces = networkInterfaces() ?? [];
  const clues = routeClues(interfaces.map(({ name }) => name));
  return ranked(interfaces, clues).filter(isForOthers);
}

/** The same in no particular order, which is quicker. */
function unorderedAddresses(): InterfaceNetwork[] {
  return (networkInterfaces() ?? []).filter(isForOthers);
}

/** Whether this machine has IPv6 addresses of one link (fe80::/10), and none that others can use. */
export function isOnOneLinkOnly(): boolean {
  const interfaces = networkInterfaces() ?? [];
  return !interfaces.some(isForOthers) &&
    interfaces.some(({ address }) => isLinkLocalIPv6(address));
}

/**
 * The addresses that matter to others now. Container bridges, which come and go on some machines all day,
 * are not among them.
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
 * The address of this machine on the side of `host`: in the same network if there is one, else the
 * best of the same family.
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
 * Whether `host` is this machine or on a local network: it has a private address, or one of a network
 * that this machine is in.
 *
 * @param host An IP address; one that nobody can be dialled at is not.
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

function isNeighbour(other: Uint8Array, { address, netmask }: InterfaceNetwork): boolean {
  const own = ipToBytes(address);
  const mask = ipToBytes(netmask);
  return own.length === other.length &&
    mask.every((bits, i) => ((own[i]! ^ other[i]!) & bits) === 0);
}
