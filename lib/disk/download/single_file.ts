/**
 * Downloads a single file into `NAME.part`, created at its final size and renamed once everything is
 * verified.
 *
 * @module
 */

import { DiskError, ExitCode } from "../../errors.ts";
import { Bitfield } from "../../store/bitfield.ts";
import { checkPieces } from "../check_pieces.ts";
import { diskError } from "../disk_error.ts";
import {
  createFile,
  type FileId,
  hasTwoNames,
  idOf,
  isLink,
  lookUnfollowed,
  move,
  moveAnew,
  somethingElse,
} from "../exclusive_file.ts";
import { ForeignWrites, markOf } from "../foreign_writes.ts";
import type { WritingSetup } from "../worker_jobs.ts";
import { checkUntouched } from "./final_check.ts";
import { OutputLock } from "./output_lock.ts";
import { outputPath, partPath, requireSpace } from "./output_path.ts";
import { ResumeData, type Verified } from "./resume_data.ts";
import { syncFiles } from "./resume_file.ts";
import type { DownloadPlan, DownloadStorage } from "./storage.ts";

/** An unfinished file that we may write to. */
interface Growing {
  readonly path: string;
  readonly lock: OutputLock;
  readonly notes: ResumeData;
  readonly watch: ForeignWrites;
  readonly writing: WritingSetup;
}

/** A single file, unfinished or complete. */
export class FileDownload implements DownloadStorage {
  readonly have: Bitfield;
  readonly hasSha1Pieces: boolean;
  readonly fragments = undefined;
  readonly finalPath: string;
  readonly wasComplete: boolean;
  readonly #plan: DownloadPlan;
  readonly #growing: Growing | undefined;
  #isFinal: boolean;

  private constructor(
    plan: DownloadPlan,
    finalPath: string,
    verified: Verified,
    growing: Growing | undefined,
  ) {
    this.#plan = plan;
    this.finalPath = finalPath;
    this.have = verified.have;
    this.hasSha1Pieces = verified.hasSha1Pieces;
    this.wasComplete = growing === undefined;
    this.#isFinal = this.wasComplete;
    this.#growing = growing;
  }

  /** See `openStorage` in `open_storage.ts`. */
  static async open(plan: DownloadPlan): Promise<FileDownload> {
    const finalPath = await outputPath(plan.metainfo.info, plan.out);
    const part = partPath(finalPath);
    if (await isComplete(plan, finalPath)) {
      await removeTwin(part, finalPath);
      const have = Bitfield.full(plan.layout.pieceCount);
      return new FileDownload(plan, finalPath, { have, hasSha1Pieces: false }, undefined);
    }
    const lock = await OutputLock.take(part);
    try {
      const { verified, growing } = await resumeOrBegin(plan, part, lock);
      return new FileDownload(plan, finalPath, verified, growing);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get paths(): readonly string[] {
    return [this.#isFinal ? this.finalPath : this.#growing!.path];
  }

  get writtenPaths(): readonly string[] {
    return this.paths;
  }

  get writing(): WritingSetup | undefined {
    return this.#growing?.writing;
  }

  get watch(): ForeignWrites | undefined {
    return this.#growing?.watch;
  }

  noteTorrent(): void {
    this.#growing?.notes.writeTorrent();
  }

  async finish(): Promise<void> {
    const { path, notes, watch, lock } = this.#growing!;
    try {
      await syncFiles([path]);
    } catch (error) {
      throw diskError(error, path);
    }
    const plan = this.#plan;
    await checkUntouched({ plan, notes, watch, paths: [path], fragments: undefined });
    // Hours may have passed since the path was last checked.
    if (plan.overwrite) move(path, this.finalPath);
    else moveAnew(path, this.finalPath);
    this.#isFinal = true;
    await notes.remove();
    await lock.release();
  }

  async leave(): Promise<void> {
    if (this.#growing === undefined) return;
    if (!this.#isFinal) {
      this.noteTorrent();
      await this.#growing.notes.close(this.paths, this.paths);
    }
    await this.#growing.lock.release();
  }
}

/** Whether the finished file exists and matches. @throws {DiskError} when something else is there */
async function isComplete(plan: DownloadPlan, path: string): Promise<boolean> {
  const there = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, path);
  });
  if (there === undefined) {
    if (plan.overwrite || lookUnfollowed(path) === undefined) return false;
    throw somethingElse(path); // a dangling link
  }
  if (there.isDirectory) {
    throw new DiskError(
      `${path} is a folder`,
      { code: "output-is-folder", exitCode: ExitCode.fileExists },
    );
  }
  if (there.isFile && there.size === plan.layout.totalLength) {
    const checked = await checkPieces({ ...plan, paths: [path] });
    if (checked.have.isFull) return true;
  }
  if (plan.overwrite) return false;
  throw somethingElse(path);
}

/**
 * Removes the unfinished name of a finished file. Both exist if the program ended between linking and
 * unlinking.
 */
async function removeTwin(part: string, finalPath: string): Promise<void> {
  const [twin, file] = [lookUnfollowed(part), lookUnfollowed(finalPath)];
  if (twin === undefined || file === undefined || idOf(twin) !== idOf(file)) return;
  for (const path of [part, `${part}.resume`, `${part}.lock`]) {
    await Deno.remove(path).catch(() => {});
  }
}

/** Resumes the unfinished file, or creates one if there is none. */
async function resumeOrBegin(
  plan: DownloadPlan,
  part: string,
  lock: OutputLock,
): Promise<{ verified: Verified; growing: Growing }> {
  const { layout } = plan;
  const notes = new ResumeData(plan, `${part}.resume`);
  const there = await unfinishedAt(part, plan);
  const id = there === undefined ? await begin(part, layout.totalLength) : idOf(there);
  const mark = markOf(there ?? lookUnfollowed(part));
  const verified = there === undefined
    ? { have: new Bitfield(layout.pieceCount), hasSha1Pieces: false }
    : await notes.trusted([part]) ?? await notes.check([part]);
  await notes.write(verified, [part]);
  const writing = { ids: [id], notes: notes.place! };
  return {
    verified,
    growing: { path: part, lock, notes, watch: new ForeignWrites([mark]), writing },
  };
}

/**
 * The existing unfinished file, if it may be written to. Removes what may be replaced.
 *
 * @throws {DiskError} exit 13 when something that may not be replaced is there
 */
async function unfinishedAt(
  part: string,
  { layout, overwrite }: DownloadPlan,
): Promise<Deno.FileInfo | undefined> {
  const there = lookUnfollowed(part);
  if (there === undefined) return undefined;
  if (there.isSymlink) throw isLink(part);
  const fits = there.isFile && there.size === layout.totalLength;
  const hasOneName = (there.nlink ?? 1) <= 1;
  if (fits && hasOneName) return there;
  if (!overwrite || !there.isFile) {
    throw fits ? hasTwoNames(part) : belongsToOther(part, there.isFile);
  }
  await Deno.remove(part).catch((error) => {
    throw diskError(error, part);
  });
  return undefined;
}

function belongsToOther(part: string, isFile: boolean): DiskError {
  const exitCode = ExitCode.fileExists;
  return isFile
    ? new DiskError(`${part} belongs to another download`, { code: "other-download", exitCode })
    : new DiskError(`${part} is no file, and one has to be there`, {
      code: "not-a-file",
      exitCode,
    });
}

/** Creates the unfinished file at its final size. */
async function begin(part: string, length: number): Promise<FileId> {
  await requireSpace(part, length);
  try {
    return createFile(part, length);
  } catch (error) {
    throw diskError(error, part);
  }
}
