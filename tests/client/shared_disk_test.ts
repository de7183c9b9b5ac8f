/**
 * Downloads that share threads, open files and memory, as those of one client do.
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { ClientResources } from "../../lib/client/client_resources.ts";
import { beginDownload, endDownload, prepareDownload } from "../../lib/client/download.ts";
import { verifyingWorkerCount } from "../../lib/disk/worker_pool.ts";
import { ActiveTorrent } from "../../lib/session/active_torrent.ts";
import { Seeder } from "../../mod.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";

const MIB = 1024 * 1024;
const PIECE = 512 * 1024;
const LOOPBACK = { host: "127.0.0.1", port: 0, localDiscovery: false };

/** Seeds a file, and says where. */
async function seed(temp: TempFolder, name: string, bytes: Uint8Array<ArrayBuffer>) {
  const path = await temp.file(name, bytes);
  const own = { embeddedTracker: false, cache: false, pieceLength: PIECE };
  return await Seeder.start(path, { ...LOOPBACK, ...own });
}

/** Downloads from one seeder into `out`. */
async function get(
  seeder: Seeder,
  out: string,
  resources: ClientResources,
  onPiece: () => void,
): Promise<void> {
  const { disk } = resources;
  const { metainfo } = seeder.torrent;
  const { v1Hash, v2Hash } = metainfo.info;
  const complete = Promise.withResolvers<void>();
  const handlers = {
    onMetadata: () => {},
    onComplete: complete.resolve,
    onDiskError: complete.reject,
  };
  const host = new ActiveTorrent(resources, LOOPBACK, { v1Hash, v2Hash, ...handlers }, [onPiece]);
  const signal = new AbortController().signal;
  const parts = await prepareDownload(metainfo, { out }, { disk, onProgress: () => {}, signal });
  try {
    beginDownload(host.session, parts);
    host.session.addPeers([{ host: "127.0.0.1", port: seeder.port }], "user");
    await complete.promise;
    await endDownload(host.session, parts);
  } finally {
    await host.close();
    await parts.files.leave();
  }
}

Deno.test("downloads at the same time share threads and memory, and each arrives whole", async () => {
  await using temp = await TempFolder.create();
  const contents = [1, 2, 3].map((seed) => pseudoRandomBytes(20 * MIB, seed));
  const seeders = await Promise.all(contents.map((bytes, i) => seed(temp, `${i}.bin`, bytes)));
  await using resources = new ClientResources(LOOPBACK);
  const out = await temp.folder("out");
  const { disk } = resources;
  let [mostBytes, mostThreads] = [0, 0];
  await Promise.all(seeders.map((seeder) =>
    get(seeder, out, resources, () => {
      mostBytes = Math.max(mostBytes, disk.pieceBuffers.bytes);
      mostThreads = Math.max(mostThreads, disk.workers.threadCount);
    })
  ));
  for (const [i, bytes] of contents.entries()) {
    assertEquals(await Deno.readFile(temp.join("out", `${i}.bin`)), bytes);
  }
  assert(mostBytes > 0 && mostThreads > 0);
  assertLess(mostBytes, 12 * MIB + contents.length * 4 * PIECE);
  assert(mostThreads <= verifyingWorkerCount(), `${mostThreads} threads`);
  assertEquals([disk.pieceBuffers.budget.usedBytes, disk.openFiles.size], [0, 0]);
  assertEquals(disk.workers.threadCount, 0);
  for (const seeder of seeders) await seeder.close();
});

Deno.test("a download whose disk fails leaves another one that shares it alone", async () => {
  await using temp = await TempFolder.create();
  const contents = [1, 2].map((seed) => pseudoRandomBytes(4 * MIB, seed));
  const seeders = await Promise.all(contents.map((bytes, i) => seed(temp, `${i}.bin`, bytes)));
  await using resources = new ClientResources(LOOPBACK);
  const [bad, good] = [await temp.folder("bad"), await temp.folder("good")];
  const failing = get(seeders[0]!, bad, resources, () => {
    // Something else takes the place of the file that is written to.
    Deno.removeSync(temp.join("bad", "0.bin.part"));
    Deno.mkdirSync(temp.join("bad", "0.bin.part"));
  }).then(() => "complete", ({ code }) => code);
  await get(seeders[1]!, good, resources, () => {});
  assertEquals(await Deno.readFile(temp.join("good", "1.bin")), contents[1]);
  assert(await failing !== "complete");
  for (const seeder of seeders) await seeder.close();
});
