/**
 * One cap on the connections of all torrents of a client.
 *
 * While there is room, a torrent may have as many connections as its own limit allows. Once the total is used
 * up, each torrent is guaranteed an equal share of it, and one that has less takes the missing connections
 * from the torrent that has most. Dials in progress count, web seeds do not.
 *
 * @module
 */

/** Connections of a client unless its user says otherwise. */
const DEFAULT_TOTAL = 500;

/** The torrent behind a {@link ConnectionShare}. */
interface ConnectionHolder {
  /** Closes the torrent's least useful connection. Returns false when none may be closed. */
  giveUp(nowMs: number): boolean;
}

/** A total that its {@link ConnectionShare}s divide among themselves. */
export class ConnectionLimit {
  #total: number;
  #used = 0;
  /** The shares that have connections, or want some; the others cost nothing. */
  readonly #live = new Set<ConnectionShare>();
  /** How many of them hold so many connections. */
  readonly #holding: number[] = [];
  #most = 0;

  /** @param total number of connections, at least 1 */
  constructor(total = DEFAULT_TOTAL) {
    this.#total = total;
  }

  /** The connections that all torrents together may have. */
  get total(): number {
    return this.#total;
  }

  /** Connections of all torrents, and dials in progress. */
  get used(): number {
    return this.#used;
  }

  /** Changes the total. When fewer are allowed, the torrents that have most give up connections at once. */
  setTotal(total: number, nowMs: number): void {
    this.#total = total;
    while (this.#used > total && this.takeFromLargest(0, nowMs));
  }

  /** A share for one more torrent. */
  join(holder: ConnectionHolder): ConnectionShare {
    return new ConnectionShare(this, holder);
  }

  /** The connections that a torrent is guaranteed which has some or wants some. */
  guaranteedTo(share: ConnectionShare): number {
    const torrents = this.#live.size + (this.#live.has(share) ? 0 : 1);
    return Math.max(1, Math.floor(this.#total / torrents));
  }

  /** Whether some torrent has more connections than this. */
  isAnyAbove(guaranteed: number): boolean {
    return this.#most > guaranteed;
  }

  /** Makes the largest torrent of those above `guaranteed` that can give one up do so. */
  takeFromLargest(guaranteed: number, nowMs: number): boolean {
    if (!this.isAnyAbove(guaranteed)) return false;
    const above = [...this.#live].filter(({ held }) => held > guaranteed);
    return above.sort((a, b) => b.held - a.held).some((share) => share.giveUp(nowMs));
  }

  /** A share holds another number of connections than before, or began or ceased to want some. */
  onChange(share: ConnectionShare, before: number): void {
    const { held, wants } = share;
    this.#used += held - before;
    if (this.#live.has(share)) this.#holding[before]!--;
    if (held === 0 && !wants) this.#live.delete(share);
    else {
      this.#live.add(share);
      this.#holding[held] = (this.#holding[held] ?? 0) + 1;
      this.#most = Math.max(this.#most, held);
    }
    while (this.#most > 0 && !this.#holding[this.#most]) this.#most--;
  }
}

/** One torrent's share of the connections. */
export class ConnectionShare {
  readonly #limit: ConnectionLimit;
  readonly #holder: ConnectionHolder;
  #held = 0;
  #wants = false;

  /** A share of this limit: see {@link ConnectionLimit.join}. */
  constructor(limit: ConnectionLimit, holder: ConnectionHolder) {
    this.#limit = limit;
    this.#holder = holder;
  }

  /** Its connections and its dials in progress. */
  get held(): number {
    return this.#held;
  }

  set held(held: number) {
    if (held === this.#held) return;
    const before = this.#held;
    this.#held = held;
    this.#limit.onChange(this, before);
  }

  /** Whether it knows peers that it would dial. */
  get wants(): boolean {
    return this.#wants;
  }

  set wants(wants: boolean) {
    if (wants === this.#wants) return;
    this.#wants = wants;
    this.#limit.onChange(this, this.#held);
  }

  /** Whether one more connection may begin, perhaps in place of another torrent's. */
  get hasRoom(): boolean {
    const { total, used } = this.#limit;
    const guaranteed = this.#limit.guaranteedTo(this);
    return used < total || (this.#held < guaranteed && this.#limit.isAnyAbove(guaranteed));
  }

  /**
   * How many of `wanted` connections may begin now. When the total is used up and the torrent has fewer than
   * it is guaranteed, another one gives up a connection for it: one each time, for a dial may fail.
   */
  makeRoom(wanted: number, nowMs: number): number {
    const free = this.#limit.total - this.#limit.used;
    if (free > 0 || wanted === 0) return Math.min(free, wanted);
    const guaranteed = this.#limit.guaranteedTo(this);
    return this.#held < guaranteed && this.#limit.takeFromLargest(guaranteed, nowMs) ? 1 : 0;
  }

  /**
   * Whether a connection that has begun may stay: the total is kept to, or another torrent gives up one for
   * it because this one has no more than it is guaranteed.
   */
  mayKeep(nowMs: number): boolean {
    if (this.#limit.used <= this.#limit.total) return true;
    const guaranteed = this.#limit.guaranteedTo(this);
    return this.#held <= guaranteed && this.#limit.takeFromLargest(guaranteed, nowMs);
  }

  /** See {@link ConnectionHolder.giveUp}. */
  giveUp(nowMs: number): boolean {
    return this.#holder.giveUp(nowMs);
  }
}
