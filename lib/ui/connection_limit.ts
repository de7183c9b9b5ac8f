/**
 * Limits the connections of a page, and chooses which one to close when there are too many.
 *
 * A new connection is always accepted, and another one is closed for it. Connections without access are
 * closed before those that were authorized. Among equals, the host with the most connections loses its
 * oldest one. A connection from this machine is never closed for one from the network, so the owner can
 * always reach the page.
 *
 * @module
 */

import { isLoopback, normalizeIp } from "../codec/address.ts";
import { hostKey } from "../codec/network_key.ts";

interface Entry {
  readonly host: string;
  readonly isLocal: boolean;
  isAuthorized: boolean;
}

/** The connections of one page. */
export class ConnectionLimit<Connection> {
  readonly #entries = new Map<Connection, Entry>(); // the oldest first
  readonly #max: number;

  /** @param max how many connections may be open */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many connections are open. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds a connection from this IP address. Returns the one to close for it, which may be the same. */
  add(connection: Connection, address: string): Connection | undefined {
    const ip = normalizeIp(address);
    this.#entries.set(connection, {
      host: hostKey(ip),
      isLocal: isLoopback(ip),
      isAuthorized: false,
    });
    if (this.#entries.size <= this.#max) return undefined;
    const evicted = this.#findEviction() ?? connection;
    this.#entries.delete(evicted);
    return evicted;
  }

  /** Notes that this connection may see the page. */
  authorize(connection: Connection): void {
    const entry = this.#entries.get(connection);
    if (entry !== undefined) entry.isAuthorized = true;
  }

  /** Removes a connection that was closed. */
  remove(connection: Connection): void {
    this.#entries.delete(connection);
  }

  #findEviction(): Connection | undefined {
    const lowest = Math.min(...this.#entries.values().map(rankOf));
    const held = new Map<string, { first: Connection; count: number }>();
    for (const [connection, entry] of this.#entries) {
      if (rankOf(entry) !== lowest) continue;
      const sameHost = held.get(entry.host) ?? { first: connection, count: 0 };
      sameHost.count++;
      held.set(entry.host, sameHost);
    }
    let most: { first: Connection; count: number } | undefined;
    for (const host of held.values()) if (host.count > (most?.count ?? 0)) most = host;
    return most?.first;
  }
}

/** The connection with the lowest rank is closed first. */
function rankOf({ isLocal, isAuthorized }: Entry): number {
  return (isLocal ? 2 : 0) + (isAuthorized ? 1 : 0);
}
