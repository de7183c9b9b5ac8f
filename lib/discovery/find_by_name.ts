/**
 * Finds torrents by name at trackers, and lists their catalogues.
 *
 * @module
 */

import {
  type FindResponse,
  type FoundEntry,
  isListableName,
} from "../codec/discovery/udp_tracker.ts";
import { ExitCode, NetworkError, OptionError } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { type CatalogueEntry, mergeCatalogues } from "./catalogue_entries.ts";
import {
  type AskOptions,
  TrackerErrorResponse,
  TrackerTimeoutError,
  UdpTrackerClient,
} from "./tracker_client.ts";

/** Time limit for one tracker to answer one packet. */
const GIVE_UP_SECONDS = 6;

/** Once one tracker has found something, the time limit for the others. */
const OTHER_TRACKERS_MS = 800;

/** Maximum number of entries taken from one tracker. */
const MAX_ENTRIES = 20_000;

/** Options of a query. */
export interface FindOptions {
  /** Aborting it ends the query. */
  readonly signal?: AbortSignal;
  /** Seconds that a tracker may take for one packet; default 6. */
  readonly giveUpSeconds?: number;
}

/** {@link FindOptions} plus what only tests set. */
interface FindSettings extends FindOptions {
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** The name was not found, but a tracker has just started and may not know all of its peers yet. */
export class NotFoundYetError extends NetworkError {
  /** Seconds until the tracker knows them. */
  readonly settlesInSeconds: number;
  /** A sentence for the user while waiting. */
  readonly waiting: string;

  /** @param sentence the error message if the caller does not wait */
  constructor(sentence: string, waiting: string, settlesInSeconds: number) {
    super(sentence, { exitCode: ExitCode.notFound, code: "no-such-file" });
    this.waiting = waiting;
    this.settlesInSeconds = settlesInSeconds;
  }
}

/** The result from one tracker, or why there is none. */
type Outcome =
  | { type: "answered"; url: string; entries: FoundEntry[] }
  | { type: "silent" | "unsupported" | "failed"; url: string; sentence: string };

/**
 * Asks trackers for torrents with this name. Entries keep the order of the trackers, which put those
 * supported by the most networks first.
 *
 * @returns At least one entry; several if different torrents have the name.
 * @throws {OptionError} without a valid name or tracker, or if an address is not that of a UDP tracker.
 * @throws {NetworkError} if nothing is found: exit code 3 if a tracker answered and lists no such name, 6 if
 * none could say. Its code tells silence (`tracker-silent`) from "does not know find" (`tracker-refuses`).
 * Throws the signal's reason when it aborts.
 */
export async function findByName(
  name: string,
  trackers: readonly string[],
  options: FindOptions = {},
): Promise<CatalogueEntry[]> {
  const wanted = name.normalize("NFC");
  if (!isListableName(wanted)) {
    throw new OptionError(
      "a file is found by a name of 1 to 255 bytes without control characters",
    );
  }
  let settlesInSeconds = 0;
  const question = async (client: UdpTrackerClient, options: AskOptions) => {
    const answers = await client.find(wanted, options);
    const seconds = answers.map((answer) => answer.settlesInSeconds ?? 0);
    settlesInSeconds = Math.max(settlesInSeconds, ...seconds);
    const found = answers.flatMap((answer) => answer.entries);
    return found.filter((entry) => entry.name.normalize("NFC") === wanted);
  };
  const outcomes = await askTrackers(trackers, question, options);
  const entries = mergeCatalogues(outcomes.filter((outcome) => outcome.type === "answered"));
  if (entries.length === 0) throw nothingFound(name, outcomes, settlesInSeconds);
  return entries;
}

/**
 * Everything that the trackers list; empty if those that answer list nothing.
 *
 * @throws {OptionError} without a tracker, or if an address is not that of a UDP tracker.
 * @throws {NetworkError} if no tracker answers; the signal's reason when it aborts.
 */
export async function catalogue(
  trackers: readonly string[],
  options: FindOptions = {},
): Promise<CatalogueEntry[]> {
  const outcomes = await askTrackers(trackers, wholeCatalogue, options);
  if (!outcomes.some((outcome) => outcome.type === "answered")) {
    throw nobodyAnswers(outcomes);
  }
  return mergeCatalogues(outcomes.filter((outcome) => outcome.type === "answered")).sort((a, b) =>
    b.seeders - a.seeders || b.leechers - a.leechers
  );
}

/** Reads page after page up to the end of the catalogue. */
async function wholeCatalogue(
  client: UdpTrackerClient,
  options: AskOptions,
): Promise<FoundEntry[]> {
  const entries: FoundEntry[] = [];
  let offset = 0;
  let total = Infinity;
  while (offset < Math.min(total, MAX_ENTRIES)) {
    const answers: FindResponse[] = await client.list(offset, options);
    const count = Math.max(...answers.map((answer) => answer.entries.length));
    if (count === 0) break;
    total = Math.max(...answers.map((answer) => answer.total));
    for (const answer of answers) entries.push(...answer.entries);
    offset += count;
  }
  return entries;
}

/** Asks all trackers at once. Waits for all of them, but not long after the first success. */
async function askTrackers(
  urls: readonly string[],
  question: (client: UdpTrackerClient, options: AskOptions) => Promise<FoundEntry[]>,
  { signal, clock = systemClock, giveUpSeconds = GIVE_UP_SECONDS }: FindSettings,
): Promise<Outcome[]> {
  signal?.throwIfAborted();
  requireDatagrams();
  if (urls.length === 0) {
    throw new OptionError(
      "a name is looked up at a tracker",
      { code: "no-tracker" },
    );
  }
  const clients = [...new Set(urls)].map((url) => new UdpTrackerClient(url, { clock }));
  const enough = new AbortController();
  const given = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  const success = Promise.withResolvers<void>();
  const outcomes: Outcome[] = [];
  const all = Promise.all(clients.map(async (client) => {
    const outcome = await ask(client, question, { signal: given, giveUpSeconds });
    outcomes.push(outcome);
    if (outcome.type === "answered" && outcome.entries.length > 0) success.resolve();
  }));
  const finished = new AbortController();
  all.then(() => finished.abort());
  await Promise.race([all, success.promise]);
  await clock.sleep(OTHER_TRACKERS_MS, AbortSignal.any([given, finished.signal]));
  enough.abort();
  await all;
  await Promise.all(clients.map((client) => client.close()));
  signal?.throwIfAborted();
  return outcomes;
}

async function ask(
  client: UdpTrackerClient,
  question: (client: UdpTrackerClient, options: AskOptions) => Promise<FoundEntry[]>,
  options: AskOptions,
): Promise<Outcome> {
  const { url } = client;
  try {
    return { type: "answered", url, entries: (await question(client, options)).filter(isSound) };
  } catch (error) {
    if (error instanceof TrackerErrorResponse) {
      return { type: "unsupported", url, sentence: cannotFind(url, `; it says: ${error.reason}`) };
    }
    if (error instanceof TrackerTimeoutError && error.connected) {
      return { type: "unsupported", url, sentence: cannotFind(url, "") };
    }
    const sentence = error instanceof NetworkError ? error.message : `${url} was not waited for`;
    // Without permission to ask, we cannot tell that the tracker is silent.
    const isSilent = error instanceof TrackerTimeoutError &&
      (error.cause === undefined || describeDenial(error.cause) === undefined);
    return { type: isSilent ? "silent" : "failed", url, sentence };
  }
}

function cannotFind(url: string, end: string): string {
  return `tracker ${url} is there but cannot look up names (only Shoal's can): ` +
    `use a magnet link or a .torrent file${end}`;
}

/** Whether an entry can be displayed and used. Trackers are not trusted. */
function isSound(entry: FoundEntry): boolean {
  return isListableName(entry.name) && Number.isSafeInteger(entry.length);
}

function nothingFound(name: string, outcomes: Outcome[], settlesInSeconds: number): NetworkError {
  const answered = outcomes.filter((outcome) => outcome.type === "answered");
  if (answered.length === 0) return nobodyAnswers(outcomes);
  const where = answered.map((outcome) => outcome.url).join(", ");
  const sentence = `nobody hosts "${name}" at ${where}; check the name, and that its seeder uses ` +
    `this tracker`;
  const back = `those who used it before come back within ${settlesInSeconds} s`;
  const young = `the tracker was started moments ago, and ${back}`;
  const parts = [sentence, settlesInSeconds > 0 ? young : "", sentencesOf(outcomes)];
  const whole = parts.filter(Boolean).join("; ");
  if (settlesInSeconds === 0) {
    return new NetworkError(whole, { exitCode: ExitCode.notFound, code: "no-such-file" });
  }
  const waiting =
    `nobody hosts "${name}" at ${where} yet, which was started moments ago: ${back}, ` +
    "so it is asked again until then";
  return new NotFoundYetError(whole, waiting, settlesInSeconds);
}

function nobodyAnswers(outcomes: Outcome[]): NetworkError {
  const isSilent = outcomes.every((outcome) => outcome.type === "silent");
  const refuses = outcomes.some((outcome) => outcome.type === "unsupported");
  const code = refuses ? "tracker-refuses" : isSilent ? "tracker-silent" : "tracker-fails";
  return new NetworkError(sentencesOf(outcomes), { exitCode: ExitCode.network, code });
}

function sentencesOf(outcomes: Outcome[]): string {
  return outcomes.flatMap((outcome) => "sentence" in outcome ? [outcome.sentence] : []).join("; ");
}
