/**
 * Who reads files when, of many that want to.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { DiskResources } from "../../lib/disk/disk_resources.ts";
import { passesSpotCheck } from "../../lib/disk/spot_check.ts";
import { Turns } from "../../lib/disk/turns.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout } from "../../lib/store/layout.ts";
import { pieceLayersOf } from "../../lib/store/torrent.ts";
import { formulaBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";

/** Work that goes on until it is told to end. */
function work(log: string[], name: string) {
  const end = Promise.withResolvers<void>();
  return {
    end: () => end.resolve(),
    fail: () => end.reject(new Error(name)),
    run: async () => {
      log.push(name);
      await end.promise;
      return name;
    },
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a few run at a time, in the order in which they came, and a failure holds up nobody", async () => {
  const turns = new Turns(2);
  const log: string[] = [];
  const all = ["a", "b", "c", "d"].map((name) => work(log, name));
  const results = all.map(({ run }) => turns.run(run));
  await turn();
  assertEquals(log, ["a", "b"]);
  all[1]!.fail();
  await assertRejects(() => results[1]!, Error, "b");
  await turn();
  assertEquals(log, ["a", "b", "c"]);
  for (const { end } of all) end();
  assertEquals(await Promise.all([results[0], results[2], results[3]]), ["a", "c", "d"]);
});

Deno.test("who gives up while waiting leaves the queue", async () => {
  const turns = new Turns(1);
  const log: string[] = [];
  const [first, second, third] = ["a", "b", "c"].map((name) => work(log, name));
  const stop = new AbortController();
  const running = turns.run(first!.run);
  const waiting = turns.run(second!.run, stop.signal);
  const last = turns.run(third!.run);
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => turns.run(second!.run, stop.signal), Error, "enough");
  first!.end();
  third!.end();
  assertEquals([await running, await last, log], ["a", "c", ["a", "c"]]);
});

Deno.test("many spot checks at the same time keep few files open", async () => {
  await using temp = await TempFolder.create();
  await using disk = new DiskResources();
  const bytes = formulaBytes(50_000);
  const torrent = await torrentOf(await temp.file("a", bytes), { pieceLength: 16_384 });
  const { info } = torrent.metainfo;
  const layout = Layout.of(info);
  const layers = pieceLayersOf(torrent.metainfo);
  const all = new Bitfield(layout.pieceCount);
  all.fill();
  const paths = await Promise.all(
    Array.from({ length: 300 }, (_, i) => temp.file(`${i}`, i === 77 ? bytes.toReversed() : bytes)),
  );
  let most = 0;
  const results = await Promise.all(paths.map(async (path) => {
    const result = await passesSpotCheck({ disk, info, layout, layers, paths: [path] }, all);
    most = Math.max(most, disk.openFiles.size);
    return result;
  }));
  assertEquals(results.map((isRight, i) => isRight ? -1 : i).filter((i) => i >= 0), [77]);
  assertEquals(most > 0 && most <= 16, true, `${most} files`);
});
