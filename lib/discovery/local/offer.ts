/**
 * Lets the local network find torrents by name, and trackers.
 *
 * @module
 */

import type { HostPort } from "../../codec/address.ts";
import { systemClock } from "../../runtime/clock.ts";
import { joinLocalNetwork, type LocalMembership } from "./local_network.ts";
import {
  LocalResponder,
  type OfferedTorrent,
  type OfferedTracker,
  type Preparation,
} from "./responder.ts";

export type { OfferedFile, OfferedTorrent, OfferedTracker } from "./responder.ts";

/** Ends an offer; the last one of a process closes the sockets. */
export interface OfferHandle {
  /** From now on it is not answered for. */
  close(): Promise<void>;
}

let shared: Answering | undefined;

/** Answers questions about the name of this torrent. All offers of a process share sockets. Never throws. */
export function offerTorrent(torrent: OfferedTorrent): OfferHandle {
  return offer(
    (responder) => responder.addTorrent(torrent),
    (responder) => responder.removeTorrent(torrent),
  );
}

/** Answers questions about these names that the torrent will be here soon. Never throws. */
export function offerSoon(preparation: Preparation): OfferHandle {
  return offer(
    (responder) => responder.addPreparation(preparation),
    (responder) => responder.removePreparation(preparation),
  );
}

/** Answers questions about trackers, and about the names that this one lists. Never throws. */
export function offerTracker(tracker: OfferedTracker): OfferHandle {
  return offer(
    (responder) => responder.addTracker(tracker),
    (responder) => responder.removeTracker(tracker),
  );
}

function offer(
  add: (responder: LocalResponder) => void,
  remove: (responder: LocalResponder) => void,
): OfferHandle {
  const answering = shared ??= new Answering();
  add(answering.responder);
  return {
    close: async () => {
      remove(answering.responder);
      if (!answering.responder.isEmpty || shared !== answering) return;
      shared = undefined;
      await answering.close();
    },
  };
}

/** The sockets behind a {@link LocalResponder}. */
class Answering {
  readonly responder: LocalResponder = new LocalResponder(
    (host) => this.#membership.network.ownAddressFor(host),
  );
  readonly #membership: LocalMembership = joinLocalNetwork({
    onQuestion: (packet, from) => this.#answer(packet, from),
  });

  async close(): Promise<void> {
    await this.#membership.leave();
  }

  #answer(packet: Uint8Array, asker: HostPort): void {
    for (const reply of this.responder.received(packet, asker.host, systemClock.nowMs())) {
      void this.#membership.network.answer(reply.packet, asker, reply.from);
    }
  }
}
