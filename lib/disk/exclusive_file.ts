/**
 * Files that we may write to. They are created where nothing exists, or recognized as the ones we created,
 * and never reached through a link put in their place.
 *
 * @module
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { DiskError, ExitCode } from "../errors.ts";
import { diskError } from "./disk_error.ts";

/** Windows has neither flag; there, creating links needs a privilege that untrusted users do not have. */
const UNFOLLOWED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Errors of link(2) where hard links are impossible: file systems without them, or missing permissions. */
const CANNOT_LINK = /EPERM|EACCES|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK|EXDEV|NotCapable|NotSupported/;

/** Identifies a file on this machine whatever its name: device and inode. */
export type FileId = string;

/** The identity of the file with these stats. */
export function idOf({ dev, ino }: { readonly dev: number; readonly ino: number | null }): FileId {
  return `${dev} ${ino}`;
}

/** The stats of `path` itself, without following a link. @throws {DiskError} when it cannot be read */
export function lookUnfollowed(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, path);
  }
}

/**
 * Creates a file of `length` zero bytes where nothing exists, not even a link.
 *
 * @param isInPlace called before the file grows; false when the file was created elsewhere, because a
 * folder was briefly replaced by a link
 * @throws {Error} with a `code`: `EEXIST` when something exists
 */
export function createFile(path: string, length: number, isInPlace = () => true): FileId {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | UNFOLLOWED);
  try {
    const id = idOf(fstatSync(fd));
    if (!isInPlace()) {
      removeIfSame(path, id);
      throw replaced(path);
    }
    if (length > 0) ftruncateSync(fd, length);
    return id;
  } finally {
    closeSync(fd);
  }
}

/**
 * Opens a file we created or recognized before, for reading and writing.
 *
 * @throws {Error} with a `code`: `EREPLACED` when another file or a link is there now, or the file has a
 * second hard link
 */
export function openOwn(path: string, id: FileId): number {
  const fd = openUnfollowed(path, "r+");
  const stats = fstatSync(fd);
  if (stats.isFile() && stats.nlink <= 1 && idOf(stats) === id) return fd;
  closeSync(fd);
  throw replaced(path);
}

/** Opens a file for reading. Returns `undefined` for a link, pipe or device. Throws system errors. */
export function openToRead(path: string): number | undefined {
  let fd: number;
  try {
    fd = openUnfollowed(path, "r");
  } catch (error) {
    if (codeOf(error) === "EREPLACED") return undefined;
    throw error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return undefined;
}

/**
 * Renames a finished file to its final name, unless that name is taken.
 *
 * @throws {DiskError} exit 13 when it is taken
 */
export function moveAnew(from: string, to: string): void {
  try {
    linkSync(from, to); // unlike a rename, this never replaces anything
  } catch (error) {
    const said = `${codeOf(error)} ${(error as Error).name}`;
    if (lookUnfollowed(to) !== undefined) throw somethingElse(to);
    if (!CANNOT_LINK.test(said)) throw diskError(error, to);
    return move(from, to);
  }
  try {
    unlinkSync(from);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw diskError(error, from);
  }
}

/**
 * Renames a finished file to its final name, replacing what is there. @throws {DiskError} on a disk error
 */
export function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw diskError(error, to);
  }
}

/** The error for a finished file that is not the torrent's. */
export function somethingElse(path: string): DiskError {
  return new DiskError(
    `${path} exists and is something else`,
    { code: "other-content", exitCode: ExitCode.fileExists },
  );
}

/** The error for a link where one of our files or folders has to be. */
export function isLink(path: string): DiskError {
  return new DiskError(
    `${path} is a symbolic link, and links are not followed`,
    { code: "symbolic-link", exitCode: ExitCode.fileExists },
  );
}

/** The error for a file of ours with a second hard link, which may make it someone else's file too. */
export function hasTwoNames(path: string): DiskError {
  return new DiskError(
    `${path} has a second name (a hard link), and what is written to it would change there too`,
    { code: "hard-link", exitCode: ExitCode.fileExists },
  );
}

/** Opens an existing file, but not a link. @throws {Error} with a `code`; `EREPLACED` for a link */
export function openUnfollowed(path: string, mode: "r" | "r+"): number {
  try {
    const access = mode === "r" ? constants.O_RDONLY : constants.O_RDWR;
    return openSync(path, access | UNFOLLOWED);
  } catch (error) {
    // ELOOP means a link; ENXIO a pipe or device with no reader.
    if (/^(ELOOP|EMLINK|ENXIO|EISDIR)$/.test(codeOf(error))) throw replaced(path);
    throw error;
  }
}

function replaced(path: string): Error {
  return Object.assign(new Error(`${path} is not the file that was made`), { code: "EREPLACED" });
}

function removeIfSame(path: string, id: FileId): void {
  const there = lookUnfollowed(path);
  if (there !== undefined && idOf(there) === id) unlinkSync(path);
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? "";
}
