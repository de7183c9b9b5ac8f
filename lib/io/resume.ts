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
 * | 80–87 | time of the last change of the data file when closed cleanly, ms, f64 |
 * | 96–… | one byte per piece: 0 missing, 1 verified, 2 verified by SHA-1 only |
 * | then | the torrent as far as known, as in a .torrent file |
 *
 * @module
 */

import { equalBytes, textOf, utf8, viewOf } from "../codec/bytes.ts";
import { diskError } from "./disk_error.ts";

/** Where the map of pieces begins. */
export const RESUME_MAP_OFFSET = 96;

/** The byte of a piece that is verified as well as its torrent allows. */
export const NOTE_VERIFIED = 1;
/** The byte of a piece of a hybrid that was verified by its SHA-1 only. */
export const NOTE_SHA1 = 2;

const MAGIC = utf8("shoal resume 1\0\0");
const CLEAN_AT = 72, COUNT_AT = 76, CHANGED_AT = 80;
/** Clocks and threads: a note may be so much older than the data it speaks of. */
const SLACK_MS = 1000;

/** What a resume file says. */
export interface ResumeNotes {
  /** One byte per piece. */
  readonly map: Uint8Array;
  /** The torrent as known when last written; empty if nothing was. */
  readonly torrent: Uint8Array;
  /** True when every noted piece is certain to be on disk. */
  readonly trusted: boolean;
}

/**
 * Reads a resume file; `undefined` when there is none or it is for another torrent.
 *
 * @param dataPath the unfinished file it belongs to
 * @param infoHash v1, 20 bytes, or v2, 32 bytes
 * @throws {DiskError} when it exists and cannot be read
 */
export async function readResume(
  path: string,
  dataPath: string,
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
  const [note, data] = await Promise.all([stat(path), stat(dataPath)]);
  const boot = await bootIdentity();
  const sameBoot = boot !== "" && textOf(bytes.subarray(36, 72)) === boot;
  // What was closed has been touched by somebody else since if its time is another one. What was not
  // closed may have been written to after the last note, but hardly longer than a moment.
  const trusted = data !== undefined &&
    (bytes[CLEAN_AT] === 1
      ? data.mtimeMs === view.getFloat64(CHANGED_AT)
      : sameBoot && data.mtimeMs <= note!.mtimeMs + SLACK_MS);
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

/** Notes that all files were closed, so that the map can be trusted even after a restart of the machine. */
export async function closeResume(path: string, dataPath: string): Promise<void> {
  const data = await Deno.open(dataPath, { read: true, write: true });
  await data.syncData().finally(() => data.close());
  const changed = await stat(dataPath);
  const time = new Uint8Array(8);
  viewOf(time).setFloat64(0, changed?.mtimeMs ?? 0);
  using file = await Deno.open(path, { write: true });
  await file.seek(CHANGED_AT, Deno.SeekMode.Start);
  await file.write(time);
  await file.seek(CLEAN_AT, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(1));
}

async function stat(path: string): Promise<{ mtimeMs: number } | undefined> {
  const info = await Deno.stat(path).catch(() => undefined);
  return info && { mtimeMs: info.mtime?.getTime() ?? 0 };
}

/** An identity of this run of the operating system, 36 characters; empty where there is none. */
async function bootIdentity(): Promise<string> {
  const text = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").catch(() => "");
  return text.trim().slice(0, 36);
}
