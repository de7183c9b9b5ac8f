/**
 * Chooses the output path of a download, and checks the free space.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { statfs, type StatsFs } from "node:fs";
import { hex, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { cutComponent, MAX_COMPONENT_BYTES } from "../../codec/torrent/safe_path.ts";
import { DiskError, ExitCode } from "../../errors.ts";
import { diskError } from "../disk_error.ts";
import { nameOn } from "./name_conflicts.ts";

/** The longest suffix given to an unfinished download. */
const LONGEST_SUFFIX = ".part.resume.new";

/**
 * The output path of a torrent. For a single file, `out` is a folder if it is one or ends with a separator,
 * else the file itself. A folder always goes into `out` under its own name, so that the same command finds
 * it again when it is complete.
 *
 * @throws {DiskError} when a parent folder cannot be made
 */
export async function outputPath(
  { name, multiFile }: { readonly name: string; readonly multiFile: boolean },
  out: string | undefined,
): Promise<string> {
  if (out === undefined || out === "") return await nameOn(".", name);
  const there = await Deno.stat(out).catch(() => undefined);
  if (!multiFile && !there?.isDirectory && !/[/\\]$/.test(out)) {
    await requireFolder(join(out, ".."));
    return out;
  }
  if (there !== undefined && !there.isDirectory) {
    throw new DiskError(
      `${out} is a file, and "${name}" is a folder`,
      { code: "output-is-file", exitCode: ExitCode.fileExists },
    );
  }
  await requireFolder(out);
  return join(out, await nameOn(out, name));
}

/**
 * The path of the unfinished download: the final path plus `.part`. A name too long to take the suffixes is
 * cut, and a hash keeps it distinct from others with the same beginning.
 */
export function partPath(finalPath: string): string {
  const name = basename(finalPath);
  const room = MAX_COMPONENT_BYTES - LONGEST_SUFFIX.length;
  if (utf8(name).length <= room) return `${finalPath}.part`;
  const mark = `~${hex(sha256(utf8(name)).subarray(0, 4))}`;
  return join(dirname(finalPath), `${cutComponent(name, room - mark.length)}${mark}.part`);
}

/** Creates a missing folder. */
async function requireFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw diskError(error, path);
    const file = path.replace(/[/\\]+$/, "");
    throw new DiskError(
      `${file} is a file, and no folder to write to`,
      { code: "parent-is-file", exitCode: ExitCode.fileExists, cause: error },
    );
  }
}

/**
 * Checks that `length` bytes fit on the disk of the unfinished download `part`.
 *
 * @throws {DiskError} exit 9 when there is too little space; passes if the free space is unknown
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
    { code: "no-space", exitCode: ExitCode.diskFull },
  );
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
