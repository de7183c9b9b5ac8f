/**
 * The options of seeders and leechers.
 *
 * @module
 */

import type { TorrentOptions } from "../session/options.ts";
import type { SeedingLimitOptions } from "../session/seeding_limit.ts";
import type { StallOptions } from "../session/stall_monitor.ts";
import type { CreateOptions } from "./create/create_torrent.ts";

/** Options for sharing a file or a folder. */
export interface SeederOptions
  extends TorrentOptions, Omit<SeedingLimitOptions, "untilCopies">, CreateOptions {
  /** Tracker URLs, `udp://host:port`, to announce to and to write into the torrent. */
  readonly trackers?: readonly string[];
  /** Stops hashing and seeding. */
  readonly signal?: AbortSignal;
  /**
   * The address by which other machines reach this one; default: `host`, or that of its first network
   * interface.
   */
  readonly announceIp?: string;
  /**
   * Stop when this many other peers have the whole torrent, or had it before they left; `all` when all
   * machines have it that a tracker expects, see `TrackerOptions.expectFile`.
   */
  readonly untilCopies?: number | "all";
  /** Whether to host a tracker when none is given and none runs on this machine. Default true. */
  readonly embeddedTracker?: boolean;
}

/** The options of a download. */
export interface LeecherOptions extends TorrentOptions, StallOptions, SeedingLimitOptions {
  /**
   * Folder or file to write to; default: the current folder. A folder is written into it under its own
   * name.
   */
  readonly out?: string;
  /** Which files of a folder to download, as indexes into `Torrent.files`; default: all. */
  readonly select?: readonly number[];
  /** `host:port` of peers to contact besides those from trackers. */
  readonly peers?: readonly string[];
  /** URLs of web servers that have the files (BEP 19), besides those in the torrent. */
  readonly webSeeds?: readonly string[];
  /** `sha-256=HEX`: the expected hash of the finished file. */
  readonly checksum?: string;
  /** Replace another file that is in the way. */
  readonly overwrite?: boolean;
  /** Stop when complete instead of seeding. */
  readonly exit?: boolean;
}
