/**
 * Our own addresses: those of this machine, and those under which peers see us, as they report in extended
 * handshakes (BEP 10, `yourip`).
 *
 * @module
 */

import { bytesToIp, type HostPort, isLoopback } from "../../codec/address.ts";
import { type AddressScope, reachOf } from "../../codec/address_scope.ts";

/** Votes kept: enough that one lie does not count, and few enough that a new address soon wins. */
const MAX_VOTES = 32;

interface Vote {
  readonly ip: string;
  readonly from: string;
  readonly reach: AddressScope;
}

/** Our addresses, as we know them and as most peers see them. */
export class ExternalAddress {
  /** Our listen port. */
  readonly port: number;
  /** The addresses of this machine's interfaces, as far as the driver knows them. */
  here: readonly string[] = [];
  readonly #host: string | undefined;
  #votes: Vote[] = [];
  readonly #winners = new Map<string, string | undefined>(); // by reach and family

  /** @param host the one address we listen on; absent when we listen on all of them */
  constructor(port: number, host?: string) {
    this.port = port;
    this.#host = host;
  }

  /** The peer at `from` sees us at `bytes`, an address of 4 or 16 bytes. */
  vote(bytes: Uint8Array, from: string): void {
    const reach = reachOf(from);
    if (reach === undefined) return;
    const others = this.#votes.filter((vote) => vote.from !== from); // one vote per host
    this.#votes = [...others, { ip: bytesToIp(bytes), from, reach }].slice(-MAX_VOTES);
    this.#winners.clear();
  }

  /**
   * The address under which `other` most likely sees us: the one that most peers of the same scope reported,
   * in its address family. `undefined` while no such peer has reported one.
   */
  forPeer(other: string): string | undefined {
    const reach = reachOf(other);
    const key = `${reach} ${isV6(other)}`;
    if (!this.#winners.has(key)) this.#winners.set(key, this.#winner(reach, isV6(other)));
    return this.#winners.get(key);
  }

  /**
   * Whether we listen there. What peers report does not count, or they could keep us from dialling another
   * peer.
   */
  includes({ host, port }: HostPort): boolean {
    if (port !== this.port) return false;
    return this.#host === undefined
      ? isLoopback(host) || this.here.includes(host)
      : host === this.#host;
  }

  #winner(reach: AddressScope | undefined, v6: boolean): string | undefined {
    const counts = new Map<string, number>();
    for (const vote of this.#votes) {
      if (vote.reach !== reach || isV6(vote.ip) !== v6) continue;
      counts.set(vote.ip, (counts.get(vote.ip) ?? 0) + 1);
    }
    let best: string | undefined;
    for (const [ip, count] of counts) if (count > (counts.get(best ?? "") ?? 0)) best = ip;
    return best;
  }
}

function isV6(ip: string): boolean {
  return ip.includes(":");
}
