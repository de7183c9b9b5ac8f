/**
 * The download of a single file: `NAME.part` of the final size, renamed when everything is verified.
 *
 * @module
 */

import { DiskError, ExitCode } from "../errors.ts";
import { Bitfield } from "../store/bitfield.ts";
import { checkPieces } from "./check_pieces.ts";
import { diskError } from "./disk_error.ts";
import type { DownloadFiles, DownloadPlan } from "./download_files.ts";
import { DownloadNotes, type Verified } from "./download_notes.ts";
import { destinationOf, requireSpace } from "./download_place.ts";
import { PlaceLock } from "./place_lock.ts";
import { closeResume, RESUME_MAP_OFFSET } from "./resume.ts";

/** One file, growing or complete. */
export class FileDownload implements DownloadFiles {
  readonly have: Bitfield;
  readonly hasSha1Pieces: boolean;
  readonly fragments = undefined;
  readonly finalPath: string;
  readonly wasComplete: boolean;
  readonly #notes: DownloadNotes;
  readonly #lock: PlaceLock | undefined;
  #isFinal: boolean;

  private constructor(
    plan: DownloadPlan,
    finalPath: string,
    verified: Verified,
    lock: PlaceLock | undefined,
  ) {
    this.finalPath = finalPath;
    this.have = verified.have;
    this.hasSha1Pieces = verified.hasSha1Pieces;
    this.wasComplete = lock === undefined;
    this.#isFinal = lock === undefined;
    this.#lock = lock;
    this.#notes = new DownloadNotes(plan, this.resume.path);
  }

  /** See {@link openDownload}. */
  static async open(plan: DownloadPlan): Promise<FileDownload> {
    const finalPath = await destinationOf(plan.metainfo.info, plan.out);
    if (await isComplete(plan, finalPath)) {
      const have = new Bitfield(plan.layout.pieceCount);
      have.fill();
      return new FileDownload(plan, finalPath, { have, hasSha1Pieces: false }, undefined);
    }
    const part = `${finalPath}.part`;
    const lock = await PlaceLock.take(part);
    try {
      return new FileDownload(plan, finalPath, await resumeOrBegin(plan, part), lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get paths(): readonly string[] {
    return [this.#isFinal ? this.finalPath : this.#part];
  }

  get writtenPaths(): readonly string[] {
    return this.paths;
  }

  get resume(): { path: string; mapOffset: number } {
    return { path: `${this.#part}.resume`, mapOffset: RESUME_MAP_OFFSET };
  }

  noteTorrent(): Promise<void> {
    return this.#notes.writeTorrent();
  }

  async finish(): Promise<void> {
    try {
      const file = await Deno.open(this.#part, { read: true, write: true });
      await file.syncData().finally(() => file.close());
      await Deno.rename(this.#part, this.finalPath);
    } catch (error) {
      throw diskError(error, this.finalPath);
    }
    this.#isFinal = true;
    await this.#notes.remove();
    await this.#lock?.release();
  }

  async leave(): Promise<void> {
    if (!this.#isFinal) {
      await this.noteTorrent();
      await closeResume(this.resume.path, this.#part).catch(() => {});
    }
    await this.#lock?.release();
  }

  get #part(): string {
    return `${this.finalPath}.part`;
  }
}

/** Whether the finished file is there and matches. @throws {DiskError} when something else is there */
async function isComplete(plan: DownloadPlan, path: string): Promise<boolean> {
  const there = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, path);
  });
  if (there === undefined) return false;
  if (there.isDirectory) {
    throw new DiskError(
      `${path} is a folder: choose another place with -o`,
      ExitCode.fileExists,
    );
  }
  if (there.size === plan.layout.totalLength) {
    const checked = await checkPieces({ ...plan, paths: [path] });
    if (checked.have.isFull) return true;
  }
  if (plan.overwrite) return false;
  throw new DiskError(
    `${path} exists and is something else: move it, choose another place with -o, or replace it with --overwrite`,
    ExitCode.fileExists,
  );
}

/** What an unfinished file holds; begins one when there is none. */
async function resumeOrBegin(plan: DownloadPlan, part: string): Promise<Verified> {
  const { layout } = plan;
  const notes = new DownloadNotes(plan, `${part}.resume`);
  const there = await Deno.stat(part).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, part);
  });
  const fits = there?.isFile === true && there.size === layout.totalLength;
  if (there !== undefined && !fits && !plan.overwrite) {
    throw new DiskError(
      `${part} belongs to another download: move it, or replace it with --overwrite`,
      ExitCode.fileExists,
    );
  }
  let verified: Verified = { have: new Bitfield(layout.pieceCount), hasSha1Pieces: false };
  if (fits) verified = await notes.trusted(part) ?? await notes.check([part]);
  else await begin(part, layout.totalLength);
  await notes.write(verified);
  return verified;
}

/** Makes the unfinished file, of the final size. */
async function begin(part: string, length: number): Promise<void> {
  await requireSpace(part, length);
  try {
    const file = await Deno.open(part, { write: true, create: true, truncate: true });
    await file.truncate(length).finally(() => file.close());
  } catch (error) {
    throw diskError(error, part);
  }
}
