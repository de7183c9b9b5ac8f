/**
 * Who may stay connected to a page, when more want to than there is room for.
 *
 * Nobody is turned away at the door: whoever comes is let in, and another one makes room. A stranger does so
 * before somebody who was welcome once, and of those alike the host that holds most of the seats gives
 * one up, the one it has held longest. Who sits at this machine never makes room for somebody who does
 * not: the owner gets at the page whatever happens on the network.
 *
 * @module
 */

import { isLoopback, normalizeIp } from "../codec/address.ts";
import { hostKey } from "../codec/network_key.ts";

interface Seat {
  readonly host: string;
  readonly isLocal: boolean;
  isWelcome: boolean;
}

/** The seats of one page, by connection. */
export class Seats<Connection> {
  readonly #seats = new Map<Connection, Seat>(); // who has come first stands first
  readonly #most: number;

  /** So many seats there are. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many are taken. */
  get size(): number {
    return this.#seats.size;
  }

  /** Seats who comes from this IP address. Returns who has to go for that, be it the same. */
  take(connection: Connection, address: string): Connection | undefined {
    const ip = normalizeIp(address);
    this.#seats.set(connection, { host: hostKey(ip), isLocal: isLoopback(ip), isWelcome: false });
    if (this.#seats.size <= this.#most) return undefined;
    const leaving = this.#whoMakesRoom() ?? connection;
    this.#seats.delete(leaving);
    return leaving;
  }

  /** What it asked for was answered, as is due to those who may see the page. */
  welcome(connection: Connection): void {
    const seat = this.#seats.get(connection);
    if (seat !== undefined) seat.isWelcome = true;
  }

  /** It is gone by itself. */
  leave(connection: Connection): void {
    this.#seats.delete(connection);
  }

  #whoMakesRoom(): Connection | undefined {
    const least = Math.min(...this.#seats.values().map(claimOf));
    const held = new Map<string, { first: Connection; count: number }>();
    for (const [connection, seat] of this.#seats) {
      if (claimOf(seat) !== least) continue;
      const sameHost = held.get(seat.host) ?? { first: connection, count: 0 };
      sameHost.count++;
      held.set(seat.host, sameHost);
    }
    let most: { first: Connection; count: number } | undefined;
    for (const host of held.values()) if (host.count > (most?.count ?? 0)) most = host;
    return most?.first;
  }
}

/** How good a claim is to a seat, from 0 on. */
function claimOf({ isLocal, isWelcome }: Seat): number {
  return (isLocal ? 2 : 0) + (isWelcome ? 1 : 0);
}
