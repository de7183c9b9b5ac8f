/**
 * Finds peers on the local network without any tracker, by multicast (BEP 14).
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

/** A torrent to find peers for, and who hears of them. */
interface LocalSearcher extends LocalTorrent {
  /** A peer was heard, not for the first time perhaps. Our own torrents at other ports are among them. */
  readonly onPeer: (address: HostPort, v2: boolean) => void;
  /** Where it looks: the own addresses, one for each network; none where it is not possible, and why. */
  readonly onStart: (addresses: readonly string[], error?: string, warning?: string) => void;
}

/** A torrent's part in it. */
export interface LsdHandle {
  /** Ends it; the last one of a process closes the sockets. */
  close(): Promise<void>;
}

/** How often it looks which networks there are: a cable or a Wi-Fi may come up after the program. */
const REFRESH_MS = 20_000;

let shared: LocalDiscovery | undefined;

/** Takes part in the local network. All torrents of a process share its sockets. It never throws. */
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
  /** Multicast knows its networks by their addresses: a change is a new network, to be called out on. */
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

  /** Returns whether it was the last one. */
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

  /** Opens what can be opened. Returns why nothing could. */
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

  /** Looks for networks that came or went. Returns why it cannot. */
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
    this.#wake.abort(); // an answer may be due
  }
}

/** What to tell of networks that are left out. */
function leftOut(networks: number): string | undefined {
  if (networks === 0) return undefined;
  return `this machine is in so many networks that peers are not looked for in ${networks} of them`;
}
