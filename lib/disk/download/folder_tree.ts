/**
 * A folder on disk that an untrusted torrent is written into. Nothing leads out of it.
 *
 * The names themselves are safe (see `codec/torrent/safe_path.ts`); this module checks what the disk makes of
 * them. It never follows a symbolic link. It notices when two names are one file on this disk, because it
 * creates a file only where there is none.
 *
 * @module
 */

import { join } from "@std/path";
import type { ErrorCode } from "../../error_codes.ts";
import { DiskError, ExitCode } from "../../errors.ts";
import { diskError } from "../disk_error.ts";
import { createFile, type FileId, idOf, isLink, lookUnfollowed } from "../exclusive_file.ts";

/** What is at the path of a file. */
export type Found =
  | { readonly type: "nothing" }
  | {
    readonly type: "file";
    readonly length: number;
    readonly id: FileId;
    /** Whether the file has no other hard link. */
    readonly hasOneName: boolean;
  }
  | { readonly type: "obstacle"; readonly error: DiskError };

const NOTHING: Found = { type: "nothing" };

/** The tree below one folder, which may not exist yet. */
export class FolderTree {
  /** Path of the root folder. */
  readonly root: string;
  /** Folders found or made, by path: real ones, and obstacles in their place. */
  readonly #folders = new Map<string, Found | "folder">();

  constructor(root: string) {
    this.root = root;
  }

  /**
   * Whether the root exists.
   *
   * @throws {DiskError} exit 13 when it is not a folder
   */
  exists(): boolean {
    const found = this.#folder(this.root);
    if (found === "folder") return true;
    if (found.type === "obstacle") throw found.error;
    return false;
  }

  /** The path of a file of the torrent. */
  pathOf(components: readonly string[]): string {
    return join(this.root, ...components);
  }

  /** What is at the path now. @throws {DiskError} when that cannot be read */
  look(components: readonly string[]): Found {
    let path = this.root;
    for (const component of components.slice(0, -1)) {
      const found = this.#folder(path);
      if (found !== "folder") return found;
      path = join(path, component);
    }
    const found = this.#folder(path);
    if (found !== "folder") return found;
    const own = join(path, components.at(-1)!);
    const info = lookUnfollowed(own);
    if (info === undefined) return NOTHING;
    if (info.isSymlink) return { type: "obstacle", error: isLink(own) };
    if (!info.isFile) {
      const sentence = `${own} is no file, and one has to be there: move it`;
      return { type: "obstacle", error: obstructed("wrong-kind-of-path", sentence) };
    }
    const hasOneName = (info.nlink ?? 1) <= 1;
    return { type: "file", length: info.size, id: idOf(info), hasOneName };
  }

  /**
   * Creates a file of zeros and its parent folders. Returns the file's identity.
   *
   * @throws {DiskError} when the disk refuses, or a file of that name exists
   */
  create(components: readonly string[], length: number): FileId {
    const folders = components.slice(0, -1);
    this.makeFolders(folders);
    const path = this.pathOf(components);
    try {
      return createFile(path, length, () => this.#isThrough(folders));
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw diskError(error, path);
      throw oneToTheDisk(path);
    }
  }

  /**
   * Creates the root and folders below it. Ignores what was seen before, because another process may have
   * put a link there since.
   *
   * @throws {DiskError} when that is not possible
   */
  makeFolders(components: readonly string[]): void {
    let path = this.root;
    for (let depth = 0;; depth++) {
      this.#folders.delete(path);
      const found = this.#folder(path);
      if (found !== "folder" && found.type === "obstacle") throw found.error;
      if (found !== "folder") this.#make(path);
      if (depth === components.length) return;
      path = join(path, components[depth]!);
    }
  }

  /** Removes the empty folders: the parents of these files, deepest first, then the root. */
  removeEmptyFolders(files: Iterable<readonly string[]>): void {
    const folders = new Set([this.root]);
    for (const components of files) {
      for (let depth = 1; depth < components.length; depth++) {
        folders.add(this.pathOf(components.slice(0, depth)));
      }
    }
    const deepestFirst = [...folders].sort((a, b) => b.length - a.length);
    for (const path of deepestFirst) {
      try {
        Deno.removeSync(path);
      } catch {
        // not empty, or not there
      }
    }
    this.#folders.clear();
  }

  /** Checks every known folder again: none may have become a link. @throws {DiskError} exit 13 */
  recheck(): void {
    for (const [path, found] of [...this.#folders]) {
      if (found !== "folder") continue;
      this.#folders.delete(path);
      const now = this.#folder(path);
      if (now !== "folder" && now.type === "obstacle") throw now.error;
    }
  }

  /** Whether every component on the way is a real folder right now. */
  #isThrough(components: readonly string[]): boolean {
    let path = this.root;
    for (let depth = 0;; depth++) {
      if (lookUnfollowed(path)?.isDirectory !== true) return false;
      if (depth === components.length) return true;
      path = join(path, components[depth]!);
    }
  }

  #folder(path: string): Found | "folder" {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const info = lookUnfollowed(path);
    if (info === undefined) return NOTHING;
    const found = info.isDirectory ? "folder" : {
      type: "obstacle",
      error: info.isSymlink ? isLink(path) : noFolder(path),
    } as const;
    this.#folders.set(path, found);
    return found;
  }

  #make(path: string): void {
    try {
      Deno.mkdirSync(path);
    } catch (error) {
      throw diskError(error, path);
    }
    this.#folders.set(path, "folder");
  }
}

/** The error for something in the way. */
export function obstructed(code: ErrorCode, sentence: string): DiskError {
  return new DiskError(sentence, { code, exitCode: ExitCode.fileExists });
}

function noFolder(path: string): DiskError {
  return obstructed("file-for-folder", `${path} is a file, and a folder has to be there`);
}

/** The error for two names that differ only in what this disk ignores. */
export function oneToTheDisk(path: string): DiskError {
  return obstructed(
    "same-name",
    `${path} cannot be made: to this disk it has the name of another file of the torrent`,
  );
}
