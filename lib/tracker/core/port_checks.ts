/**
 * Which peers of a tracker are to be dialled back, when, and what came of it. The dialling itself is
 * somebody else's.
 *
 * A peer is dialled at the address that its announce came from and nowhere else, so nobody can point the
 * tracker at others; and so slowly that a crowd of peers, or one who plays one, causes no more traffic
 * than a single peer does.
 *
 * @module
 */

import { bytesToIp } from "../../codec/address.ts";
import { reachOf as distanceOf } from "../../codec/address_scope.ts";
import type { Reach } from "../../codec/discovery/udp_tracker.ts";
import { FairShares } from "../tables/fair_shares.ts";
import { NumberPool } from "../tables/number_pool.ts";
import type { RequestOrigin } from "../tables/origin.ts";

/** Five checks a second: forty peers that come at once know within eight seconds. */
const CHECK_GAP_MS = 200;
/** Checks under way: what five a second come to while each runs into its time limit of three. */
const MAX_CHECKS_AT_ONCE = 16;
/**
 * Peers in line, so about three minutes of work. When there are more, of the network with most of them one
 * gives way, and gets its turn at a later announce: who has 60,000 ports is not alone here.
 */
const MAX_WAITING = 1000;
/** Results that are remembered, in some 20 MB; of more, the oldest are forgotten. */
const MAX_REMEMBERED = 100_000;

/**
 * For how long a result stands when the peer joins a swarm again. Who was unreachable may have come back
 * because the firewall has been opened; who announces both hashes of a hybrid is checked once.
 */
const LIFE_MS = { reachable: 600_000, unreachable: 5000 };

/** A peer to be dialled. */
export interface PortCheck {
  /** IP address. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
  /** The peer's address, as it is remembered. */
  readonly key: string;
  /** Its number among those who wait. */
  readonly item: number;
}

interface Result {
  readonly reach: keyof typeof LIFE_MS;
  readonly sinceMs: number;
}

/**
 * The line of peers to be dialled back, and the results. Every second turn goes to who came first, the
 * others to the network with the fewest in line: a single newcomer does not wait behind a flood.
 */
export class PortChecks {
  /** Called when somebody gets in line. */
  onWaiting: () => void = () => {};
  /** In the order in which they came. */
  readonly #waiting = new Map<string, PortCheck>();
  readonly #running = new Set<string>();
  readonly #numbers = new NumberPool();
  readonly #byNumber: PortCheck[] = [];
  /** Who of those who wait has how many there. */
  readonly #shares: FairShares;
  /** The next turn is that of the network with the fewest in line, and not of who came first. */
  #isTurnOfFewest = false;
  /** Oldest first. */
  readonly #results = new Map<string, Result>();
  #nextMs = -Infinity;

  /** @param hashKey Two words that nobody else knows. */
  constructor(hashKey: Uint32Array) {
    this.#shares = new FairShares(hashKey);
  }

  /** How many wait to be dialled. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many results are remembered. */
  get remembered(): number {
    return this.#results.size;
  }

  /**
   * A peer has announced itself, and gets in line if it is new.
   *
   * @param joined It was not in that swarm before.
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

  /** The next peer to dial, if it is time; tell of the outcome by {@link PortChecks.done}. */
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

  /** How long until {@link PortChecks.next} is worth another try, while somebody waits. */
  get gapMs(): number {
    return CHECK_GAP_MS;
  }

  /** A peer has been dialled. `unknown` says that the tracker itself was not able to. */
  done({ key }: PortCheck, reach: Reach, nowMs: number): void {
    this.#running.delete(key);
    if (reach === "unknown") return;
    this.#results.set(key, { reach, sinceMs: nowMs });
    const [oldest] = this.#results.keys();
    if (this.#results.size > MAX_REMEMBERED) this.#results.delete(oldest!);
  }

  /** What came of dialling the peer whose address with its port is `words[at]` and those after it. */
  reachOf(words: Uint16Array, at: number, length: number): Reach {
    return this.#results.get(keyOf(words, at, length))?.reach ?? "unknown";
  }
}

/** The words as text; those of the two families differ in their number. */
function keyOf(words: Uint16Array, at: number, length: number): string {
  return String.fromCharCode(...words.subarray(at, at + length));
}
