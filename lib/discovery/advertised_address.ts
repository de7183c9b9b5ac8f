/**
 * Under which addresses a link names its tracker and its seeder: such that other machines reach them.
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
 * An address of this machine that others reach it under; loopback when it has no other.
 *
 * @param host what a program is bound to; one address of it is the only one that reaches it
 */
export function reachableAddress(host?: string): string {
  if (host !== undefined && isIp(host) && host !== "0.0.0.0" && host !== "::") return host;
  const own = ownAddresses().map(({ address }) => address);
  if (host === "0.0.0.0") return own.find(isIPv4) ?? "127.0.0.1";
  return own[0] ?? ownLoopback();
}

/**
 * The loopback address of the family that others reach this machine over. A tracker lists peers by family:
 * a peer on this machine has to tell it of itself over that one.
 */
function ownLoopback(): string {
  const others = ownAddresses()[0]?.address;
  if (others !== undefined) return isIPv4(others) ? "127.0.0.1" : "::1";
  const own = (networkInterfaces() ?? []).map(({ address }) => address);
  return own.includes("::1") && !own.some(isIPv4) ? "::1" : "127.0.0.1";
}

/** Where a tracker on this machine is asked, at this port. */
export function localTracker(port: number): string {
  return `udp://${formatHostPort(ownLoopback(), port)}`;
}

/** Where a tracker is looked for when none is named. */
export function assumedTracker(): string {
  return localTracker(DEFAULT_TRACKER_PORT);
}

/**
 * The tracker's URL for others: one on loopback is named by this machine's own address, if it answers
 * there. So is one by a name that leads to loopback here, such as Debian gives a machine's own name.
 */
export async function reachableTracker(url: string, ownAddress: string): Promise<string> {
  const { host, port } = parseTrackerUrl(url);
  if (isLoopback(ownAddress)) return url;
  if (!isLoopback(host) && (isIp(host) || !await leadsToLoopback(host))) return url;
  const outside = `udp://${formatHostPort(ownAddress, port)}`;
  return await isTracker(outside) ? outside : url;
}

/** Whether all that a name leads to is this machine itself; no, when the name service does not say so soon. */
async function leadsToLoopback(host: string): Promise<boolean> {
  const found = await deadline(resolveHost(host), RESOLVE_MS).catch(() => []);
  return found.length > 0 && found.every(isLoopback);
}

/** Whether a tracker answers at this URL; no, when `signal` aborts. */
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
