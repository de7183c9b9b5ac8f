/**
 * The benchmark still runs: each of its tables, with next to nothing to measure.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { CONTENDERS } from "../../bench/contenders/all.ts";
import { shoal } from "../../bench/contenders/shoal.ts";
import { makeContent, makeSparseContent } from "../../bench/machine/content.ts";
import { sitIdle } from "../../bench/machine/idle.ts";
import { serveMany } from "../../bench/machine/many.ts";
import { makeShares, sitIdle as sitIdleShares } from "../../bench/machine/many_shares.ts";
import { transferOnce } from "../../bench/machine/one_transfer.ts";
import { firstRequestMs } from "../../bench/machine/start.ts";
import { Torrent } from "../../mod.ts";
import { DEADLINE_MS, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";

const SCRIPT = fromFileUrl(new URL("../../bench/bench.ts", import.meta.url));
/** As long as the benchmark itself waits for the slowest of its transfers. */
const PATIENCE_MS = 60_000;
/** WebTorrent is not among them: it would be fetched from the network. */
const LOCAL = ["shoal", "libtorrent", "aria2", "nginx"];

function startBench(...args: string[]): Program {
  return Program.start(Deno.execPath(), ["run", "-A", SCRIPT, ...args]);
}

Deno.test("deno task bench prints a row for every program that is installed", async () => {
  const words = ["1-1", "--size", "1M", "--runs", "1", "--only", LOCAL.join(",")];
  await using bench = startBench(...words);
  assertEquals(await bench.exit(LOCAL.length * PATIENCE_MS), 0, bench.transcript());
  const rows = bench.stdout.filter((line) => line.startsWith("| ")).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  for (const contender of CONTENDERS.filter(({ name }) => LOCAL.includes(name.toLowerCase()))) {
    const { name } = contender;
    const cells = rows.find(([first]) => first === name);
    if (await contender.version() === undefined) {
      assertMatch(bench.stdout.join("\n"), new RegExp(`left out: ${name} .*install`));
    } else {
      assert(cells !== undefined && Number(cells[1]) > 0, bench.transcript());
    }
  }
});

Deno.test("the benchmark moves folders too, and to several leechers", async () => {
  await using temp = await TempFolder.create();
  const content = await makeContent(temp.path, 100_000, 3);
  const cast = { seeder: shoal, leecher: shoal, seeders: 2, leechers: 2 };
  const run = await transferOnce(content, cast, temp.path);
  assert(run.seconds > 0 && run.leecher.peakBytes > 0 && run.seeder.cpuSeconds >= 0);
});

Deno.test("a copy that is not what was sent is no result", async () => {
  await using temp = await TempFolder.create();
  const content = { ...await makeContent(temp.path, 100_000), sha256: "something else" };
  const cast = { seeder: shoal, leecher: shoal, seeders: 1, leechers: 1 };
  await assertRejects(() => transferOnce(content, cast, temp.path), Error, "not what was sent");
});

Deno.test("many leechers fetch their shares, and a leecher's first request is timed", async () => {
  await using temp = await TempFolder.create();
  const content = await makeSparseContent(temp.path, 3_000_000);
  const run = await serveMany(content, 12);
  assertEquals(run.failures, []);
  assertEquals(run.servedSeconds.length, 12);
  assertEquals(run.bytes, 12 * 4 * 512 * 1024);

  const torrent = Torrent.parse(await Deno.readFile(await content.torrent("hybrid")));
  assertLess(await firstRequestMs(torrent, torrent.magnet(), temp), 20_000);
});

Deno.test("connections on which nothing happens are counted and watched", async () => {
  await using temp = await TempFolder.create();
  const content = await makeContent(temp.path, 100_000);
  const run = await sitIdle(content, { count: 7, settleMs: 10, quietMs: 50 });
  assertEquals(run.connections, 7);
  assert(run.bytesAfter > 0 && run.bytesBefore > 0);
});

Deno.test("idle shares of one seeder are started, counted and watched", async () => {
  await using temp = await TempFolder.create();
  await using tracker = Program.shoal("tracker", ["--host", "127.0.0.1", "--port", "0"]);
  const [url] = await tracker.line(/^udp:\/\/\S+/, { from: "stdout" });
  const shares = await makeShares(temp, 3, 20_000);
  const run = await sitIdleShares(shares, 3, url, { settleMs: 10, quietMs: 50 });
  assert(run.startSeconds > 0 && run.residentBytes > 0 && run.load >= 0);
  assertEquals([...Deno.readDirSync(`${shares.cache}/shoal/hashes`)].length, 3);
});

Deno.test("Ctrl-C ends the measured programs and removes their files", async () => {
  await using bench = startBench("1-1", "--size", "1M", "--runs", "1000", "--only", "shoal");
  await bench.line(/^round 1, Shoal/, { from: "stderr" });
  const children = new Set<number>();
  let folder: string | undefined;
  const endMs = performance.now() + DEADLINE_MS;
  while (folder === undefined) {
    assertLess(performance.now(), endMs, "no program was seen at work");
    for (const { pid, words } of childrenOf(bench.pid)) {
      children.add(pid);
      folder ??= /\/dev\/shm\/shoal-[^/]+/.exec(words)?.[0];
    }
  }
  bench.kill("SIGINT");
  assertEquals(await bench.exit(), 130, bench.transcript());
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  for (const pid of children) await assertRejects(() => Deno.stat(`/proc/${pid}`));
});

/** The processes that this one has started, with their command lines. */
function childrenOf(parent: number): { pid: number; words: string }[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      if (!stat.includes(`) S ${parent} `) && !stat.includes(`) R ${parent} `)) return [];
      return [{ pid: Number(name), words: Deno.readTextFileSync(`/proc/${name}/cmdline`) }];
    } catch {
      return []; // no process, or one that has just ended
    }
  });
}
