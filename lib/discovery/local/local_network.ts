/**
 * This process's presence on the local network: one pair of multicast sockets, whatever and however much it
 * announces, asks and answers there.
 *
 * @module
 */

import { type HostPort, isIPv6 } from "../../codec/address.ts";
import { isLocalPacket } from "../../codec/discovery/local_question.ts";
import { LOCAL_GROUPS } from "../../codec/discovery/lsd.ts";
import { watchAddresses } from "../../runtime/address_watch.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import {
  addressTowards,
  type InterfaceNetwork,
  isInOwnNetwork,
} from "../../runtime/network_interfaces.ts";
import { networkInterfaces } from "../../runtime/permissions.ts";
import { socketErrorText } from "../../runtime/socket_errors.ts";
import { MulticastGroup, type PacketListener } from "./multicast.ts";

/** What one user of the local network hears. */
export interface LocalListener {
  /** A packet to the group, of local service discovery. */
  readonly onAnnounce?: PacketListener;
  /** A packet to the group that looks like a question of ours. */
  readonly onQuestion?: PacketListener;
  /** A packet to one of the addresses that we ask from. */
  readonly onAnswer?: PacketListener;
  /** There is a network that was not there before. */
  readonly onNetwork?: () => void;
}

/** How often networks are enumerated: a cable or a Wi-Fi may come up after the program has started. */
const REFRESH_MS = 20_000;
/** How long the list of this machine's addresses is reused: every question asks for it. */
const ADDRESSES_LIFE_MS = 2000;

/** Why there is nobody to announce to or to ask. */
export const NO_NETWORK = "there is no network";

let shared: LocalNetwork | undefined;

/** One user's membership. */
export interface LocalMembership {
  readonly network: LocalNetwork;
  /** Ends it; the last one of a process closes the sockets. */
  leave(): Promise<void>;
}

/** Joins the local network. All users in a process share its sockets. Never throws. */
export function joinLocalNetwork(listener: LocalListener): LocalMembership {
  const network = shared ??= new LocalNetwork(systemClock);
  network.add(listener);
  return {
    network,
    leave: async () => {
      if (!network.remove(listener)) return;
      if (shared === network) shared = undefined;
      await network.close();
    },
  };
}

/** The sockets, and the networks they are in. */
export class LocalNetwork {
  /** Resolves when the sockets are open: to the reason, if there are none. */
  readonly opened: Promise<string | undefined>;
  readonly #clock: Clock;
  readonly #listeners = new Set<LocalListener>();
  readonly #groups = new Map<4 | 6, MulticastGroup>();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #wake = new AbortController();
  #refreshedMs = -Infinity;
  #here: { addresses: readonly InterfaceNetwork[]; sinceMs: number } | undefined;
  /**
   * Multicast identifies networks by our addresses there. A changed address means a new network to announce
   * on.
   */
  readonly #stopWatching = watchAddresses(() => {
    this.#refreshedMs = -Infinity;
    this.#here = undefined;
    this.#wake.abort();
  });

  /** Use {@link joinLocalNetwork}. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.opened = this.#open();
    this.#running = this.#run();
  }

  /** Our addresses, one for each network; empty if there is no network, or none that allows multicast. */
  get addresses(): string[] {
    return [...this.#groups.values()].flatMap((group) => group.addresses);
  }

  /** Number of networks left out because there are too many. */
  get left(): number {
    return Math.max(0, ...[...this.#groups.values()].map(({ left }) => left));
  }

  /** Adds a user. */
  add(listener: LocalListener): void {
    this.#listeners.add(listener);
  }

  /** Removes a user. Returns whether it was the last one. */
  remove(listener: LocalListener): boolean {
    return this.#listeners.delete(listener) && this.#listeners.size === 0;
  }

  /** Sends a packet to all networks, or from one address only. */
  async send(packetFor: (family: 4 | 6) => Uint8Array, from?: string): Promise<void> {
    for (const [family, group] of this.#groups) await group.send(packetFor(family), from);
  }

  /** Sends an answer to a host in a network of ours, from our address there. */
  async answer(packet: Uint8Array, to: HostPort, from: string): Promise<void> {
    await this.#groups.get(isIPv6(to.host) ? 6 : 4)?.reply(packet, to, from);
  }

  /** The address from which `host` is answered; `undefined` when it is in no network of ours. */
  ownAddressFor(host: string): string | undefined {
    const here = this.#addressesHere();
    if (!isInOwnNetwork(host, here)) return undefined;
    const sending = new Set(this.addresses);
    if (sending.has(host)) return host;
    return addressTowards(host, here.filter(({ address }) => sending.has(address)));
  }

  /** Closes the sockets. */
  async close(): Promise<void> {
    this.#stopWatching();
    this.#closing.abort();
    await this.#running;
    await Promise.all([...this.#groups.values()].map((group) => group.close()));
  }

  #addressesHere(): readonly InterfaceNetwork[] {
    const nowMs = this.#clock.nowMs();
    if (this.#here === undefined || nowMs - this.#here.sinceMs > ADDRESSES_LIFE_MS) {
      this.#here = { addresses: networkInterfaces() ?? [], sinceMs: nowMs };
    }
    return this.#here.addresses;
  }

  /** Opens the sockets that can be opened. Returns the reason if none could. */
  async #open(): Promise<string | undefined> {
    let fault: string | undefined;
    for (const family of [4, 6] as const) {
      try {
        const heard: PacketListener = (packet, from) => this.#heard(packet, from);
        const answered: PacketListener = (packet, from) => this.#answered(packet, from);
        const group = new MulticastGroup(family, LOCAL_GROUPS[family], heard, answered);
        this.#groups.set(family, group);
      } catch (error) {
        fault ??= socketErrorText(error);
      }
    }
    const unlisted = await this.#refresh();
    if (this.addresses.length > 0) return undefined;
    return unlisted ?? fault ?? NO_NETWORK;
  }

  async #run(): Promise<void> {
    await this.opened;
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      this.#wake = new AbortController();
      const waitMs = this.#refreshedMs + REFRESH_MS - this.#clock.nowMs();
      await this.#clock.sleep(waitMs, AbortSignal.any([closing, this.#wake.signal]));
      if (closing.aborted) return;
      if (this.#clock.nowMs() >= this.#refreshedMs + REFRESH_MS) await this.#refresh();
    }
  }

  /** Updates the list of networks. Returns the reason if that is not possible. */
  async #refresh(): Promise<string | undefined> {
    this.#refreshedMs = this.#clock.nowMs();
    try {
      let hasNew = false;
      for (const group of this.#groups.values()) hasNew = await group.refresh() || hasNew;
      for (const { onNetwork } of hasNew ? this.#listeners : []) onNetwork?.();
      return undefined;
    } catch (error) {
      return socketErrorText(error);
    }
  }

  #heard(packet: Uint8Array, from: HostPort): void {
    const isQuestion = isLocalPacket(packet);
    for (const { onQuestion, onAnnounce } of this.#listeners) {
      if (isQuestion) onQuestion?.(packet, from);
      else onAnnounce?.(packet, from);
    }
  }

  #answered(packet: Uint8Array, from: HostPort): void {
    for (const { onAnswer } of this.#listeners) onAnswer?.(packet, from);
  }
}
