/**
 * A client of one UDP tracker (BEP 15): the requests, and what becomes of the answers over IPv4 and IPv6.
 *
 * @module
 */

import type { HostPort } from "../codec/address.ts";
import { parseTrackerUrl, type TrackerUrl } from "../codec/discovery/tracker_url.ts";
import {
  type AnnounceEvent,
  type FindResponse,
  formatUrlData,
  type HostedFile,
  peersOf,
  type Reach,
  sharesLabels,
  type SwarmCounts,
  type WhoResponse,
} from "../codec/discovery/udp_tracker.ts";
import { NetworkError } from "../errors.ts";
import {
  type AskOptions,
  TrackerFamilies,
  type TrackerFamiliesOptions,
} from "./tracker_families.ts";

export type { AskOptions } from "./tracker_families.ts";
export { TrackerErrorResponse, TrackerTimeoutError } from "./tracker_connection.ts";

/** The fields of an announce. */
export interface AnnounceParams {
  /** 20 bytes; a v2 hash truncated. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** The TCP port it listens on. */
  port: number;
  /** 32 random bits, the same in all announces of one run. */
  key: number;
  /** The event of the announce. */
  event: AnnounceEvent;
  /** Number of peers wanted; -1 leaves it to the tracker. */
  numWant: number;
  /** Bytes sent in this run. */
  uploadedBytes: number;
  /** Bytes received in this run. */
  downloadedBytes: number;
  /** Bytes missing; 0 for a seeder. */
  leftBytes: number;
  /** What to list in the tracker's catalogue. Trackers on public addresses are not told the label. */
  hosted?: HostedFile;
}

/** The tracker's answer to an announce. */
export interface AnnounceAnswer {
  /** Seconds until the next announce. */
  intervalSeconds: number;
  /** Number of peers that have all of the torrent. */
  seeders: number;
  /** Number of peers that are still downloading. */
  leechers: number;
  /** The peers, grouped by the tracker address that returned them. */
  peers: NamedPeers[];
}

/** The peers that one address of a tracker returned. */
export interface NamedPeers {
  /** The IP address of the tracker. */
  by: string;
  /** Their addresses, as the tracker gave them. */
  peers: HostPort[];
}

/** A client of one tracker. The owner must close it. */
export class UdpTrackerClient implements AsyncDisposable {
  readonly #tracker: TrackerUrl;
  readonly #families: TrackerFamilies;

  /**
   * Creates a client for `udp://host:port[/path]`. Sends nothing yet.
   *
   * @throws {OptionError} if the URL is not that of a UDP tracker.
   */
  constructor(url: string, options: TrackerFamiliesOptions = {}) {
    this.#tracker = parseTrackerUrl(url);
    this.#families = new TrackerFamilies(this.#tracker, options);
  }

  /** The tracker's URL as given. */
  get url(): string {
    return this.#tracker.url;
  }

  /**
   * Announces a peer and returns others.
   *
   * @throws {TrackerTimeoutError}, {TrackerErrorResponse} or another {NetworkError}; the signal's reason when
   * it aborts. The other requests throw the same.
   */
  async announce(params: AnnounceParams, options: AskOptions = {}): Promise<AnnounceAnswer> {
    const { hosted, ...fields } = params;
    const answers = await this.#families.ask(options, async (path, giveUpMs, signal) => {
      const told = sharesLabels(path.host) ? hosted : withoutLabel(hosted);
      const urlData = formatUrlData(this.#tracker.path, told);
      const question = { type: "announce", ...fields, urlData } as const;
      const answer = await path.ask(question, giveUpMs, signal);
      return { ...answer, peers: { by: path.host, peers: peersOf(answer.peers, path.family) } };
    });
    return {
      intervalSeconds: Math.min(...answers.map((answer) => answer.intervalSeconds)),
      seeders: Math.max(...answers.map((answer) => answer.seeders)),
      leechers: Math.max(...answers.map((answer) => answer.leechers)),
      peers: answers.map((answer) => answer.peers),
    };
  }

  /** The counts of swarms, in the order of `infoHashes` (20 bytes each, at most 70). */
  async scrape(infoHashes: Uint8Array[], options: AskOptions = {}): Promise<SwarmCounts[]> {
    const answers = await this.#families.ask(options, async (path, giveUpMs, signal) => {
      const answer = await path.ask({ type: "scrape", infoHashes }, giveUpMs, signal);
      if (answer.swarms.length < infoHashes.length) {
        throw new NetworkError(`tracker ${this.url} answers a scrape with too few swarms`);
      }
      return answer.swarms;
    });
    return infoHashes.map((_, i) => ({
      seeders: Math.max(...answers.map((swarms) => swarms[i]!.seeders)),
      completed: Math.max(...answers.map((swarms) => swarms[i]!.completed)),
      leechers: Math.max(...answers.map((swarms) => swarms[i]!.leechers)),
    }));
  }

  /** The tracker's entries for `name` (not empty): one answer for each family it was asked over. */
  find(name: string, options: AskOptions = {}): Promise<FindResponse[]> {
    return this.#find({ type: "find", name }, options);
  }

  /** One packet of the tracker's catalogue, starting at entry index `offset`. */
  list(offset: number, options: AskOptions = {}): Promise<FindResponse[]> {
    return this.#find({ type: "list", offset }, options);
  }

  /**
   * Whether the tracker could connect to our TCP port. Over two families the better answer counts;
   * `unreachable` is only returned once both say so.
   */
  async reach(port: number, options: AskOptions = {}): Promise<Reach> {
    const answers = await this.#families.ask(options, async (path, giveUpMs, signal) => {
      const { reach } = await path.ask({ type: "reach", port }, giveUpMs, signal);
      return reach;
    });
    const order = ["reachable", "unknown", "unreachable"] as const;
    return order.find((reach) => answers.includes(reach))!;
  }

  /**
   * One packet of the roll-call of a torrent, starting at machine index `offset`: one answer for each family
   * it was asked over.
   *
   * @param infoHash 20 bytes; a v2 hash truncated
   */
  who(infoHash: Uint8Array, offset: number, options: AskOptions = {}): Promise<WhoResponse[]> {
    const question = { type: "who", infoHash, offset } as const;
    return this.#families.ask(
      options,
      (path, giveUpMs, signal) => path.ask(question, giveUpMs, signal),
    );
  }

  /** Closes the sockets; pending requests reject. */
  close(): Promise<void> {
    return this.#families.close();
  }

  /** Same as {@link UdpTrackerClient.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(
    question: { type: "find"; name: string } | { type: "list"; offset: number },
    options: AskOptions,
  ): Promise<FindResponse[]> {
    return this.#families.ask(
      options,
      (path, giveUpMs, signal) => path.ask(question, giveUpMs, signal),
    );
  }
}

function withoutLabel(hosted: HostedFile | undefined): HostedFile | undefined {
  if (hosted?.label === undefined) return hosted;
  const { label: _, ...rest } = hosted;
  return rest;
}
