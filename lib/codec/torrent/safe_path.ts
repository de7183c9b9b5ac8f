/**
 * Turns names from an untrusted torrent into names that a disk can hold and that stay inside their folder.
 *
 * A name is rewritten, never refused, because a torrent with an odd name is still a torrent. A component
 * made here cannot leave its folder and does not hide what it is.
 *
 * @module
 */

import { equalBytes, textOf, utf8Length } from "../bytes.ts";

/** The longest name file systems hold, in bytes. */
export const MAX_COMPONENT_BYTES = 255;
/** Longer names are cut to this, which leaves room for a suffix such as `.part`. */
const CUT_COMPONENT_BYTES = 240;
/** A longer "extension" is part of the name. */
const MAX_EXTENSION_BYTES = 32;
/**
 * Names with the same first bytes, this many, share a collision counter, so that no torrent can make the
 * search slow.
 */
const FAMILY_BYTES = 64;

/**
 * The separator, control characters (C0, DEL, C1), line ends, and the replacement character for invalid
 * UTF-8.
 */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\/\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/g;
/**
 * Overrides, embeddings and isolates that reorder displayed text, so that one name reads as another. Other
 * invisible characters stay: Persian, Hindi and emoji need joiners.
 */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g;
const FORBIDDEN_ON_WINDOWS = /[\\?<>"|*:]/g;
const DEVICE_ON_WINDOWS = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/**
 * Makes a path component safe: not empty, no `.` or `..`, without separators, control characters or marks
 * that reorder text, at most 255 bytes long. Replaced characters become `_`; a name that is too long loses
 * its middle and keeps its extension. Anything else a Linux disk can hold stays.
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

/** A torrent's path, made safe. */
export interface SafePath {
  /** Its components, each made by {@link safeComponent}. */
  readonly path: string[];
  /**
   * The torrent's own path, if it was changed although a Linux disk may hold it. Use it to find a file that
   * the user shares, never to create one.
   */
  readonly original?: string[] | undefined;
}

/**
 * Makes the paths of a torrent safe, one by one. Reuses what a path has in common with the previous one,
 * because a list of very many files repeats its folders.
 */
export class SafePaths {
  #raw: readonly Uint8Array[] = [];
  #names: string[] = [];
  #safe: SafePath = { path: [] };

  /** @param raw the raw components, at least one */
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
 * Whether Windows and its file systems can hold a name: one without `\ ? < > " | * :` or trailing dots and
 * spaces, and not the name of a device.
 */
export function fitsWindows(name: string): boolean {
  return windowsName(name) === name;
}

function windowsName(name: string): string {
  const held = name.replace(FORBIDDEN_ON_WINDOWS, "_").replace(/[. ]+$/, "_");
  return DEVICE_ON_WINDOWS.test(held) ? `_${held}` : held;
}

/** Cuts a name to `maxBytes`: it loses its middle and keeps its extension. */
export function cutComponent(name: string, maxBytes: number): string {
  return utf8Length(name) > maxBytes ? shorten(name, "", maxBytes) : name;
}

/** Differences between names that a disk ignores. */
export interface DiskRules {
  /** `a` equals `A`. */
  readonly ignoresCase: boolean;
  /** Unicode normalization is ignored: composed and decomposed accents are equal. */
  readonly ignoresComposition: boolean;
}

/** Every difference counts, as on most Linux disks. */
export const EXACT: DiskRules = { ignoresCase: false, ignoresComposition: false };

/**
 * The same paths, changed so that no two are equal on the disk and none is a folder of another. A later one
 * that collides gets a number before its extension: `a.txt`, then `a.1.txt`. A path that needs no change is
 * returned as the same array.
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
  /** Collisions so far per name prefix: where the next search for a free number starts. */
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
 * Names in folders, each with a number from 1 up. A torrent may have very many, and most occur in one
 * folder only, so those need no key but the name.
 */
class NamesByFolder {
  /** The number of each name in the folder it was first added to. */
  readonly #first = new Map<string, number>();
  /** The numbers of names in further folders, by folder and name. */
  readonly #others = new Map<string, number>();
  /** The folder of each number. */
  readonly #folders = [-1];

  idOf(folderId: number, name: string): number | undefined {
    const first = this.#first.get(name);
    if (first === undefined || this.#folders[first] === folderId) return first;
    return this.#others.size === 0 ? undefined : this.#others.get(`${folderId}/${name}`);
  }

  /** Returns the name's number, assigning a new one if needed. */
  add(folderId: number, name: string): number {
    const known = this.idOf(folderId, name);
    if (known !== undefined) return known;
    const id = this.#folders.push(folderId) - 1;
    if (this.#first.has(name)) this.#others.set(`${folderId}/${name}`, id);
    else this.#first.set(name, id);
    return id;
  }
}

/** A form that is equal for names the disk treats as equal. */
function foldedBy({ ignoresCase, ignoresComposition }: DiskRules, name: string): string {
  const composed = ignoresComposition ? name.normalize("NFC") : name;
  return ignoresCase ? composed.toLowerCase() : composed;
}

/** Inserts a suffix before the extension, and cuts the name if the result would be too long. */
function shorten(name: string, suffix: string, maxBytes = CUT_COMPONENT_BYTES): string {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot) : "";
  const kept = utf8Length(extension) <= MAX_EXTENSION_BYTES ? extension : "";
  const stem = name.slice(0, name.length - kept.length);
  return cutTo(stem, maxBytes - utf8Length(suffix + kept)) + suffix + kept;
}

/** The longest prefix of whole characters that fits `maxBytes` of UTF-8. */
function cutTo(text: string, maxBytes: number): string {
  if (3 * text.length <= maxBytes) return text; // a UTF-16 unit takes at most three bytes
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
