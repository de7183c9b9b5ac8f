/**
 * What tells that a file has changed: it is another one, longer or shorter, or was written to. The time
 * of its last change is one that nobody sets, unlike that of the last writing: `cp -p` and builds that
 * are made to be repeatable do.
 *
 * @module
 */

import { fstat, fstatSync, stat, type Stats } from "node:fs";
import { diskError } from "./disk_error.ts";

/** So many files are looked at, at a time. */
const AT_A_TIME = 64;

/** The stamp of a file whose figures are known. */
export function fingerprintFrom({ size, mtimeMs, ctimeMs, ino, dev }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/**
 * The stamp of the file at `path`.
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

/** The stamp of an open file. @throws {Error} as the system says it */
export function fingerprintOfOpen(fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    fstat(fd, (error, stats) => error ? reject(error) : resolve(fingerprintFrom(stats as Stats)));
  });
}

/** The same, by this thread. @throws {Error} as the system says it */
export function fingerprintOfOpenNow(fd: number): string {
  return fingerprintFrom(fstatSync(fd));
}

/** The stamps of many files, in their order; empty where no path is given and for what is not there. */
export async function fingerprintsOf(paths: readonly string[]): Promise<string[]> {
  const stamps = new Array<string>(paths.length).fill("");
  const given = paths.entries().filter(([, path]) => path !== "");
  const look = async () => {
    for (const [i, path] of given) stamps[i] = await fingerprintOf(path).catch(() => "");
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, look));
  return stamps;
}
