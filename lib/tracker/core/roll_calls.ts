/**
 * Calls the roll of torrents, for tools that watch a tracker and for clients that ask it.
 *
 * @module
 */

import { bytesToIp } from "../../codec/address.ts";
import { fromHex, hex } from "../../codec/bytes.ts";
import {
  packMachines,
  sharesLabels,
  type WhoRequest,
  type WhoResponse,
} from "../../codec/discovery/udp_tracker.ts";
import type { Attendance } from "../roll/attendance.ts";
import type { Departure } from "../roll/departures.ts";
import type { ExpectedMachine } from "../roll/expected_machines.ts";
import { callRoll, type RollCall } from "../roll/roll_call.ts";
import type { RequestOrigin } from "../tables/origin.ts";
import { hashesKnownWith, members, sizeNamed, sizeOf } from "./inspect.ts";
import type { Inspected } from "./search.ts";

/** A store that knows who has left. */
type Attended = Inspected & { readonly attendance: Attendance };

/** How long a roll-call is given out again. The pages of one then agree with each other. */
const LIFE_MS = 1000;
/** Roll-calls kept; beyond it, the one least recently asked for is dropped. */
const MAX_KEPT = 16;
/** Machines that clients may make the tracker look at in a second, which takes less than a tenth of it. */
const EXAMINED_PER_SECOND = 10_000;

/** More machines than fit into one packet. */
const MAX_MACHINES_PER_PACKET = 60;

/** What roll-calls depend on. */
interface RollCallsOptions {
  /** The announce interval. */
  readonly intervalSeconds: number;
  /** See {@link TrackerCoreOptions.addressFor}. */
  readonly addressFor: (host: string) => string | undefined;
}

interface Kept {
  readonly roll: RollCall;
  readonly sinceMs: number;
}

/** The roll-calls of all torrents. */
export class RollCalls {
  /** The machines that should have every torrent. May be replaced at any time. */
  expected: readonly ExpectedMachine[] = [];
  readonly #inspected: Attended;
  readonly #options: RollCallsOptions;
  /** In the order in which they were last asked for, by hash. */
  readonly #kept = new Map<string, Kept>();
  #permits = EXAMINED_PER_SECOND;
  #permitsMs = -Infinity;

  /** @param inspected The tracker's store. */
  constructor(inspected: Attended, options: RollCallsOptions) {
    this.#inspected = inspected;
    this.#options = options;
  }

  /**
   * The roll-call of a torrent; nobody for one that is unknown.
   *
   * @param hash 40 or 64 hex digits
   */
  of(hash: string, nowMs: number): RollCall {
    const kept = this.#kept.get(hash);
    const isFresh = kept !== undefined && nowMs - kept.sinceMs < LIFE_MS;
    const roll = isFresh ? kept.roll : this.#call(hash, nowMs);
    this.#kept.delete(hash);
    this.#kept.set(hash, { roll, sinceMs: isFresh ? kept.sinceMs : nowMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(oldest!);
    return roll;
  }

  /** Answers a client that has proved its address. Returns a string with the reason if it is refused. */
  answer(request: WhoRequest, sender: RequestOrigin, nowMs: number): WhoResponse | string {
    if (!sharesLabels(bytesToIp(sender.ip))) return "told on private addresses only";
    const hash = hex(request.infoHash);
    const kept = this.#kept.get(hash);
    const isFresh = kept !== undefined && nowMs - kept.sinceMs < LIFE_MS;
    if (!isFresh && !this.#hasPermits(nowMs)) return "too many ask; again in a second";
    const { machines, complete, recipients, expected } = this.of(hash, nowMs);
    if (!isFresh) this.#permits -= 1 + machines.length;
    const page = machines.slice(request.offset, request.offset + MAX_MACHINES_PER_PACKET);
    return {
      type: "who",
      transactionId: request.transactionId,
      total: machines.length,
      complete,
      recipients,
      expected,
      machines: packMachines(page),
    };
  }

  /** Forgets the machines of a torrent that have left, or one of them. Returns how many. */
  dismiss(hash: string, address?: { host: string; port: number }): number {
    this.#kept.clear();
    const infoHashes = hashesKnownWith(this.#inspected, hash);
    return this.#inspected.attendance.departures.dismiss(infoHashes, address);
  }

  /** Torrents whose machines have all left, each by one of them; the latest first. */
  abandoned(nowMs: number): Departure[] {
    const { attendance, catalogue, swarms } = this.#inspected;
    return attendance.departures.torrents(nowMs).filter(({ infoHash, torrent }) => {
      const hashes = new Set([infoHash, torrent.slice(0, 40)]);
      return [...hashes].every((hash) => {
        const bytes = fromHex(hash);
        return !catalogue.isNamed(bytes) && swarms.get(bytes, 0, 4) === undefined &&
          swarms.get(bytes, 0, 6) === undefined;
      });
    });
  }

  #call(hash: string, nowMs: number): RollCall {
    const { attendance } = this.#inspected;
    const infoHashes = hashesKnownWith(this.#inspected, hash);
    const departures = attendance.departures.of(infoHashes, nowMs);
    const present = members(this.#inspected, hash, nowMs);
    if (present.length === 0 && departures.length === 0) {
      const expected = this.expected.length;
      return { machines: [], complete: 0, recipients: expected, expected };
    }
    const { intervalSeconds, addressFor } = this.#options;
    const size = sizeOf(this.#inspected, hash);
    const roll = callRoll({
      members: present,
      departures,
      expected: this.expected,
      intervalSeconds,
      size: sizeNamed(this.#inspected, hash) ??
        departures.find(({ holding }) => holding.size !== undefined)?.holding.size,
      nowMs,
      isOwn: (host) => addressFor(host) === host,
    });
    return size > present.length ? { ...roll, sampleOf: size } : roll;
  }

  #hasPermits(nowMs: number): boolean {
    const gained = (nowMs - this.#permitsMs) / 1000 * EXAMINED_PER_SECOND;
    this.#permits = Math.min(EXAMINED_PER_SECOND, this.#permits + gained);
    this.#permitsMs = nowMs;
    return this.#permits > 0;
  }
}
