/**
 * Tells whether the files of an unfinished download are the ones we wrote, and unchanged since. A torrent
 * may have thousands of files, so each is looked at once, and 32 bytes stand for all of them.
 *
 * @module
 */

import { utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { idOf } from "../exclusive_file.ts";

/** Files to `stat` without yielding: about a millisecond, and faster than one asynchronous call each. */
const LOOKS_AT_ONCE = 256;

/** The combined state of all files. */
interface DataState {
  /** Hash of which files these are and their lengths, 32 bytes. Writing to them does not change it. */
  readonly identity: Uint8Array;
  /** As `identity`, plus each file's change time, 32 bytes. Touching any file changes it. */
  readonly stamp: Uint8Array;
  /** The latest change time of any file. */
  readonly newestMs: number;
}

/** @param paths in the torrent's order, empty for a file without a place on disk */
export async function stateOf(paths: readonly string[]): Promise<DataState> {
  const identities: string[] = [];
  const times: string[] = [];
  let newestMs = 0;
  for (const [file, path] of paths.entries()) {
    if (path === "") continue;
    if (file > 0 && file % LOOKS_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    const info = lookAt(path);
    const modifiedMs = info?.mtime?.getTime() ?? 0;
    const changedMs = info?.ctime?.getTime() ?? 0;
    identities.push(info ? `${file} ${idOf(info)} ${info.size}` : `${file} gone`);
    times.push(`${modifiedMs} ${changedMs}`);
    // A file moved over another keeps its old modification time, but gets a new change time.
    newestMs = Math.max(newestMs, modifiedMs, changedMs);
  }
  const identity = identities.join("\n");
  return {
    identity: sha256(utf8(identity)),
    stamp: sha256(utf8(`${identity}\n${times.join("\n")}`)),
    newestMs,
  };
}

function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined; // gone
  }
}
