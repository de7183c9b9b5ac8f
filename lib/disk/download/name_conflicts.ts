/**
 * Adapts a torrent's file names to the disk. Some disks treat names as equal that differ only in case or
 * Unicode normalization, and some cannot store certain characters. Names are changed only there.
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

/** Characters and an ending that are valid in Linux names but not on Windows file systems. */
const PROBED_SIGNS = 'a\\b:c?"*<>| .';

/** What {@link resolveNameConflicts} asks a disk. */
interface DiskQuestions {
  /** Which names the disk treats as equal. */
  readonly rules: (folder: string) => Promise<DiskRules>;
  /** Whether the disk stores any character but the separator. */
  readonly holdsAllSigns: (folder: string) => Promise<boolean>;
}

const DISK: DiskQuestions = { rules: askDisk, holdsAllSigns };

/**
 * The same files, under names that can exist side by side on the disk. Probes the disk only if some names
 * are similar enough, or have such characters, that it matters.
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

/** The name of a single file, or of the torrent's folder, in a form the disk can store. */
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

/** Prefix of Shoal's temporary files. */
const MOMENTARY = ".shoal-";

/** An unused path in `folder`. */
export function momentaryPath(folder: string, ending = ""): string {
  return join(folder, `${MOMENTARY}${crypto.randomUUID()}${ending}`);
}

/** Whether a file is one of Shoal's temporary files, which are left out when a folder is shared. */
export function isMomentary(name: string): boolean {
  return /^\.shoal-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.test(name);
}

/**
 * Creates a temporary file to find out whether a disk stores characters that Windows does not. If the
 * folder does not exist yet, goes by the operating system.
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

/** Whether the disk refused the name itself, rather than the write. */
function isRefusedName(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "EINVAL" || code === "EILSEQ" || error instanceof Deno.errors.InvalidData;
}

/**
 * Creates a temporary file to find out which other names lead to it. If it cannot be created, assumes every
 * difference counts; creating the real files will then fail with an error.
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
