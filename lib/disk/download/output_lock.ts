/**
 * One leecher at a time writes to one place.
 *
 * The lock is the system's, on a small file beside the unfinished download: it ends with the process
 * that holds it, however that ends, so nothing has to be cleaned up by hand.
 *
 * @module
 */

import { DiskError, ExitCode } from "../../errors.ts";
import { diskError } from "../disk_error.ts";
import { idOf, isLink, lookUnfollowed } from "../exclusive_file.ts";

/** A place that is ours to write to until {@link release}. */
export class OutputLock {
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes the place of the unfinished download `part`.
   *
   * @throws {DiskError} exit 13 when another leecher has it, or as the disk says
   */
  static async take(part: string): Promise<OutputLock> {
    const path = `${part}.lock`;
    for (;;) {
      const file = await openLock(path, part);
      if (file === undefined) continue;
      if (!isOurs(file)) {
        file.close();
        throw new DiskError(
          `another leecher is writing ${part}`,
          { code: "output-locked", exitCode: ExitCode.fileExists },
        );
      }
      // Whoever held it may have removed the file just now: a lock on it would be seen by nobody.
      if (isStillThere(file, path)) return new OutputLock(path, file);
      file.close();
    }
  }

  /** Gives the place back. */
  async release(): Promise<void> {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    const removed = await Deno.remove(this.#path).then(() => true, () => false);
    file.close();
    if (!removed) await Deno.remove(this.#path).catch(() => {}); // Windows removes no open file
  }
}

/** The lock's file, made where there is none; undefined when it went away in between. */
async function openLock(path: string, part: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { read: true, write: true, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw diskError(error, part);
  }
  const there = lookUnfollowed(path);
  if (there === undefined) return undefined;
  if (there.isSymlink) throw isLink(path);
  if (!there.isFile) {
    throw new DiskError(
      `${path} is no file, and a lock has to be there`,
      { code: "not-a-file", exitCode: ExitCode.fileExists },
    );
  }
  try {
    return await Deno.open(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, part);
  }
}

/** Locks the file unless somebody else has; where the file system knows no locks there is none to heed. */
function isOurs(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return true;
  }
}

/** Whether this is the file that is at `path`, and no link led to it. */
function isStillThere(file: Deno.FsFile, path: string): boolean {
  const there = lookUnfollowed(path);
  return there !== undefined && idOf(there) === idOf(file.statSync());
}
