/**
 * How far an IP address reaches, and whose word about addresses we accept. An address names the same host
 * only within a certain scope, so a peer's or tracker's claim about another address is useful, and
 * believed, only within that scope.
 *
 * @module
 */

import { ipToBytes, isIp, isIPv6, isLoopback, readIPv4 } from "./address.ts";
import { equalBytes } from "./bytes.ts";

/** Scratch space for IPv4 addresses, because PEX checks thousands of them. */
const scratch = new Uint8Array(4);
/** `64:ff9b::/96`: an IPv4 address reachable over IPv6 through a translator (RFC 6052). */
const NAT64_PREFIX = new Uint8Array([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);

/** The scope of an address: this machine, one link, a local network, the whole Internet. */
export const AddressScope = { machine: 0, link: 1, site: 2, world: 3 } as const;

/** One of {@link AddressScope}. */
export type AddressScope = typeof AddressScope[keyof typeof AddressScope];

/** Who names an address: the user, who is always trusted, or a source whose own address has this scope. */
export type SourceScope = AddressScope | "user";

/**
 * Ports of mail and remote login. Peers do not listen there, and our handshake would look like a break-in
 * attempt. Web server ports are not included, because peers use them to get through firewalls.
 */
const SERVICE_PORTS: ReadonlySet<number> = new Set([22, 23, 25, 110, 143, 465, 587, 993, 995]);

/**
 * The scope of `ip`. Returns `undefined` when no other machine can connect to it: not an IP address,
 * unspecified, multicast, broadcast, reserved, or link-local IPv6, which also needs an interface.
 */
export function reachOf(ip: string): AddressScope | undefined {
  if (readIPv4(ip, 0, scratch)) return reachOfIPv4(scratch);
  if (!isIPv6(ip)) return undefined;
  const bytes = ipToBytes(ip);
  if (bytes.length === 4) return reachOfIPv4(bytes);
  return isLoopback(ip) ? AddressScope.machine : reachOfIPv6(bytes);
}

/**
 * Whether we connect to `ip` when this source names it. The one rule for all sources: trackers, peers, LSD,
 * links, and names that were resolved.
 *
 * - No source may name an address that cannot be a single host: multicast, broadcast, `0.0.0.0/8`, reserved
 *   ranges.
 * - The user may name anything else.
 * - Other sources may name addresses of at most their own scope. A source not on this machine may not name
 *   loopback, one not on our link may not name link-local addresses, and one on the Internet may not name
 *   private networks.
 * - One exception covers networks where private and public addresses meet without translation, such as a
 *   campus whose tracker has a public address: a source may name the private range that one of `here` is
 *   in.
 *
 * @param ip an IP address; only the user may give a name
 * @param from see {@link scopeOf}
 * @param here our own addresses, given only when the source has heard from the hosts it names, as trackers
 * have
 */
export function mayReach(ip: string, from: SourceScope, here: readonly string[] = []): boolean {
  if (from === "user") return !isNowhere(ip);
  const reach = reachOf(ip);
  if (reach === undefined) return false;
  if (reach >= from) return true;
  return reach === AddressScope.site && here.some((own) => privateRange(own) === privateRange(ip));
}

/**
 * The scope of a source at this address; `undefined` if unknown, in which case nothing it says is believed.
 *
 * @param here our own addresses; a source with one of them is on this machine
 */
export function scopeOf(ip: string, here: readonly string[] = []): AddressScope | undefined {
  return here.includes(ip) ? AddressScope.machine : reachOf(ip);
}

/** Whether an IP address can never be a single host: unspecified, multicast, broadcast or reserved. */
export function isNowhere(ip: string): boolean {
  return isIp(ip) && reachOf(ip) === undefined && !isLinkLocalIPv6(ip);
}

/** Whether this TCP port belongs to a service that only the user may name. */
export function isServicePort(port: number): boolean {
  return SERVICE_PORTS.has(port);
}

function isLinkLocalIPv6(ip: string): boolean {
  const bytes = ipToBytes(ip);
  return bytes.length === 16 && bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

function reachOfIPv4(bytes: Uint8Array): AddressScope | undefined {
  const [a, b, c] = [bytes[0]!, bytes[1]!, bytes[2]!];
  if (a === 127) return AddressScope.machine;
  if (a === 0 || a >= 224) return undefined; // "this network"; multicast, reserved, broadcast
  if (a === 192 && b === 0 && c === 0) return undefined; // protocol assignments (RFC 6890)
  if (a === 169 && b === 254) return AddressScope.link;
  return privateIPv4Range(a, b) === undefined ? AddressScope.world : AddressScope.site;
}

/** Only `2000::/3` is global in IPv6. An address that embeds an IPv4 address has that address's scope. */
function reachOfIPv6(bytes: Uint8Array): AddressScope | undefined {
  const [a, b] = [bytes[0]!, bytes[1]!];
  const embedded = embeddedIPv4(bytes);
  if (embedded !== undefined) {
    return reachOfIPv4(embedded) === AddressScope.world ? AddressScope.world : undefined;
  }
  if ((a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0xc0)) return AddressScope.site;
  return (a & 0xe0) === 0x20 ? AddressScope.world : undefined;
}

/** The IPv4 address inside a translated or tunnelled address (6to4, RFC 3056). */
function embeddedIPv4(bytes: Uint8Array): Uint8Array | undefined {
  if (equalBytes(bytes.subarray(0, NAT64_PREFIX.length), NAT64_PREFIX)) {
    return bytes.subarray(NAT64_PREFIX.length);
  }
  return bytes[0] === 0x20 && bytes[1] === 0x02 ? bytes.subarray(2, 6) : undefined;
}

/** The private range `ip` is in. Addresses of one range may belong to one site. */
function privateRange(ip: string): string | undefined {
  if (!isIp(ip)) return undefined;
  const bytes = ipToBytes(ip);
  if (bytes.length === 4) return privateIPv4Range(bytes[0]!, bytes[1]!);
  return (bytes[0]! & 0xfe) === 0xfc ? bytes.subarray(0, 6).join(".") : undefined; // a site's /48
}

function privateIPv4Range(a: number, b: number): string | undefined {
  if (a === 10) return "10/8";
  if (a === 172 && b >= 16 && b < 32) return "172.16/12";
  if (a === 192 && b === 168) return "192.168/16";
  if (a === 100 && b >= 64 && b < 128) return "100.64/10"; // behind a provider's NAT
  return a === 198 && (b === 18 || b === 19) ? "198.18/15" : undefined; // a test network
}
