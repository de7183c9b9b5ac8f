/**
 * The addresses of this machine, as of a moment ago, and the connections that stand on them.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import type { PeerStream } from "../net/peer_stream.ts";
import type { Connection } from "../peer/connection/connection.ts";
import { networkInterfaces } from "../runtime/permissions.ts";

/** How long a list of addresses is used, in milliseconds: all torrents of a program ask for it, some often. */
const FRESH_MS = 2000;

let known: readonly string[] = [];
let freshUntilMs = -Infinity;

/** All addresses of this machine's interfaces, loopback included; none where they may not be listed. */
export function addressesHere(nowMs: number): readonly string[] {
  if (nowMs < freshUntilMs) return known;
  freshUntilMs = nowMs + FRESH_MS;
  known = (networkInterfaces() ?? []).map(({ address }) => normalizeIp(address));
  return known;
}

/** A connection by its end on this machine. */
interface Foothold {
  readonly ip: string;
  /** The machine was seen to have the address: some answer at addresses that no list names. */
  isSeen: boolean;
}

/**
 * Connections by their end on this machine. Where a machine loses an address, what is sent from it goes
 * nowhere, and the program hears of that only minutes later.
 */
export class LocalAddresses {
  readonly #footholds = new Map<Connection, Foothold>();
  readonly #addressesHere: (nowMs: number) => readonly string[];
  #last: readonly string[] = [];

  /** `addresses` says which ones the machine has; the same list until it is read anew. */
  constructor(addresses: (nowMs: number) => readonly string[] = addressesHere) {
    this.#addressesHere = addresses;
  }

  /** A connection stands on the local address of `conn`, if it tells. */
  add(connection: Connection, { localAddr }: Pick<PeerStream, "localAddr">): void {
    if (localAddr?.transport !== "tcp") return;
    this.#footholds.set(connection, { ip: normalizeIp(localAddr.hostname), isSeen: false });
  }

  /** The connection is gone. */
  delete(connection: Connection): void {
    this.#footholds.delete(connection);
  }

  /** The connections that stand on no address of this machine any more. */
  lost(nowMs: number): Connection[] {
    const here = this.#addressesHere(nowMs);
    if (here === this.#last || here.length === 0) return [];
    this.#last = here;
    const lost: Connection[] = [];
    for (const [connection, foothold] of this.#footholds) {
      if (here.includes(foothold.ip)) foothold.isSeen = true;
      else if (foothold.isSeen) lost.push(connection);
    }
    return lost;
  }
}
