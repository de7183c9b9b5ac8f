/**
 * Shoal's errors, by cause: the peer, the torrent, the disk, the network, or the user.
 *
 * Every error Shoal raises on purpose is one of these, so that the code that catches it knows whom to tell
 * and what the program should exit with. Peers never see the messages. The messages are written for
 * programmers: they name no command line flags; the command line adds its own advice.
 *
 * @module
 */

import {
  ERROR_CODES,
  type ErrorCode,
  type OptionName,
  STALL_CODES,
  type StallCode,
} from "./error_codes.ts";

/** Exit codes of the three programs; the numbers are those of aria2 where it has one. */
export const ExitCode = {
  ok: 0,
  other: 1,
  timeout: 2,
  notFound: 3,
  network: 6,
  interrupted: 7,
  diskFull: 9,
  fileExists: 13,
  io: 17,
  badTorrent: 26,
  badMagnet: 27,
  badOption: 28,
  checksum: 32,
  secondInterrupt: 130,
} as const;

/** One of the {@link ExitCode} numbers. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** The optional details of an error. */
export interface ErrorDetails {
  /** Default: the code of the error's kind. */
  readonly code?: ErrorCode;
  /** The exit code of a program that ends because of it. Default: that of the error's kind. */
  readonly exitCode?: ExitCode;
  /** The underlying error. */
  readonly cause?: unknown;
}

/** The base of all errors Shoal raises on purpose. Its message is one sentence for users. */
export class ShoalError extends Error {
  /** A stable name for the error. */
  readonly code: ErrorCode;
  /** The exit code of a program that ends because of this error. */
  readonly exitCode: ExitCode;

  /** An error with its message; by default its code is `failed` and its exit code 1. */
  constructor(message: string, { code, exitCode, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code ?? "failed";
    this.exitCode = exitCode ?? ExitCode.other;
  }

  /** The library options that can be changed to avoid the error. */
  get hints(): readonly { readonly option: OptionName }[] {
    return { ...STALL_CODES, ...ERROR_CODES }[this.code].map((option) => ({ option }));
  }
}

/** A peer or tracker violated the protocol. Only that peer's connection is closed. */
export class ProtocolError extends ShoalError {
  /** Creates an error about bytes from the network. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "protocol", exitCode: ExitCode.network, ...details });
  }
}

/** A torrent file or info dictionary is malformed, inconsistent or unsafe. */
export class TorrentError extends ShoalError {
  /** Creates an error about a torrent. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "bad-torrent", exitCode: ExitCode.badTorrent, ...details });
  }
}

/** A malformed magnet link or info-hash. */
export class MagnetError extends ShoalError {
  /** Creates an error about a link. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "bad-magnet", exitCode: ExitCode.badMagnet, ...details });
  }
}

/** A disk error: full, not readable, not writable, or something else is in the way. */
export class DiskError extends ShoalError {
  /**
   * Creates an error about a path; `exitCode` distinguishes full (9), exists (13) and other faults (17).
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "disk", exitCode: ExitCode.io, ...details });
  }
}

/** A tracker or peer could not be reached, did not answer in time, or does not know what was requested. */
export class NetworkError extends ShoalError {
  /**
   * Creates an error about the network; `exitCode` distinguishes timeout (2), not found (3) and other
   * faults (6).
   */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "network", exitCode: ExitCode.network, ...details });
  }
}

/** A download was given up because it exceeded a time limit. */
export class DownloadTimeoutError extends NetworkError {
  /** The limit that was exceeded. */
  readonly limit: string;
  /** Why no data moved at the end, if known. */
  readonly stall: { readonly code: StallCode; readonly sentence: string } | undefined;

  /** Creates an error about a limit, given as half a sentence such as "nothing came for 5 s". */
  constructor(limit: string, stall: DownloadTimeoutError["stall"]) {
    const why = stall === undefined ? "" : ` (${stall.sentence})`;
    super(`${limit}${why}`, { code: stall?.code ?? "timed-out", exitCode: ExitCode.timeout });
    this.limit = limit;
    this.stall = stall;
  }
}

/** An invalid option or argument. */
export class OptionError extends ShoalError {
  /** Creates an error about the command line or a library option. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "bad-option", exitCode: ExitCode.badOption, ...details });
  }
}

/**
 * All of a piece that failed its hash came from a single peer: the peer lies, or its disk does. It is
 * banned.
 */
export class CorruptDataError extends ProtocolError {
  /** Creates an error about a piece. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "corrupt-data", ...details });
  }
}

/** The work was stopped before it was done. The message says which. */
export function interrupted(message: string, cause?: unknown): ShoalError {
  return new ShoalError(message, { code: "interrupted", exitCode: ExitCode.interrupted, cause });
}
