/**
 * Asks trackers which machines have a torrent.
 *
 * @module
 */

import { parseTrackerUrl } from "../codec/discovery/tracker_url.ts";
import { hex } from "../codec/bytes.ts";
import type { WhoEntry, WhoResponse } from "../codec/discovery/udp_tracker.ts";
import {
  TrackerErrorResponse,
  TrackerTimeoutError,
  UdpTrackerClient,
} from "../discovery/tracker_client.ts";
import { ExitCode, NetworkError } from "../errors.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import { tellOf } from "../runtime/event_listeners.ts";
import { type TransferListener, warningEvent } from "../session/events.ts";
import { type CalledRoll, rollSentence } from "../tracker/roll_sentence.ts";
import { resolveSource } from "./torrent_source.ts";

const GIVE_UP_SECONDS = 6;
/** More machines than a tracker looks at. */
const MAX_MACHINES = 20_000;

/** Where to ask. */
export interface RollCallOptions {
  /** Tracker URLs, `udp://host:port`. Default: the tracker on this machine. */
  readonly trackers?: readonly string[];
  /** Aborting it ends the question. */
  readonly signal?: AbortSignal;
  /** Called with warnings, and when a name is looked up. */
  readonly onEvent?: TransferListener;
}

/** Which machines have a torrent, as its trackers tell. */
export interface TorrentRollCall extends CalledRoll {
  /** The torrent's name, as it was asked for. */
  readonly name: string;
  /** 40 hex digits of the hash that was asked for. */
  readonly infoHash: string;
  /** Such as `37 of 40 complete, 2 downloading, 1 never seen`. */
  readonly sentence: string;
}

/**
 * Which machines have a torrent, get it, had it or should have it, as Shoal's trackers on private addresses
 * tell.
 *
 * @param what a name that a tracker knows, a magnet link, a .torrent path or URL, or an info-hash
 * @throws {NetworkError} with exit code 3 when nobody hosts the name, 6 when no tracker tells
 * @throws {ShoalError} when `what` or an option is invalid
 */
export async function rollCall(
  what: string,
  options: RollCallOptions = {},
): Promise<TorrentRollCall> {
  const { signal } = options;
  signal?.throwIfAborted();
  requireDatagrams();
  const source = await resolveSource(what, {
    ...options,
    onLookup: (name) => tellOf(options, { type: "lookup", name }),
    onWarning: (...warning) => tellOf(options, warningEvent(...warning)),
  });
  const urls = new Set(source.trackers.flat());
  for (const url of urls) parseTrackerUrl(url);
  const infoHash = source.v1Hash ?? source.v2Hash!.subarray(0, 20);
  const answers = await Promise.all([...urls].map((url) => askOne(url, infoHash, signal)));
  signal?.throwIfAborted();
  const rolls = answers.filter((answer) => typeof answer !== "string");
  if (rolls.length === 0) {
    throw new NetworkError(answers.filter((answer) => typeof answer === "string").join("; "), {
      code: "tracker-fails",
    });
  }
  const roll = merged(rolls);
  const name = source.name ?? what;
  if (roll.machines.length === 0) {
    const where = [...urls].join(", ");
    throw new NetworkError(`nobody hosts "${name}" at ${where}`, {
      exitCode: ExitCode.notFound,
      code: "no-such-file",
    });
  }
  return { ...roll, name, infoHash: hex(infoHash), sentence: rollSentence(roll) };
}

/** The roll-call of one tracker, or why it gives none. */
async function askOne(
  url: string,
  infoHash: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<CalledRoll | string> {
  await using client = new UdpTrackerClient(url);
  const machines = new Map<string, WhoEntry>();
  let first: WhoResponse | undefined;
  try {
    for (let offset = 0; offset < MAX_MACHINES;) {
      const answers = await client.who(infoHash, offset, {
        ...(signal && { signal }),
        giveUpSeconds: GIVE_UP_SECONDS,
      });
      const [answer] = answers.sort((a, b) => b.total - a.total);
      first ??= answer!;
      for (const machine of answer!.machines) machines.set(keyOf(machine), machine);
      offset += answer!.machines.length;
      if (answer!.machines.length === 0 || offset >= answer!.total) break;
    }
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return faultText(url, error);
  }
  const { complete, recipients, expected } = first!;
  return { complete, recipients, expected, machines: [...machines.values()] };
}

function faultText(url: string, error: NetworkError): string {
  const isOther = error instanceof TrackerErrorResponse ||
    (error instanceof TrackerTimeoutError && error.connected);
  if (!isOther) return error.message;
  const reason = error instanceof TrackerErrorResponse ? `; it says: ${error.reason}` : "";
  return `tracker ${url} is there but does not tell who has a file (only Shoal's do, and only on ` +
    `the local network)${reason}`;
}

/** The roll of the tracker that knows most, with the machines that only others know. */
function merged(rolls: readonly CalledRoll[]): CalledRoll {
  const [best, ...others] = rolls.toSorted((a, b) =>
    b.expected - a.expected || b.machines.length - a.machines.length
  );
  const known = new Set(best!.machines.map(keyOf));
  const more = others.flatMap(({ machines }) => machines)
    .filter((machine) => !known.has(keyOf(machine)) && machine.state !== "missing");
  return { ...best!, machines: [...best!.machines, ...more] };
}

function keyOf({ host, port, label }: WhoEntry): string {
  return `${host}/${port}/${label}`;
}
