/**
 * Ranks a machine's addresses by how likely other machines reach it there. The order in which the system
 * lists interfaces does not help: a bridge for containers may come before the Ethernet interface.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import { AddressScope, reachOf } from "../codec/address_scope.ts";
import type { RouteClues } from "./route_clues.ts";

/** An address and its interface. */
export interface InterfaceAddress {
  readonly name: string;
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/** Bridges of container and virtual machine software, and similar interfaces. */
const CONTAINERS =
  /^(docker|br-[0-9a-f]{8,}|veth|virbr|vmnet|vboxnet|vnet|podman|cni|flannel|cali|cilium|kube|lxcbr|lxdbr|incusbr|mpqemubr|nodelocaldns|weave|ovs|bridge1\d\d|vEthernet|dummy|ifb)/i;
/** VPNs. */
const TUNNELS =
  /^(tun|tap|utun|wg|ppp|ipsec|gre|sit|ip6tnl|zt|tailscale|ts\d|nebula|nordlynx|proton|mullvad|ham\d|gpd|awdl|llw)/i;

/** The cost of each circumstance; the address with the lowest sum is the best. */
const NO_CARRIER = 1000, NO_LEASE = 500, CONTAINER = 40, TUNNEL = 20, NO_DEFAULT = 10;
const NO_LINK_LOCAL = 5, PASSING = 3, SITE_IPV6 = 2, IPV6 = 1;

/**
 * The same addresses, best first; equally good ones keep their order.
 *
 * An interface with a default route leads to a network; a container bridge, or a tunnel without a default
 * route, serves only a few hosts. IPv4 comes before IPv6 of the same interface, because more clients can
 * use it.
 */
export function ranked<T extends InterfaceAddress>(
  addresses: readonly T[],
  clues: RouteClues,
): T[] {
  const linked = new Set<string>();
  for (const { name, address } of addresses) if (isLinkLocalIPv6(address)) linked.add(name);
  const costs = new Map(addresses.map((each) => [each, costOf(each, clues, linked)]));
  return addresses.toSorted((a, b) => costs.get(a)! - costs.get(b)!);
}

function costOf(
  { name, family, address }: InterfaceAddress,
  { defaults, dead, passing }: RouteClues,
  linked: ReadonlySet<string>,
): number {
  const metric = defaults.get(name);
  let cost = metric === undefined ? NO_DEFAULT : Math.min(metric, 2 ** 32) / 2 ** 33;
  if (dead.has(name)) cost += NO_CARRIER;
  if (address.startsWith("169.254.")) cost += NO_LEASE; // self-assigned, because no DHCP server answered
  if (TUNNELS.test(name)) cost += TUNNEL;
  // A name is a guess, a default route is not.
  else if (metric === undefined && isForContainers(name)) cost += CONTAINER;
  // An interface that never had a carrier has no link-local address.
  if (metric === undefined && linked.size > 0 && !linked.has(name)) cost += NO_LINK_LOCAL;
  if (family === "IPv4") return cost;
  if (passing.has(normalizeIp(address))) cost += PASSING;
  return cost + (reachOf(address) === AddressScope.world ? IPV6 : SITE_IPV6);
}

/** Whether an interface of this name most likely serves only containers or virtual machines. */
export function isForContainers(name: string): boolean {
  return CONTAINERS.test(name);
}

/** Whether this is a link-local IPv6 address, which is usable only together with an interface. */
export function isLinkLocalIPv6(ip: string): boolean {
  return /^fe[89ab]/i.test(ip);
}
