/**
 * Announces to one tracker, and tracks which events it has not received yet.
 *
 * @module
 */

import type { AnnounceEvent, HostedFile } from "../codec/discovery/udp_tracker.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  type AnnounceAnswer,
  type AnnounceParams,
  type AskOptions,
  type NamedPeers,
  TrackerTimeoutError,
} from "./tracker_client.ts";

/** Time limit for the `stopped` announce. Losing it does little harm, because silent peers expire. */
const STOP_GIVE_UP_SECONDS = 1;
/** Time limit for events that are still pending at the end: enough to repeat a lost packet once. */
const LAST_NEWS_GIVE_UP_SECONDS = 2;

/** Settings shared by all targets of an announcer. */
export interface TargetSettings {
  /** One or two. */
  readonly swarms: readonly AnnouncedSwarm[];
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The TCP port that is listening. */
  readonly port: number;
  /** Called before each announce. */
  readonly progress: () => AnnouncedProgress;
  /** What the tracker may list in its catalogue, once known. Called before each announce. */
  readonly hosted?: () => HostedFile | undefined;
  /** Number of peers wanted; -1, the default, leaves it to the tracker. */
  readonly numWant?: () => number;
  /** Called with the peers a tracker returned. Our own address may be among them. */
  readonly onPeers: (named: NamedPeers, viaV2: boolean, trackerUrl: string) => void;
  readonly clientFor: (url: string) => AnnounceClient;
  readonly clock: Clock;
  readonly key: number;
}

/** One swarm at this tracker, with the events the tracker has not received yet. */
interface Announced {
  readonly swarm: AnnouncedSwarm;
  readonly events: AnnounceEvent[];
  /** Whether the tracker has answered an announce for this swarm. */
  known: boolean;
  /** Whether the tracker may have received an announce, answered or not. */
  mayBeKnown: boolean;
}

/** The result of one round of announces, one for each swarm. */
export interface Round {
  readonly answers: readonly AnnounceAnswer[];
  /** The first failure, if any. */
  readonly fault: { readonly reason: unknown } | undefined;
}

/** Announces to one tracker when told to. */
export class AnnounceTarget {
  /** The tracker's URL as given. */
  readonly url: string;
  readonly #settings: TargetSettings;
  readonly #swarms: readonly Announced[];
  #client: AnnounceClient | undefined;
  #isStale = false;

  /** @param url The tracker's URL. */
  constructor(url: string, settings: TargetSettings) {
    this.url = url;
    this.#settings = settings;
    this.#swarms = settings.swarms.map((swarm) => ({
      swarm,
      events: ["started"],
      known: false,
      mayBeKnown: false,
    }));
  }

  /** Whether an event is pending. */
  get hasNews(): boolean {
    return this.#swarms.some(({ events }) => events.length > 0);
  }

  /** Queues the `completed` event, which is sent until the tracker has answered it once. */
  completed(): void {
    for (const { events } of this.#swarms) events.push("completed");
  }

  /**
   * Announces every swarm once.
   *
   * @throws {OptionError} if the URL is not that of a UDP tracker
   */
  async round(signal: AbortSignal, giveUpSeconds: number): Promise<Round> {
    if (this.#isStale) {
      this.#isStale = false;
      const old = this.#client;
      this.#client = undefined;
      await old?.close();
    }
    const client = this.#client ??= this.#settings.clientFor(this.url);
    const outcomes = await Promise.allSettled(
      this.#swarms.map((announced) => this.#announce(client, announced, { signal, giveUpSeconds })),
    );
    const answers = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : []
    );
    return { answers, fault: outcomes.find((outcome) => outcome.status === "rejected") };
  }

  /** Call when our address has changed: the next round resolves the tracker again and uses a new socket. */
  renew(): void {
    this.#isStale = true;
  }

  /**
   * Sends `stopped` for each swarm that the tracker may know, after any pending `completed`, and closes the
   * client. `late` cuts this short.
   */
  async close(late: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const heard = this.#swarms.filter(({ mayBeKnown }) => mayBeKnown);
    await Promise.allSettled(heard.map((announced) => this.#leave(client, announced, late)));
    await client.close();
  }

  /** The tracker counts a completed download only if it receives `completed` before `stopped`. */
  async #leave(client: AnnounceClient, announced: Announced, late: AbortSignal): Promise<void> {
    const { events, swarm } = announced;
    const options = { signal: late, giveUpSeconds: LAST_NEWS_GIVE_UP_SECONDS };
    if (events.includes("completed")) {
      while (events.length > 0) await this.#announce(client, announced, options);
    }
    const goodbye = this.#params(swarm, "stopped");
    await client.announce(goodbye, { signal: late, giveUpSeconds: STOP_GIVE_UP_SECONDS });
  }

  async #announce(
    client: AnnounceClient,
    announced: Announced,
    options: { signal: AbortSignal; giveUpSeconds: number },
  ): Promise<AnnounceAnswer> {
    const { swarm, events } = announced;
    const event = events[0] ?? "none";
    announced.mayBeKnown = true;
    let answer: AnnounceAnswer;
    try {
      answer = await client.announce(this.#params(swarm, event), options);
    } catch (error) {
      announced.mayBeKnown = announced.known || options.signal.aborted || mayHaveHeard(error);
      throw error;
    }
    if (event !== "none") events.shift();
    announced.known = true;
    for (const named of answer.peers) {
      if (named.peers.length === 0 || options.signal.aborted) continue;
      this.#settings.onPeers(named, swarm.v2, this.url);
    }
    return answer;
  }

  #params(swarm: AnnouncedSwarm, event: AnnounceEvent) {
    const { peerId, port, key, progress, hosted, numWant } = this.#settings;
    const file = hosted?.();
    return {
      infoHash: swarm.infoHash,
      peerId,
      port,
      key,
      event,
      numWant: event === "stopped" ? 0 : numWant?.() ?? -1,
      ...progress(),
      ...(file && { hosted: file }),
    };
  }
}

/** A tracker that issued a connection id but then did not answer may be slow and may have stored us. */
function mayHaveHeard(error: unknown): boolean {
  return error instanceof TrackerTimeoutError && error.connected;
}

/** One of the one or two swarms of a torrent: a hybrid has a v1 and a v2 swarm. */
export interface AnnouncedSwarm {
  /** 20 bytes; a v2 hash truncated. */
  infoHash: Uint8Array;
  /** Whether this is the swarm of the v2 hash. */
  v2: boolean;
}

/** Progress of the transfer. */
export interface AnnouncedProgress {
  /** Bytes sent in this run. */
  uploadedBytes: number;
  /** Bytes received in this run. */
  downloadedBytes: number;
  /** Bytes missing; 0 for a seeder. While the size is unknown, any number above 0. */
  leftBytes: number;
}

/** The part of {@link UdpTrackerClient} that an announcer uses. */
export interface AnnounceClient {
  /** Announces once; rejects without a valid answer. */
  announce(params: AnnounceParams, options?: AskOptions): Promise<AnnounceAnswer>;
  /** Closes its sockets. */
  close(): Promise<void>;
}
