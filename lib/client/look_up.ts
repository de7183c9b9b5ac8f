/**
 * Looks up a torrent by its name: at trackers, and on the local network.
 *
 * @module
 */

import { type HostPort, isIPv6, isLoopback } from "../codec/address.ts";
import { fromHex, hex } from "../codec/bytes.ts";
import { isListableName } from "../codec/discovery/udp_tracker.ts";
import { assumedTracker } from "../discovery/advertised_address.ts";
import type { CatalogueEntry } from "../discovery/catalogue_entries.ts";
import { findWithRetries } from "../discovery/find_with_retries.ts";
import { findLocally, type LocalClaim, type LocalFindings } from "../discovery/local/ask.ts";
import type { WarningCode } from "../error_codes.ts";
import { ExitCode, NetworkError } from "../errors.ts";
import { systemClock } from "../runtime/clock.ts";

/** Where and how to look. */
export interface LookUpOptions {
  /** Trackers that the user named; without any, the one on this machine is asked. */
  readonly trackers?: readonly string[];
  /** Whether to ask the local network; default true. */
  readonly localDiscovery?: boolean;
  /** The address to listen on. On loopback, the local network is not asked. */
  readonly host?: string;
  readonly signal?: AbortSignal;
  /** Called when the search for this name begins. */
  readonly onLookup?: (name: string, asksLocally: boolean) => void;
  /** Called with a sentence when the name is not known yet. */
  readonly onWarning?: (message: string, code?: WarningCode) => void;
}

/** A torrent, and who has it. It has at least one of the hashes. */
export interface NamedTorrent {
  readonly v1Hash?: Uint8Array;
  readonly v2Hash?: Uint8Array;
  /** URLs in tiers: the trackers that list it. */
  readonly trackers: readonly (readonly string[])[];
  /** Peers of the local network that say that they have it. */
  readonly localPeers: readonly HostPort[];
  readonly name: string;
}

/** A torrent that is listed under the name. */
interface Found extends Omit<CatalogueEntry, "name"> {
  readonly peers: readonly HostPort[];
}

/** What trackers say, or why they say nothing. */
type TrackerOutcome = { readonly entries: CatalogueEntry[] } | { readonly error: unknown };

/** Once the local network knows the name, how long trackers may take that the user named. */
const NAMED_TRACKERS_MS = 800;

/**
 * How long the tracker of this machine may take when nobody named it. Most machines have none, and one that is
 * there answers in milliseconds.
 */
const ASSUMED_TRACKER_SECONDS = 2;

/** How long a name is waited for that somebody prepares: copying and hashing a large file takes minutes. */
const LONGEST_PREPARATION_MS = 600_000;
/** How long after the last one who said so: answers get lost, above all when many ask. */
const PREPARATION_HEARD_MS = 15_000;
/** The pause before asking again: short at first, longer the longer it takes. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;
const PAUSE_FACTOR = 10;

/** The most torrents of one name that an error lists. */
const MOST_LISTED = 20;

/**
 * The torrent that is called `name`. Trackers and the local network are asked at the same time. What a
 * tracker lists that the user named goes before what the local network says.
 *
 * @throws {NetworkError} when nobody has it, or several torrents have the name; {OptionError} when nobody can
 * have a file of that name. Throws the signal's reason when it aborts.
 */
export async function lookUpName(name: string, options: LookUpOptions): Promise<NamedTorrent> {
  const asksLocally = options.localDiscovery !== false && !isLoopback(options.host ?? "") &&
    isListableName(name.normalize("NFC"));
  options.onLookup?.(name, asksLocally);
  const { found, dropped } = asksLocally
    ? await findPatiently(name, options)
    : { found: foundAt(entriesOf(await askTrackers(name, options))), dropped: 0 };
  if (found.length + dropped > 1) throw ambiguous(name, found, dropped);
  const { v1Hash, v2Hash, trackers, peers } = found[0]!;
  return {
    ...(v1Hash !== undefined && { v1Hash: fromHex(v1Hash) }),
    ...(v2Hash !== undefined && { v2Hash: fromHex(v2Hash) }),
    trackers: trackers.map((url) => [url]),
    localPeers: peers,
    name,
  };
}

/** What is listed under the name, and how much is left out; it may only be on its way. */
interface Listed {
  readonly found: Found[];
  readonly dropped: number;
}

/** Nobody has it yet, but these hosts prepare it. */
interface Coming {
  readonly preparing: readonly string[];
  /** To throw when the wait is over. */
  readonly error: unknown;
}

/** Asks again as long as a host of the local network says that it prepares the torrent. */
async function findPatiently(name: string, options: LookUpOptions): Promise<Listed> {
  const startMs = systemClock.nowMs();
  let heardMs = -Infinity;
  for (;;) {
    const outcome = await findEverywhere(name, options, heardMs > -Infinity);
    if ("found" in outcome) return outcome;
    const { preparing: [host], error } = outcome;
    const nowMs = systemClock.nowMs();
    if (host !== undefined) {
      if (heardMs === -Infinity) options.onWarning?.(waitingFor(name, host));
      heardMs = nowMs;
    }
    const isOver = nowMs - startMs > LONGEST_PREPARATION_MS;
    if (isOver || nowMs - heardMs > PREPARATION_HEARD_MS) throw error;
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, (nowMs - startMs) / PAUSE_FACTOR);
    await systemClock.sleep(Math.min(LONGEST_PAUSE_MS, pauseMs), options.signal);
    options.signal?.throwIfAborted();
  }
}

/** @param isQuiet whether not to tell that a tracker may not know the name yet */
async function findEverywhere(
  name: string,
  options: LookUpOptions,
  isQuiet: boolean,
): Promise<Listed | Coming> {
  const isNamed = (options.trackers?.length ?? 0) > 0;
  const enough = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, enough.signal]) : enough.signal;
  const locally = findLocally(name, { signal });
  // The local network answers sooner than a tracker settles.
  const onWarning: LookUpOptions["onWarning"] = (...warning) =>
    void locally.then(({ claims, preparing }) =>
      isQuiet || claims.length + preparing.length > 0 || options.onWarning?.(...warning)
    );
  const patience = isNamed ? undefined : ASSUMED_TRACKER_SECONDS;
  const atTrackers = askTrackers(name, { ...options, signal, onWarning }, patience);
  try {
    const first = await Promise.race([atTrackers, locally]);
    if (isNamed && "entries" in first) return { found: foundAt(first.entries), dropped: 0 };
    const findings = await locally;
    options.signal?.throwIfAborted();
    const { claims: { length: known }, preparing } = findings;
    const isComing = known === 0 && preparing.length > 0;
    // A tracker that has just started may take minutes to say that it does not know the name.
    if (isNamed && known > 0 || isComing) {
      await Promise.race([atTrackers, systemClock.sleep(NAMED_TRACKERS_MS, signal)]);
    }
    if (known > 0 || isComing) enough.abort();
    const outcome = await atTrackers;
    options.signal?.throwIfAborted();
    if ("error" in outcome) {
      if (known > 0) return merged([], findings);
      const error = isComing
        ? stillComing(name, preparing)
        : notHereEither(name, outcome.error, findings, isNamed);
      return { preparing, error };
    }
    if (isNamed) return { found: foundAt(outcome.entries), dropped: 0 };
    return merged(outcome.entries, findings);
  } finally {
    enough.abort();
    await Promise.all([locally, atTrackers]);
  }
}

/** Asks the trackers. That they do not know the name, or do not answer, is an outcome. */
async function askTrackers(
  name: string,
  { trackers, signal, onWarning }: LookUpOptions,
  giveUpSeconds?: number,
): Promise<TrackerOutcome> {
  try {
    const entries = await findWithRetries(name, trackers?.length ? trackers : [assumedTracker()], {
      ...(signal && { signal }),
      ...(onWarning && { onWaiting: onWarning }),
      ...(giveUpSeconds !== undefined && { giveUpSeconds }),
    });
    return { entries };
  } catch (error) {
    if (!(error instanceof NetworkError) && !signal?.aborted) throw error;
    return { error };
  }
}

function entriesOf(outcome: TrackerOutcome): CatalogueEntry[] {
  if ("error" in outcome) throw outcome.error;
  return outcome.entries;
}

function foundAt(entries: readonly CatalogueEntry[]): Found[] {
  return entries.map((entry) => ({ ...entry, peers: [] }));
}

/** What the tracker of this machine lists, then what else the local network knows. */
function merged(
  entries: readonly CatalogueEntry[],
  { claims, dropped }: LocalFindings,
): { found: Found[]; dropped: number } {
  const found = foundAt(entries);
  for (const claim of claims) {
    const local = foundLocally(claim);
    const at = found.findIndex((other) => isSame(other, local));
    if (at === -1) found.push(local);
    else found[at] = joined(found[at]!, local);
  }
  return { found, dropped };
}

function foundLocally({ entry, peers, trackers }: LocalClaim): Found {
  const { v1Hash, v2Hash, length, seeders, leechers } = entry;
  return {
    length,
    ...(v1Hash && { v1Hash: hex(v1Hash) }),
    ...(v2Hash && { v2Hash: hex(v2Hash) }),
    seeders: Math.max(seeders, seedersAmong(peers)),
    leechers,
    trackers: [...trackers],
    peers,
  };
}

/** How many say so, at least: a machine with addresses of both families answers from each. */
function seedersAmong(peers: readonly HostPort[]): number {
  const overIPv6 = peers.filter(({ host }) => isIPv6(host)).length;
  return Math.max(overIPv6, peers.length - overIPv6);
}

/** Whether a claim adds no hash to an entry: otherwise it could join a hash of its own to a known one. */
function isSame(entry: Found, claim: Found): boolean {
  return entry.length === claim.length &&
    (claim.v1Hash ?? entry.v1Hash) === entry.v1Hash &&
    (claim.v2Hash ?? entry.v2Hash) === entry.v2Hash;
}

function joined(entry: Found, claim: Found): Found {
  return {
    ...entry,
    seeders: Math.max(entry.seeders, claim.seeders),
    leechers: Math.max(entry.leechers, claim.leechers),
    trackers: [...entry.trackers, ...claim.trackers],
    peers: claim.peers,
  };
}

/** Says who was asked: the local network, and the trackers that the error names. */
function notHereEither(
  name: string,
  error: unknown,
  { fault }: LocalFindings,
  isNamed: boolean,
): unknown {
  if (!(error instanceof NetworkError)) return error;
  const { code, message } = error;
  const here = fault === undefined
    ? `nobody on the local network has "${name}"`
    : `the local network cannot be asked for "${name}" (${fault})`;
  // Nobody relies on a tracker that was only assumed.
  const isMissing = !isNamed && fault === undefined;
  const exitCode = isMissing ? ExitCode.notFound : error.exitCode;
  return new NetworkError(`${here}, and ${message}`, { code, exitCode, cause: error });
}

function waitingFor(name: string, host: string): string {
  return `${host} is about to share "${name}", which is still being copied or hashed: waiting for it`;
}

function stillComing(name: string, hosts: readonly string[]): NetworkError {
  const minutes = LONGEST_PREPARATION_MS / 60_000;
  return new NetworkError(
    `nobody has "${name}" after ${minutes} minutes, though ${
      hosts[0]
    } goes on saying that it will soon`,
    { exitCode: ExitCode.notFound, code: "no-such-file" },
  );
}

/** Names are claims: only the user can tell which of several torrents of one name is meant. */
function ambiguous(name: string, found: readonly Found[], dropped: number): NetworkError {
  const lines = found.slice(0, MOST_LISTED).map(({ v1Hash, v2Hash, length, seeders }) =>
    `${v1Hash ?? v2Hash}  ${length} bytes, ${seeders} seeding`
  );
  const total = found.length + dropped;
  if (total > lines.length) lines.push(`and ${total - lines.length} more`);
  return new NetworkError(
    `${total} different files are called ${name}; ` +
      `run the command again with the info-hash of the one you mean:\n${lines.join("\n")}`,
    { exitCode: ExitCode.notFound },
  );
}
