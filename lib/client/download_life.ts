/**
 * How far one download is, and what is known of it by then: one value for all who ask.
 *
 * @module
 */

import type { HostedFile } from "../codec/discovery/udp_tracker.ts";
import type { Metainfo } from "../codec/torrent/metainfo.ts";
import { type DownloadEvent, type DownloadState, nextState } from "../session/download_state.ts";
import type { TransferResult } from "../session/events.ts";
import { type DownloadParts, hostedFile } from "./download.ts";

/** What becomes known of a download. */
interface DownloadFacts {
  /** Soon after `checking` has begun. */
  readonly metainfo?: Metainfo;
  /** From `downloading` on. */
  readonly parts?: DownloadParts;
  /** Its resume data has all piece hashes. */
  readonly hashesNoted?: boolean;
  /** From `seeding` on. */
  readonly result?: TransferResult;
}

/** The life of one download. */
export class DownloadLife {
  /** Where it is in its life. */
  state: DownloadState = "metadata";
  /** What is known of it. */
  facts: DownloadFacts = {};

  /** Something happened. @throws {Error} when it cannot happen in this state: a bug */
  enter(event: DownloadEvent, news?: DownloadFacts): void {
    this.state = nextState(this.state, event);
    this.learn(news);
  }

  /** More is known of it, which changes no state. */
  learn(news?: DownloadFacts): void {
    this.facts = { ...this.facts, ...news };
  }

  /** Whether what it waits for has to come from peers. */
  get awaitsPeers(): boolean {
    return this.state === "metadata" || this.state === "downloading";
  }

  /** What trackers may list in their catalogues. */
  get hosted(): HostedFile | undefined {
    return this.facts.metainfo && hostedFile(this.facts.metainfo);
  }

  /**
   * What is missing of the whole torrent, as trackers are told it: who has some of its files only is no
   * seeder to a tracker.
   */
  leftBytes(haveBytes: number): number {
    const { metainfo, parts } = this.facts;
    if (metainfo === undefined) return 16_384; // not known: anything but nothing
    const isSeeder = this.state === "seeding" && parts?.selection.isWhole;
    return isSeeder ? 0 : Math.max(1, metainfo.info.totalLength - haveBytes);
  }
}
