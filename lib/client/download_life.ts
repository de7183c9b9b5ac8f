/**
 * The state of a download and the facts known in that state, as one value for all that need it; and what
 * users are told of them.
 *
 * @module
 */

import type { Metainfo } from "../codec/torrent/metainfo.ts";
import type { OfferedFile } from "../discovery/local/offer.ts";
import type { TransferView } from "../peer/transfer_view.ts";
import type { ActiveTorrent, TorrentStats } from "../session/active_torrent.ts";
import {
  hostDetails,
  torrentDetails,
  type TransferDetails,
  withoutUndefined,
} from "../session/details.ts";
import { type DownloadEvent, type DownloadState, nextState } from "../session/download_state.ts";
import type { TransferResult, TransferStats } from "../session/events.ts";
import { type DownloadParts, hostedFile } from "./download.ts";

/** Facts learned during a download. */
interface DownloadFacts {
  /** Known soon after `checking` begins. */
  readonly metainfo?: Metainfo;
  /** From `downloading` on. */
  readonly parts?: DownloadParts;
  /** The resume data contains all piece hashes. */
  readonly hashesNoted?: boolean;
  /** From `seeding` on. */
  readonly result?: TransferResult;
}

/** The life of one download. */
export class DownloadLife {
  /** The current state. */
  state: DownloadState = "metadata";
  /** The facts known so far. */
  facts: DownloadFacts = {};

  /** Applies an event. @throws {Error} when it cannot happen in this state: a bug */
  enter(event: DownloadEvent, news?: DownloadFacts): void {
    this.state = nextState(this.state, event);
    this.learn(news);
  }

  /** Adds facts without changing the state. */
  learn(news?: DownloadFacts): void {
    this.facts = { ...this.facts, ...news };
  }

  /** Whether it needs data from peers to continue. */
  get awaitsPeers(): boolean {
    return this.state === "metadata" || this.state === "downloading";
  }

  /** What trackers may list in their catalogues. */
  get hosted(): OfferedFile | undefined {
    const { metainfo, parts } = this.facts;
    if (metainfo === undefined) return undefined;
    const file = hostedFile(metainfo);
    const { isWhole, totalBytes } = parts?.selection ?? { isWhole: true };
    return isWhole ? file : { ...file, selectedBytes: totalBytes! };
  }

  /**
   * The bytes missing of the whole torrent, as reported to trackers: to a tracker, a peer with only some of
   * its files is no seeder.
   */
  leftBytes(haveBytes: number): number {
    const { metainfo, parts } = this.facts;
    if (metainfo === undefined) return 16_384; // unknown: anything but zero
    const isSeeder = this.state === "seeding" && parts?.selection.isWhole;
    return isSeeder ? 0 : Math.max(1, metainfo.info.totalLength - haveBytes);
  }

  /**
   * The statistics of the download.
   *
   * @param stats those of its torrent
   * @param name what it is called until its metadata is known
   * @param waiting why no data comes, if none comes
   */
  stats(
    stats: TorrentStats,
    name: string | undefined,
    waiting: TransferStats["waiting"],
  ): TransferStats {
    const { state, facts: { metainfo, parts } } = this;
    const totalBytes = parts?.selection.totalBytes ?? metainfo?.info.totalLength ?? 0;
    const left = totalBytes - stats.haveBytes;
    const moving = state === "downloading" && stats.downloadRate > 0;
    return {
      ...stats,
      name: metainfo?.info.name ?? name ?? "",
      state: waiting !== undefined && state === "downloading" ? "waiting" : state,
      totalBytes,
      ...(waiting && { waiting }),
      ...(moving && { etaSeconds: left / stats.downloadRate }),
    };
  }

  /**
   * Details beyond the statistics.
   *
   * @param magnet the link to share
   * @param waiting why no data comes, if none comes
   */
  details(
    host: ActiveTorrent,
    magnet: string,
    waiting: TransferStats["waiting"],
  ): TransferDetails {
    const { metainfo, parts, result } = this.facts;
    const path = parts?.files.finalPath;
    const end = host.seedingLimit?.end;
    return {
      ...hostDetails(host),
      ...(metainfo && torrentDetails(metainfo, host, parts?.selection)),
      magnet,
      ...withoutUndefined({ path, reason: waiting?.sentence, end, result }),
    };
  }

  /** Saves the piece hashes for a restart once they are known. */
  noteHashes(transfer: TransferView | undefined): void {
    const { hashesNoted, parts } = this.facts;
    if (hashesNoted || !transfer?.hashesComplete) return;
    this.learn({ hashesNoted: true });
    if (parts && !parts.files.wasComplete) parts.files.noteTorrent();
  }
}
