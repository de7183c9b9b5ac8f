/**
 * Writes the .torrent file a seeder was asked for, without ever destroying something else.
 *
 * @module
 */

import { dirname } from "@std/path";
import { DiskError, ExitCode } from "../errors.ts";
import { diskError } from "../io/disk_error.ts";

/** No .torrent file is larger; what is, need not be read to know that it is something else. */
const MOST_TORRENT_BYTES = 256 * 1024 * 1024;

/**
 * Writes `bytes` to `path`; a .torrent file that is there already is replaced.
 *
 * @param isTorrent whether bytes found at `path` are a torrent
 * @throws DiskError (exit code 13) when `path` is something else than a torrent, or (17) when it
 *   cannot be written
 */
export async function writeTorrentFile(
  path: string,
  bytes: Uint8Array,
  isTorrent: (bytes: Uint8Array) => boolean,
): Promise<void> {
  const fault = (error: unknown) => {
    if (error instanceof Deno.errors.NotFound) {
      const text = `cannot write ${path}: there is no folder ${dirname(path)}`;
      return new DiskError(text, ExitCode.io, error);
    }
    return diskError(error, path);
  };
  const info = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fault(error);
  });
  if (info) {
    const isSmallFile = info.isFile && info.size <= MOST_TORRENT_BYTES;
    const replaces = isSmallFile && isTorrent(await Deno.readFile(path).catch(raise(fault)));
    if (!replaces) {
      throw new DiskError(
        `${path} exists and is no torrent file; -o names the .torrent file to write`,
        ExitCode.fileExists,
      );
    }
  }
  await Deno.writeFile(path, bytes).catch(raise(fault));
}

function raise(fault: (error: unknown) => Error): (error: unknown) => never {
  return (error) => {
    throw fault(error);
  };
}
