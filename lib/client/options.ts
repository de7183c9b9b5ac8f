/**
 * The options of a download.
 *
 * @module
 */

import type { TorrentOptions } from "../session/options.ts";
import type { SeedingLimitOptions } from "../session/seeding_limit.ts";
import type { StallOptions } from "../session/stall_monitor.ts";

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
