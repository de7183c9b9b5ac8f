/**
 * This machine's addresses, a moment old at most, and the connections that use them.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import { localHostOf, type PeerStream } from "../net/peer_stream.ts";
import type { Connection } from "../peer/connection/connection.ts";
import { networkInterfaces } from "../runtime/permissions.ts";

/**
 * How long a list of addresses is reused, in milliseconds: every torrent of a program asks for it, some
 * often.
 */
const FRESH_MS = 2000;

let known: readonly string[] = [];
let freshUntilMs = -Infinity;

/**
 * All addresses of this machine's interfaces, loopback included; empty without the permission to list them.
 */
export function addressesHere(nowMs: number): readonly string[] {
  if (nowMs < freshUntilMs) return known;
  freshUntilMs = nowMs + FRESH_MS;
  known = (networkInterfaces() ?? []).map(({ address }) => normalizeIp(address));
  return known;
}

/** A connection's local address. */
interface LocalAddress {
  readonly ip: string;
  /** The machine was seen to have the address; some local addresses are on no list. */
  isSeen: boolean;
}

/**
 * Connections by local address. When a machine loses an address, packets sent from it get nowhere, and the
 * program would notice only minutes later.
 */
export class LocalAddresses {
  readonly #byConnection = new Map<Connection, LocalAddress>();
  readonly #addressesHere: (nowMs: number) => readonly string[];
  #last: readonly string[] = [];

  /** `addresses` lists the machine's addresses, returning the same array until it is refreshed. */
  constructor(addresses: (nowMs: number) => readonly string[] = addressesHere) {
    this.#addressesHere = addresses;
  }

  /** Adds a connection with the local address of `conn`, if it is known. */
  add(connection: Connection, conn: Pick<PeerStream, "localAddr">): void {
    const ip = localHostOf(conn);
    if (ip !== undefined) this.#byConnection.set(connection, { ip, isSeen: false });
  }

  /** Removes a closed connection. */
  delete(connection: Connection): void {
    this.#byConnection.delete(connection);
  }

  /** The connections whose local address this machine no longer has. */
  lost(nowMs: number): Connection[] {
    const here = this.#addressesHere(nowMs);
    if (here === this.#last || here.length === 0) return [];
    this.#last = here;
    const lost: Connection[] = [];
    for (const [connection, local] of this.#byConnection) {
      if (here.includes(local.ip)) local.isSeen = true;
      else if (local.isSeen) lost.push(connection);
    }
    return lost;
  }
}
