/**
 * What the operating system says about a path, in a sentence that helps.
 *
 * @module
 */

import { DiskError, ExitCode } from "../errors.ts";
import { describeDenial } from "../runtime/permissions.ts";

/** So many characters of a path are shown when the path itself is the trouble. */
const MOST_SHOWN = 400;

/** What a kind of fault looks like in what Deno and Node say, and the sentence about a path that had it. */
const FAULTS: readonly (readonly [RegExp, (path: string) => string, ExitCode?])[] = [
  [
    /ENOSPC|EDQUOT|No space left|quota/i,
    (path) =>
      `no space left for ${path}: make room and run the same command again; what is verified is kept`,
    ExitCode.diskFull,
  ],
  [
    /EREPLACED/,
    (path) =>
      `${path} is not the file any more that was downloaded to, since something else was put in its ` +
      "place: remove that, or choose another place with -o, and run the same command again",
    ExitCode.fileExists,
  ],
  [/ENOENT|NotFound/, (path) => `${path} does not exist: check the path`],
  [
    /EROFS|read-only/i,
    (path) => `${path} is on a read-only disk: choose another folder with -o`,
  ],
  [
    /EACCES|EPERM|PermissionDenied|NotCapable/,
    (path) => `no permission for ${path}: check who may read and write it`,
  ],
  [
    /ENOTDIR|EISDIR|NotADirectory|IsADirectory|os error 2[01]\b/,
    (path) =>
      `${path} cannot be used: a folder stands where a file should, or the other way round; ` +
      "choose another path",
  ],
  [
    /EEXIST|AlreadyExists/,
    (path) => `${path} is there already, and is something else: choose another place with -o`,
    ExitCode.fileExists,
  ],
  [
    /ENAMETOOLONG|os error (36|63|206)\b/,
    (path) => `${shortened(path)} is too long a name or path for this disk: choose another with -o`,
  ],
  [
    /ELOOP|FilesystemLoop|os error (40|62)\b/,
    (path) => `${path} leads in a circle of links: check the path`,
  ],
  [
    /EFBIG|os error 27\b/,
    (path) => `${path} is larger than this disk takes a file: choose another disk with -o`,
  ],
  [
    /EMFILE|ENFILE|os error 2[34]\b/,
    (path) => `${path} cannot be opened, since too many files are: see ulimit -n`,
  ],
  [
    /EBUSY|ETXTBSY|Busy|os error (16|26)\b/,
    (path) => `${path} is in use by another program: end that, and run the same command again`,
  ],
  [
    /EINVAL|EILSEQ|InvalidInput|os error (22|84|123)\b/,
    (path) => `${path} is no name that this disk can hold: choose another with -o`,
  ],
  [
    /\bEIO\b|ENXIO|ESTALE|os error (5|6|116)\b/,
    (path) => `the disk does not read or write ${path}: is it damaged, or was it taken away?`,
  ],
];

/** Turns an error of a file operation on `path` into a {@link DiskError}. */
export function diskError(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error;
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  // What comes from another thread is no Error any more.
  const cause = error instanceof Error ? error : new Error(message);
  const refusal = refused(error, path);
  if (refusal !== undefined) return new DiskError(refusal, ExitCode.io, cause);
  const said = `${code ?? ""} ${name ?? ""} ${message ?? ""}`;
  const fault = FAULTS.find(([pattern]) => pattern.test(said));
  if (fault !== undefined) return new DiskError(fault[1](path), fault[2] ?? ExitCode.io, cause);
  const words = message?.replace(/ ?\(os error \d+\)/, "") || "the disk reported an error";
  return new DiskError(`${path}: ${words}`, ExitCode.io, cause);
}

/** The path as the user gave it says more than the one that Deno looked at. */
function refused(error: unknown, path: string): string | undefined {
  const { message = "" } = error as { message?: string };
  const [, deed] = /Requires (read|write) access/.exec(message) ?? [];
  if (deed === undefined || Deno.build.standalone) return describeDenial(error);
  return `Deno was not permitted to ${deed} ${path}: add it to --allow-${deed}, or run with -A`;
}

/** A path that is too long for a disk is too long for a sentence as well. */
function shortened(path: string): string {
  return path.length <= MOST_SHOWN
    ? path
    : `${path.slice(0, MOST_SHOWN / 2)}…${path.slice(-MOST_SHOWN / 2)}`;
}
