/**
 * The stable names of errors, stalls and warnings, each with the library options that can help.
 *
 * @module
 */

/** A library option that the caller can change to avoid the error. */
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

/** Why a download stalls, or was given up: stable names, with the options that can help. */
export const STALL_CODES = {
  /** There is no known source. */
  "no-source": ["trackers", "peers"],
  /** Only LSD was used, and no local peer has it. */
  "no-local-peer": ["trackers"],
  /** No tracker has answered or failed yet. */
  "asking-tracker": [],
  /** No tracker answers. */
  "tracker-silent": ["trackers"],
  /** The tracker answers that it does not serve this torrent. */
  "tracker-refuses": ["trackers"],
  /** The tracker cannot be used for another reason. */
  "tracker-fails": ["trackers"],
  /** A tracker answers, and no peer there shares it. */
  "no-such-file": [],
  /** Without connections: peers are being connected to. */
  "connecting": [],
  /** Without connections: the known peers cannot be reached. */
  "unreachable": [],
  /** Without connections: the known peers sent corrupt data. */
  "banned": [],
  /** With connections: the info dictionary has not arrived. */
  "no-metadata": [],
  /** With connections: the piece hashes have not arrived. */
  "no-hashes": [],
  /** No peer has what is missing. Also without connections, when a tracker knows other leechers. */
  "no-seeder": [],
  /** The peers that have it choke us, or hand it out to other peers first. */
  "choked": [],
  /** The peers that have it send nothing, or hardly anything. */
  "slow": [],
} as const satisfies Codes;

/** One of the {@link STALL_CODES}. */
export type StallCode = keyof typeof STALL_CODES;

/** Every other `code` of a {@link ShoalError}, with the options that can help. */
export const ERROR_CODES = {
  /** The code of a {@link ShoalError} without a more specific one. */
  "failed": [],
  /** The default of {@link ProtocolError}. */
  "protocol": [],
  /** The default of {@link TorrentError}. */
  "bad-torrent": [],
  /** The default of {@link MagnetError}. */
  "bad-magnet": [],
  /** The default of {@link DiskError}. */
  "disk": [],
  /** The default of {@link NetworkError}. */
  "network": [],
  /** The default of {@link OptionError}. */
  "bad-option": [],
  /** All of a failed piece came from a single peer. */
  "corrupt-data": [],
  /** The client has the torrent already. */
  "duplicate-torrent": [],
  /** The work was stopped before it was done. */
  "interrupted": [],
  /** The user's time limit is over; a {@link StallCode} is used instead if the reason is known. */
  "timed-out": [],
  /** Deno runs without `--unstable-net`, and so has no UDP sockets. */
  "needs-unstable-net": [],
  /** Another program listens on the TCP port. */
  "port-taken": ["port"],
  /** The system does not allow the program to listen on the TCP port. */
  "port-forbidden": ["port"],
  /** Another program, perhaps another tracker, uses the UDP port. */
  "udp-port-taken": ["port"],
  /** Another program listens on the TCP port of the page. */
  "page-port-taken": ["port"],
  /** A name should be looked up, but no tracker is given. */
  "no-tracker": ["trackers"],
  /** The argument is neither a link, nor a file, nor a name. */
  "not-a-source": ["out"],
  /** A magnet link selects no file (BEP 53). */
  "nothing-selected": ["select"],
  /** The torrent has no file with that index. */
  "no-such-index": ["select"],
  /** The file is not among those that are downloaded. */
  "not-selected": ["select"],
  /** The data on disk is not what was downloaded or shared any more. */
  "content-changed": [],
  /** A checksum was given for a folder. */
  "checksum-of-folder": ["checksum"],
  /** The torrent file to write is the file being shared. */
  "shares-own-torrent-file": ["torrentFile"],
  /** The finished file does not match the given checksum. */
  "checksum-mismatch": [],
  /** The disk or a quota is full. */
  "no-space": [],
  /** Another file has replaced the one being downloaded to. */
  "file-replaced": ["out"],
  /** There is no such path. */
  "path-not-found": [],
  /** The disk is read-only. */
  "read-only-disk": ["out"],
  /** The system does not permit reading or writing the path. */
  "no-permission": [],
  /** A folder is in the place of a file, or the other way round. */
  "wrong-kind-of-path": [],
  /** Something already exists at the path. */
  "path-exists": ["out"],
  /** The name or path is too long for the disk. */
  "path-too-long": ["out"],
  /** Symbolic links form a cycle. */
  "link-loop": [],
  /** The file is larger than the disk allows for one file. */
  "file-too-large": ["out"],
  /** The process has no file descriptors left. */
  "too-many-open-files": [],
  /** Another program has the file open. */
  "file-in-use": [],
  /** The disk cannot hold a file of that name. */
  "name-impossible": ["out"],
  /** The disk fails to read or write. */
  "disk-fault": [],
  /** The finished file exists with other content. */
  "other-content": ["out", "overwrite"],
  /** The unfinished file of another download exists. */
  "other-download": ["overwrite"],
  /** A symbolic link is in the place of a file or folder of the download. */
  "symbolic-link": ["out"],
  /** The unfinished file has a second hard link. */
  "hard-link": ["overwrite"],
  /** Another leecher writes to the same path. */
  "output-locked": ["out"],
  /** Something else is in the place of a file. */
  "not-a-file": ["out"],
  /** A folder is in the place of the finished file. */
  "output-is-folder": ["out"],
  /** The output path for a folder torrent is a file. */
  "output-is-file": ["out"],
  /** The output folder's path names a file. */
  "parent-is-file": ["out"],
  /** A file is in the place of a folder of the torrent. */
  "file-for-folder": ["out"],
  /** Two files of the torrent have names that the disk treats as equal. */
  "same-name": ["out", "select"],
} as const satisfies Codes;

/** A stable name of an error, for programs. */
export type ErrorCode = keyof typeof ERROR_CODES | StallCode;

/** The codes of warnings, for those that an option can help with. */
export const WARNING_CODES = {
  /** LSD does not use all of this machine's networks, because there are too many. */
  "too-many-networks": ["host"],
  /** The torrent has only HTTP trackers, which Shoal does not support. */
  "http-trackers-only": ["trackers", "peers"],
  /** The shared file is itself a torrent file. */
  "shares-torrent-file": ["out"],
  /** The info dictionary is too long for magnet links: peers do not accept such metadata (BEP 9). */
  "metadata-too-long": ["torrentFile"],
  /** No tracker has a list of expected machines, which `untilCopies: "all"` waits for. */
  "no-expected-list": ["trackers"],
} as const satisfies Codes;

/** One of the {@link WARNING_CODES}. */
export type WarningCode = keyof typeof WARNING_CODES;
