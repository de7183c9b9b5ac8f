/**
 * The sockets a tracker listens on, over IPv4 and IPv6.
 *
 * What is sent to one address must be answered from that address, or the asker and every firewall on the
 * way take the answer for a stranger's. A socket on all addresses leaves the choice to the system, which
 * goes by the route and not by the question. So each address of the machine has a socket of its own.
 *
 * @module
 */

import { isIPv4, isLoopback } from "../codec/address.ts";
import { NetworkError } from "../errors.ts";
import { isLinkLocalIPv6 } from "../runtime/address_rank.ts";
import { listenDatagram, requireDatagrams } from "../runtime/datagrams.ts";
import { listenError, listenFault } from "../runtime/listen_error.ts";
import { isPermitted, networkInterfaces } from "../runtime/permissions.ts";

/**
 * More addresses than this, and a socket on all of them has to do: that many are a host of containers', and
 * each socket takes a descriptor.
 */
const MAX_SOCKETS = 256;

/** Attempts to find a port that is free on all addresses, where any will do. */
const PORT_ATTEMPTS = 20;

/** Always listened on first, so that of two trackers that start together one finds its port taken. */
const FIRST_ADDRESS = "127.0.0.1";

/** Debian gives a machine's own name this one. Linux takes all of 127.0.0.0/8 for its own, and lists one. */
const DEBIAN_OWN_NAME = "127.0.1.1";

/** Further ones that names in the hosts file lead to: the file is the administrator's. */
const HOSTS_FILE = "/etc/hosts";
const MAX_NAMED_LOOPBACKS = 16;

/** Sockets that together receive what is sent to a tracker. Close them. */
export class TrackerSockets {
  /** Where they listen; `::` and `0.0.0.0` mean every address. */
  readonly addr: { readonly host: string; readonly port: number };
  readonly #byAddress: Map<string, Deno.DatagramConn>;
  /** The addresses to listen on, where they are followed. */
  readonly #wanted: (() => string[] | undefined) | undefined;

  private constructor(
    host: string,
    port: number,
    byAddress: Map<string, Deno.DatagramConn>,
    wanted?: () => string[] | undefined,
  ) {
    this.addr = { host, port };
    this.#byAddress = byAddress;
    this.#wanted = wanted;
  }

  /**
   * Listens on `host`, by default on every address of this machine.
   *
   * @throws {NetworkError} when the port is taken; {OptionError} when this machine lacks the address or
   * does not let the program use the port.
   */
  static open(port: number, host: string | undefined): TrackerSockets {
    requireDatagrams();
    if (host !== undefined && host !== "::" && host !== "0.0.0.0") {
      const socket = open(host, port);
      return new TrackerSockets(host, portOf(socket), new Map([[host, socket]]));
    }
    for (let attempt = 1;; attempt++) {
      try {
        return TrackerSockets.#openAll(port, host);
      } catch (error) {
        // Some other program has the port on one address alone: a port that was not asked for can be another.
        if (port !== 0 || attempt === PORT_ATTEMPTS || !(error instanceof NetworkError)) {
          throw error;
        }
      }
    }
  }

  static #openAll(wanted: number, host: string | undefined): TrackerSockets {
    const all = openWildcard(wanted, host);
    const { hostname } = all.addr as Deno.NetAddr;
    const port = portOf(all);
    const named = namedLoopbacks();
    const addressesNow = () => localAddresses(hostname, named);
    const addresses = addressesNow();
    if (addresses === undefined) return new TrackerSockets(hostname, port, new Map([["", all]]));
    all.close(); // it was free everywhere; systems let nobody listen on one address beside it
    const sockets = new Map<string, Deno.DatagramConn>();
    try {
      for (const address of addresses) {
        const socket = openIfThere(address, port);
        if (socket !== undefined) sockets.set(address, socket);
      }
    } catch (error) {
      for (const socket of sockets.values()) socket.close();
      throw error;
    }
    if (sockets.size > 0) return new TrackerSockets(hostname, port, sockets, addressesNow);
    return new TrackerSockets(hostname, port, new Map([["", openWildcard(port, host)]]));
  }

  /** All that are open now. */
  values(): Iterable<Deno.DatagramConn> {
    return this.#byAddress.values();
  }

  /** Whether this one is still open. */
  includes(socket: Deno.DatagramConn): boolean {
    return [...this.#byAddress.values()].includes(socket);
  }

  /** Follows the addresses of this machine, which come and go. Returns the sockets that are new. */
  refresh(): Deno.DatagramConn[] {
    const addresses = this.#wanted?.();
    if (addresses === undefined) return [];
    for (const [address, socket] of this.#byAddress) {
      if (addresses.includes(address)) continue;
      this.#byAddress.delete(address);
      socket.close();
    }
    const opened: Deno.DatagramConn[] = [];
    for (const address of addresses) {
      if (this.#byAddress.has(address)) continue;
      let socket: Deno.DatagramConn | undefined;
      try {
        socket = openIfThere(address, this.addr.port);
      } catch {
        continue; // taken there, or no descriptor is left: it is tried again next time
      }
      if (socket === undefined) continue;
      this.#byAddress.set(address, socket);
      opened.push(socket);
    }
    return opened;
  }

  /** Frees the port. */
  close(): void {
    for (const socket of this.#byAddress.values()) socket.close();
    this.#byAddress.clear();
  }
}

/**
 * Every address of this machine that a socket can listen on, those of one link with their interface.
 * `undefined` where a socket on all addresses has to do.
 */
function localAddresses(host: string, loopbacks: readonly string[]): string[] | undefined {
  if (!isPermitted({ name: "net" })) return undefined; // perhaps it is for that one address
  const interfaces = networkInterfaces();
  if (interfaces === undefined) return undefined;
  const addresses = interfaces
    .filter(({ address }) => host !== "0.0.0.0" || isIPv4(address))
    .map(({ address, scopeid }) =>
      isLinkLocalIPv6(address) && scopeid ? `${address}%${scopeid}` : address
    );
  const all = new Set([FIRST_ADDRESS, ...addresses, ...loopbacks]);
  return all.size > MAX_SOCKETS ? undefined : [...all];
}

/** Loopback addresses that names lead to and that no interface lists. */
function namedLoopbacks(): string[] {
  if (Deno.build.os !== "linux") return [];
  let text = "";
  try {
    if (isPermitted({ name: "read", path: HOSTS_FILE })) text = Deno.readTextFileSync(HOSTS_FILE);
  } catch {
    // There is none.
  }
  const found = text.split("\n").map((line) => line.trim().split(/\s/)[0]!)
    .filter((address) => isIPv4(address) && isLoopback(address));
  return [DEBIAN_OWN_NAME, ...found.slice(0, MAX_NAMED_LOOPBACKS)];
}

/** A socket on all addresses, those of IPv4 as well where the machine has both families. */
function openWildcard(port: number, host: string | undefined): Deno.DatagramConn {
  if (host === "0.0.0.0") return open(host, port);
  try {
    return listenDatagram({ transport: "udp", hostname: "::", port });
  } catch (error) {
    if (listenFault(error) === "taken") throw listenError(error, "tracker", "::", port);
    return open("0.0.0.0", port);
  }
}

/** `undefined` when the address has just gone, or is not ready yet. */
function openIfThere(address: string, port: number): Deno.DatagramConn | undefined {
  try {
    return listenDatagram({ transport: "udp", hostname: address, port });
  } catch (error) {
    const fault = listenFault(error);
    if (fault !== "taken" && fault !== "forbidden") return undefined;
    throw listenError(error, "tracker", address, port);
  }
}

function open(hostname: string, port: number): Deno.DatagramConn {
  try {
    return listenDatagram({ transport: "udp", hostname, port });
  } catch (error) {
    throw listenError(error, "tracker", hostname, port);
  }
}

function portOf(socket: Deno.DatagramConn): number {
  return (socket.addr as Deno.NetAddr).port;
}
