/**
 * The addresses of the tracker and the seeder in a link, chosen so that other machines can reach them.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { formatHostPort, isIp, isIPv4, isLoopback } from "../codec/address.ts";
import { DEFAULT_TRACKER_PORT, parseTrackerUrl } from "../codec/discovery/tracker_url.ts";
import { NetworkError } from "../errors.ts";
import { ownAddresses } from "../runtime/network_interfaces.ts";
import { networkInterfaces } from "../runtime/permissions.ts";
import { resolveHost } from "../runtime/resolve_host.ts";
import { UdpTrackerClient } from "./tracker_client.ts";

const PROBE_SECONDS = 1;
const RESOLVE_MS = 1000;

/**
 * An address at which other machines reach this one; loopback if it has no other.
 *
 * @param host the address a program is bound to; if it is a specific one, only that address reaches the
 * program
 */
export function reachableAddress(host?: string): string {
  if (host !== undefined && isIp(host) && host !== "0.0.0.0" && host !== "::") return host;
  const own = ownAddresses().map(({ address }) => address);
  if (host === "0.0.0.0") return own.find(isIPv4) ?? "127.0.0.1";
  return own[0] ?? ownLoopback();
}

/**
 * The loopback address of the family over which other machines reach this one. A tracker lists peers by
 * family, so a peer on this machine must announce over that family.
 */
function ownLoopback(): string {
  const others = ownAddresses()[0]?.address;
  if (others !== undefined) return isIPv4(others) ? "127.0.0.1" : "::1";
  const own = (networkInterfaces() ?? []).map(({ address }) => address);
  return own.includes("::1") && !own.some(isIPv4) ? "::1" : "127.0.0.1";
}

/** The URL for asking a tracker on this machine at this port. */
export function localTracker(port: number): string {
  return `udp://${formatHostPort(ownLoopback(), port)}`;
}

/** The tracker used when none is given. */
export function assumedTracker(): string {
  return localTracker(DEFAULT_TRACKER_PORT);
}

/**
 * The tracker's URL for other machines. If it names loopback, this machine's own address is used instead,
 * provided that the tracker answers there. The same holds for a name that resolves to loopback here, such as
 * the one Debian gives a machine.
 */
export async function reachableTracker(url: string, ownAddress: string): Promise<string> {
  const { host, port } = parseTrackerUrl(url);
  if (isLoopback(ownAddress)) return url;
  if (!isLoopback(host) && (isIp(host) || !await leadsToLoopback(host))) return url;
  const outside = `udp://${formatHostPort(ownAddress, port)}`;
  return await isTracker(outside) ? outside : url;
}

/** Whether a name resolves to loopback only; false if name resolution takes too long. */
async function leadsToLoopback(host: string): Promise<boolean> {
  const found = await deadline(resolveHost(host), RESOLVE_MS).catch(() => []);
  return found.length > 0 && found.every(isLoopback);
}

/** Whether a tracker answers at this URL; false if `signal` aborts. */
export async function isTracker(url: string, signal?: AbortSignal): Promise<boolean> {
  await using client = new UdpTrackerClient(url);
  const options = { giveUpSeconds: PROBE_SECONDS, ...(signal && { signal }) };
  try {
    await client.scrape([new Uint8Array(20)], options);
    return true;
  } catch (error) {
    if (error instanceof NetworkError || signal?.aborted) return false;
    throw error;
  }
}
