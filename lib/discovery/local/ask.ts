/**
 * Asks the local network for torrents of a name, and for trackers.
 *
 * @module
 */

import {
  decodeLocalAnswer,
  encodeLocalQuestion,
  type LocalAnswer,
} from "../../codec/discovery/local_question.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { type LocalClaim, LocalClaims, trackerUrl } from "./claims.ts";
import { joinLocalNetwork, NO_NETWORK } from "./local_network.ts";

export type { LocalClaim } from "./claims.ts";

/** When the question is sent: several times, because datagrams get lost. */
const ASK_AT_MS = [0, 100, 250];
/** When to stop waiting, if there is no answer. */
const SILENCE_MS = 600;
/** How long others may take after the first one that answers. */
const OTHERS_MS = 300;
/** Trackers of the local network that are told of. */
const MAX_TRACKERS = 8;

/** What the local network knows of a name. */
export interface LocalFindings {
  /** The torrents of this name, those that most hosts name first. */
  readonly claims: readonly LocalClaim[];
  /** How many more were named than are kept. */
  readonly dropped: number;
  /** Why nobody could be asked. */
  readonly fault?: string;
}

interface AskSettings {
  /** Aborting it ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly clock?: Clock;
}

/**
 * Asks who has a torrent of exactly this name. Takes 0.6 s at most.
 *
 * @param name well-formed Unicode that a directory lists; it is asked for in normal form C
 */
export async function findLocally(
  name: string,
  settings: AskSettings = {},
): Promise<LocalFindings> {
  const claims = new LocalClaims();
  const onAnswer = (answer: LocalAnswer, host: string) => {
    claims.add(answer, host);
    return !claims.isEmpty;
  };
  const fault = await ask({ type: "findName", name: name.normalize("NFC") }, onAnswer, settings);
  const { dropped } = claims;
  return { claims: claims.list(), dropped, ...(fault !== undefined && { fault }) };
}

/**
 * The URLs of trackers that say they are in the local network, one for each host and at most 8, in an order that is the same for
 * all who ask. Only an answer to a request shows that one is a tracker. Takes 0.6 s at most.
 */
export async function trackersNearby(settings: AskSettings = {}): Promise<string[]> {
  const byHost = new Map<string, string>();
  const onAnswer = ({ type, port }: LocalAnswer, host: string) => {
    if (type !== "trackerHere") return false;
    if (byHost.size < MAX_TRACKERS && !byHost.has(host)) {
      byHost.set(host, trackerUrl({ host, port }));
    }
    return true;
  };
  await ask({ type: "findTracker" }, onAnswer, settings);
  return [...byHost.values()].sort();
}

/** A question that has no transaction id yet. */
type Asked =
  | { readonly type: "findTracker" }
  | { readonly type: "findName"; readonly name: string };

/**
 * Asks all networks of this machine. Returns why there is nobody to ask, if so.
 *
 * @param onAnswer takes an answer from a host in one of our networks; returns whether it was a useful one
 */
async function ask(
  asked: Asked,
  onAnswer: (answer: LocalAnswer, host: string) => boolean,
  { signal = new AbortController().signal, clock = systemClock }: AskSettings,
): Promise<string | undefined> {
  const transactionId = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const packet = encodeLocalQuestion({ ...asked, transactionId });
  const heard = new AbortController();
  let heardMs = Infinity;
  const { network, leave } = joinLocalNetwork({
    onAnswer: (packet, { host }) => {
      const answer = decodeLocalAnswer(packet);
      if (answer?.transactionId !== transactionId) return;
      if (network.ownAddressFor(host) === undefined || !onAnswer(answer, host)) return;
      heardMs = Math.min(heardMs, clock.nowMs());
      heard.abort();
    },
  });
  try {
    const fault = await network.opened;
    if (network.addresses.length === 0) return fault ?? NO_NETWORK;
    const startMs = clock.nowMs();
    for (const atMs of ASK_AT_MS) {
      await clock.sleep(startMs + atMs - clock.nowMs(), signal);
      if (signal.aborted) return undefined;
      await network.send(() => packet);
    }
    const isOver = AbortSignal.any([signal, heard.signal]);
    await clock.sleep(startMs + SILENCE_MS - clock.nowMs(), isOver);
    if (heard.signal.aborted) await clock.sleep(heardMs + OTHERS_MS - clock.nowMs(), signal);
    return undefined;
  } finally {
    await leave();
  }
}
