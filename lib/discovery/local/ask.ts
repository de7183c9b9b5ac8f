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
import { Slots } from "../../runtime/slots.ts";
import { type LocalClaim, LocalClaims, trackerUrl } from "./claims.ts";
import { joinLocalNetwork, NO_NETWORK } from "./local_network.ts";

export type { LocalClaim } from "./claims.ts";

/** When the question is sent: several times, because datagrams get lost. */
const ASK_AT_MS = [0, 100, 250, 700, 1300];
/** So often it is sent in any case: the answer of one does not show that others have heard the question. */
const SURELY_ASKED = 2;
/** When to stop waiting for a tracker, if there is no answer: a seeder on its own waits at each start. */
const TRACKER_SILENCE_MS = 600;
/** The same for a name: a download would fail, so that slow networks and busy machines get their time. */
const NAME_SILENCE_MS = 2000;
/** How long others may take after the first one that answers. */
const OTHERS_MS = 300;
/** Questions of this process at the same time: others answer only so many a second. */
const QUESTIONS_AT_ONCE = 4;
/** Trackers of the local network that are told of. */
const MAX_TRACKERS = 8;

const questions = new Slots(QUESTIONS_AT_ONCE);

/** What the local network knows of a name. */
export interface LocalFindings {
  /** The torrents of this name, those that most hosts name first. */
  readonly claims: readonly LocalClaim[];
  /** How many more were named than are kept. */
  readonly dropped: number;
  /** The hosts that will soon have one of this name, as they say. */
  readonly preparing: readonly string[];
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
 * Asks who has a torrent of exactly this name. Takes 2 s if nobody answers, and a fraction of it if somebody
 * does.
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
    return !claims.isEmpty || claims.preparing.length > 0;
  };
  const asked = { type: "findName", name: name.normalize("NFC") } as const;
  const fault = await ask(asked, onAnswer, NAME_SILENCE_MS, settings);
  const { dropped, preparing } = claims;
  return { claims: claims.list(), dropped, preparing, ...(fault !== undefined && { fault }) };
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
  await ask({ type: "findTracker" }, onAnswer, TRACKER_SILENCE_MS, settings);
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
function ask(...question: Parameters<typeof askNow>): Promise<string | undefined> {
  return questions.run(() => askNow(...question));
}

async function askNow(
  asked: Asked,
  onAnswer: (answer: LocalAnswer, host: string) => boolean,
  silenceMs: number,
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
    const isOver = AbortSignal.any([signal, heard.signal]);
    for (const [i, atMs] of ASK_AT_MS.entries()) {
      if (atMs > silenceMs) break;
      await clock.sleep(startMs + atMs - clock.nowMs(), i < SURELY_ASKED ? signal : isOver);
      if (signal.aborted) return undefined;
      if (isOver.aborted && i >= SURELY_ASKED) break;
      await network.send(() => packet);
    }
    await clock.sleep(startMs + silenceMs - clock.nowMs(), isOver);
    if (heard.signal.aborted) await clock.sleep(heardMs + OTHERS_MS - clock.nowMs(), signal);
    return undefined;
  } finally {
    await leave();
  }
}
