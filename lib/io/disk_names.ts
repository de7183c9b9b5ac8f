/**
 * The names of a torrent's files on a particular disk. There are disks to which two names are one that
 * differ only in case, or in how their accents are composed; only there is one of them renamed.
 *
 * @module
 */

import { join } from "@std/path";
import type { TorrentFile } from "../codec/metainfo.ts";
import { type DiskRules, EXACT, uniquePaths } from "../codec/path_safety.ts";

const BLINDEST: DiskRules = { ignoresCase: true, ignoresComposition: true };

/**
 * The same files, under names that the disk can hold side by side. The disk is asked only where names
 * come so close to each other that it matters.
 *
 * @param folder on that disk
 */
export async function namesOn(
  folder: string,
  files: readonly TorrentFile[],
  ask: (folder: string) => Promise<DiskRules> = askDisk,
): Promise<TorrentFile[]> {
  const wanted = files.filter(({ pad }) => !pad).map(({ path }) => path);
  const isSafe = uniquePaths(wanted, BLINDEST).every((path, i) => path === wanted[i]);
  if (isSafe) return [...files];
  const paths = uniquePaths(wanted, await ask(folder)).values();
  return files.map((file) => file.pad ? file : { ...file, path: paths.next().value! });
}

/**
 * Finds out by a file that is there for a moment which other names lead to it. Where none can be made, any
 * difference is taken to count: whoever has to make files there will hear of it.
 */
export async function askDisk(folder: string): Promise<DiskRules> {
  const stem = join(folder, `.shoal-${crypto.randomUUID()}-`);
  const made = `${stem}a\u00e9`;
  try {
    (await Deno.open(made, { write: true, createNew: true })).close();
  } catch {
    return EXACT;
  }
  const leadsToIt = (name: string) => Deno.lstat(stem + name).then(() => true, () => false);
  try {
    return {
      ignoresCase: await leadsToIt("A\u00e9"),
      ignoresComposition: await leadsToIt("ae\u0301"),
    };
  } finally {
    await Deno.remove(made).catch(() => {});
  }
}
