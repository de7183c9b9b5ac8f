/**
 * Whose fault it is: the peer's, the torrent's, the disk's, the network's, the user's.
 *
 * Every error that Shoal raises on purpose is one of these, so that whoever catches it knows whom to
 * tell and what the program should exit with. Strangers on the wire never see their texts. The sentences
 * are written for programmers: they name no flag of the command line, which adds its own advice.
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

/** An option of the library that can be chosen otherwise, so that an error does not come again. */
export type OptionName =
  | "checksum"
  | "host"
  | "out"
  | "overwrite"
  | "peers"
  | "port"
  | "select"
  | "torrentFile"
  | "trackers";

type Codes = Readonly<Record<string, readonly OptionName[]>>;

/** Why a download does not move, or was given up: by stable names, with the options that can help. */
export const STALL_CODES = {
  /** There is nobody to ask. */
  "no-source": ["trackers", "peers"],
  /** Only the local network was asked, and no peer there has it. */
  "no-local-peer": ["trackers"],
  /** No tracker has answered or failed to yet. */
  "asking-tracker": [],
  /** No tracker answers. */
  "tracker-silent": ["trackers"],
  /** The tracker answers that it does not serve this. */
  "tracker-refuses": ["trackers"],
  /** The tracker cannot be used for another reason. */
  "tracker-fails": ["trackers"],
  /** A tracker answers, and no peer there shares it. */
  "no-such-file": [],
  /** Before connections: peers are being dialled. */
  "connecting": [],
  /** Before connections: the peers that are known cannot be reached. */
  "unreachable": [],
  /** Before connections: the peers that are known sent corrupt data. */
  "banned": [],
  /** With connections: the info dictionary has not come. */
  "no-metadata": [],
  /** With connections: the piece hashes have not come. */
  "no-hashes": [],
  /** No peer has what is missing; also before connections, when a tracker knows other leechers. */
  "no-seeder": [],
  /** The peers that have it serve others, or hand it out to others first. */
  "choked": [],
  /** The peers that have it send nothing, or hardly anything. */
  "slow": [],
} as const satisfies Codes;

/** One of the {@link STALL_CODES}. */
export type StallCode = keyof typeof STALL_CODES;

/** Every other `code` of a {@link ShoalError}, with the options that can help. */
export const ERROR_CODES = {
  /** The code of a {@link ShoalError} that has no finer one. */
  "failed": [],
  /** That of a {@link ProtocolError}. */
  "protocol": [],
  /** That of a {@link TorrentError}. */
  "bad-torrent": [],
  /** That of a {@link MagnetError}. */
  "bad-magnet": [],
  /** That of a {@link DiskError}. */
  "disk": [],
  /** That of a {@link NetworkError}. */
  "network": [],
  /** That of an {@link OptionError}. */
  "bad-option": [],
  /** A peer alone sent what does not match its hash. */
  "corrupt-data": [],
  /** The work was stopped before it was done. */
  "interrupted": [],
  /** A time limit of the user's is over; with a {@link StallCode} instead where the reason is known. */
  "timed-out": [],
  /** Deno runs without `--unstable-net`, and has no UDP sockets. */
  "needs-unstable-net": [],
  /** Another program listens on the TCP port. */
  "port-taken": ["port"],
  /** The system does not let the program listen on the TCP port. */
  "port-forbidden": ["port"],
  /** Another program, perhaps another tracker, has the UDP port. */
  "udp-port-taken": ["port"],
  /** Another program listens on the TCP port of the page. */
  "page-port-taken": ["port"],
  /** A name is to be looked up, and no tracker is given. */
  "no-tracker": ["trackers"],
  /** What was given is neither a link, nor a file, nor a name. */
  "not-a-source": ["out"],
  /** A magnet link chooses no file (BEP 53). */
  "nothing-selected": ["select"],
  /** The torrent has no file of that number. */
  "no-such-index": ["select"],
  /** A checksum is asked for of a folder. */
  "checksum-of-folder": ["checksum"],
  /** The torrent file to write is what is shared. */
  "shares-own-torrent-file": ["torrentFile"],
  /** The finished file does not have the checksum asked for. */
  "checksum-mismatch": [],
  /** The disk is full, or a quota is. */
  "no-space": [],
  /** Another file was put in the place of the one that was downloaded to. */
  "file-replaced": ["out"],
  /** There is no such path. */
  "path-not-found": [],
  /** The disk can be read only. */
  "read-only-disk": ["out"],
  /** The system does not permit to read or write the path. */
  "no-permission": [],
  /** A folder stands where a file should, or the other way round. */
  "wrong-kind-of-path": [],
  /** Something is at the path already. */
  "path-exists": ["out"],
  /** The name or path is too long for the disk. */
  "path-too-long": ["out"],
  /** Links lead in a circle. */
  "link-loop": [],
  /** The file is larger than the disk can hold in one file. */
  "file-too-large": ["out"],
  /** The process has no file descriptor left. */
  "too-many-open-files": [],
  /** Another program has the file open. */
  "file-in-use": [],
  /** The disk cannot hold a file of that name. */
  "name-impossible": ["out"],
  /** The disk does not read or write. */
  "disk-fault": [],
  /** The finished file exists with other content. */
  "other-content": ["out", "overwrite"],
  /** The unfinished file exists, of another download. */
  "other-download": ["overwrite"],
  /** A symbolic link stands where a file or folder of the download has to be. */
  "symbolic-link": ["out"],
  /** The unfinished file has a second name, a hard link. */
  "hard-link": ["overwrite"],
  /** Another leecher writes to the place. */
  "output-locked": ["out"],
  /** Something else stands where a file has to be. */
  "not-a-file": ["out"],
  /** A folder stands where the finished file has to be. */
  "output-is-folder": ["out"],
  /** A file is to hold the folder of the torrent. */
  "output-is-file": ["out"],
  /** A file is named as the folder to write to. */
  "parent-is-file": ["out"],
  /** A file stands where a folder of the torrent has to be. */
  "file-for-folder": ["out"],
  /** Two files of the torrent have names that the disk takes for one. */
  "same-name": ["out", "select"],
} as const satisfies Codes;

/** What is wrong, by a stable name for programs. */
export type ErrorCode = keyof typeof ERROR_CODES | StallCode;

/** The `code` of a warning, which stops nothing; of those that an option can help. */
export const WARNING_CODES = {
  /** Peers are not looked for in all networks of this machine, of which there are too many. */
  "too-many-networks": ["host"],
  /** The torrent's trackers speak HTTP, which Shoal does not. */
  "http-trackers-only": ["trackers", "peers"],
  /** What is shared is a torrent file itself. */
  "shares-torrent-file": ["out"],
  /** The info dictionary is too long for magnet links: peers take no such metadata (BEP 9). */
  "metadata-too-long": ["torrentFile"],
} as const satisfies Codes;

/** One of the {@link WARNING_CODES}. */
export type WarningCode = keyof typeof WARNING_CODES;

/** What there is to say of an error beside its sentence. */
export interface ErrorDetails {
  /** What is wrong. Default: the code of the error's kind. */
  readonly code?: ErrorCode;
  /** What a program that ends because of it exits with. Default: that of the error's kind. */
  readonly exitCode?: ExitCode;
  /** The error behind it. */
  readonly cause?: unknown;
}

/** The base of all errors Shoal raises on purpose. Its message is one sentence for a person to read. */
export class ShoalError extends Error {
  /** What is wrong, by a stable name. */
  readonly code: ErrorCode;
  /** What a program that ends because of this error exits with. */
  readonly exitCode: ExitCode;

  /** An error with its sentence; of no finer kind, it is `failed` and exits with 1. */
  constructor(message: string, { code, exitCode, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code ?? "failed";
    this.exitCode = exitCode ?? ExitCode.other;
  }

  /** The options of the library that can be chosen otherwise, so that it does not come again. */
  get hints(): readonly { readonly option: OptionName }[] {
    return { ...STALL_CODES, ...ERROR_CODES }[this.code].map((option) => ({ option }));
  }
}

/** A peer's or tracker's bytes broke the protocol. It costs that peer its connection, nothing else. */
export class ProtocolError extends ShoalError {
  /** An error about a stranger's bytes. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "protocol", exitCode: ExitCode.network, ...details });
  }
}

/** A torrent file or info dictionary is malformed, inconsistent or unsafe. */
export class TorrentError extends ShoalError {
  /** An error about a torrent. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "bad-torrent", exitCode: ExitCode.badTorrent, ...details });
  }
}

/** A magnet link or info-hash that cannot be read. */
export class MagnetError extends ShoalError {
  /** An error about a link. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "bad-magnet", exitCode: ExitCode.badMagnet, ...details });
  }
}

/** The disk refused: full, not readable, not writable, occupied by something else. */
export class DiskError extends ShoalError {
  /** An error about a path; `exitCode` tells full (9), exists (13) and other faults (17) apart. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "disk", exitCode: ExitCode.io, ...details });
  }
}

/** A tracker or peer could not be reached, did not answer in time, or does not know what was asked. */
export class NetworkError extends ShoalError {
  /** An error about the network; `exitCode` tells timeout (2), not found (3) and other faults (6) apart. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "network", exitCode: ExitCode.network, ...details });
  }
}

/** A download was given up, since it took longer than it was given. */
export class DownloadTimeoutError extends NetworkError {
  /** Which limit was over. */
  readonly limit: string;
  /** Why nothing moved at the end, where that is known. */
  readonly stall: { readonly code: StallCode; readonly sentence: string } | undefined;

  /** An error about a limit, told in half a sentence, as "nothing came for 5 s". */
  constructor(limit: string, stall: DownloadTimeoutError["stall"]) {
    const why = stall === undefined ? "" : ` (${stall.sentence})`;
    super(`${limit}${why}`, { code: stall?.code ?? "timed-out", exitCode: ExitCode.timeout });
    this.limit = limit;
    this.stall = stall;
  }
}

/** An option or argument that makes no sense. */
export class OptionError extends ShoalError {
  /** An error about the command line or an option of the library. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "bad-option", exitCode: ExitCode.badOption, ...details });
  }
}

/** What a peer alone sent does not match its hash: it lies, or its disk does. It is banned. */
export class CorruptDataError extends ProtocolError {
  /** An error about a piece. */
  constructor(message: string, details?: ErrorDetails) {
    super(message, { code: "corrupt-data", ...details });
  }
}
