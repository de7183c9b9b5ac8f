/**
 * The resume file beside an unfinished download: which pieces were verified and written.
 *
 * One byte per piece, set by the thread that wrote the piece, after it wrote it. So after a crash of
 * the program, whatever is noted is on disk. After a crash of the machine that does not hold, since
 * the system may have written the note and not the piece: the note carries the identity of the boot
 * it was made in, and under another one it is not trusted unless the program had closed the files.
 *
 * | bytes | what |
 * |---|---|
 * | 0–15 | `shoal resume 1` and two zeros |
 * | 16–35 | info-hash, v1 or the first 20 bytes of v2 |
 * | 36–71 | identity of the boot, text, zeros if the system tells none |
 * | 72 | 1: closed cleanly |
 * | 76–79 | number of pieces, u32 |
 * | 80–87 | stamp of the data when closed cleanly: of a file, the time of its last change, ms, f64; of a |
 * |       | folder, the beginning of the SHA-256 of the sizes and times of all its files |
 * | 96–… | one byte per piece: 0 missing, 1 verified, 2 verified by SHA-1 only |
 * | then | the torrent as far as known, as in a .torrent file |
 *
 * @module
 */

import { equalBytes, textOf, utf8, viewOf } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { diskError } from "./disk_error.ts";

/** Where the map of pieces begins. */
export const RESUME_MAP_OFFSET = 96;

/** The byte of a piece that is not there, or only in part. */
export const NOTE_MISSING = 0;
/** The byte of a piece that is verified as well as its torrent allows. */
export const NOTE_VERIFIED = 1;
/** The byte of a piece of a hybrid that was verified by its SHA-1 only. */
export const NOTE_SHA1 = 2;

const MAGIC = utf8("shoal resume 1\0\0");
const CLEAN_AT = 72, COUNT_AT = 76, STAMP_AT = 80;
const STAMP_LENGTH = 8;
/** Clocks and threads: a note may be so much older than the data it speaks of. */
const SLACK_MS = 1000;

/**
 * The unfinished data: the path of a file, or those of the files of a folder, in the torrent's order
 * and empty for what has no place.
 */
export type DataPaths = string | readonly string[];

/** Files that are written to the disk at once. */
const SYNCED_AT_ONCE = 32;
/** Files that are looked at without a pause, a millisecond or so: faster than to ask for each by itself. */
const LOOKS_AT_ONCE = 256;

/** What a resume file says. */
export interface ResumeNotes {
  /** One byte per piece. */
  readonly map: Uint8Array;
  /** The torrent as known when last written; empty if nothing was. */
  readonly torrent: Uint8Array;
  /** True when every noted piece is certain to be on disk. */
  readonly trusted: boolean;
}

/** Whether a file is a resume file, of whatever version; what cannot be read is none. */
export async function isResumeFile(path: string): Promise<boolean> {
  const start = MAGIC.subarray(0, "shoal resume ".length);
  const bytes = new Uint8Array(start.length);
  try {
    using file = await Deno.open(path);
    return await file.read(bytes) === bytes.length && equalBytes(bytes, start);
  } catch {
    return false;
  }
}

/**
 * Reads a resume file; `undefined` when there is none or it is for another torrent.
 *
 * @param data the unfinished file or files it belongs to
 * @param infoHash v1, 20 bytes, or v2, 32 bytes
 * @throws {DiskError} when it exists and cannot be read
 */
export async function readResume(
  path: string,
  data: DataPaths,
  infoHash: Uint8Array,
): Promise<ResumeNotes | undefined> {
  const bytes = await Deno.readFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, path);
  });
  if (bytes === undefined || bytes.length < RESUME_MAP_OFFSET) return undefined;
  if (!equalBytes(bytes.subarray(0, 16), MAGIC)) return undefined;
  if (!equalBytes(bytes.subarray(16, 36), infoHash.subarray(0, 20))) return undefined;
  const view = viewOf(bytes);
  const end = RESUME_MAP_OFFSET + view.getUint32(COUNT_AT);
  if (bytes.length < end) return undefined;
  const [note, state] = await Promise.all([Deno.stat(path), stateOf(data)]);
  const boot = await bootIdentity();
  const sameBoot = boot !== "" && textOf(bytes.subarray(36, 72)) === boot;
  // What was closed has been touched by somebody else since if its time is another one. What was not
  // closed may have been written to after the last note, but hardly longer than a moment.
  const trusted = state !== undefined &&
    (bytes[CLEAN_AT] === 1
      ? equalBytes(state.stamp, bytes.subarray(STAMP_AT, STAMP_AT + STAMP_LENGTH))
      : sameBoot && state.newestMs <= (note.mtime?.getTime() ?? 0) + SLACK_MS);
  return { map: bytes.slice(RESUME_MAP_OFFSET, end), torrent: bytes.slice(end), trusted };
}

/**
 * Writes a resume file anew: atomically, so that a crash leaves the old one or the new one.
 *
 * @throws {DiskError} when that is not possible
 */
export async function writeResume(
  path: string,
  infoHash: Uint8Array,
  map: Uint8Array,
  torrent: Uint8Array,
): Promise<void> {
  const bytes = new Uint8Array(RESUME_MAP_OFFSET + map.length + torrent.length);
  bytes.set(MAGIC);
  bytes.set(infoHash.subarray(0, 20), 16);
  bytes.set(utf8(await bootIdentity()), 36);
  viewOf(bytes).setUint32(COUNT_AT, map.length);
  bytes.set(map, RESUME_MAP_OFFSET);
  bytes.set(torrent, RESUME_MAP_OFFSET + map.length);
  try {
    await Deno.writeFile(`${path}.new`, bytes);
    await Deno.rename(`${path}.new`, path);
  } catch (error) {
    await Deno.remove(`${path}.new`).catch(() => {});
    throw diskError(error, path);
  }
}

/**
 * Writes the torrent behind the map, in place: the piece workers have the file open.
 *
 * @throws {Error} when that is not possible
 */
export async function writeResumeTorrent(
  path: string,
  pieceCount: number,
  torrent: Uint8Array,
): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.seek(RESUME_MAP_OFFSET + pieceCount, Deno.SeekMode.Start);
  for (let done = 0; done < torrent.length;) done += await file.write(torrent.subarray(done));
}

/**
 * Notes that all files were closed, so that the map can be trusted even after a restart of the machine.
 *
 * @param written those of the files that may have been written to
 */
export async function closeResume(
  path: string,
  data: DataPaths,
  written: readonly string[] = typeof data === "string" ? [data] : data,
): Promise<void> {
  await syncFiles(written);
  const { stamp } = (await stateOf(data))!;
  using file = await Deno.open(path, { write: true });
  await file.seek(STAMP_AT, Deno.SeekMode.Start);
  await file.write(stamp);
  await file.seek(CLEAN_AT, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(1));
}

/**
 * Waits until what was written to files is on the disk; empty paths are skipped.
 *
 * @throws {Error} when that is not possible
 */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  const left = paths.values();
  const work = async () => {
    for (const path of left) {
      if (path === "") continue;
      const file = await Deno.open(path, { read: true, write: true });
      await file.syncData().finally(() => file.close());
    }
  };
  const workers = Array.from({ length: Math.min(SYNCED_AT_ONCE, paths.length) }, work);
  const ends = await Promise.allSettled(workers); // all of them: nothing is open when this fails
  const failure = ends.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** What tells whether data was touched: its stamp, and when any of it changed last. */
interface DataState {
  readonly stamp: Uint8Array<ArrayBuffer>;
  readonly newestMs: number;
}

async function stateOf(data: DataPaths): Promise<DataState | undefined> {
  if (typeof data !== "string") return await stateOfFolder(data);
  const info = await Deno.stat(data).catch(() => undefined);
  if (info === undefined) return undefined;
  const newestMs = info.mtime?.getTime() ?? 0;
  const stamp = new Uint8Array(STAMP_LENGTH);
  viewOf(stamp).setFloat64(0, newestMs);
  return { stamp, newestMs };
}

/** Of thousands of files: one look at each, and eight bytes for all of them. */
async function stateOfFolder(paths: readonly string[]): Promise<DataState> {
  const lines: string[] = [];
  let newestMs = 0;
  for (const [file, path] of paths.entries()) {
    if (path === "") continue;
    if (file % LOOKS_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    const info = lookAt(path);
    const changedMs = info?.mtime?.getTime() ?? 0;
    lines.push(`${file} ${info?.size ?? "gone"} ${changedMs}`);
    // A file that was put in the place of another brings its old time along, but not this one.
    newestMs = Math.max(newestMs, changedMs, info?.ctime?.getTime() ?? 0);
  }
  return { stamp: sha256(utf8(lines.join("\n"))).slice(0, STAMP_LENGTH), newestMs };
}

function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** An identity of this run of the operating system, 36 characters; empty where there is none. */
async function bootIdentity(): Promise<string> {
  const text = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").catch(() => "");
  return text.trim().slice(0, 36);
}
