/**
 * Folders for tests: made from a list of what is in them, and told as one.
 * @module
 */

import { dirname, join } from "@std/path";
import { createHash } from "node:crypto";
import { pseudoRandomBytes } from "../../support/content.ts";
import type { TempFolder } from "../../support/temp.ts";

/** Paths below a folder, `/` between components, and the length of each file. */
export type Tree = Readonly<Record<string, number>>;

/** Makes the folder `name` with files of pseudo-random bytes, an hour old, and returns its path. */
export async function makeTree(temp: TempFolder, name: string, tree: Tree): Promise<string> {
  const folder = await temp.folder(name);
  const hourAgo = new Date(Date.now() - 3_600_000);
  let seed = 0;
  for (const [path, length] of Object.entries(tree)) {
    const place = join(folder, path);
    Deno.mkdirSync(dirname(place), { recursive: true });
    Deno.writeFileSync(place, pseudoRandomBytes(length, seed++));
    Deno.utimeSync(place, hourAgo, hourAgo);
  }
  return folder;
}

/** The SHA-256 of every file below a folder, by its path there. */
export async function digestsOf(folder: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const walk = async (below: string) => {
    for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
      const path = join(below, name);
      if (isDirectory) await walk(path);
      else digests.set(path, sha256Of(await Deno.readFile(join(folder, path))));
    }
  };
  await walk("");
  return new Map([...digests].sort(([a], [b]) => a < b ? -1 : 1));
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Names that have gone wrong before: order by bytes, case, composed or not, hidden, blank, long. */
export const ODD_TREE: Tree = {
  "z last": 5,
  ".hidden/.also": 20_000,
  "Größe.txt": 16_384,
  "Gro\u0308\u00dfe.txt": 16_385,
  "README": 70,
  "Readme": 80,
  "a/b": 1,
  "a.b": 40_000,
  "a-b": 0,
  "日本語/ファイル.dat": 70_000,
  "🐟": 33_000,
  "\uffee": 2,
  "empty": 0,
  "deep/1/2/3/4/5/6/7/8/9/leaf": 100_000,
  [`${"n".repeat(200)}.bin`]: 12,
  " spaces  in it ": 3,
};

/** A file at the end of so many folders inside one another. */
export function deepTree(components: number): Tree {
  return { [`${"d/".repeat(components - 1)}leaf`]: 20_000 };
}
