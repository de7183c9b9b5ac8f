/**
 * What a tracker is told at its start.
 *
 * @module
 */

import { isIp } from "../codec/address.ts";
import { OptionError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { TrackerLimits } from "./tables/limits.ts";

/** Seconds between the announces of a peer, once its swarm has formed. */
export const DEFAULT_INTERVAL_SECONDS = 60;

const LONGEST_TTL_SECONDS = 7 * 86_400;

/** Settings of a tracker. */
export interface TrackerOptions {
  /** UDP port; default 6969, 0 takes a free one. */
  port?: number;
  /** The address to listen on; default all, IPv4 and IPv6. */
  host?: string;
  /** Seconds between the announces of a peer; default 60. Young and small swarms announce more often. */
  intervalSeconds?: number;
  /** Seconds after which a silent peer is forgotten; default 2.5 intervals, at most a week. */
  peerTtlSeconds?: number;
  /** Peers in one answer; default 50. */
  maxPeers?: number;
  /** The address of this machine to give to others for peers on it; default that of an interface. */
  externalIp?: string;
  /** A file of info-hashes in hex, one a line: only these torrents are served. Reread on change. */
  allowFile?: string;
  /** Whether to dial each new peer back once, and to tell it whether that worked; default not. */
  checkPorts?: boolean;
  /** Bounds on what the tracker remembers. */
  limits?: Partial<TrackerLimits>;
  /** Aborting it closes the tracker. */
  signal?: AbortSignal;
}

/** The same, with what only tests set. */
export interface TrackerSettings extends TrackerOptions {
  /** Default the machine's own. */
  clock?: Clock;
}

/** Throws an {@link OptionError} when a setting makes no sense. */
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
