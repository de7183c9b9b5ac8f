/**
 * Makes sure that only one leecher writes to an output path.
 *
 * Uses an operating-system lock on a small file beside the unfinished download. The lock ends with the
 * process that holds it, however it ends, so nothing has to be cleaned up by hand.
 *
 * @module
 */

import { DiskError, ExitCode } from "../../errors.ts";
import { diskError } from "../disk_error.ts";
import { idOf, isLink, lookUnfollowed } from "../exclusive_file.ts";

/** An output path we may write to until {@link release}. */
export class OutputLock {
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Locks the path of the unfinished download `part`.
   *
   * @throws {DiskError} exit 13 when another leecher holds the lock, or on a disk error
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
      // The previous holder may have just removed the file; no other process would see a lock on it.
      if (isStillThere(file, path)) return new OutputLock(path, file);
      file.close();
    }
  }

  /** Releases the lock. */
  async release(): Promise<void> {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    const removed = await Deno.remove(this.#path).then(() => true, () => false);
    file.close();
    if (!removed) await Deno.remove(this.#path).catch(() => {}); // Windows cannot remove an open file
  }
}

/** Opens or creates the lock file; `undefined` if it was removed in between. */
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

/** Locks the file unless another process has. Succeeds on file systems without locks. */
function isOurs(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return true;
  }
}

/** Whether this is the file at `path`, reached without a link. */
function isStillThere(file: Deno.FsFile, path: string): boolean {
  const there = lookUnfollowed(path);
  return there !== undefined && idOf(there) === idOf(file.statSync());
}
