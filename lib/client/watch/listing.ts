/**
 * Reads the names in a watched folder, as many as can be shared.
 *
 * @module
 */

import { leftOutBecause } from "./entry_names.ts";

/** Entries to read before other work gets its turn; about 5 ms. */
const ENTRIES_PER_TURN = 1000;

/** Why an entry is left out that its user may expect to be shared. */
export type LeftOutKind = "torrent" | "link" | "special" | "name";

/** What is in a folder. */
export interface Listing {
  /** The files and folders to share. */
  readonly names: readonly string[];
  /** How many more there are than can be shared. */
  readonly tooMany: number;
  /** Of each kind that is left out, one name. */
  readonly leftOut: ReadonlyMap<LeftOutKind, string>;
}

/**
 * The entries of a folder. Hidden names and unfinished downloads are left out.
 *
 * @param known names that go before others if there are too many
 * @param most the most names to return
 * @throws {Error} when the folder cannot be read
 */
export async function listNames(
  folder: string,
  known: ReadonlySet<string>,
  most: number,
): Promise<Listing> {
  const kept: string[] = [];
  const others: string[] = [];
  const underWay = new Set<string>();
  const leftOut = new Map<LeftOutKind, string>();
  let tooMany = 0;
  let left = ENTRIES_PER_TURN;
  for await (const entry of Deno.readDir(folder)) {
    if (--left === 0) {
      left = ENTRIES_PER_TURN;
      await new Promise((resolve) => setTimeout(resolve));
    }
    const { name } = entry;
    if (name.endsWith(".aria2")) underWay.add(name.slice(0, -".aria2".length));
    const why = reasonFor(entry);
    if (why === "hidden" || why === "unfinished") continue;
    if (why !== undefined) leftOut.set(why, name);
    else if (known.has(name)) kept.push(name);
    else if (others.length < most) others.push(name);
    else tooMany++;
  }
  const names = [...kept, ...others].filter((name) => !underWay.has(name));
  tooMany += Math.max(0, names.length - most);
  return { names: names.slice(0, most), tooMany, leftOut };
}

function reasonFor(
  { name, isFile, isDirectory, isSymlink }: Deno.DirEntry,
): LeftOutKind | "hidden" | "unfinished" | undefined {
  const byName = leftOutBecause(name);
  if (byName !== undefined) return byName;
  if (name.includes("\ufffd")) return "name";
  if (isSymlink) return "link";
  return isFile || isDirectory ? undefined : "special";
}
