/**
 * Fingerprints that tell whether a file has changed: replaced, resized or written to. They use the change
 * time (ctime), which programs cannot set, rather than the modification time, which `cp -p` and
 * reproducible builds do set.
 *
 * @module
 */

import { fstat, fstatSync, stat, type Stats } from "node:fs";
import { diskError } from "./disk_error.ts";

/** Files looked at in parallel. */
const AT_A_TIME = 64;

/** The fingerprint of a file from its stats. */
export function fingerprintFrom({ size, mtimeMs, ctimeMs, ino, dev }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/**
 * The fingerprint of the file at `path`.
 *
 * @throws {DiskError} when there is no such file
 */
export function fingerprintOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    stat(
      path,
      (error, stats) => error ? reject(diskError(error, path)) : resolve(fingerprintFrom(stats)),
    );
  });
}

/** The fingerprint of an open file. @throws {Error} on a system error */
export function fingerprintOfOpen(fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    fstat(fd, (error, stats) => error ? reject(error) : resolve(fingerprintFrom(stats as Stats)));
  });
}

/** As {@link fingerprintOfOpen}, synchronously. @throws {Error} on a system error */
export function fingerprintOfOpenNow(fd: number): string {
  return fingerprintFrom(fstatSync(fd));
}

/** The fingerprints of many files, in order; empty for an empty path or a missing file. */
export async function fingerprintsOf(paths: readonly string[]): Promise<string[]> {
  const stamps = new Array<string>(paths.length).fill("");
  const given = paths.entries().filter(([, path]) => path !== "");
  const look = async () => {
    for (const [i, path] of given) stamps[i] = await fingerprintOf(path).catch(() => "");
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, look));
  return stamps;
}
