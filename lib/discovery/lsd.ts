/**
 * Local Service Discovery: finds peers on the local network by multicast, without a tracker (BEP 14).
 *
 * @module
 */

import { type HostPort, normalizeIp } from "../codec/address.ts";
import { hex } from "../codec/bytes.ts";
import { encodeLocalSearch, LOCAL_GROUPS } from "../codec/discovery/lsd.ts";
import { watchAddresses } from "../runtime/address_watch.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { isNearby } from "../runtime/network_interfaces.ts";
import { socketErrorText } from "../runtime/socket_errors.ts";
import { type LocalTorrent, LsdSchedule } from "./lsd_schedule.ts";
import { MulticastGroup } from "./multicast.ts";

/** A torrent to find peers for, with callbacks. */
interface LocalSearcher extends LocalTorrent {
  /** Called for each announce heard, possibly repeatedly. Our own torrents at other ports are included. */
  readonly onPeer: (address: HostPort, v2: boolean) => void;
  /**
   * Called with our addresses, one for each network. The list is empty if LSD is not possible, with the
   * reason.
   */
  readonly onStart: (addresses: readonly string[], error?: string, warning?: string) => void;
}

/** A torrent's participation in LSD. */
export interface LsdHandle {
  /** Ends it; the last one of a process closes the sockets. */
  close(): Promise<void>;
}

/** How often networks are enumerated: a cable or a Wi-Fi may come up after the program has started. */
const REFRESH_MS = 20_000;

let shared: LocalDiscovery | undefined;

/** Starts LSD for a torrent. All torrents of a process share its sockets. Never throws. */
export function discoverLocally(searcher: LocalSearcher): LsdHandle {
  const discovery = shared ??= new LocalDiscovery(systemClock);
  discovery.add(searcher);
  return {
    close: async () => {
      if (!discovery.remove(searcher)) return;
      if (shared === discovery) shared = undefined;
      await discovery.close();
    },
  };
}

/** The sockets and the timer around {@link LsdSchedule}. */
class LocalDiscovery {
  readonly #clock: Clock;
  readonly #announces = new LsdSchedule<LocalSearcher>(
    hex(crypto.getRandomValues(new Uint8Array(8))),
    Math.random,
    isNearby,
  );
  readonly #searchers = new Set<LocalSearcher>();
  readonly #groups = new Map<4 | 6, MulticastGroup>();
  readonly #closing = new AbortController();
  readonly #opened: Promise<string | undefined>;
  readonly #running: Promise<void>;
  #wake = new AbortController();
  #refreshedMs = -Infinity;
  /**
   * Multicast identifies networks by our addresses there. A changed address means a new network to announce
   * on.
   */
  readonly #stopWatching = watchAddresses(() => {
    this.#refreshedMs = -Infinity;
    this.#wake.abort();
  });

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#opened = this.#open();
    this.#running = this.#run();
  }

  add(searcher: LocalSearcher): void {
    this.#searchers.add(searcher);
    this.#announces.add(searcher, this.#clock.nowMs());
    this.#wake.abort();
    this.#opened.then((fault) => {
      if (!this.#searchers.has(searcher)) return;
      const groups = [...this.#groups.values()];
      const addresses = groups.flatMap((group) => group.addresses);
      const error = addresses.length > 0 ? undefined : fault ?? "there is no network";
      searcher.onStart(addresses, error, leftOut(Math.max(0, ...groups.map(({ left }) => left))));
    });
  }

  /** Returns whether this was the last one. */
  remove(searcher: LocalSearcher): boolean {
    this.#announces.remove(searcher);
    return this.#searchers.delete(searcher) && this.#searchers.size === 0;
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#closing.abort();
    await this.#running;
    await Promise.all([...this.#groups.values()].map((group) => group.close()));
  }

  /** Opens the sockets that can be opened. Returns the reason if none could. */
  async #open(): Promise<string | undefined> {
    let fault: string | undefined;
    for (const family of [4, 6] as const) {
      try {
        const received = (packet: Uint8Array, host: string) => this.#received(packet, host);
        this.#groups.set(family, new MulticastGroup(family, LOCAL_GROUPS[family], received));
      } catch (error) {
        fault ??= socketErrorText(error);
      }
    }
    return await this.#refresh() ?? (this.#groups.size === 0 ? fault : undefined);
  }

  async #run(): Promise<void> {
    await this.#opened;
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      this.#wake = new AbortController();
      const nextMs = Math.min(this.#announces.nextMs(), this.#refreshedMs + REFRESH_MS);
      const waitMs = nextMs - this.#clock.nowMs();
      await this.#clock.sleep(waitMs, AbortSignal.any([closing, this.#wake.signal]));
      if (closing.aborted) return;
      if (this.#clock.nowMs() >= this.#refreshedMs + REFRESH_MS) await this.#refresh();
      await this.#callOut();
    }
  }

  /** Updates the list of networks. Returns the reason if that is not possible. */
  async #refresh(): Promise<string | undefined> {
    this.#refreshedMs = this.#clock.nowMs();
    try {
      let hasNew = false;
      for (const group of this.#groups.values()) hasNew = await group.refresh() || hasNew;
      if (hasNew) this.#announces.networkAppeared(this.#clock.nowMs());
      return undefined;
    } catch (error) {
      return socketErrorText(error);
    }
  }

  async #callOut(): Promise<void> {
    for (const announce of this.#announces.due(this.#clock.nowMs())) {
      for (const [family, group] of this.#groups) {
        await group.send(encodeLocalSearch(announce, family), announce.host);
      }
    }
  }

  #received(packet: Uint8Array, host: string): void {
    const found = this.#announces.received(packet, normalizeIp(host), this.#clock.nowMs());
    if (found.length === 0) return;
    for (const { torrent, address, v2 } of found) torrent.onPeer(address, v2);
    this.#wake.abort(); // a reply may be due
  }
}

/** A warning about networks that are left out. */
function leftOut(networks: number): string | undefined {
  if (networks === 0) return undefined;
  return `this machine is in so many networks that peers are not looked for in ${networks} of them`;
}
