/**
 * The list of torrents and its revisions, from which a reader gets what has changed since its last one.
 *
 * @module
 */

import { ShoalError } from "../../errors.ts";
import { VERSION } from "../../runtime/version.ts";
import type { CollectedEvent, CollectedTorrent, TorrentCollection } from "./collection.ts";
import type { ListOverview, ListSnapshot, ListView } from "./list_snapshot.ts";
import { ListedTorrent } from "./listed_torrent.ts";
import { listOverview, type Preparation } from "./torrent_row.ts";

/** The most rows to send: a browser draws more of them too slowly. */
export const MAX_ROWS = 5000;
/** The most failed torrents to keep in the list. */
export const MAX_FAILED = 100;
/** Departures to remember. Whoever missed more gets the whole list. */
const MAX_DEPARTURES = 1000;

/** The torrents of a collection, and those of it that have failed. */
export class TorrentList implements ListView {
  readonly #collection: TorrentCollection;
  readonly #onFailure: (torrent: CollectedTorrent, reason: string) => void;
  readonly #listed = new Map<number, ListedTorrent>(); // in order of arrival
  readonly #departures: { readonly id: number; readonly revision: number }[] = [];
  /** Differences from an earlier revision are not known any more. */
  #oldestRevision = 0;
  #revision = 0;
  #overview: ListOverview = listOverview([]);

  /** @param onFailure called when a torrent has failed, while its figures can still be read */
  constructor(
    collection: TorrentCollection,
    onFailure: (torrent: CollectedTorrent, reason: string) => void = () => {},
  ) {
    this.#collection = collection;
    this.#onFailure = onFailure;
    for (const torrent of collection.torrents) this.add(torrent);
  }

  get revision(): number {
    return this.#revision;
  }

  /** How many there are, with those that have failed. */
  get size(): number {
    return this.#listed.size;
  }

  /** Whether the list has this torrent. */
  has(id: number): boolean {
    return this.#listed.has(id);
  }

  /** Takes an event of a torrent of the list, or of all of them. */
  note(event: CollectedEvent): void {
    if (event.torrent !== undefined) this.#listed.get(event.torrent)?.note(event);
    else for (const listed of this.#listed.values()) listed.note(event);
  }

  /** Adds a torrent that has come. {@link refresh} would find it too. */
  add(torrent: CollectedTorrent): void {
    const listed = new ListedTorrent(torrent);
    this.#listed.set(torrent.id, listed);
    torrent.done.catch((error: unknown) => this.#fail(torrent, listed, error));
    this.#dismissFailed(listed.row.name);
  }

  /** Finds arrivals, departures and news. */
  refresh(preparation?: Preparation): void {
    const revision = this.#revision + 1;
    this.#compareWithCollection();
    let isChanged = this.#departures.at(-1)?.revision === revision;
    for (const listed of this.#listed.values()) {
      if (listed.refresh() || listed.revision === 0) listed.revision = revision;
      if (listed.revision === revision) isChanged = true;
    }
    const rows = this.#listed.values().map(({ row }) => row);
    const overview = listOverview(rows, preparation);
    if (!isChanged && overview.sentence === this.#overview.sentence) return;
    this.#overview = overview;
    this.#revision = revision;
  }

  since(revision?: number): ListSnapshot {
    const isWhole = revision === undefined || revision < this.#oldestRevision;
    const rows = this.#listed.values().take(MAX_ROWS);
    const changed = isWhole ? rows : rows.filter((listed) => listed.revision > revision);
    const departures = isWhole ? [] : this.#departures.filter((left) => left.revision > revision);
    return {
      program: "client",
      version: VERSION,
      ...this.#overview,
      isWhole,
      rows: changed.map(({ row }) => row).toArray(),
      gone: departures.map(({ id }) => id),
    };
  }

  #fail(torrent: CollectedTorrent, listed: ListedTorrent, error: unknown): void {
    if (this.#listed.get(torrent.id) !== listed || isInterruption(error)) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#onFailure(torrent, reason);
    listed.fail(reason);
    listed.revision = 0;
    const failed = this.#listed.entries().filter(([, { isFailed }]) => isFailed).toArray();
    if (failed.length > MAX_FAILED) this.#remove(failed[0]![0]);
  }

  #compareWithCollection(): void {
    const present = new Set<number>();
    for (const torrent of this.#collection.torrents) {
      present.add(torrent.id);
      if (!this.#listed.has(torrent.id)) this.add(torrent);
    }
    for (const [id, { isFailed }] of this.#listed) {
      if (!isFailed && !present.has(id)) this.#remove(id);
    }
  }

  /** A new attempt takes the place of those that have failed before. */
  #dismissFailed(name: string): void {
    if (name === "") return;
    for (const [id, { isFailed, row }] of this.#listed) {
      if (isFailed && row.name === name) this.#remove(id);
    }
  }

  #remove(id: number): void {
    const revision = this.#revision + 1;
    if (this.#listed.size > MAX_ROWS) this.#oldestRevision = revision; // others move up
    this.#listed.delete(id);
    this.#departures.push({ id, revision });
    if (this.#departures.length <= MAX_DEPARTURES) return;
    this.#oldestRevision = this.#departures.shift()!.revision;
  }
}

/** Whether a torrent has ended because somebody stopped it. */
function isInterruption(error: unknown): boolean {
  return error instanceof ShoalError && error.code === "interrupted";
}
