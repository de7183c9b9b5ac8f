/**
 * Writes the seeder's .torrent file, without ever destroying another file.
 *
 * @module
 */

import { dirname } from "@std/path";
import { diskError } from "../disk/disk_error.ts";
import { momentaryPath } from "../disk/download/name_conflicts.ts";
import { isLink, lookUnfollowed, move, moveAnew } from "../disk/exclusive_file.ts";
import { DiskError, ExitCode } from "../errors.ts";

/** No .torrent file is larger, so a larger file is recognized as something else without reading it. */
const MOST_TORRENT_BYTES = 256 * 1024 * 1024;

/**
 * Writes `bytes` to `path`. An existing .torrent file there is replaced atomically. A link there is not
 * followed.
 *
 * @param isTorrent whether bytes found at `path` are a torrent
 * @throws DiskError (exit code 13) when `path` is something else than a torrent, or (17) when it cannot be
 * written
 */
export async function writeTorrentFile(
  path: string,
  bytes: Uint8Array,
  isTorrent: (bytes: Uint8Array) => boolean,
): Promise<void> {
  const there = lookUnfollowed(path);
  if (there?.isSymlink) throw isLink(path);
  const isTaken = there !== undefined;
  if (isTaken && !await isReplaceable(path, there, isTorrent)) throw noTorrent(path);
  try {
    if (!await writeBeside(path, bytes, isTaken)) await writeInPlace(path, bytes, isTaken);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw diskError(error, path);
    const text = `cannot write ${path}: there is no folder ${dirname(path)}`;
    throw new DiskError(text, { exitCode: ExitCode.io, cause: error });
  }
}

/** Writes a temporary file beside it first; false when Deno was not permitted to. */
async function writeBeside(path: string, bytes: Uint8Array, isTaken: boolean): Promise<boolean> {
  const fresh = momentaryPath(dirname(path));
  try {
    await Deno.writeFile(fresh, bytes, { createNew: true });
    if (isTaken) move(fresh, path);
    else giveName(fresh, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    await Deno.remove(fresh).catch(() => {});
    throw error;
  }
}

async function writeInPlace(path: string, bytes: Uint8Array, isTaken: boolean): Promise<void> {
  if (isTaken) await Deno.remove(path);
  await Deno.writeFile(path, bytes, { createNew: true });
}

async function isReplaceable(
  path: string,
  { isFile, size }: Deno.FileInfo,
  isTorrent: (bytes: Uint8Array) => boolean,
): Promise<boolean> {
  if (!isFile || size > MOST_TORRENT_BYTES) return false;
  try {
    return isTorrent(await Deno.readFile(path));
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Keeps whatever appeared at the path meanwhile. */
function giveName(fresh: string, path: string): void {
  try {
    moveAnew(fresh, path);
  } catch (error) {
    throw lookUnfollowed(path) === undefined ? error : noTorrent(path);
  }
}

function noTorrent(path: string): DiskError {
  return new DiskError(
    `${path} exists and is no torrent file; -o names the .torrent file to write`,
    { exitCode: ExitCode.fileExists },
  );
}
