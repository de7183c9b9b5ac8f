/**
 * What Linux reports about network interfaces beyond their addresses: which has a default route, which has
 * no carrier, and which addresses are short-lived.
 *
 * @module
 */

import { bytesToIp } from "../codec/address.ts";
import { fromHex } from "../codec/bytes.ts";

/** What is known about a machine's interfaces. Empty on systems other than Linux. */
export interface RouteClues {
  /** Interfaces with a default route, and the metric of the best one; lower is better. */
  readonly defaults: ReadonlyMap<string, number>;
  /** Interfaces without a carrier. */
  readonly dead: ReadonlySet<string>;
  /** IPv6 addresses that are temporary (RFC 8981), deprecated or not yet usable. */
  readonly passing: ReadonlySet<string>;
}

/** Flags of `/proc/net/if_inet6`: temporary, duplicate, deprecated, tentative. */
const PASSING = 0x01 | 0x08 | 0x20 | 0x40;
/** Flags of both routing tables: in force; and of IPv6 only: reject route. */
const UP = 0x01;
const REJECT = 0x200;
/** The states in `/sys` of an interface without a connection. */
const DEAD = /^(down|lowerlayerdown|notpresent)\s*$/;

/** Reads a small system file; `undefined` when it does not exist or may not be read. */
type ReadClue = (path: string) => string | undefined;

/** Queries the system about these interfaces. Deno permits that only to programs with all permissions. */
export function routeClues(names: Iterable<string>, read: ReadClue = readQuietly): RouteClues {
  const ipv4 = read("/proc/net/route");
  const ipv6 = read("/proc/net/ipv6_route");
  const defaults = new Map<string, number>();
  for (const [name, metric] of [...defaultsOfIPv4(ipv4 ?? ""), ...defaultsOfIPv6(ipv6 ?? "")]) {
    defaults.set(name, Math.min(metric, defaults.get(name) ?? Infinity));
  }
  const dead = new Set<string>();
  if (ipv4 !== undefined || ipv6 !== undefined) {
    for (const name of new Set(names)) {
      const isFile = /^[^/]+$/.test(name) && name !== "..";
      if (isFile && DEAD.test(read(`/sys/class/net/${name}/operstate`) ?? "")) dead.add(name);
    }
  }
  return { defaults, dead, passing: passingAddresses(read("/proc/net/if_inet6") ?? "") };
}

/** Columns: interface, destination, gateway, flags, two counters, metric, mask. */
function defaultsOfIPv4(table: string): [string, number][] {
  return rows(table).slice(1).flatMap(([name, destination, , flags, , , metric, mask]) => {
    const isDefault = destination === "00000000" && mask === "00000000";
    return isDefault && parseInt(flags!, 16) & UP ? [[name!, Number(metric)]] : [];
  });
}

/** Columns: destination, its prefix, source, its prefix, next hop, metric, two counters, flags, interface. */
function defaultsOfIPv6(table: string): [string, number][] {
  return rows(table).flatMap(([destination, prefix, , , , metric, , , flags, name]) => {
    const isDefault = prefix === "00" && /^0+$/.test(destination!);
    const bits = parseInt(flags!, 16);
    return isDefault && bits & UP && !(bits & REJECT) ? [[name!, parseInt(metric!, 16)]] : [];
  });
}

/** Columns: address, number of the interface, prefix, scope, flags, interface. */
function passingAddresses(table: string): Set<string> {
  return new Set(
    rows(table).flatMap(([address, , , , flags]) =>
      parseInt(flags!, 16) & PASSING ? [bytesToIp(fromHex(address!))] : []
    ),
  );
}

function rows(table: string): string[][] {
  return table.split("\n").map((line) => line.trim().split(/\s+/)).filter((row) => row.length >= 6);
}

function readQuietly(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // another system, no such interface, or not permitted
  }
}
