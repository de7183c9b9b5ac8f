/**
 * Turns operating-system errors about a path into sentences that help the user.
 *
 * @module
 */

import type { ErrorCode } from "../error_codes.ts";
import { DiskError, ExitCode } from "../errors.ts";
import { describeDenial } from "../runtime/permissions.ts";

/** A path that is itself the problem is shortened to this many characters. */
const MOST_SHOWN = 400;

/** Error classes: what Deno or Node reports, the error code, and the sentence about the path. */
const FAULTS: readonly (readonly [RegExp, ErrorCode, (path: string) => string, ExitCode?])[] = [
  [
    /ENOSPC|EDQUOT|No space left|quota/i,
    "no-space",
    (path) =>
      `no space left for ${path}: make room and run the same command again; what is verified is kept`,
    ExitCode.diskFull,
  ],
  [
    /EREPLACED/,
    "file-replaced",
    (path) =>
      `${path} is not the file any more that was downloaded to, since something else was put in its ` +
      "place",
    ExitCode.fileExists,
  ],
  [/ENOENT|NotFound/, "path-not-found", (path) => `${path} does not exist: check the path`],
  [
    /EROFS|read-only/i,
    "read-only-disk",
    (path) => `${path} is on a read-only disk`,
  ],
  [
    /EACCES|EPERM|PermissionDenied|NotCapable/,
    "no-permission",
    (path) => `no permission for ${path}: check who may read and write it`,
  ],
  [
    /ENOTDIR|EISDIR|NotADirectory|IsADirectory|os error 2[01]\b/,
    "wrong-kind-of-path",
    (path) =>
      `${path} cannot be used: a folder stands where a file should, or the other way round; ` +
      "choose another path",
  ],
  [
    /EEXIST|AlreadyExists/,
    "path-exists",
    (path) => `${path} is there already, and is something else`,
    ExitCode.fileExists,
  ],
  [
    /ENAMETOOLONG|os error (36|63|206)\b/,
    "path-too-long",
    (path) => `${shortened(path)} is too long a name or path for this disk`,
  ],
  [
    /ELOOP|FilesystemLoop|os error (40|62)\b/,
    "link-loop",
    (path) => `${path} leads in a circle of links: check the path`,
  ],
  [
    /EFBIG|os error 27\b/,
    "file-too-large",
    (path) => `${path} is larger than this disk takes a file`,
  ],
  [
    /EMFILE|ENFILE|os error 2[34]\b/,
    "too-many-open-files",
    (path) => `${path} cannot be opened, since too many files are: see ulimit -n`,
  ],
  [
    /EBUSY|ETXTBSY|Busy|os error (16|26)\b/,
    "file-in-use",
    (path) => `${path} is in use by another program: end that, and run the same command again`,
  ],
  [
    /EINVAL|EILSEQ|InvalidInput|os error (22|84|123)\b/,
    "name-impossible",
    (path) => `${path} is no name that this disk can hold`,
  ],
  [
    /\bEIO\b|ENXIO|ESTALE|os error (5|6|116)\b/,
    "disk-fault",
    (path) => `the disk does not read or write ${path}: is it damaged, or was it taken away?`,
  ],
];

/** Turns an error of a file operation on `path` into a {@link DiskError}. */
export function diskError(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error;
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  // Errors from another thread arrive as plain objects, not as `Error`.
  const cause = error instanceof Error ? error : new Error(message);
  const refusal = refused(error, path);
  if (refusal !== undefined) return new DiskError(refusal, { code: "no-permission", cause });
  const said = `${code ?? ""} ${name ?? ""} ${message ?? ""}`;
  const fault = FAULTS.find(([pattern]) => pattern.test(said));
  if (fault !== undefined) {
    const [, code, sentence, exitCode = ExitCode.io] = fault;
    return new DiskError(sentence(path), { code, exitCode, cause });
  }
  const words = message?.replace(/ ?\(os error \d+\)/, "") || "the disk reported an error";
  return new DiskError(`${path}: ${words}`, { cause });
}

/** Prefers the path as the user gave it over the one Deno resolved. */
function refused(error: unknown, path: string): string | undefined {
  const { message = "" } = error as { message?: string };
  const [, deed] = /Requires (read|write) access/.exec(message) ?? [];
  if (deed === undefined || Deno.build.standalone) return describeDenial(error);
  return `Deno was not permitted to ${deed} ${path}: add it to --allow-${deed}, or run with -A`;
}

/** A path too long for the disk is too long for an error message as well. */
function shortened(path: string): string {
  return path.length <= MOST_SHOWN
    ? path
    : `${path.slice(0, MOST_SHOWN / 2)}…${path.slice(-MOST_SHOWN / 2)}`;
}
