/**
 * What tells whether the files of an unfinished download are the ones that were written, as they were
 * left. Thousands of files: one look at each, and 32 bytes for all of them.
 *
 * @module
 */

import { utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { idOf } from "../exclusive_file.ts";

/** Files that are looked at without a pause, a millisecond or so: faster than to ask for each by itself. */
const LOOKS_AT_ONCE = 256;

/** The state of all files together. */
interface DataState {
  /** Over which files they are, and how long: stays the same while they are written to. 32 bytes. */
  readonly identity: Uint8Array;
  /** The same and when each was changed last: differs when any was touched. 32 bytes. */
  readonly stamp: Uint8Array;
  /** When any of them changed last. */
  readonly newestMs: number;
}

/** @param paths in the torrent's order, empty for what has no place */
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
    // A file that was put in the place of another brings its old time along, but not that of its change.
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
