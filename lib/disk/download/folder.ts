/**
 * Downloads a folder into `NAME.part`. Each chosen file is created at its final size, and the folder is
 * renamed once everything is verified. Files already in `NAME` are checked and stay where they are.
 *
 * @module
 */

import { join } from "@std/path";
import type { Bitfield } from "../../store/bitfield.ts";
import { diskError } from "../disk_error.ts";
import { ForeignWrites } from "../foreign_writes.ts";
import type { WritingSetup } from "../worker_jobs.ts";
import { checkUntouched } from "./final_check.ts";
import type { Place } from "./folder_scan.ts";
import {
  completeFolder,
  continueFolder,
  finishFolder,
  type Folder,
  type FolderState,
  pathsOf,
} from "./folder_state.ts";
import { FolderTree } from "./folder_tree.ts";
import { resolveNameConflicts } from "./name_conflicts.ts";
import { OutputLock } from "./output_lock.ts";
import { outputPath, partPath } from "./output_path.ts";
import { ResumeData } from "./resume_data.ts";
import { syncFiles } from "./resume_file.ts";
import type { DownloadPlan, DownloadStorage } from "./storage.ts";

/** A folder, unfinished or complete. */
export class FolderDownload implements DownloadStorage {
  readonly have: Bitfield;
  readonly hasSha1Pieces: boolean;
  readonly fragments: Bitfield | undefined;
  readonly writtenPaths: readonly string[];
  readonly wasComplete: boolean;
  readonly #folder: Folder;
  readonly #state: FolderState;
  readonly #places: Place[];
  readonly #lock: OutputLock | undefined;
  readonly watch: ForeignWrites | undefined;
  readonly writing: WritingSetup | undefined;
  #paths: readonly string[];
  #isFinished: boolean;

  private constructor(folder: Folder, state: FolderState, lock: OutputLock | undefined) {
    this.#folder = folder;
    this.#state = state;
    this.#places = [...state.places];
    this.#lock = lock;
    this.#paths = pathsOf(folder, state.places);
    this.have = state.verified.have;
    this.hasSha1Pieces = state.verified.hasSha1Pieces;
    this.wasComplete = lock === undefined;
    this.#isFinished = this.wasComplete;
    // We never write to finished files that were not chosen.
    const isWritten = (place: Place, file: number) =>
      place === "part" || folder.plan.selection.has(file);
    this.writtenPaths = this.#paths.map((path, file) =>
      isWritten(state.places[file]!, file) ? path : ""
    );
    this.fragments = this.#fragments();
    if (this.wasComplete) return;
    this.watch = new ForeignWrites(state.seen.map(({ mark }) => mark));
    this.writing = { ids: state.seen.map(({ id }) => id), notes: folder.notes.place! };
  }

  /** See `openStorage` in `open_storage.ts`. */
  static async open(asked: DownloadPlan): Promise<FolderDownload> {
    const finalPath = await outputPath(asked.metainfo.info, asked.out);
    const plan = await withNamesOn(join(finalPath, ".."), asked);
    const complete = folderAt(finalPath, plan);
    const there = await completeFolder(complete);
    if (there !== undefined) return new FolderDownload(complete, there, undefined);
    const lock = await OutputLock.take(complete.part.root);
    try {
      const folder = folderAt(finalPath, plan); // not earlier: others could still write to it
      return new FolderDownload(folder, await continueFolder(folder), lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get finalPath(): string {
    return this.#folder.final.root;
  }

  get paths(): readonly string[] {
    return this.#paths;
  }

  noteTorrent(): void {
    this.#folder.notes.writeTorrent();
  }

  async finish(): Promise<void> {
    try {
      await syncFiles(this.#growing);
    } catch (error) {
      throw diskError(error, this.#folder.part.root);
    }
    const { plan, notes } = this.#folder;
    const { fragments, watch } = this;
    await checkUntouched({ plan, notes, watch: watch!, paths: this.#paths, fragments });
    try {
      await finishFolder(this.#folder, this.#state, (file) => this.#places[file] = "final");
    } finally {
      this.#paths = pathsOf(this.#folder, this.#places);
    }
    this.#isFinished = true;
    // Keep files that an earlier run began and this one did not choose; a later run may want them.
    if (this.#places.includes("part")) await notes.close(this.#paths, []);
    else await notes.remove();
    await this.#lock?.release();
  }

  async leave(): Promise<void> {
    if (!this.#isFinished) {
      this.noteTorrent();
      await this.#folder.notes.close(this.#paths, this.#growing);
    }
    await this.#lock?.release();
  }

  get #growing(): string[] {
    return this.#paths.filter((_, file) => this.#places[file] === "part");
  }

  /** Missing pieces that overlap files we do not write to; this happens in v1 only. */
  #fragments(): Bitfield | undefined {
    const { plan } = this.#folder;
    const unwritten = this.writtenPaths.keys().filter((file) => this.writtenPaths[file] === "");
    const fragments = plan.selection.piecesOf(unwritten).without(this.have);
    for (const piece of fragments.ones()) {
      if (!plan.selection.wants(piece)) fragments.clear(piece);
    }
    return fragments.isEmpty ? undefined : fragments;
  }
}

/** The plan, with file names that this folder's disk can hold. */
async function withNamesOn(folder: string, plan: DownloadPlan): Promise<DownloadPlan> {
  const { metainfo } = plan;
  const files = await resolveNameConflicts(folder, metainfo.info.files);
  return { ...plan, metainfo: { ...metainfo, info: { ...metainfo.info, files } } };
}

function folderAt(finalPath: string, plan: DownloadPlan): Folder {
  const part = partPath(finalPath);
  return {
    plan,
    final: new FolderTree(finalPath),
    part: new FolderTree(part),
    notes: new ResumeData(plan, `${part}.resume`),
  };
}
