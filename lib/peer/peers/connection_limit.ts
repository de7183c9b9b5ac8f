/**
 * One cap on the connections of all torrents of a client.
 *
 * While there is room, a torrent may have as many connections as its own limit allows. Once the total is used
 * up, each torrent is guaranteed an equal share of it, and one that has less takes the missing connections
 * from the torrent that has most. Dials in progress count, web seeds do not.
 *
 * A stranger could take one connection of each torrent, all that is guaranteed to it. So a host or a network
 * that has more of all connections than another never gets a place of that one. And whoever comes when shares
 * help no more gets a place of a crowd that has more.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { type FairChoice, ofCrowd, ofNoSmallerCrowd } from "./eviction.ts";

/** Connections of a client unless its user says otherwise. */
const DEFAULT_TOTAL = 500;

/** The torrent behind a {@link ConnectionShare}. */
interface ConnectionHolder {
  /** Closes the torrent's least useful connection of the fair ones. Returns false when none may be closed. */
  giveUp(nowMs: number, isFair: FairChoice): boolean;
  /** The torrent's connections, without web seeds. */
  open(): Iterable<Connection>;
  /** Closes one of them. */
  close(connection: Connection): void;
}

/** A connection that has to go, and whose it is. */
interface Leaver {
  readonly connection: Connection;
  readonly holder: ConnectionHolder;
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
    while (this.#used > total && this.takeFromLargest(0, nowMs, () => true));
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
  takeFromLargest(guaranteed: number, nowMs: number, isFair: FairChoice): boolean {
    if (!this.isAnyAbove(guaranteed)) return false;
    const above = [...this.#live].filter(({ held }) => held > guaranteed);
    return above.sort((a, b) => b.held - a.held).some(({ holder }) => holder.giveUp(nowMs, isFair));
  }

  /** Makes the largest torrent above `guaranteed` give up a connection to a newcomer from this host. */
  takeForShare(guaranteed: number, host: string, nowMs: number): boolean {
    if (!this.isAnyAbove(guaranteed)) return false;
    const isFair = ofNoSmallerCrowd([...this.#holders().keys()], host);
    return this.takeFromLargest(guaranteed, nowMs, isFair);
  }

  /** The connection of any torrent that a newcomer from this host may take the place of: see {@link ofCrowd}. */
  ofCrowd(host: string, nowMs: number): Leaver | undefined {
    const holders = this.#holders();
    const connection = ofCrowd([...holders.keys()], { host }, nowMs);
    return connection && { connection, holder: holders.get(connection)! };
  }

  #holders(): Map<Connection, ConnectionHolder> {
    const holders = new Map<Connection, ConnectionHolder>();
    for (const { holder } of this.#live) {
      for (const connection of holder.open()) holders.set(connection, holder);
    }
    return holders;
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
  /** Whose it is. */
  readonly holder: ConnectionHolder;
  readonly #limit: ConnectionLimit;
  #held = 0;
  #wants = false;

  /** A share of this limit: see {@link ConnectionLimit.join}. */
  constructor(limit: ConnectionLimit, holder: ConnectionHolder) {
    this.#limit = limit;
    this.holder = holder;
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
   *
   * @param host that of the first one
   */
  makeRoom(wanted: number, host: string, nowMs: number): number {
    const free = this.#limit.total - this.#limit.used;
    if (free > 0 || wanted === 0) return Math.min(free, wanted);
    const guaranteed = this.#limit.guaranteedTo(this);
    return this.#held < guaranteed && this.#limit.takeForShare(guaranteed, host, nowMs) ? 1 : 0;
  }

  /** Whether a connection with this host may begin, perhaps in place of one of a crowd. */
  admits(host: string, nowMs: number): boolean {
    return this.hasRoom || this.#limit.ofCrowd(host, nowMs) !== undefined;
  }

  /** Closes a connection of a crowd, of any torrent, for one with this host. Returns false when there is none. */
  takeFromCrowd(host: string, nowMs: number): boolean {
    const leaver = this.#limit.ofCrowd(host, nowMs);
    leaver?.holder.close(leaver.connection);
    return leaver !== undefined;
  }

  /**
   * Whether a connection with this host that has begun may stay: the total is kept to, or another torrent gives
   * up one for it because this one has no more than it is guaranteed, or one of a crowd has to go.
   */
  mayKeep(host: string, nowMs: number): boolean {
    if (this.#limit.used <= this.#limit.total) return true;
    const guaranteed = this.#limit.guaranteedTo(this);
    return (this.#held <= guaranteed && this.#limit.takeForShare(guaranteed, host, nowMs)) ||
      this.takeFromCrowd(host, nowMs);
  }
}
