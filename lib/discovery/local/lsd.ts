/**
 * Local Service Discovery: finds peers on the local network by multicast, without a tracker (BEP 14).
 *
 * @module
 */

import type { HostPort } from "../../codec/address.ts";
import { hex } from "../../codec/bytes.ts";
import { encodeLocalSearch } from "../../codec/discovery/lsd.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { isNearby } from "../../runtime/network_interfaces.ts";
import { joinLocalNetwork, NO_NETWORK } from "./local_network.ts";
import { type LocalTorrent, LsdSchedule } from "./lsd_schedule.ts";
import { type OfferedFile, type OfferHandle, offerTorrent } from "./offer.ts";

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
  /** Answers questions about its name from now on, because all of it is here. Only the first call counts. */
  offer(file: OfferedFile): void;
  /** Ends it; the last one of a process closes the sockets. */
  close(): Promise<void>;
}

let shared: LocalDiscovery | undefined;

/** Starts LSD for a torrent. All torrents of a process share its sockets. Never throws. */
export function discoverLocally(searcher: LocalSearcher): LsdHandle {
  const discovery = shared ??= new LocalDiscovery(systemClock);
  discovery.add(searcher);
  const { port, host } = searcher;
  let offer: OfferHandle | undefined;
  return {
    offer: (file) => {
      offer ??= offerTorrent({ ...file, port, ...(host !== undefined && { host }) });
    },
    close: async () => {
      await offer?.close();
      if (!discovery.remove(searcher)) return;
      if (shared === discovery) shared = undefined;
      await discovery.close();
    },
  };
}

/** The timer around {@link LsdSchedule}. */
class LocalDiscovery {
  readonly #clock: Clock;
  readonly #announces = new LsdSchedule<LocalSearcher>(
    hex(crypto.getRandomValues(new Uint8Array(8))),
    Math.random,
    isNearby,
  );
  readonly #searchers = new Set<LocalSearcher>();
  readonly #closing = new AbortController();
  readonly #membership = joinLocalNetwork({
    onAnnounce: (packet, { host }) => this.#received(packet, host),
    onNetwork: () => {
      this.#announces.networkAppeared(this.#clock.nowMs());
      this.#wake.abort();
    },
  });
  readonly #running: Promise<void>;
  #wake = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#running = this.#run();
  }

  add(searcher: LocalSearcher): void {
    this.#searchers.add(searcher);
    this.#announces.add(searcher, this.#clock.nowMs());
    this.#wake.abort();
    const { network } = this.#membership;
    network.opened.then((fault) => {
      if (!this.#searchers.has(searcher)) return;
      const { addresses } = network;
      const error = addresses.length > 0 ? undefined : fault ?? NO_NETWORK;
      searcher.onStart(addresses, error, leftOut(network.left));
    });
  }

  /** Returns whether this was the last one. */
  remove(searcher: LocalSearcher): boolean {
    this.#announces.remove(searcher);
    return this.#searchers.delete(searcher) && this.#searchers.size === 0;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#membership.leave();
  }

  async #run(): Promise<void> {
    const { network } = this.#membership;
    await network.opened;
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      this.#wake = new AbortController();
      const waitMs = this.#announces.nextMs() - this.#clock.nowMs();
      await this.#clock.sleep(waitMs, AbortSignal.any([closing, this.#wake.signal]));
      if (closing.aborted) return;
      for (const announce of this.#announces.due(this.#clock.nowMs())) {
        await network.send((family) => encodeLocalSearch(announce, family), announce.host);
      }
    }
  }

  #received(packet: Uint8Array, host: string): void {
    const found = this.#announces.received(packet, host, this.#clock.nowMs());
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
