/**
 * From how far away an IP address means the same host, and whom we believe an address: what somebody says
 * of another's address is of use, and to be believed, only within that distance.
 *
 * @module
 */

import { ipToBytes, isIp, isIPv6, isLoopback, readIPv4 } from "./address.ts";
import { equalBytes } from "./bytes.ts";

/** Where an IPv4 address is read to: peer exchange asks for thousands of them. */
const scratch = new Uint8Array(4);
/** `64:ff9b::/96`: an IPv4 address that a translator makes reachable over IPv6 (RFC 6052). */
const NAT64_PREFIX = new Uint8Array([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);

/** How far an address reaches: the machine itself, one cable, a local network, the whole Internet. */
export const AddressScope = { machine: 0, link: 1, site: 2, world: 3 } as const;

/** One of {@link AddressScope}. */
export type AddressScope = typeof AddressScope[keyof typeof AddressScope];

/** Who names an address: the user, who means it, or somebody whose own address reaches so far. */
export type SourceScope = AddressScope | "user";

/**
 * Ports of mail and of remote login: peers do not listen there, and what we say would be taken for an
 * attempt to break in. Ports of web servers are not among them, since peers hide there from firewalls.
 */
const SERVICE_PORTS: ReadonlySet<number> = new Set([22, 23, 25, 110, 143, 465, 587, 993, 995]);

/**
 * How far `ip` reaches. `undefined` when nobody can be dialled there from elsewhere: it is no IP address,
 * unspecified, multicast, broadcast, reserved, or link-local IPv6, which needs an interface as well.
 */
export function reachOf(ip: string): AddressScope | undefined {
  if (readIPv4(ip, 0, scratch)) return reachOfIPv4(scratch);
  if (!isIPv6(ip)) return undefined;
  const bytes = ipToBytes(ip);
  if (bytes.length === 4) return reachOfIPv4(bytes);
  return isLoopback(ip) ? AddressScope.machine : reachOfIPv6(bytes);
}

/**
 * Whether we let ourselves be sent to `ip`. The one rule for whoever names an address, be it a tracker, a
 * peer, the local network, a link or a name that was looked up:
 *
 * - Nobody sends us where no single host can be: multicast, broadcast, `0.0.0.0/8`, reserved ranges.
 * - The user may name anything else.
 * - Others may name what reaches as far as they do. Who is not on this machine does not send us to
 *   loopback, who is not on our cable does not send us to link-local addresses, and who is on the Internet
 *   does not send us into private networks.
 * - The last has one exception, for networks where private addresses meet public ones without translation
 *   (a campus, whose tracker has a public address): into the private range that one of `here` is in.
 *
 * @param ip an IP address; a name is for the user alone
 * @param from see {@link scopeOf}
 * @param here our own addresses, given only where the source has heard from those it names, as trackers do
 */
export function mayReach(ip: string, from: SourceScope, here: readonly string[] = []): boolean {
  if (from === "user") return !isNowhere(ip);
  const reach = reachOf(ip);
  if (reach === undefined) return false;
  if (reach >= from) return true;
  return reach === AddressScope.site && here.some((own) => privateRange(own) === privateRange(ip));
}

/**
 * How near a source at this address is to us; `undefined` when it cannot be told, and nothing it says is
 * believed.
 *
 * @param here our own addresses: who has one of them is on this machine
 */
export function scopeOf(ip: string, here: readonly string[] = []): AddressScope | undefined {
  return here.includes(ip) ? AddressScope.machine : reachOf(ip);
}

/** Whether no single host can ever have this IP address: unspecified, multicast, broadcast or reserved. */
export function isNowhere(ip: string): boolean {
  return isIp(ip) && reachOf(ip) === undefined && !isLinkLocalIPv6(ip);
}

/** Whether a service listens at this TCP port that nobody but the user sends us to. */
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
  if (a === 192 && b === 0 && c === 0) return undefined; // for protocols (RFC 6890)
  if (a === 169 && b === 254) return AddressScope.link;
  return privateIPv4Range(a, b) === undefined ? AddressScope.world : AddressScope.site;
}

/** IPv6 hands out `2000::/3` alone to the world; what stands for an IPv4 address reaches as far as that. */
function reachOfIPv6(bytes: Uint8Array): AddressScope | undefined {
  const [a, b] = [bytes[0]!, bytes[1]!];
  const embedded = embeddedIPv4(bytes);
  if (embedded !== undefined) {
    return reachOfIPv4(embedded) === AddressScope.world ? AddressScope.world : undefined;
  }
  if ((a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0xc0)) return AddressScope.site;
  return (a & 0xe0) === 0x20 ? AddressScope.world : undefined;
}

/** The IPv4 address that a translated or tunnelled one (6to4, RFC 3056) leads to. */
function embeddedIPv4(bytes: Uint8Array): Uint8Array | undefined {
  if (equalBytes(bytes.subarray(0, NAT64_PREFIX.length), NAT64_PREFIX)) {
    return bytes.subarray(NAT64_PREFIX.length);
  }
  return bytes[0] === 0x20 && bytes[1] === 0x02 ? bytes.subarray(2, 6) : undefined;
}

/** Names the range of private addresses that `ip` is in; addresses of a range can be of one site. */
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
