/**
 * The names of a torrent's files on a particular disk. There are disks to which two names are one that
 * differ only in case, or in how their accents are composed, and disks that cannot hold some signs at
 * all; only there is anything renamed.
 *
 * @module
 */

import { join } from "@std/path";
import type { TorrentFile } from "../../codec/torrent/metainfo.ts";
import {
  type DiskRules,
  EXACT,
  fitsWindows,
  safeComponent,
  uniquePaths,
} from "../../codec/torrent/safe_path.ts";

const BLINDEST: DiskRules = { ignoresCase: true, ignoresComposition: true };

/** Signs and an ending that names have on Linux, and that the file systems of Windows do not take. */
const PROBED_SIGNS = 'a\\b:c?"*<>| .';

/** What {@link resolveNameConflicts} asks a disk. */
interface DiskQuestions {
  /** Which names are one to it. */
  readonly rules: (folder: string) => Promise<DiskRules>;
  /** Whether it takes any sign but the separator. */
  readonly holdsAllSigns: (folder: string) => Promise<boolean>;
}

const DISK: DiskQuestions = { rules: askDisk, holdsAllSigns };

/**
 * The same files, under names that the disk can hold side by side. The disk is asked only where names
 * come so close to each other, or have such signs, that it matters.
 *
 * @param folder on that disk
 */
export async function resolveNameConflicts(
  folder: string,
  files: readonly TorrentFile[],
  disk: DiskQuestions = DISK,
): Promise<TorrentFile[]> {
  const own = files.filter(({ pad }) => !pad).map(({ path }) => path);
  const isPlain = own.every((path) => path.every(fitsWindows));
  const held = isPlain || await disk.holdsAllSigns(folder) ? own : own.map(withoutSigns);
  const isSafe = uniquePaths(held, BLINDEST).every((path, i) => path === own[i]);
  if (isSafe) return [...files];
  const paths = uniquePaths(held, await disk.rules(folder)).values();
  return files.map((file) => file.pad ? file : { ...file, path: paths.next().value! });
}

/** The name of a single file, or of the torrent's folder, as the disk can hold it. */
export async function nameOn(
  folder: string,
  name: string,
  disk: DiskQuestions = DISK,
): Promise<string> {
  return fitsWindows(name) || await disk.holdsAllSigns(folder) ? name : safeComponent(name, true);
}

function withoutSigns(path: string[]): string[] {
  return path.map((component) => safeComponent(component, true));
}

/** How the names of files begin that Shoal makes for a moment. */
const MOMENTARY = ".shoal-";

/** A path in `folder` that nothing has. */
export function momentaryPath(folder: string, ending = ""): string {
  return join(folder, `${MOMENTARY}${crypto.randomUUID()}${ending}`);
}

/** Whether a file was to be there for a moment only: whoever shares a folder leaves it out. */
export function isMomentary(name: string): boolean {
  return /^\.shoal-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.test(name);
}

/**
 * Finds out by a file that is there for a moment whether a disk takes signs that Windows does not. Where
 * the folder is not there yet, that of the system decides.
 */
async function holdsAllSigns(folder: string): Promise<boolean> {
  if (Deno.build.os === "windows") return false;
  const made = momentaryPath(folder, PROBED_SIGNS);
  try {
    (await Deno.open(made, { write: true, createNew: true })).close();
  } catch (error) {
    return !isRefusedName(error);
  }
  await Deno.remove(made).catch(() => {});
  return true;
}

/** Whether it was the name that a disk refused, and not the writer. */
function isRefusedName(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "EINVAL" || code === "EILSEQ" || error instanceof Deno.errors.InvalidData;
}

/**
 * Finds out by a file that is there for a moment which other names lead to it. Where none can be made, any
 * difference is taken to count: whoever has to make files there will hear of it.
 */
export async function askDisk(folder: string): Promise<DiskRules> {
  const stem = momentaryPath(folder, "-");
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
