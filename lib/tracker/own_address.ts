/**
 * The address of a tracker's machine, as others reach it.
 *
 * @module
 */

import { isIPv6, isLoopback } from "../codec/address.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  addressTowards,
  type InterfaceNetwork,
  ownAddresses,
} from "../runtime/network_interfaces.ts";

/** How long the list of this machine's addresses is cached. */
const OWN_ADDRESSES_LIFE_MS = 10_000;

/** The addresses that the tracker's options name. */
interface NamedAddresses {
  readonly externalIp?: string;
  readonly host?: string;
}

/** What peers on this machine are called towards others. */
export class OwnAddress {
  /** The one that the options name, if other machines can use it. */
  readonly given: string | undefined;
  readonly #clock: Clock;
  #known: { addresses: InterfaceNetwork[]; sinceMs: number } | undefined;

  /** Looks at the interfaces only when it is asked. */
  constructor({ externalIp, host }: NamedAddresses, clock: Clock) {
    this.given = externalIp ?? specific(host);
    this.#clock = clock;
  }

  /** This machine's address as a peer at `host` reaches it. */
  towards(host: string): string | undefined {
    const { given } = this;
    if (given !== undefined && isIPv6(given) === isIPv6(host)) return given;
    const nowMs = this.#clock.nowMs();
    if (this.#known === undefined || nowMs - this.#known.sinceMs > OWN_ADDRESSES_LIFE_MS) {
      this.#known = { addresses: ownAddresses(), sinceMs: nowMs };
    }
    return addressTowards(host, this.#known.addresses);
  }
}

/** The address to listen on, if other machines can use it. */
function specific(host: string | undefined): string | undefined {
  return host === undefined || host === "::" || host === "0.0.0.0" || isLoopback(host)
    ? undefined
    : host;
}
