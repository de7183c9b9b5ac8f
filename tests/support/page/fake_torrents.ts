/**
 * A client with any number of made-up torrents, which a test changes, adds and takes away.
 * @module
 */

import type {
  CollectedEvent,
  CollectedTorrent,
  TorrentCollection,
} from "../../../lib/ui/torrents/collection.ts";
import type { ListSnapshot } from "../../../lib/ui/torrents/list_snapshot.ts";
import { TorrentList } from "../../../lib/ui/torrents/torrent_list.ts";
import type { TransferDetails, TransferEvent, TransferStats } from "../../../mod.ts";
import { connection, details, stats } from "./page_fixtures.ts";

const MIB = 2 ** 20;

/** A torrent that counts how often it is looked at. */
export class FakeTorrent implements CollectedTorrent {
  readonly id: number;
  readonly port = 6881;
  readonly done: Promise<void>;
  readonly complete?: Promise<unknown>;
  /** What `stats` and `details` tell from now on. */
  figures: TransferStats;
  facts: TransferDetails = details();
  looks = 0;
  detailedLooks = 0;
  /** Ends it with an error. */
  readonly fail: (error: Error) => void;

  constructor(id: number, program: "leecher" | "seeder", figures: TransferStats) {
    this.id = id;
    this.figures = figures;
    const end = Promise.withResolvers<void>();
    this.done = end.promise;
    this.done.catch(() => {});
    this.fail = end.reject;
    if (program === "leecher") this.complete = new Promise(() => {});
  }

  stats(): TransferStats {
    this.looks++;
    return this.figures;
  }

  details(): TransferDetails {
    this.detailedLooks++;
    return this.facts;
  }
}

/** The client. */
export class FakeClient implements TorrentCollection {
  torrents: FakeTorrent[] = [];
  readonly #listeners = new Set<(event: CollectedEvent) => void>();
  #last = 0;

  on(listener: (event: CollectedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Emits an event of a torrent, which need not be there yet; or of all of them. */
  tell(torrent: number | "all", event: TransferEvent): void {
    const told = torrent === "all" ? event : { ...event, torrent };
    for (const listener of this.#listeners) listener(told);
  }

  /** A seeder that nobody asks for anything. */
  seed(name: string, changes: Partial<TransferStats> = {}): FakeTorrent {
    return this.#add("seeder", {
      name,
      state: "seeding",
      totalBytes: 700 * MIB,
      haveBytes: 700 * MIB,
      pieces: 4,
      havePieces: 4,
      ...changes,
    });
  }

  /** A leecher with this share of its file, from one peer. */
  download(name: string, share: number, changes: Partial<TransferStats> = {}): FakeTorrent {
    const totalBytes = 400 * MIB;
    const downloadRate = 5 * MIB;
    const isMoving = changes.state === undefined;
    return this.#add("leecher", {
      name,
      totalBytes,
      haveBytes: share * totalBytes,
      downloadRate,
      ...(isMoving && { etaSeconds: (1 - share) * totalBytes / downloadRate }),
      peers: { known: 1, connecting: 0, connected: 1, away: 0, banned: 0 },
      connections: [connection({ downloadRate })],
      ...changes,
    });
  }

  /** Takes a torrent away. */
  close(torrent: FakeTorrent): void {
    this.torrents = this.torrents.filter((other) => other !== torrent);
  }

  #add(program: "leecher" | "seeder", changes: Partial<TransferStats>): FakeTorrent {
    const torrent = new FakeTorrent(++this.#last, program, stats(changes));
    this.torrents = [...this.torrents, torrent];
    return torrent;
  }
}

/** A client with a bit of everything: downloads, a wait, seeders, and one whose tracker refuses. */
export function mixedClient(seeders = 5): FakeClient {
  const client = new FakeClient();
  client.download("debian-13.2.0-amd64-netinst.iso", 0.43);
  client.download("llama-3-70b-weights.safetensors", 0.07, { downloadRate: 31.4 * MIB });
  client.download("lab-image-2026.qcow2", 0.84, {
    state: "waiting",
    downloadRate: 0,
    peers: { known: 3, connecting: 0, connected: 0, away: 3, banned: 0 },
    connections: [],
    waiting: {
      code: "unreachable",
      sentence: "peer 10.0.0.7:6881 does not answer, next try in 14 s",
    },
  });
  for (let i = 0; i < seeders; i++) {
    const name = `course-week-${String(i + 1).padStart(2, "0")}.zip`;
    client.seed(name, { totalBytes: (i * 37 % 23 + 1) * 45 * MIB, haveBytes: 1e12 });
  }
  client.seed("ubuntu-24.04.3-desktop-amd64.iso", {
    uploadRate: 12.3 * MIB,
    uploadedBytes: 3e9,
    peers: { known: 4, connecting: 0, connected: 3, away: 1, banned: 0 },
    connections: [1, 2, 3].map((n) =>
      connection({ address: `10.0.0.${n}:6881`, uploadRate: 4.1 * MIB })
    ),
  });
  return client;
}

/** What the page of such a client is told; one of its files has changed. */
export function mockList(seeders = 8): ListSnapshot {
  const client = mixedClient(seeders);
  client.seed("handbook.pdf", { havePieces: 3 }); // it has changed
  const list = new TorrentList(client);
  list.refresh();
  return list.since();
}
