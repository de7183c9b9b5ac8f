/**
 * The line to one tracker: what it has been told, and what it is told next.
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
  TrackerSilentError,
} from "./tracker_client.ts";

/** So long the goodbye may take: that it is not heard harms little, since silent peers are forgotten. */
const STOP_GIVE_UP_SECONDS = 1;
/** So long an event may take that is still to be told then: a packet that gets lost is repeated once. */
const LAST_NEWS_GIVE_UP_SECONDS = 2;

/** What all lines of an announcer share. */
export interface TargetSettings {
  /** One or two. */
  readonly swarms: readonly AnnouncedSwarm[];
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The TCP port that is listening. */
  readonly port: number;
  /** Asked before each announce. */
  readonly progress: () => AnnouncedProgress;
  /** What the tracker may list in its catalogue, once known. Asked before each announce. */
  readonly hosted?: () => HostedFile | undefined;
  /** How many peers are wanted; -1, the default, leaves it to the tracker. */
  readonly numWant?: () => number;
  /** Peers a tracker gave. The own address may be among them. */
  readonly onPeers: (named: NamedPeers, viaV2: boolean, trackerUrl: string) => void;
  readonly clientFor: (url: string) => AnnounceClient;
  readonly clock: Clock;
  readonly key: number;
}

/** One swarm on this line, and the events its tracker has not heard of yet. */
interface Announced {
  readonly swarm: AnnouncedSwarm;
  readonly events: AnnounceEvent[];
  /** The tracker has answered us in this swarm. */
  known: boolean;
  /** An announce has left that it may have heard, answered or not. */
  mayBeKnown: boolean;
}

/** How a round of announces went: one of every swarm. */
export interface Round {
  readonly answers: readonly AnnounceAnswer[];
  /** The first failure, if there was one. */
  readonly fault: { readonly reason: unknown } | undefined;
}

/** Announces to one tracker, when it is told to. */
export class AnnounceTarget {
  /** The tracker, as it was given. */
  readonly url: string;
  readonly #settings: TargetSettings;
  readonly #swarms: readonly Announced[];
  #client: AnnounceClient | undefined;
  #isStale = false;

  /** Nothing is sent yet. */
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

  /** Whether there is an event that the tracker has not heard of. */
  get hasNews(): boolean {
    return this.#swarms.some(({ events }) => events.length > 0);
  }

  /** Queues the event; it is sent until the tracker has answered it once. */
  completed(): void {
    for (const { events } of this.#swarms) events.push("completed");
  }

  /**
   * Announces every swarm once.
   *
   * @throws {OptionError} when the URL is not one of a UDP tracker
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

  /** Our address has changed: the next round looks up the tracker anew and speaks from a new socket. */
  renew(): void {
    this.#isStale = true;
  }

  /**
   * Says goodbye where it may have been heard, after whatever is still to be told, and closes the client.
   * `late` cuts it short.
   */
  async close(late: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const heard = this.#swarms.filter(({ mayBeKnown }) => mayBeKnown);
    await Promise.allSettled(heard.map((announced) => this.#leave(client, announced, late)));
    await client.close();
  }

  /** A download that is complete counts with the tracker only if it hears so before it hears `stopped`. */
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

/** A tracker that gave out a connection id and then no answer may have taken us in, and be slow. */
function mayHaveHeard(error: unknown): boolean {
  return error instanceof TrackerSilentError && error.connected;
}

/** One of the one or two swarms of a torrent: a hybrid has a v1 and a v2 swarm. */
export interface AnnouncedSwarm {
  /** 20 bytes; a v2 hash truncated. */
  infoHash: Uint8Array;
  /** Whether this is the swarm of the v2 hash. */
  v2: boolean;
}

/** How far the transfer is. */
export interface AnnouncedProgress {
  /** Sent in this run. */
  uploadedBytes: number;
  /** Received in this run. */
  downloadedBytes: number;
  /** 0 for a seeder. While the size is not known, any number above 0. */
  leftBytes: number;
}

/** The part of a {@link UdpTrackerClient} an announcer uses. */
export interface AnnounceClient {
  /** Announces once; rejects when there is no good answer. */
  announce(params: AnnounceParams, options?: AskOptions): Promise<AnnounceAnswer>;
  /** Closes its sockets. */
  close(): Promise<void>;
}
