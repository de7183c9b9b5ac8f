/**
 * The threads that all torrents of a client share.
 * @module
 */

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { hex } from "../../lib/codec/bytes.ts";
import { sha1, sha256 } from "../../lib/codec/hash.ts";
import type { TorrentWorkers } from "../../lib/disk/torrent_workers.ts";
import type { HashResult } from "../../lib/disk/worker_jobs.ts";
import { WorkerPool } from "../../lib/disk/worker_pool.ts";
import { DiskError } from "../../lib/errors.ts";
import type { PieceIndex } from "../../lib/store/layout.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";

const MIB = 1024 * 1024;

/** A pool that ends with its scope. */
class Pool extends WorkerPool implements AsyncDisposable {
  /** A torrent of one file of `length` bytes at `path`. */
  torrent(path: string, length: number, count = 1): TorrentWorkers {
    const files = [{ length, pad: false }];
    return this.open({ layout: { pieceLength: MIB, version: "v1", files }, paths: [path] }, count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The SHA-1 of each MiB of a torrent's file, as its threads see it. */
async function hashesOf(workers: TorrentWorkers, pieces: number): Promise<string[]> {
  const hashes: string[] = [];
  await workers.hashAll(pieces, MIB, { sha1: true, sha256: false }, (first, part: HashResult) => {
    for (const i of part.readable.keys()) {
      hashes[first + i] = hex(part.sha1s.subarray(20 * i, 20 * i + 20));
    }
  });
  return hashes;
}

/** Hashes a piece of zeros that is not the right one, so nothing is written. */
async function storeWrong(workers: TorrentWorkers): Promise<void> {
  const { matches } = await workers.store({
    piece: 0 as PieceIndex,
    buffer: new ArrayBuffer(MIB),
    expected: { kind: "sha1", hash: new Uint8Array(20) },
    note: 0,
    digests: false,
  });
  assertEquals(matches, false);
}

/** How often this process has the file open. */
function openCount(path: string): number {
  const links = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link === path).length;
}

Deno.test("the torrents of a client share their threads", async () => {
  await using temp = await TempFolder.create();
  await using pool = new Pool();
  const contents = [1, 2, 3].map((seed) => pseudoRandomBytes(2 * MIB, seed));
  const torrents = await Promise.all(
    contents.map(async (bytes, i) => pool.torrent(await temp.file(`${i}`, bytes), bytes.length)),
  );
  const hashes = await Promise.all(torrents.map((torrent) => hashesOf(torrent, 2)));
  assertEquals(pool.threadCount, 1);
  const expected = contents.map((bytes) =>
    [bytes.subarray(0, MIB), bytes.subarray(MIB)].map((piece) => hex(sha1(piece)))
  );
  assertEquals(hashes, expected);
  assertEquals(await torrents[1]!.digest(0), hex(sha256(contents[1]!)));
  for (const torrent of torrents) await torrent.close();
});

Deno.test("a torrent with much to do does not hold up another", async () => {
  await using temp = await TempFolder.create();
  await using pool = new Pool();
  const path = await temp.file("a", new Uint8Array(MIB));
  const [busy, other] = [pool.torrent(path, MIB), pool.torrent(path, MIB)];
  let done = 0;
  const all = Array.from({ length: 100 }, () => storeWrong(busy).then(() => done++));
  await storeWrong(other);
  assertLess(done, 30);
  await Promise.all(all);
  await Promise.all([busy.close(), other.close()]);
});

Deno.test("other jobs do not wait until a whole long file is hashed", async () => {
  await using temp = await TempFolder.create();
  await using pool = new Pool();
  const path = await temp.file("long", "");
  await Deno.truncate(path, 300 * MIB);
  const [long, other] = [pool.torrent(path, 300 * MIB), pool.torrent(path, 300 * MIB)];
  let isDone = false;
  const digest = long.digest(0).then((digest) => {
    isDone = true;
    return digest;
  });
  await storeWrong(other);
  assertEquals(isDone, false);
  assertEquals((await digest).length, 64);
  await Promise.all([long.close(), other.close()]);
});

Deno.test("a torrent whose file cannot be read fails alone", async () => {
  await using temp = await TempFolder.create();
  await using pool = new Pool();
  const bytes = pseudoRandomBytes(MIB, 1);
  const good = pool.torrent(await temp.file("good", bytes), MIB);
  const bad = pool.torrent(temp.path, MIB); // a folder
  const failing = assertRejects(() => hashesOf(bad, 1), DiskError, temp.path);
  const hashes = await hashesOf(good, 1);
  await failing;
  assertEquals(hashes, [hex(sha1(bytes))]);
  assertEquals(await hashesOf(good, 1), hashes);
  assertEquals(pool.threadCount, 1);
  await Promise.all([good.close(), bad.close()]);
});

Deno.test({
  name: "the end of a torrent closes its files, and none of another torrent",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using temp = await TempFolder.create();
    await using pool = new Pool();
    const paths = [await temp.file("a", new Uint8Array(MIB)), await temp.file("b", "b")];
    const [a, twin, b] = [paths[0]!, paths[0]!, paths[1]!].map((path) => pool.torrent(path, MIB));
    await Promise.all([a!, twin!, b!].map((torrent) => hashesOf(torrent, 1)));
    assertEquals(paths.map(openCount), [2, 1]);
    await a!.close();
    assertEquals(paths.map(openCount), [1, 1]);
    await Promise.all([twin!.close(), b!.close()]);
    assertEquals(paths.map(openCount), [0, 0]);
  },
});

Deno.test("threads end after the only torrent, or soon after the last of several, and start again", async () => {
  await using temp = await TempFolder.create();
  await using pool = new Pool();
  const path = await temp.file("a", new Uint8Array(MIB));
  for (let round = 0; round < 2; round++) {
    const torrent = pool.torrent(path, MIB);
    await hashesOf(torrent, 1);
    assertEquals(pool.threadCount, 1);
    await torrent.close();
    await assertRejects(() => torrent.digest(0), DiskError);
    assertEquals(pool.threadCount, round); // the second may not be the last
    const give = AbortSignal.timeout(10_000);
    while (pool.threadCount > 0) {
      assert(!give.aborted, "the thread still runs");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});

Deno.test("a pool that is closed lets nobody wait for ever", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a", new Uint8Array(MIB));
  const pool = new Pool();
  const torrent = pool.torrent(path, MIB);
  const waiting = Array.from({ length: 20 }, () => assertRejects(() => storeWrong(torrent)));
  await pool.close();
  await Promise.all(waiting);
  await torrent.close();
  assertEquals(pool.threadCount, 0);
});
