/**
 * Decides which peers of a tracker to dial back and when, and keeps the results. The caller does the
 * dialling.
 *
 * A peer is dialled only at the address its announce came from, so a client cannot aim the tracker at other
 * hosts. Checks are slow enough that a crowd of peers, or a host that poses as one, causes no more traffic
 * than a single peer.
 *
 * @module
 */

import { bytesToIp } from "../../codec/address.ts";
import { reachOf as distanceOf } from "../../codec/address_scope.ts";
import type { Reach } from "../../codec/discovery/udp_tracker.ts";
import { FairShares } from "../tables/fair_shares.ts";
import { NumberPool } from "../tables/number_pool.ts";
import type { RequestOrigin } from "../tables/origin.ts";

/** Five checks a second: forty peers that arrive at once are all checked within eight seconds. */
const CHECK_GAP_MS = 200;
/** Maximum number of running checks: five a second, each up to its time limit of three seconds. */
const MAX_CHECKS_AT_ONCE = 16;
/**
 * Maximum number of waiting peers, about three minutes of work. Beyond that, the network with the most
 * waiting peers loses one, which gets its turn at a later announce. This keeps a host with 60,000 ports from
 * taking the whole queue.
 */
const MAX_WAITING = 1000;
/** Results kept, in about 20 MB; the oldest are dropped first. */
const MAX_REMEMBERED = 100_000;

/**
 * How long a result stays valid when the peer joins a swarm again. An unreachable peer may have come back
 * because its firewall was opened. A peer that announces both hashes of a hybrid is checked once.
 */
const LIFE_MS = { reachable: 600_000, unreachable: 5000 };

/** A peer to be dialled. */
export interface PortCheck {
  /** IP address. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
  /** The peer's address in the form used as a map key. */
  readonly key: string;
  /** Its number in the waiting queue. */
  readonly item: number;
}

interface Result {
  readonly reach: keyof typeof LIFE_MS;
  readonly sinceMs: number;
}

/**
 * The queue of peers to dial back, and the results. Every second turn goes to the oldest entry, the others to
 * the network with the fewest waiting peers, so that a single newcomer does not wait behind a flood.
 */
export class PortChecks {
  /** Called when a peer is added to the queue. */
  onWaiting: () => void = () => {};
  /** In order of arrival. */
  readonly #waiting = new Map<string, PortCheck>();
  readonly #running = new Set<string>();
  readonly #numbers = new NumberPool();
  readonly #byNumber: PortCheck[] = [];
  /** How many waiting peers each host and network has. */
  readonly #shares: FairShares;
  /**
   * Whether the next turn goes to the network with the fewest waiting peers rather than to the oldest entry.
   */
  #isTurnOfFewest = false;
  /** Oldest first. */
  readonly #results = new Map<string, Result>();
  #nextMs = -Infinity;

  /** @param hashKey Two secret words. */
  constructor(hashKey: Uint32Array) {
    this.#shares = new FairShares(hashKey);
  }

  /** Number of peers waiting to be dialled. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Number of results kept. */
  get remembered(): number {
    return this.#results.size;
  }

  /**
   * Handles a peer's announce and queues the peer if it needs a check.
   *
   * @param joined Whether the peer was not in that swarm before.
   */
  announced(sender: RequestOrigin, joined: boolean, nowMs: number): void {
    const key = keyOf(sender.words, 0, sender.addressWords);
    if (this.#waiting.has(key) || this.#running.has(key)) return;
    const result = this.#results.get(key);
    if (result !== undefined) {
      if (!joined || nowMs - result.sinceMs < LIFE_MS[result.reach]) return;
      this.#results.delete(key);
    }
    const host = bytesToIp(sender.ip);
    if (distanceOf(host) === undefined) return;
    if (this.#waiting.size >= MAX_WAITING) this.#leaveLine(this.#byNumber[this.#shares.next()]!);
    const item = this.#numbers.take();
    const check = { host, port: sender.port, key, item };
    this.#byNumber[item] = check;
    this.#waiting.set(key, check);
    this.#shares.hold(item, sender.words, 0, sender.addressWords);
    this.onWaiting();
  }

  /** The next peer to dial, if it is time for one. Report the outcome to {@link PortChecks.done}. */
  next(nowMs: number): PortCheck | undefined {
    if (nowMs < this.#nextMs || this.#running.size >= MAX_CHECKS_AT_ONCE) return undefined;
    const [first] = this.#waiting.values();
    if (first === undefined) return undefined;
    const check = this.#isTurnOfFewest ? this.#byNumber[this.#shares.lightest()]! : first;
    this.#isTurnOfFewest = !this.#isTurnOfFewest;
    this.#nextMs = nowMs + CHECK_GAP_MS;
    this.#leaveLine(check);
    this.#running.add(check.key);
    return check;
  }

  #leaveLine({ key, item }: PortCheck): void {
    this.#waiting.delete(key);
    this.#shares.release(item);
    this.#numbers.give(item);
  }

  /** How long to wait before calling {@link PortChecks.next} again while peers are waiting. */
  get gapMs(): number {
    return CHECK_GAP_MS;
  }

  /** Stores the outcome of a check. `unknown` means that the tracker itself was unable to dial. */
  done({ key }: PortCheck, reach: Reach, nowMs: number): void {
    this.#running.delete(key);
    if (reach === "unknown") return;
    this.#results.set(key, { reach, sinceMs: nowMs });
    const [oldest] = this.#results.keys();
    if (this.#results.size > MAX_REMEMBERED) this.#results.delete(oldest!);
  }

  /** The result for the peer whose address and port take `length` words from `words[at]` on. */
  reachOf(words: Uint16Array, at: number, length: number): Reach {
    return this.#results.get(keyOf(words, at, length))?.reach ?? "unknown";
  }
}

/** The words as a string. The two address families give strings of different lengths. */
function keyOf(words: Uint16Array, at: number, length: number): string {
  return String.fromCharCode(...words.subarray(at, at + length));
}
