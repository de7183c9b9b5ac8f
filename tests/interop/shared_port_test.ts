/**
 * Two torrents of one client, and foreign programs that want both: each as one process, with one address and
 * perhaps one peer id; and how they share a limit.
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { basename, join } from "@std/path";
import { equalBytes } from "../../lib/codec/bytes.ts";
import { Client, type Seeder, Tracker } from "../../mod.ts";
import { foreignTest } from "../../support/foreign.ts";
import { LibtorrentPeer } from "../../support/libtorrent.ts";
import { TempFolder } from "../../support/temp.ts";
import { Aria2 } from "../support/clients/aria2.ts";
import type { ForeignPeer } from "../support/clients/foreign_clients.ts";
import { LOCAL, makeOrigin, withinReason } from "../support/clients/library.ts";
import { RTorrent } from "../support/clients/rtorrent.ts";
import { Transmission } from "../support/clients/transmission.ts";

const PATIENCE_MS = 120_000;
const MIB = 2 ** 20;

/** A client that shares two files. */
interface Stage {
  readonly temp: TempFolder;
  readonly client: Client;
  readonly seeders: readonly Seeder[];
  readonly originals: readonly string[];
  readonly torrents: readonly string[];
  readonly trackers: string[];
}

async function onStage(
  length: number,
  uploadLimit: number,
  act: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using temp = await TempFolder.create();
  await using server = await Tracker.listen({ ...LOCAL, intervalSeconds: 1 });
  const trackers = [`udp://127.0.0.1:${server.addr.port}`];
  const quiet = { trackers, embeddedTracker: false, localDiscovery: false };
  await using client = await Client.start({ ...LOCAL, ...quiet, uploadLimit });
  const seeders: Seeder[] = [];
  const originals: string[] = [];
  const torrents: string[] = [];
  for (const nth of [0, 1]) {
    const { path } = await makeOrigin(temp, length, { name: `${nth}.bin`, seed: nth + 1 });
    const seeder = await client.seed(path, { format: "v1", pieceLength: 65_536, cache: false });
    seeders.push(seeder);
    originals.push(path);
    torrents.push(await temp.file(`${nth}.torrent`, new Uint8Array(seeder.torrent.toBytes())));
  }
  await act({ temp, client, seeders, originals, torrents, trackers });
}

/** Each program as one process that downloads both torrents into a folder. */
const BOTH_AT_ONCE = {
  Transmission: {
    program: "transmission",
    leech: (stage: Stage, folder: string) => withBoth(Transmission.start(folder), stage),
  },
  rTorrent: {
    program: "rtorrent",
    leech: (stage: Stage, folder: string) => withBoth(RTorrent.start(folder), stage),
  },
  aria2: {
    program: "aria2",
    leech: ({ torrents, temp, trackers }: Stage, folder: string) =>
      Promise.resolve(Aria2.leech(torrents, { folder, temp, trackers })),
  },
} as const;

async function withBoth<T extends ForeignPeer & { add(what: string): Promise<void> }>(
  starting: Promise<T>,
  { torrents }: Stage,
): Promise<T> {
  const daemon = await starting;
  try {
    for (const torrent of torrents) await daemon.add(torrent);
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

for (const [name, { program, leech }] of Object.entries(BOTH_AT_ONCE)) {
  foreignTest(
    `one ${name} gets two torrents at once from one client, at one address`,
    [program],
    () =>
      onStage(2 * MIB, 0, async (stage) => {
        const folder = await stage.temp.folder("theirs");
        {
          await using peer: ForeignPeer = await leech(stage, folder);
          await peer.finished(PATIENCE_MS);
        } // what it has written is sure to be on disk once it has ended
        for (const path of stage.originals) {
          const copy = await Deno.readFile(join(folder, basename(path)));
          assert(equalBytes(copy, await Deno.readFile(path)), `${path} differs`);
        }
      }),
  );
}

foreignTest(
  "one aria2 has as much of an upload limit as four libtorrents that want another torrent",
  ["aria2", "libtorrent"],
  () =>
    onStage(8 * MIB, MIB / 2, async ({ temp, client, seeders, torrents, trackers }) => {
      await using programs = new AsyncDisposableStack();
      for (let i = 0; i < 4; i++) {
        const folder = await temp.folder(`libtorrent ${i}`);
        const peers = [`127.0.0.1:${client.port}`];
        programs.use(await LibtorrentPeer.leech(torrents[0]!, { folder, peers }));
      }
      const folder = await temp.folder("aria2");
      programs.use(Aria2.leech(torrents[1]!, { folder, temp, trackers }));
      const sent = () => seeders.map((seeder) => seeder.stats().uploadedBytes);
      await reached(() => Math.min(...sent()) >= MIB / 4, () => `${sent()}`);
      const before = sent();
      const moved = () => sent().map((bytes, i) => bytes - before[i]!);
      await reached(() => Math.max(...moved()) >= 2 * MIB, () => `${moved()}`);
      const [many, one] = moved();
      assertEquals(seeders[0]!.stats().connections.length, 4);
      assertLess(many! / one!, 1.3, "the four have no more than their part");
      assertLess(one! / many!, 1.3, "aria2 has no more than its part");
    }),
);

/** Resolves once it holds. There is no event for bytes that were sent. */
async function reached(holds: () => boolean, why: () => string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => holds() && resolve(), 20);
  try {
    await withinReason(promise, why, PATIENCE_MS);
  } finally {
    clearInterval(timer);
  }
}
