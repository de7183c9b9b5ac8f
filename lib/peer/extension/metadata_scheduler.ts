/**
 * Chooses the peer whose copy of the metadata is fetched next when more offer one than can be asked at once.
 *
 * Peers that lie or are slow cannot be recognized beforehand, so hosts take turns. Hosts without a copy in
 * progress come first, then those tried least often, and among these the peers that we dialled before those
 * that connected to us. A host that takes too long loses its turn, and gets twice the time on the next one.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import type { Connection } from "../connection/connection.ts";

/** How long a copy may take at first while others wait; doubles each time its host is tried. */
const FIRST_PATIENCE_MS = 3000;
const MAX_PATIENCE_MS = 96_000;
/** Extra time for each part received; a peer that sends 64 KiB a second may continue. */
const PART_MS = 250;
/** Hosts whose tries are remembered. */
const MAX_HOSTS = 1000;

/** A copy that is being fetched. */
interface Turn {
  readonly connection: Connection;
  readonly startedMs: number;
  /** Number of parts received. */
  readonly received: number;
}

/** The waiting peers, and how often each was tried. */
export class MetadataScheduler {
  readonly #waiting = new Set<Connection>();
  readonly #hostTries = new Map<string, number>();
  readonly #tries = new Map<Connection, number>();

  /** Adds a peer that can be asked. */
  wait(connection: Connection): void {
    this.#waiting.add(connection);
  }

  /** Removes a peer that cannot be asked for now. */
  leave(connection: Connection): void {
    this.#waiting.delete(connection);
  }

  /** Forgets the connection, but not how often its host was tried. */
  onDisconnected(connection: Connection): void {
    this.#waiting.delete(connection);
    this.#tries.delete(connection);
  }

  /** Records that the peer's copy is begun. */
  begin(connection: Connection): void {
    const host = hostKey(connection.peer.host);
    const tries = this.#hostTriesOf(host) + 1;
    this.#waiting.delete(connection);
    this.#tries.set(connection, (this.#tries.get(connection) ?? 0) + 1);
    this.#hostTries.delete(host);
    this.#hostTries.set(host, tries);
    const [oldest] = this.#hostTries.keys();
    if (this.#hostTries.size > MAX_HOSTS) this.#hostTries.delete(oldest!);
  }

  /** The peer to ask next, given the current turns. */
  next(turns: Iterable<Turn>): Connection | undefined {
    const held = this.#heldBy(turns);
    let best: Connection | undefined;
    let bestRank: readonly number[] = [];
    for (const connection of this.#waiting) {
      const host = hostKey(connection.peer.host);
      const rank = [
        held.get(host) ?? 0,
        this.#hostTriesOf(host),
        this.#tries.get(connection) ?? 0,
        connection.negotiated.inbound ? 1 : 0,
      ];
      if (best === undefined || isLess(rank, bestRank)) [best, bestRank] = [connection, rank];
    }
    return best;
  }

  /**
   * The turn that ends in favour of `next` when all places are taken: the latest of a host that has several,
   * if the host of `next` has none. Otherwise a turn that takes too long, of any host if the host of `next`
   * has no turn, else of the same host.
   */
  findEviction<T extends Turn>(
    next: Connection,
    turns: readonly T[],
    nowMs: number,
  ): T | undefined {
    const held = this.#heldBy(turns);
    const host = hostKey(next.peer.host);
    const hasNone = !held.has(host);
    const isOneOfSeveral = ({ connection }: Turn) => held.get(hostKey(connection.peer.host))! > 1;
    return (hasNone ? turns.findLast(isOneOfSeveral) : undefined) ??
      turns.find((turn) =>
        this.#isLate(turn, nowMs) && (hasNone || hostKey(turn.connection.peer.host) === host)
      );
  }

  #isLate({ connection, startedMs, received }: Turn, nowMs: number): boolean {
    const tries = this.#hostTriesOf(hostKey(connection.peer.host));
    const patienceMs = Math.min(FIRST_PATIENCE_MS * 2 ** Math.min(tries - 1, 10), MAX_PATIENCE_MS);
    return nowMs - startedMs >= patienceMs + received * PART_MS;
  }

  #heldBy(turns: Iterable<Turn>): Map<string, number> {
    const held = new Map<string, number>();
    for (const { connection: { peer } } of turns) {
      held.set(hostKey(peer.host), (held.get(hostKey(peer.host)) ?? 0) + 1);
    }
    return held;
  }

  #hostTriesOf(host: string): number {
    return this.#hostTries.get(host) ?? 0;
  }
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}
