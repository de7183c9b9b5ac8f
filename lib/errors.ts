/**
 * Whose fault it is: the peer's, the torrent's, the disk's, the network's, the user's.
 *
 * Every error that Shoal raises on purpose is one of these, so that whoever catches it knows whom to
 * tell and what the program should exit with. Strangers on the wire never see their texts.
 *
 * @module
 */

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

/** The base of all errors Shoal raises on purpose. Its message is one sentence for a person to read. */
export class ShoalError extends Error {
  /** What a program that ends because of this error exits with. */
  readonly exitCode: ExitCode;

  /** An error with its sentence, its exit code, and what caused it. */
  constructor(message: string, exitCode: ExitCode = ExitCode.other, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** A peer's or tracker's bytes broke the protocol. It costs that peer its connection, nothing else. */
export class ProtocolError extends ShoalError {
  /** An error about a stranger's bytes. */
  constructor(message: string, cause?: unknown) {
    super(message, ExitCode.network, cause);
  }
}

/** A torrent file or info dictionary is malformed, inconsistent or unsafe. */
export class TorrentError extends ShoalError {
  /** An error about a torrent. */
  constructor(message: string, cause?: unknown) {
    super(message, ExitCode.badTorrent, cause);
  }
}

/** A magnet link or info-hash that cannot be read. */
export class MagnetError extends ShoalError {
  /** An error about a link. */
  constructor(message: string, cause?: unknown) {
    super(message, ExitCode.badMagnet, cause);
  }
}

/** The disk refused: full, not readable, not writable, occupied by something else. */
export class DiskError extends ShoalError {
  /** An error about a path; `exitCode` tells full (9), exists (13) and other faults (17) apart. */
  constructor(message: string, exitCode: ExitCode = ExitCode.io, cause?: unknown) {
    super(message, exitCode, cause);
  }
}

/** A tracker or peer could not be reached, did not answer in time, or does not know what was asked. */
export class NetworkError extends ShoalError {
  /** What kind of trouble it is, by one of the names of `StallCode`, where that is known. */
  readonly code: string | undefined;

  /** An error about the network; `exitCode` tells timeout (2), not found (3) and other faults (6) apart. */
  constructor(
    message: string,
    exitCode: ExitCode = ExitCode.network,
    cause?: unknown,
    code?: string,
  ) {
    super(message, exitCode, cause);
    this.code = code;
  }
}

/** An option or argument that makes no sense. */
export class OptionError extends ShoalError {
  /** An error about the command line or an option of the library. */
  constructor(message: string, cause?: unknown) {
    super(message, ExitCode.badOption, cause);
  }
}

/** What a peer alone sent does not match its hash: it lies, or its disk does. It is banned. */
export class CorruptDataError extends ProtocolError {}
