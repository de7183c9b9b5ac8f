/**
 * The resume file on disk: read with care, replaced atomically, updated in place. See `resume_format.ts`
 * for its contents.
 *
 * @module
 */

import { close, closeSync, fdatasync, fstatSync, readSync, writeSync } from "node:fs";
import { equalBytes } from "../../codec/bytes.ts";
import { diskError } from "../disk_error.ts";
import {
  createFile,
  type FileId,
  lookUnfollowed,
  move,
  openOwn,
  openToRead,
  openUnfollowed,
} from "../exclusive_file.ts";
import {
  beginsRecord,
  countIn,
  decodeRecord,
  DOUBTED_AT,
  encodeRecord,
  type NotesPlace,
  RECORD_BEGINNING,
  RESUME_MAP_OFFSET,
  sealRecord,
} from "../resume_format.ts";
import { stateOf } from "./file_states.ts";

/** Allows for clock granularity and threads: a note may be this much older than the data. */
const SLACK_MS = 1000;
/** Larger than any saved torrent; the rest is not read. */
const MOST_TORRENT_BYTES = 256 * 1024 * 1024;
/** Files to sync to disk at a time. */
const SYNCED_AT_ONCE = 32;

/** The contents of a resume file. */
interface ResumeNotes {
  /** One byte per piece, see `NOTE_…` in `resume_format.ts`. */
  readonly map: Uint8Array;
  /** The torrent as last saved; empty if it never was. */
  readonly torrent: Uint8Array;
  /** Every noted piece is certain to be on disk, as far as resume data can tell. */
  readonly trusted: boolean;
}

/** Whether a file is a resume file of any version; false if it cannot be read. */
export function isResumeFile(path: string): boolean {
  try {
    const bytes = readBeginning(path, () => RECORD_BEGINNING);
    return bytes !== undefined && beginsRecord(bytes);
  } catch {
    return false;
  }
}

/**
 * Reads a resume file. Returns `undefined` if there is none, or it is for another torrent or version.
 *
 * @param data the unfinished files it belongs to: in the torrent's order, empty for a file without a place
 * on disk
 * @param infoHash v1, 20 bytes, or v2, 32 bytes
 * @throws {DiskError} when it exists and cannot be read
 */
export async function readResume(
  path: string,
  data: readonly string[],
  infoHash: Uint8Array,
): Promise<ResumeNotes | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = readBeginning(path, (head) => {
      const count = countIn(head, infoHash);
      return count === undefined ? 0 : RESUME_MAP_OFFSET + count + MOST_TORRENT_BYTES;
    });
  } catch (error) {
    throw diskError(error, path);
  }
  const record = bytes && decodeRecord(bytes, infoHash);
  if (record === undefined) return undefined;
  const { map, torrent, isClosed, isDoubted, isIntact, isSealed } = record;
  if (isDoubted || !isIntact) return { map, torrent, trusted: false };
  const state = await stateOf(data);
  // If the closed files do not match the stamp, another program has changed them.
  if (isClosed) {
    return { map, torrent, trusted: isSealed && equalBytes(state.stamp, record.stamp) };
  }
  const boot = await bootIdentity();
  const notedMs = lookUnfollowed(path)?.mtime?.getTime() ?? 0;
  // Files not closed may have been written after the last note, but only moments after.
  const trusted = boot !== "" && record.boot === boot &&
    equalBytes(state.identity, record.identity) && state.newestMs <= notedMs + SLACK_MS;
  return { map, torrent, trusted };
}

/** What a resume file is written from. */
interface ResumeContent {
  /** The data files, as for {@link readResume}. */
  readonly data: readonly string[];
  /** v1, 20 bytes, or v2, 32 bytes. */
  readonly infoHash: Uint8Array;
  /** One `NOTE_…` for each piece. */
  readonly map: Uint8Array;
  readonly torrent: Uint8Array;
}

/** A resume file that this run wrote and keeps updating. */
export class ResumeFile {
  /** What worker threads need to note pieces in it. */
  readonly place: NotesPlace;
  readonly #pieceCount: number;

  private constructor(place: NotesPlace, pieceCount: number) {
    this.place = place;
    this.#pieceCount = pieceCount;
  }

  /**
   * Writes a new file atomically, so that a crash leaves either the old one or the new one.
   *
   * @throws {DiskError} when that is not possible
   */
  static async write(path: string, content: ResumeContent): Promise<ResumeFile> {
    const { data, infoHash, map, torrent } = content;
    const salt = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const { identity } = await stateOf(data);
    const boot = await bootIdentity();
    const bytes = encodeRecord({ infoHash, boot, salt, identity, map, torrent });
    const fresh = `${path}.new`;
    try {
      // No other process works here, so a crash left it behind, or someone put it there to mislead us.
      if (lookUnfollowed(fresh) !== undefined) await Deno.remove(fresh);
      const id = createFile(fresh, 0);
      using file = new OwnFile(fresh, id);
      file.write(bytes, 0);
      move(fresh, path);
      return new ResumeFile({ path, id, salt }, map.length);
    } catch (error) {
      await Deno.remove(fresh).catch(() => {});
      throw diskError(error, path);
    }
  }

  /**
   * Writes the torrent after the notes, in place, because worker threads have the file open. @throws
   * {Error}
   */
  writeTorrent(torrent: Uint8Array): void {
    using file = this.#open();
    file.write(torrent, RESUME_MAP_OFFSET + this.#pieceCount);
  }

  /** Marks the data as written by another program, so that no note is trusted. @throws {Error} */
  doubt(): void {
    using file = this.#open();
    file.write(Uint8Array.of(1), DOUBTED_AT);
  }

  /**
   * Notes that all files were closed, so that the notes can be trusted even after the machine restarts.
   *
   * @param data as for {@link readResume}
   * @param written the files that may have been written to
   * @throws {Error} when that is not possible
   */
  async close(data: readonly string[], written: readonly string[] = data): Promise<void> {
    await syncFiles(written);
    const { stamp } = await stateOf(data);
    using file = this.#open();
    const bytes = file.read(RESUME_MAP_OFFSET + this.#pieceCount);
    const infoHash = bytes.subarray(16, 36);
    // Do not seal notes that another program wrote meanwhile.
    if (decodeRecord(bytes, infoHash)?.isIntact) file.write(sealRecord(bytes, stamp), 0);
  }

  #open(): OwnFile {
    return new OwnFile(this.place.path, this.place.id);
  }
}

/** One of our files, opened briefly. */
class OwnFile implements Disposable {
  readonly #fd: number;

  constructor(path: string, id: FileId) {
    this.#fd = openOwn(path, id);
  }

  read(length: number): Uint8Array {
    return readFrom(this.#fd, length);
  }

  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** The start of a file, of the length its first bytes give; `undefined` when there is no file. */
function readBeginning(
  path: string,
  lengthBy: (head: Uint8Array) => number,
): Uint8Array | undefined {
  if (lookUnfollowed(path)?.isFile !== true) return undefined;
  const fd = openToRead(path);
  if (fd === undefined) return undefined;
  try {
    const head = readFrom(fd, RESUME_MAP_OFFSET);
    return readFrom(fd, Math.min(lengthBy(head), fstatSync(fd).size));
  } finally {
    closeSync(fd);
  }
}

function readFrom(fd: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const read = readSync(fd, bytes, done, length - done, done);
    if (read === 0) return bytes.subarray(0, done);
    done += read;
  }
  return bytes;
}

/**
 * Waits until the files' written data is on disk; skips empty paths.
 *
 * @throws {Error} when that is not possible
 */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  const left = paths.values();
  const work = async () => {
    for (const path of left) if (path !== "") await syncFile(path);
  };
  const workers = Array.from({ length: Math.min(SYNCED_AT_ONCE, paths.length) }, work);
  const ends = await Promise.allSettled(workers); // wait for all, so that no file is open when this fails
  const failure = ends.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

async function syncFile(path: string): Promise<void> {
  const fd = openUnfollowed(path, "r+");
  await new Promise<void>((resolve, reject) => {
    fdatasync(fd, (error) => close(fd, () => error ? reject(error) : resolve()));
  });
}

/** Identifies this boot of the operating system, 36 characters; empty where that is unknown. */
async function bootIdentity(): Promise<string> {
  const text = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").catch(() => "");
  return text.trim().slice(0, 36);
}
