/**
 * What the operating system says about a path, in a sentence that helps.
 *
 * @module
 */

import { DiskError, ExitCode } from "../errors.ts";

/** So many characters of a path are shown when the path itself is the trouble. */
const MOST_SHOWN = 400;

/** Turns an error of a file operation on `path` into a {@link DiskError}. */
export function diskError(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error;
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  // What comes from another thread is no Error any more.
  const cause = error instanceof Error ? error : new Error(message);
  const said = `${code ?? ""} ${name ?? ""} ${message ?? ""}`;
  if (/ENOSPC|EDQUOT|No space left|quota/i.test(said)) {
    return new DiskError(
      `no space left for ${path}: make room and run the same command again; what is verified is kept`,
      ExitCode.diskFull,
      cause,
    );
  }
  if (/EREPLACED/.test(said)) {
    return new DiskError(
      `${path} is not the file any more that was downloaded to, since something else was put in its ` +
        "place: remove that, or choose another place with -o, and run the same command again",
      ExitCode.fileExists,
      cause,
    );
  }
  if (/ENOENT|NotFound/.test(said)) {
    return new DiskError(`${path} does not exist: check the path`, ExitCode.io, cause);
  }
  const unpermitted = /NotCapable.* (read|write) access/.exec(said)?.[1];
  if (unpermitted !== undefined) {
    return new DiskError(
      `Deno was not permitted to ${unpermitted} ${path}: add it to --allow-${unpermitted}, or run with -A`,
      ExitCode.io,
      cause,
    );
  }
  if (/EACCES|EPERM|PermissionDenied|NotCapable/.test(said)) {
    return new DiskError(
      `no permission for ${path}: check who may read and write it`,
      ExitCode.io,
      cause,
    );
  }
  if (/EROFS|read-only/i.test(said)) {
    return new DiskError(
      `${path} is on a read-only disk: choose another folder with -o`,
      ExitCode.io,
      cause,
    );
  }
  if (/ENOTDIR|EISDIR|NotADirectory|IsADirectory/.test(said)) {
    return new DiskError(
      `${path} cannot be used: a folder stands where a file should, or the other way round`,
      ExitCode.io,
      cause,
    );
  }
  if (/ENAMETOOLONG/.test(said)) {
    return new DiskError(
      `${shortened(path)} is too long a name or path for this disk: choose another with -o`,
      ExitCode.io,
      cause,
    );
  }
  return new DiskError(`${path}: ${message ?? "the disk reported an error"}`, ExitCode.io, cause);
}

/** A path that is too long for a disk is too long for a sentence as well. */
function shortened(path: string): string {
  return path.length <= MOST_SHOWN
    ? path
    : `${path.slice(0, MOST_SHOWN / 2)}…${path.slice(-MOST_SHOWN / 2)}`;
}
