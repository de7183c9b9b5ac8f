/** Which names files get on which disk. @module */

import { assertEquals } from "@std/assert";
import type { TorrentFile } from "../../lib/codec/torrent/metainfo.ts";
import { askDisk, resolveNameConflicts } from "../../lib/disk/download/name_conflicts.ts";
import { TempFolder } from "../../support/temp.ts";

const COMPOSED = "\u00e9.txt";
const DECOMPOSED = "e\u0301.txt";

function filesOf(...names: string[]): TorrentFile[] {
  return names.map((name) => ({
    path: name.split("/"),
    length: 1,
    pad: name.startsWith(".pad/"),
  }));
}

function namesOf(files: readonly TorrentFile[]): string[] {
  return files.map(({ path }) => path.join("/"));
}

Deno.test("files are renamed where the disk takes their names for one, and only there", async () => {
  const files = filesOf("a", ".pad/5", "A", COMPOSED, ".pad/5", DECOMPOSED);
  const on = async (ignoresCase: boolean, ignoresComposition: boolean) =>
    namesOf(
      await resolveNameConflicts("", files, {
        rules: () => Promise.resolve({ ignoresCase, ignoresComposition }),
        holdsAllSigns: () => Promise.resolve(true),
      }),
    );
  const [a, pad] = ["a", ".pad/5"];
  const [composed, decomposed] = [COMPOSED, DECOMPOSED];
  assertEquals(await on(false, false), namesOf(files));
  assertEquals(await on(true, false), [a, pad, "A.1", composed, pad, decomposed]);
  assertEquals(await on(false, true), [a, pad, "A", composed, pad, "e\u0301.1.txt"]);
  assertEquals(await on(true, true), [a, pad, "A.1", composed, pad, "e\u0301.1.txt"]);
  assertEquals(namesOf(files)[2], "A", "the torrent itself keeps its names");
});

Deno.test("a disk is asked only where names come close to each other", async () => {
  const files = filesOf("a", "b", "d/a");
  const asked = () => Promise.reject(new Error("asked"));
  const named = await resolveNameConflicts("", files, { rules: asked, holdsAllSigns: asked });
  assertEquals(named, files);
});

Deno.test("what a disk says of itself is what it does, and nothing stays behind", async () => {
  await using temp = await TempFolder.create();
  const rules = await askDisk(temp.path);
  assertEquals([...Deno.readDirSync(temp.path)], []);
  await temp.file("\u00e9", "");
  const isThere = (name: string) => Deno.lstat(temp.join(name)).then(() => true, () => false);
  assertEquals(rules, {
    ignoresCase: await isThere("\u00c9"),
    ignoresComposition: await isThere("e\u0301"),
  });
});

Deno.test("a folder that nothing can be written to is taken to hold all names", async () => {
  await using temp = await TempFolder.create();
  const rules = await askDisk(temp.join("not there"));
  assertEquals(rules, { ignoresCase: false, ignoresComposition: false });
});
