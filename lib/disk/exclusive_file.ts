/**
 * Files that are ours to write to: made where nothing is, or recognized as the very ones that were made,
 * and never reached through a link that somebody put in their place.
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

/** Windows has neither: there, links need a privilege that strangers do not have. */
const UNFOLLOWED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What link(2) says where names cannot be added: file systems without links, and missing permissions. */
const CANNOT_LINK = /EPERM|EACCES|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK|EXDEV|NotCapable|NotSupported/;

/** Which file of this machine it is, whatever its name: device and inode. */
export type FileId = string;

/** The file that figures are of. */
export function idOf({ dev, ino }: { readonly dev: number; readonly ino: number | null }): FileId {
  return `${dev} ${ino}`;
}

/** What is at `path` itself, no link followed. @throws {DiskError} when that cannot be seen */
export function lookUnfollowed(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, path);
  }
}

/**
 * Makes a file of zeros, `length` bytes long, where there is nothing, not even a link.
 *
 * @param isInPlace asked before the file grows: false when it came to be somewhere else, through a
 * folder that was a link for a moment
 * @throws {Error} with a `code`: `EEXIST` when something is there
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
 * Opens a file to read and write that was made or recognized before.
 *
 * @throws {Error} with a `code`: `EREPLACED` when another file is there now, or a link, or the file has
 * got a second name
 */
export function openOwn(path: string, id: FileId): number {
  const fd = openUnfollowed(path, "r+");
  const stats = fstatSync(fd);
  if (stats.isFile() && stats.nlink <= 1 && idOf(stats) === id) return fd;
  closeSync(fd);
  throw replaced(path);
}

/** Opens a file to read; a link, a pipe or a device is none: `undefined`. Throws as the system says it. */
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
 * Gives a finished file its name, unless something has that name already.
 *
 * @throws {DiskError} exit 13, when something has
 */
export function moveAnew(from: string, to: string): void {
  try {
    linkSync(from, to); // unlike a renaming, this never replaces anything
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

/** Gives a finished file its name; what had it is gone then. @throws {DiskError} as the disk says */
export function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw diskError(error, to);
  }
}

/** A finished file is not the torrent's. */
export function somethingElse(path: string): DiskError {
  return new DiskError(
    `${path} exists and is something else`,
    { code: "other-content", exitCode: ExitCode.fileExists },
  );
}

/** A link where a file or folder of ours has to be. */
export function isLink(path: string): DiskError {
  return new DiskError(
    `${path} is a symbolic link, and links are not followed`,
    { code: "symbolic-link", exitCode: ExitCode.fileExists },
  );
}

/** A file of ours that has a second name, under which it may be somebody else's. */
export function hasTwoNames(path: string): DiskError {
  return new DiskError(
    `${path} has a second name (a hard link), and what is written to it would change there too`,
    { code: "hard-link", exitCode: ExitCode.fileExists },
  );
}

/** Opens what is there, a link excepted. @throws {Error} with a `code`; `EREPLACED` for a link */
export function openUnfollowed(path: string, mode: "r" | "r+"): number {
  try {
    const access = mode === "r" ? constants.O_RDONLY : constants.O_RDWR;
    return openSync(path, access | UNFOLLOWED);
  } catch (error) {
    // ELOOP is a link; ENXIO a pipe or device that nobody serves.
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
