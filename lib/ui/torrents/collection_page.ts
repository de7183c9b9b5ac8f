/**
 * The page of a client: the list of its torrents, and the page of each. With one torrent it is the page of
 * that one, as if there was no list.
 *
 * @module
 */

import type { TransferEvent } from "../../session/events.ts";
import type { PageSource, PageView, Query, TransferSnapshot } from "../snapshot.ts";
import { type TransferLook, WatchedTransfer } from "../watched_transfer.ts";
import type { CollectedEvent, CollectedTorrent, TorrentCollection } from "./collection.ts";
import { programOf } from "./listed_torrent.ts";
import { Preparations } from "./preparations.ts";
import { TorrentList } from "./torrent_list.ts";
import { WatchedTorrents } from "./watched_torrents.ts";

/** The page of several torrents. */
export class CollectionPage implements PageSource {
  readonly #program: "leecher" | "seeder";
  readonly #collection: TorrentCollection;
  readonly #list: TorrentList;
  readonly #watched = new WatchedTorrents((id) => id === this.#onlyId());
  readonly #preparations = new Preparations();
  /** The last state of those that have failed. */
  readonly #failed = new Map<number, TransferSnapshot>();
  readonly #stopListening: () => void;

  /** @param program the kind of torrents that are still under preparation */
  constructor(program: "leecher" | "seeder", collection: TorrentCollection) {
    this.#program = program;
    this.#collection = collection;
    this.#list = new TorrentList(collection, (torrent, reason) => this.#fail(torrent, reason));
    this.#stopListening = collection.on((event) => this.#onEvent(event));
    this.#watchOnly();
  }

  view(): PageView {
    this.#preparations.sweep(new Set(this.#collection.torrents.map(({ id }) => id)));
    this.#list.refresh(this.#preparations.sum());
    for (const id of this.#failed.keys()) if (!this.#list.has(id)) this.#failed.delete(id);
    const looks = new Map<number, TransferLook | undefined>(); // state and map come from one look
    const look = ({ torrent: id = this.#onlyId() }: Query) => {
      if (id === undefined) return undefined;
      if (!looks.has(id)) looks.set(id, this.#look(id));
      return looks.get(id);
    };
    return {
      snapshot: (query) => look(query)?.snapshot(query) ?? this.#list.since(),
      map: (query) => look(query)?.map(),
      list: (query) => look(query) === undefined ? this.#list : undefined,
    };
  }

  close(): void {
    this.#stopListening();
    this.#watched.close();
  }

  #onEvent(event: CollectedEvent): void {
    const { torrent: id } = event;
    if (id !== undefined && !this.#list.has(id)) this.#onStart(id, event);
    this.#list.note(event);
    if (id !== undefined) this.#watched.note(id, event);
  }

  /** An event of a torrent that is not in the list: it has just come, or is still under preparation. */
  #onStart(id: number, event: TransferEvent): void {
    const torrent = this.#torrent(id);
    if (torrent === undefined) this.#preparations.note(id, event);
    else {
      this.#list.add(torrent);
      this.#preparations.delete(id);
    }
    this.#watchOnly();
  }

  /** The number of the torrent, or of the preparation, that is the only one. */
  #onlyId(): number | undefined {
    const { torrents } = this.#collection;
    if (torrents.length + this.#failed.size + this.#preparations.size !== 1) return undefined;
    return torrents[0]?.id ?? this.#preparations.onlyId ?? this.#failed.keys().next().value;
  }

  /** The rates of the only torrent are noted from its beginning. */
  #watchOnly(): void {
    const id = this.#onlyId();
    if (id !== undefined && !this.#watched.has(id)) this.#watch(id);
  }

  #torrent(id: number): CollectedTorrent | undefined {
    return this.#collection.torrents.find((torrent) => torrent.id === id);
  }

  /** A look at the torrent with this number; `undefined` when there is none. */
  #look(id: number): TransferLook | undefined {
    const failed = this.#failed.get(id);
    const view = failed
      ? { snapshot: () => failed, map: () => undefined }
      : this.#watch(id)?.view();
    const of = this.#list.size + this.#preparations.size;
    if (view === undefined || of < 2) return view;
    return { ...view, snapshot: (query) => ({ ...view.snapshot(query), listed: { id, of } }) };
  }

  #watch(id: number, torrent = this.#torrent(id)): WatchedTransfer | undefined {
    if (torrent === undefined && this.#preparations.onlyId !== id) return undefined;
    const watched = this.#watched.watch(id, () => {
      const made = new WatchedTransfer(torrent ? programOf(torrent) : this.#program);
      for (const event of this.#preparations.heardOf(id)) made.onEvent(event);
      return made;
    });
    if (torrent !== undefined) watched.show(torrent);
    return watched;
  }

  #fail(torrent: CollectedTorrent, reason: string): void {
    const snapshot = this.#watch(torrent.id, torrent)?.view().snapshot();
    if (snapshot === undefined) return;
    this.#watched.delete(torrent.id);
    const { etaSeconds: _, ...last } = snapshot;
    this.#failed.set(torrent.id, {
      ...last,
      sentence: `failed: ${reason}`,
      tone: "bad",
      state: "stopped",
      downloadRate: 0,
      uploadRate: 0,
      peers: [],
      others: [],
    });
  }
}
