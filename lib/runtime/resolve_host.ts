/**
 * Resolves the host in a tracker's URL to IP addresses.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { ipToBytes, isIp, normalizeIp } from "../codec/address.ts";
import type { TrackerUrl } from "../codec/discovery/tracker_url.ts";
import type { AddressFamily } from "../codec/discovery/udp_tracker.ts";
import { ExitCode, NetworkError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { describeDenial } from "./permissions.ts";

/** How to resolve a host. */
interface LookUp {
  /** Returns the IP addresses of a host name. */
  resolve: (host: string) => Promise<string[]>;
  /** If given, only addresses of its family are usable. */
  localHost: string | undefined;
  clock: Clock;
  giveUpMs: number;
  /** Aborting it ends the wait. */
  signal: AbortSignal;
}

/** The most addresses tried per family; a name may have any number. */
const MAX_ADDRESSES = 8;

/**
 * Resolves a host with the system's resolver, which knows its hosts file and DNS. Removes a trailing dot,
 * which marks a name as complete but never matches a hosts file; `localhost` is always this machine (RFC
 * 6761).
 */
export async function resolveHost(host: string): Promise<string[]> {
  const name = host.replace(/\.$/, "");
  try {
    const found = await lookup(name, { all: true });
    return found.map(({ address }) => address).filter(isIp);
  } catch (error) {
    if (name.toLowerCase() === "localhost") return ["127.0.0.1", "::1"];
    throw error;
  }
}

/**
 * The usable addresses by family, in the resolver's order; families without any are left out.
 *
 * @throws {NetworkError} when the name cannot be resolved, or not in time.
 */
export async function trackerAddresses(
  tracker: TrackerUrl,
  how: LookUp,
): Promise<{ family: AddressFamily; hosts: string[] }[]> {
  const { host } = tracker;
  const found = isIp(host) ? [normalizeIp(host)] : await resolved(tracker, how);
  const wanted = how.localHost === undefined ? undefined : familyOf(how.localHost);
  return ([4, 6] as const).flatMap((family) => {
    if (wanted !== undefined && family !== wanted) return [];
    const hosts = [...new Set(found.filter((address) => familyOf(address) === family))];
    return hosts.length === 0 ? [] : [{ family, hosts: hosts.slice(0, MAX_ADDRESSES) }];
  });
}

async function resolved({ host, url }: TrackerUrl, how: LookUp): Promise<string[]> {
  const found = new AbortController();
  const late = how.clock.sleep(how.giveUpMs, AbortSignal.any([found.signal, how.signal]));
  try {
    const addresses = await Promise.race([how.resolve(host), late]);
    if (addresses === undefined) throw new Error("the name service does not answer");
    return addresses.map(normalizeIp);
  } catch (cause) {
    const why = describeDenial(cause);
    const message = `the host name "${host}" of tracker ${url} cannot be resolved` +
      (why === undefined ? "" : `: ${why}`);
    throw new NetworkError(message, { exitCode: ExitCode.network, cause });
  } finally {
    found.abort();
  }
}

function familyOf(ip: string): 4 | 6 {
  return ipToBytes(ip).length === 4 ? 4 : 6;
}
