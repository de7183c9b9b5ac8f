/**
 * Configuration of a tracker.
 *
 * @module
 */

import { isIp } from "../codec/address.ts";
import { OptionError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { TrackerLimits } from "./tables/limits.ts";

/** Announce interval in seconds, once a swarm has formed. */
export const DEFAULT_INTERVAL_SECONDS = 60;

const LONGEST_TTL_SECONDS = 7 * 86_400;

/** Settings of a tracker. */
export interface TrackerOptions {
  /** UDP port; default 6969, 0 picks a free one. */
  port?: number;
  /** The address to listen on; default all, IPv4 and IPv6. */
  host?: string;
  /** Announce interval in seconds; default 60. Young and small swarms use a shorter one. */
  intervalSeconds?: number;
  /** Seconds without an announce after which a peer expires; default 2.5 intervals, at most a week. */
  peerTtlSeconds?: number;
  /** Maximum number of peers in one answer; default 50. */
  maxPeers?: number;
  /** Address given to other peers for peers on this machine; default the address of an interface. */
  externalIp?: string;
  /** A file of info-hashes in hex, one per line: only these torrents are served. Reread on change. */
  allowFile?: string;
  /**
   * A file of host names and IP addresses, one per line: the machines that should have every torrent. Reread
   * on change.
   */
  expectFile?: string;
  /** Whether to dial each new peer back once and tell it the result; default false. */
  checkPorts?: boolean;
  /**
   * Whether machines of the local network cannot find this tracker by multicast, nor the names it lists.
   * Default false. A tracker that listens on a loopback address is hidden.
   */
  hidden?: boolean;
  /** Limits on what the tracker stores. */
  limits?: Partial<TrackerLimits>;
  /** Aborting it closes the tracker. */
  signal?: AbortSignal;
}

/** {@link TrackerOptions} plus what only tests set. */
export interface TrackerSettings extends TrackerOptions {
  /** Default: the system clock. */
  clock?: Clock;
}

/** Throws an {@link OptionError} if a setting is invalid. */
export function checkOptions(options: TrackerOptions): void {
  const { externalIp, host, port = 0, intervalSeconds, peerTtlSeconds, maxPeers } = options;
  if (externalIp !== undefined && !isIp(externalIp)) {
    throw new OptionError(`the external address "${externalIp}" is not an IP address`);
  }
  if (host !== undefined && !isIp(host)) {
    throw new OptionError(`a tracker listens on an IP address, which "${host}" is not`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new OptionError(`a port is a number from 1 to 65535, which ${port} is not`);
  }
  const interval = intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
  if (!Number.isInteger(interval) || interval < 1 || interval > 86_400) {
    throw new OptionError("the interval is a whole number of seconds from 1 to 86400");
  }
  if (peerTtlSeconds !== undefined && !(peerTtlSeconds >= interval)) {
    throw new OptionError("peers must be remembered for one interval at least");
  }
  if (peerTtlSeconds !== undefined && peerTtlSeconds > LONGEST_TTL_SECONDS) {
    throw new OptionError("peers can be remembered for a week at most");
  }
  if (maxPeers !== undefined && !(Number.isInteger(maxPeers) && maxPeers >= 0)) {
    throw new OptionError("the number of peers in an answer is a whole number");
  }
}
