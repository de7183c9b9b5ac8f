/**
 * Names from a stranger's torrent, made into names a disk can hold and that stay where they belong.
 *
 * A name is rewritten, never refused: a torrent with an odd name is still a torrent, and whatever the
 * name said, a component made here neither leaves its folder nor hides what it is.
 *
 * @module
 */

import { equalBytes, textOf, utf8Length } from "../bytes.ts";

/** The longest name that file systems hold, in bytes. */
export const MAX_COMPONENT_BYTES = 255;
/** Longer names are cut to this, which leaves room for a suffix such as that of an unfinished file. */
const CUT_COMPONENT_BYTES = 240;
/** A longer "extension" is part of the name. */
const MAX_EXTENSION_BYTES = 32;
/** Names that share this many first bytes share one count of collisions: no torrent makes the search long. */
const FAMILY_BYTES = 64;

/** The separator, controls (C0, DEL, C1), ends of lines, and what stood for bytes that are no UTF-8. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\/\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/g;
/**
 * Overrides, embeddings and isolates that show text in another order, so that a name reads as another.
 * Other invisible characters stay: Persian, Hindi and emoji are spelled with joiners.
 */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g;
const FORBIDDEN_ON_WINDOWS = /[\\?<>"|*:]/g;
const DEVICE_ON_WINDOWS = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/**
 * A path component that is safe to create: not empty, no `.` or `..`, without separators, control
 * characters or marks that reorder text, at most 255 bytes long. What it rewrites becomes `_`; a name that
 * is too long loses its middle and keeps its extension. Whatever else a disk of Linux can hold stays.
 *
 * @param windows Also rewrite what Windows cannot hold, see {@link fitsWindows}.
 */
export function safeComponent(raw: Uint8Array | string, windows = false): string {
  return safeName(typeof raw === "string" ? raw.toWellFormed() : textOf(raw), windows);
}

function safeName(text: string, windows = false): string {
  const safe = text.replace(FORBIDDEN, "_").replace(REORDERING, "");
  const name = windows ? windowsName(safe) : safe;
  if (name === "" || name === "." || name === "..") return "_";
  return utf8Length(name) > MAX_COMPONENT_BYTES ? shorten(name, "") : name;
}

/** What a torrent's path was made into. */
export interface SafePath {
  /** Its components, each as {@link safeComponent} makes it. */
  readonly path: string[];
  /**
   * The path as the torrent has it, where that was changed and yet a disk of Linux may hold it. It is
   * good to find a file by that somebody shares from there, never to make one.
   */
  readonly original?: string[] | undefined;
}

/**
 * Makes the paths of a torrent safe, one by one. What a path has in common with the one before it is made
 * and kept once: a list of very many files repeats its folders, if not its names.
 */
export class SafePaths {
  #raw: readonly Uint8Array[] = [];
  #names: string[] = [];
  #safe: SafePath = { path: [] };

  /** @param raw the components as they came, at least one */
  of(raw: readonly Uint8Array[]): SafePath {
    let same = 0;
    while (same < raw.length && isSame(raw[same]!, this.#raw[same])) same++;
    if (same === this.#raw.length && same === raw.length) return this.#safe;
    const [names, { path }] = [this.#names, this.#safe];
    this.#raw = raw;
    this.#names = raw.map((component, i) => i < same ? names[i]! : textOf(component));
    const safe = this.#names.map((name, i) => i < same ? path[i]! : safeName(name));
    this.#safe = { path: safe, original: originalOf(this.#names, safe) };
    return this.#safe;
  }
}

function isSame(component: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && equalBytes(component, other);
}

function originalOf(names: string[], safe: readonly string[]): string[] | undefined {
  const isChanged = names.some((name, i) => name !== safe[i]);
  return isChanged && names.every(isHeldByLinux) ? names : undefined;
}

function isHeldByLinux(name: string): boolean {
  if (name === "" || name === "." || name === ".." || /[/\0\ufffd]/.test(name)) return false;
  return utf8Length(name) <= MAX_COMPONENT_BYTES;
}

/**
 * Whether Windows, and the file systems that come from there, can hold a name: one without
 * `\ ? < > " | * :` and trailing dots and spaces that is not the name of a device.
 */
export function fitsWindows(name: string): boolean {
  return windowsName(name) === name;
}

function windowsName(name: string): string {
  const held = name.replace(FORBIDDEN_ON_WINDOWS, "_").replace(/[. ]+$/, "_");
  return DEVICE_ON_WINDOWS.test(held) ? `_${held}` : held;
}

/** A name that is at most so many bytes long: one that is longer loses its middle and keeps its extension. */
export function cutComponent(name: string, maxBytes: number): string {
  return utf8Length(name) > maxBytes ? shorten(name, "", maxBytes) : name;
}

/** What names may differ in and still be one name to a disk. */
export interface DiskRules {
  /** `a` is `A`. */
  readonly ignoresCase: boolean;
  /** An accent is the same, whether it is a character of its own or a part of one. */
  readonly ignoresComposition: boolean;
}

/** Any difference counts, as on most disks of Linux. */
export const EXACT: DiskRules = { ignoresCase: false, ignoresComposition: false };

/**
 * The same paths, except that no two are the same to a disk, and none is a folder of another. A later one
 * that collides gets a number before its extension: `a.txt`, then `a.1.txt`. A path that needs no change
 * is the array that was given.
 *
 * @param rules default: any difference counts
 */
export function uniquePaths(paths: string[][], rules: DiskRules = EXACT): string[][] {
  const folded = (name: string) => foldedBy(rules, name);
  const folders = new NamesByFolder();
  const parents = Uint32Array.from(paths, (path) => folderIdOf(path, folders, folded));
  const taken = new NamesByFolder();
  const isFree = (folderId: number, name: string) =>
    taken.idOf(folderId, name) === undefined && folders.idOf(folderId, name) === undefined;
  /** How often names with one beginning collided: where the next search for a free number starts. */
  const collisions = new Map<string, number>();
  return paths.map((path, i) => {
    const [name, parent] = [path.at(-1)!, parents[i]!];
    let free = name;
    if (!isFree(parent, folded(name))) {
      const family = `${parent}/${cutTo(name, FAMILY_BYTES)}`;
      let number = collisions.get(family) ?? 0;
      do free = shorten(name, `.${++number}`); while (!isFree(parent, folded(free)));
      collisions.set(family, number);
    }
    taken.add(parent, folded(free));
    return free === name ? path : path.with(-1, free);
  });
}

/** Numbers the folders above a file. */
function folderIdOf(path: string[], folders: NamesByFolder, folded: (name: string) => string) {
  let id = 0;
  for (let i = 0; i < path.length - 1; i++) id = folders.add(id, folded(path[i]!));
  return id;
}

/**
 * Names in folders, each with a number from 1 up. A torrent may have very many, and most of them are in
 * one folder only: those need no key besides themselves.
 */
class NamesByFolder {
  /** The number of each name in the folder where it was added first. */
  readonly #first = new Map<string, number>();
  /** The numbers of names in further folders, by both. */
  readonly #others = new Map<string, number>();
  /** The folder of each number. */
  readonly #folders = [-1];

  idOf(folderId: number, name: string): number | undefined {
    const first = this.#first.get(name);
    if (first === undefined || this.#folders[first] === folderId) return first;
    return this.#others.size === 0 ? undefined : this.#others.get(`${folderId}/${name}`);
  }

  /** Returns the name's number, a new one if it was not there. */
  add(folderId: number, name: string): number {
    const known = this.idOf(folderId, name);
    if (known !== undefined) return known;
    const id = this.#folders.push(folderId) - 1;
    if (this.#first.has(name)) this.#others.set(`${folderId}/${name}`, id);
    else this.#first.set(name, id);
    return id;
  }
}

/** Equal for names that are one to the disk. */
function foldedBy({ ignoresCase, ignoresComposition }: DiskRules, name: string): string {
  const composed = ignoresComposition ? name.normalize("NFC") : name;
  return ignoresCase ? composed.toLowerCase() : composed;
}

/** A suffix goes between name and extension, and the name is cut where the whole would be too long. */
function shorten(name: string, suffix: string, maxBytes = CUT_COMPONENT_BYTES): string {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot) : "";
  const kept = utf8Length(extension) <= MAX_EXTENSION_BYTES ? extension : "";
  const stem = name.slice(0, name.length - kept.length);
  return cutTo(stem, maxBytes - utf8Length(suffix + kept)) + suffix + kept;
}

/** The longest beginning of whole characters that fits into a number of UTF-8 bytes. */
function cutTo(text: string, maxBytes: number): string {
  if (3 * text.length <= maxBytes) return text; // no character of UTF-16 takes more than three bytes
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
