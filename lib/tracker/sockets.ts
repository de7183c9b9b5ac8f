/**
 * The sockets a tracker listens on, over IPv4 and IPv6.
 *
 * A packet sent to one address must be answered from that address. Otherwise the client and every firewall on
 * the way take the answer for unrelated traffic. With a wildcard socket the system picks the source address
 * by route, not by the request. So each address of the machine has its own socket.
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
 * With more addresses than this, a single wildcard socket is used: that many belong to a container host, and
 * each socket takes a file descriptor.
 */
const MAX_SOCKETS = 256;

/** Attempts to find a port that is free on all addresses, if any port will do. */
const PORT_ATTEMPTS = 20;

/** Always listened on first, so that if two trackers start together, one of them finds its port taken. */
const FIRST_ADDRESS = "127.0.0.1";

/** Debian maps a machine's own name to this address. Linux owns all of 127.0.0.0/8 but lists only one. */
const DEBIAN_OWN_NAME = "127.0.1.1";

/** More loopback addresses come from the hosts file, which only the administrator can write. */
const HOSTS_FILE = "/etc/hosts";
const MAX_NAMED_LOOPBACKS = 16;

/** The sockets that together receive a tracker's packets. The owner must close them. */
export class TrackerSockets {
  /** The address they listen on; `::` and `0.0.0.0` mean every address. */
  readonly addr: { readonly host: string; readonly port: number };
  readonly #byAddress: Map<string, Deno.DatagramConn>;
  /** Returns the addresses to listen on; absent if they are fixed. */
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
   * @throws {NetworkError} if the port is taken; {OptionError} if this machine does not have the address or
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
        // Another program has the port on a single address. If no port was asked for, another one will do.
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
    all.close(); // the port was free everywhere; systems allow no socket on one address beside a wildcard one
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

  /** All open sockets. */
  values(): Iterable<Deno.DatagramConn> {
    return this.#byAddress.values();
  }

  /** Whether this socket is still open. */
  includes(socket: Deno.DatagramConn): boolean {
    return [...this.#byAddress.values()].includes(socket);
  }

  /** Follows changes of this machine's addresses. Returns the sockets that are new. */
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
        continue; // taken there, or out of descriptors: tried again next time
      }
      if (socket === undefined) continue;
      this.#byAddress.set(address, socket);
      opened.push(socket);
    }
    return opened;
  }

  /** Closes all sockets, which frees the port. */
  close(): void {
    for (const socket of this.#byAddress.values()) socket.close();
    this.#byAddress.clear();
  }
}

/**
 * Every address of this machine that a socket can listen on; link-local ones include their interface.
 * `undefined` if a wildcard socket must be used.
 */
function localAddresses(host: string, loopbacks: readonly string[]): string[] | undefined {
  if (!isPermitted({ name: "net" })) return undefined; // the permission may cover one address only
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

/** Loopback addresses that names resolve to but no interface lists. */
function namedLoopbacks(): string[] {
  if (Deno.build.os !== "linux") return [];
  let text = "";
  try {
    if (isPermitted({ name: "read", path: HOSTS_FILE })) text = Deno.readTextFileSync(HOSTS_FILE);
  } catch {
    // There is no hosts file.
  }
  const found = text.split("\n").map((line) => line.trim().split(/\s/)[0]!)
    .filter((address) => isIPv4(address) && isLoopback(address));
  return [DEBIAN_OWN_NAME, ...found.slice(0, MAX_NAMED_LOOPBACKS)];
}

/** A wildcard socket, dual-stack where the machine has both families. */
function openWildcard(port: number, host: string | undefined): Deno.DatagramConn {
  if (host === "0.0.0.0") return open(host, port);
  try {
    return listenDatagram({ transport: "udp", hostname: "::", port });
  } catch (error) {
    if (listenFault(error) === "taken") throw listenError(error, "tracker", "::", port);
    return open("0.0.0.0", port);
  }
}

/** Opens a socket; `undefined` if the address has just disappeared or is not ready yet. */
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
