/**
 * Where a download goes, and whether there is room for it.
 *
 * @module
 */

import { join } from "@std/path";
import { statfs, type StatsFs } from "node:fs";
import { utf8 } from "../codec/bytes.ts";
import { cutComponent, MAX_COMPONENT_BYTES } from "../codec/path_safety.ts";
import { DiskError, ExitCode } from "../errors.ts";
import { diskError } from "./disk_error.ts";

/** The longest that is put behind the name of something unfinished. */
const LONGEST_SUFFIX = ".part.resume.new";

/**
 * Where a torrent goes. For a single file `out` is a folder when it is one or ends like one, else the
 * file itself. A folder always goes into `out` under its own name, so that the same command finds it
 * again when it is complete; a name too long for its unfinished form is cut.
 *
 * @throws {DiskError} when a folder on the way cannot be made
 */
export async function destinationOf(
  { name, multiFile }: { readonly name: string; readonly multiFile: boolean },
  out: string | undefined,
): Promise<string> {
  const own = multiFile
    ? cutComponent(name, MAX_COMPONENT_BYTES - utf8(LONGEST_SUFFIX).length)
    : name;
  if (out === undefined || out === "") return own;
  const there = await Deno.stat(out).catch(() => undefined);
  if (!multiFile && !there?.isDirectory && !/[/\\]$/.test(out)) {
    await requireFolder(join(out, ".."));
    return out;
  }
  if (there !== undefined && !there.isDirectory) {
    throw new DiskError(
      `${out} is a file, and "${name}" is a folder: choose a folder for it with -o`,
      ExitCode.fileExists,
    );
  }
  await requireFolder(out);
  return join(out, own);
}

/** Makes a folder that is missing. */
async function requireFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw diskError(error, path);
  }
}

/**
 * Looks whether so many bytes fit beside the unfinished download `part`.
 *
 * @throws {DiskError} exit 9, when the disk has not so much left; says nothing where it cannot tell
 */
export async function requireSpace(part: string, length: number): Promise<void> {
  const stats = await new Promise<StatsFs | undefined>((resolve) => {
    statfs(join(part, ".."), (error, found) => resolve(error ? undefined : found));
  });
  if (stats === undefined) return;
  const free = stats.bavail * stats.bsize;
  if (free >= length) return;
  throw new DiskError(
    `no space left for ${part}: it needs ${inMiB(length)}, and ${inMiB(free)} are free`,
    ExitCode.diskFull,
  );
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
