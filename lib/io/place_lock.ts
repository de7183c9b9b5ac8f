/**
 * One leecher at a time writes to one place.
 *
 * The lock is the system's, on a small file beside the unfinished download: it ends with the process
 * that holds it, however that ends, so nothing has to be cleaned up by hand.
 *
 * @module
 */

import { DiskError, ExitCode } from "../errors.ts";
import { diskError } from "./disk_error.ts";

/** A place that is ours to write to until {@link release}. */
export class PlaceLock {
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
  static async take(part: string): Promise<PlaceLock> {
    const path = `${part}.lock`;
    for (;;) {
      const file = await openLock(path, part);
      if (!isOurs(file)) {
        file.close();
        throw new DiskError(
          `another leecher is writing ${part}: wait until it is done, or choose another place with -o`,
          ExitCode.fileExists,
        );
      }
      // Whoever held it may have removed the file just now: a lock on it would be seen by nobody.
      if (await isStillThere(file, path)) return new PlaceLock(path, file);
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

async function openLock(path: string, part: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
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

async function isStillThere(file: Deno.FsFile, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([
    file.stat(),
    Deno.stat(path).catch(() => undefined),
  ]);
  return there !== undefined && ours.ino === there.ino && ours.dev === there.dev;
}
