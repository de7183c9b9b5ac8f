/**
 * A client of a tracker that has no socket: for tests of the pure tracker with a clock of their own.
 * @module
 */

import { fail } from "@std/assert";
import { isIPv6 } from "../../../lib/codec/address.ts";
import {
  type AnnounceRequest,
  decodeResponse,
  encodeRequest,
  type FindResponse,
  formatUrlData,
  type HostedFile,
  peersOf,
  type Reach,
  type TrackerRequest,
  type TrackerResponse,
  type WhoResponse,
} from "../../../lib/codec/discovery/udp_tracker.ts";
import { ResponseBuffer } from "../../../lib/tracker/core/response_buffer.ts";
import { Search } from "../../../lib/tracker/core/search.ts";
import { TrackerCore, type TrackerCoreOptions } from "../../../lib/tracker/core/tracker_core.ts";
import { seededRandom } from "../../../support/random.ts";
import { INFO_HASH, PEER_ID } from "../vectors/tracker_vectors.ts";

/** Some hour of some day. */
export const START_MS = 1_700_000_000_000;

/** A pure tracker with an interval of 60 s, at the address 203.0.113.1. */
export function trackerCore(options: Partial<TrackerCoreOptions> = {}): TrackerCore {
  return new TrackerCore({
    intervalSeconds: 60,
    peerTtlSeconds: 150,
    secret: Uint8Array.from({ length: 32 }, (_, i) => i),
    random: seededRandom(1),
    addressFor: (host) => isIPv6(host) ? "2001:db8::100" : "203.0.113.1",
    ...options,
  });
}

/** All that a search finds. */
export function survey(core: TrackerCore, search: string, most: number) {
  const whole = new Search(core, search, most);
  whole.step(Infinity);
  return whole.result();
}

/** What an announce says that is not what most say. */
export type AnnounceDetails = Partial<Omit<AnnounceRequest, "type">> & { hosted?: HostedFile };

/** Talks to a pure tracker from one address. */
export class Asker {
  nowMs = START_MS;
  #connectionId: Uint8Array | undefined;

  constructor(readonly core: TrackerCore, readonly host: string, readonly port = 50_000) {}

  /** Sends raw bytes. */
  send(packet: Uint8Array): Uint8Array | undefined {
    const from = { hostname: this.host, port: this.port };
    return this.core.handle(packet, from, this.nowMs, new ResponseBuffer());
  }

  /** Sends a request and reads the answer. */
  ask(request: TrackerRequest): TrackerResponse {
    const answer = this.send(encodeRequest(request)) ?? fail("no answer");
    const ipv6 = isIPv6(this.host) && !this.host.startsWith("::ffff:");
    return decodeResponse(answer, ipv6 ? 6 : 4);
  }

  /** Asks for a connection id, which later requests use. */
  connect(): Uint8Array {
    const answer = this.ask({ type: "connect", transactionId: 1 });
    if (answer.type !== "connect") fail(`${answer.type} instead of connect`);
    return this.#connectionId = answer.connectionId;
  }

  get connectionId(): Uint8Array {
    return this.#connectionId ?? this.connect();
  }

  /** An announce as it would be sent; by default of a leecher with TCP port 6881. */
  announceRequest({ hosted, ...details }: AnnounceDetails = {}): AnnounceRequest {
    return {
      type: "announce",
      connectionId: this.connectionId,
      transactionId: 2,
      infoHash: INFO_HASH,
      peerId: PEER_ID,
      downloadedBytes: 0,
      leftBytes: 1000,
      uploadedBytes: 0,
      event: "none",
      key: 1,
      numWant: -1,
      port: 6881,
      urlData: formatUrlData("", hosted),
      ...details,
    };
  }

  /** Announces; the answer with its peers as `host:port`. */
  announce(details: AnnounceDetails = {}) {
    const answer = this.ask(this.announceRequest(details));
    if (answer.type !== "announce") fail(`${JSON.stringify(answer)} instead of an announce answer`);
    const peers = peersOf(
      answer.peers,
      this.host.includes(":") && !this.host.includes(".") ? 6 : 4,
    );
    return { ...answer, peers: peers.map(({ host, port }) => `${host}:${port}`).sort() };
  }

  /** Announces what the tracker refuses; its reason. */
  refused(details: AnnounceDetails = {}): string {
    const answer = this.ask(this.announceRequest(details));
    return answer.type === "error" ? answer.message : fail(`${answer.type} instead of an error`);
  }

  /** Asks for the size of one swarm. */
  scrape(infoHash: Uint8Array = INFO_HASH) {
    const { connectionId } = this;
    const request = {
      type: "scrape",
      connectionId,
      transactionId: 3,
      infoHashes: [infoHash],
    } as const;
    const answer = this.ask(request);
    return answer.type === "scrape" ? answer.swarms[0] : fail(`${answer.type} instead of a scrape`);
  }

  /** Asks whether a TCP port of its own can be reached. */
  reach(port = 6881): Reach {
    const { connectionId } = this;
    const answer = this.ask({ type: "reach", connectionId, transactionId: 6, port });
    return answer.type === "reach" ? answer.reach : fail(`${answer.type} instead of an answer`);
  }

  /** Looks a name up. */
  find(name: string): FindResponse {
    const { connectionId } = this;
    const answer = this.ask({ type: "find", connectionId, transactionId: 4, name });
    return answer.type === "find" ? answer : fail(`${answer.type} instead of found entries`);
  }

  /** Asks who has a torrent. */
  who(infoHash: Uint8Array = INFO_HASH, offset = 0): WhoResponse {
    const { connectionId } = this;
    const answer = this.ask({ type: "who", connectionId, transactionId: 7, infoHash, offset });
    return answer.type === "who"
      ? answer
      : fail(`${JSON.stringify(answer)} instead of a roll-call`);
  }

  /** Lists the catalogue. */
  list(offset = 0): FindResponse {
    const { connectionId } = this;
    const answer = this.ask({ type: "list", connectionId, transactionId: 5, offset });
    return answer.type === "find" ? answer : fail(`${answer.type} instead of the catalogue`);
  }
}
