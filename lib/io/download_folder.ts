/**
 * The download of a folder: `NAME.part` with the files that were chosen, each of its final size, renamed
 * when everything is verified. What `NAME` has already is checked and stays where it is.
 *
 * @module
 */

import { join } from "@std/path";
import type { Bitfield } from "../store/bitfield.ts";
import { diskError } from "./disk_error.ts";
import { namesOn } from "./disk_names.ts";
import type { DownloadFiles, DownloadPlan } from "./download_files.ts";
import { DownloadNotes } from "./download_notes.ts";
import { destinationOf } from "./download_place.ts";
import { finishFolder } from "./folder_finish.ts";
import type { Place } from "./folder_scan.ts";
import {
  completeFolder,
  continueFolder,
  type Folder,
  type FolderState,
  pathsOf,
} from "./folder_state.ts";
import { FolderTree } from "./folder_tree.ts";
import { PlaceLock } from "./place_lock.ts";
import { closeResume, RESUME_MAP_OFFSET, syncFiles } from "./resume.ts";

/** A folder, growing or complete. */
export class FolderDownload implements DownloadFiles {
  readonly have: Bitfield;
  readonly hasSha1Pieces: boolean;
  readonly fragments: Bitfield | undefined;
  readonly writtenPaths: readonly string[];
  readonly wasComplete: boolean;
  readonly #folder: Folder;
  readonly #state: FolderState;
  readonly #lock: PlaceLock | undefined;
  #paths: readonly string[];
  #isFinished: boolean;

  private constructor(folder: Folder, state: FolderState, lock: PlaceLock | undefined) {
    this.#folder = folder;
    this.#state = state;
    this.#lock = lock;
    this.#paths = pathsOf(folder, state.places);
    this.have = state.verified.have;
    this.hasSha1Pieces = state.verified.hasSha1Pieces;
    this.wasComplete = lock === undefined;
    this.#isFinished = this.wasComplete;
    // Finished files that were not chosen are nobody's to write to.
    const isWritten = (place: Place, file: number) =>
      place === "part" || folder.plan.selection.has(file);
    this.writtenPaths = this.#paths.map((path, file) =>
      isWritten(state.places[file]!, file) ? path : ""
    );
    this.fragments = this.#fragments();
  }

  /** See {@link openDownload}. */
  static async open(asked: DownloadPlan): Promise<FolderDownload> {
    const finalPath = await destinationOf(asked.metainfo.info, asked.out);
    const plan = await withNamesOn(join(finalPath, ".."), asked);
    const complete = folderAt(finalPath, plan);
    const there = await completeFolder(complete);
    if (there !== undefined) return new FolderDownload(complete, there, undefined);
    const lock = await PlaceLock.take(complete.part.root);
    try {
      const folder = folderAt(finalPath, plan); // until now somebody else may have been at it
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

  get resume(): { path: string; mapOffset: number } {
    return { path: notesPath(this.finalPath), mapOffset: RESUME_MAP_OFFSET };
  }

  noteTorrent(): Promise<void> {
    return this.#folder.notes.writeTorrent();
  }

  async finish(): Promise<void> {
    try {
      await syncFiles(this.#growing);
    } catch (error) {
      throw diskError(error, this.#folder.part.root);
    }
    const places = await finishFolder(this.#folder, this.#state);
    this.#paths = pathsOf(this.#folder, places);
    this.#isFinished = true;
    // Files that an earlier run began and this one did not choose wait for a later one.
    if (places.includes("part")) await this.#closeNotes([]);
    else await this.#folder.notes.remove();
    await this.#lock?.release();
  }

  async leave(): Promise<void> {
    if (!this.#isFinished) {
      await this.noteTorrent();
      await this.#closeNotes(this.#growing);
    }
    await this.#lock?.release();
  }

  #closeNotes(written: readonly string[]): Promise<void> {
    return closeResume(this.resume.path, this.#paths, written).catch(() => {});
  }

  get #growing(): string[] {
    return this.#paths.filter((_, file) => this.#state.places[file] === "part");
  }

  /** Pieces still to come that reach into files which nothing is written to: there are some in v1 only. */
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

/** The plan with the names that files can have in this folder. */
async function withNamesOn(folder: string, plan: DownloadPlan): Promise<DownloadPlan> {
  const { metainfo } = plan;
  const files = await namesOn(folder, metainfo.info.files);
  return { ...plan, metainfo: { ...metainfo, info: { ...metainfo.info, files } } };
}

function folderAt(finalPath: string, plan: DownloadPlan): Folder {
  return {
    plan,
    final: new FolderTree(finalPath),
    part: new FolderTree(`${finalPath}.part`),
    notes: new DownloadNotes(plan, notesPath(finalPath)),
  };
}

function notesPath(finalPath: string): string {
  return `${finalPath}.part.resume`;
}
