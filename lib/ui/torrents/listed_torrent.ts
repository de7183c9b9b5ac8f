/**
 * A torrent of the list. It is looked at only when there may be news: an idle one costs nothing.
 *
 * @module
 */

import type { TransferEvent, TransferStats } from "../../session/events.ts";
import type { StatusDetails } from "../status_text.ts";
import type { CollectedTorrent } from "./collection.ts";
import type { TorrentRow } from "./list_snapshot.ts";
import { failedRow, isSameRow, torrentRow } from "./torrent_row.ts";

type HashingEvent = Extract<TransferEvent, { type: "hashing" }>;

/** The kind of program that a torrent belongs to. */
export function programOf(torrent: CollectedTorrent): "leecher" | "seeder" {
  return torrent.complete === undefined ? "seeder" : "leecher";
}

/** A torrent with its row. */
export class ListedTorrent {
  /** The revision of the list in which the row has changed last. */
  revision = 0;
  /** Absent once it has failed: only the row is kept. */
  #torrent: CollectedTorrent | undefined;
  #row: TorrentRow;
  #details: StatusDetails = {};
  #hashing: HashingEvent | undefined;
  #hasNewStats = true;
  #hasNewDetails = true;

  constructor(torrent: CollectedTorrent) {
    this.#torrent = torrent;
    this.#row = this.#look(torrent);
  }

  /** What the list shows. */
  get row(): TorrentRow {
    return this.#row;
  }

  /** Whether it has failed. */
  get isFailed(): boolean {
    return this.#torrent === undefined;
  }

  /** Notes that there may be news. */
  note(event: TransferEvent): void {
    this.#hasNewStats = true;
    if (event.type === "hashing") {
      this.#hashing = event.doneBytes < event.totalBytes ? event : undefined;
    } else if (event.type !== "piece" && event.type !== "peer") this.#hasNewDetails = true;
  }

  /** Keeps the row, with the reason why the torrent has failed. */
  fail(reason: string): void {
    if (this.#torrent === undefined) return;
    this.#row = failedRow(this.#look(this.#torrent), reason);
    this.#torrent = undefined;
  }

  /** Looks at the torrent if there may be news. Returns whether the row has changed. */
  refresh(): boolean {
    if (this.#torrent === undefined || !this.#hasNewStats) return false;
    const row = this.#look(this.#torrent);
    if (isSameRow(row, this.#row)) return false;
    this.#row = row;
    return true;
  }

  #look(torrent: CollectedTorrent): TorrentRow {
    const stats = torrent.stats();
    if (this.#hasNewDetails) {
      const { trackers, reachable, result } = torrent.details();
      this.#details = {
        trackers,
        ...(reachable !== undefined && { reachable }),
        ...(result && { result }),
      };
    }
    this.#hasNewStats = canChangeSilently(stats);
    this.#hasNewDetails = false;
    const reason = stats.waiting?.sentence;
    return torrentRow(torrent.id, {
      program: programOf(torrent),
      stats,
      details: { ...this.#details, ...(reason !== undefined && { reason }) },
      hashing: this.#hashing,
      port: torrent.port,
    });
  }
}

/** Whether figures may change without an event: while there are connections, and until it is complete. */
function canChangeSilently({ state, peers, connections }: TransferStats): boolean {
  return state !== "seeding" || peers.connecting > 0 || connections.length > 0;
}
