/**
 * Names from a stranger's torrent, made into names a disk can hold and that stay where they belong.
 *
 * A name is rewritten, never refused: a torrent with an odd name is still a torrent, and whatever the
 * name said, a component made here neither leaves its folder nor hides what it is.
 *
 * @module
 */

import { textOf, utf8 } from "../bytes.ts";

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
  const text = typeof raw === "string" ? raw.toWellFormed() : textOf(raw);
  const safe = text.replace(FORBIDDEN, "_").replace(REORDERING, "");
  const name = windows ? windowsName(safe) : safe;
  if (name === "" || name === "." || name === "..") return "_";
  return utf8(name).length > MAX_COMPONENT_BYTES ? shorten(name, "") : name;
}

/**
 * The path as the torrent has it, where {@link safeComponent} changed it and yet a disk of Linux may hold
 * it; else `undefined`. It is good to find a file by that somebody shares from there, never to make one.
 *
 * @param raw the components as they came
 * @param safe what was made of them
 */
export function originalPath(
  raw: readonly Uint8Array[],
  safe: readonly string[],
): string[] | undefined {
  const names = raw.map((component) => textOf(component));
  if (names.every((name, i) => name === safe[i])) return undefined;
  return names.every(isHeldByLinux) ? names : undefined;
}

function isHeldByLinux(name: string): boolean {
  if (name === "" || name === "." || name === ".." || /[/\0\ufffd]/.test(name)) return false;
  return utf8(name).length <= MAX_COMPONENT_BYTES;
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
  return utf8(name).length > maxBytes ? shorten(name, "", maxBytes) : name;
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
  const keyOf = (folderId: number, name: string) => `${folderId}/${foldedBy(rules, name)}`;
  const folders = new Map<string, number>();
  const parents = paths.map((path) => folderIdOf(path, folders, keyOf));
  const taken = new Set<string>();
  /** How often names with one beginning collided: where the next search for a free number starts. */
  const collisions = new Map<string, number>();
  return paths.map((path, i) => {
    const name = path.at(-1)!;
    const family = `${parents[i]}/${cutTo(name, FAMILY_BYTES)}`;
    let free = name;
    let key = keyOf(parents[i]!, free);
    while (taken.has(key) || folders.has(key)) {
      const number = (collisions.get(family) ?? 0) + 1;
      collisions.set(family, number);
      free = shorten(name, `.${number}`);
      key = keyOf(parents[i]!, free);
    }
    taken.add(key);
    return free === name ? path : [...path.slice(0, -1), free];
  });
}

/** Numbers the folders above a file, so that a key needs no more than its own name and one number. */
function folderIdOf(
  path: string[],
  folders: Map<string, number>,
  keyOf: (folderId: number, name: string) => string,
): number {
  let id = 0;
  for (const component of path.slice(0, -1)) {
    const key = keyOf(id, component);
    id = folders.get(key) ?? folders.size + 1;
    folders.set(key, id);
  }
  return id;
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
  const kept = utf8(extension).length <= MAX_EXTENSION_BYTES ? extension : "";
  const stem = name.slice(0, name.length - kept.length);
  return cutTo(stem, maxBytes - utf8(suffix + kept).length) + suffix + kept;
}

/** The longest beginning of whole characters that fits into a number of UTF-8 bytes. */
function cutTo(text: string, maxBytes: number): string {
  if (3 * text.length <= maxBytes) return text; // no character of UTF-16 takes more than three bytes
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
