/**
 * What can be said about a download.
 *
 * @module
 */

import type { TorrentOptions } from "../session/options.ts";
import type { SeedingLimitOptions } from "../session/seeding_limit.ts";
import type { StallOptions } from "../session/stall_monitor.ts";

/** How to get a file. */
export interface LeecherOptions extends TorrentOptions, StallOptions, SeedingLimitOptions {
  /** Folder or file to write to; default: the current folder. A folder goes into it under its name. */
  readonly out?: string;
  /** Which files of a folder to get, as indexes into `Torrent.files`; default: all. */
  readonly select?: readonly number[];
  /** `host:port` of peers to ask besides those of the trackers. */
  readonly peers?: readonly string[];
  /** URLs of web servers that have the files (BEP 19), besides those the torrent names. */
  readonly webSeeds?: readonly string[];
  /** `sha-256=HEX`: what the finished file must hash to. */
  readonly checksum?: string;
  /** Replace a file that is something else. */
  readonly overwrite?: boolean;
  /** Stop when complete instead of seeding. */
  readonly exit?: boolean;
}
