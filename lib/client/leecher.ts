/**
 * Downloads a file or folder from all peers that have it, then shares it.
 *
 * @module
 */

import type { Metainfo } from "../codec/torrent/metainfo.ts";
import { interrupted, ShoalError } from "../errors.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import { ActiveTorrent } from "../session/active_torrent.ts";
import type { TransferDetails } from "../session/details.ts";
import type { TransferListener, TransferResult, TransferStats } from "../session/events.ts";
import { StallMonitor } from "../session/stall_monitor.ts";
import type { Ticking } from "../session/ticker.ts";
import { closedEarly, TorrentFiles, type TransferFile } from "../session/torrent_files.ts";
import type { PieceIndex } from "../store/layout.ts";
import { Torrent } from "../store/torrent.ts";
import { alone, hearAll, type Membership } from "./client_resources.ts";
import {
  beginDownload,
  checksumOf,
  endDownload,
  isVerified,
  metadataEvent,
  metainfoOf,
  prepareDownload,
  resultOf,
  verifyChecksum,
  verifySha256,
} from "./download.ts";
import { DownloadLife } from "./download_life.ts";
import type { LeecherOptions } from "./options.ts";
import { linkOf } from "./share_link.ts";
import { requestedTorrent, type TorrentSource } from "./requested_torrent.ts";
import { addLocalPeers, type Source, webSeedUrls } from "./torrent_source.ts";

export type { LeecherOptions } from "./options.ts";

/** Makes a leecher of its parts; only this module can. */
let construct: (...parts: LeecherParts) => Leecher;

/** See the constructor of {@link Leecher}. */
type LeecherParts = [member: Membership, source: Source, options: LeecherOptions];

/**
 * Downloads a torrent, then seeds it.
 *
 * @example
 * ```ts
 * import { Leecher } from "@shoal/shoal";
 *
 * await using leecher = await Leecher.start("file.iso", { trackers: ["udp://10.0.0.2:6969"] });
 * console.log((await leecher.complete).path);
 * ```
 */
export class Leecher implements AsyncDisposable {
  /** Its number among the torrents of its client: 1 for the first. */
  readonly id: number;
  /** Resolves when everything is verified and at its final path; rejects with a {@link ShoalError}. */
  readonly complete: Promise<TransferResult>;
  /** Resolves when seeding has ended as well; rejects as {@link complete} does. */
  readonly done: Promise<void>;
  readonly #options: LeecherOptions;
  readonly #host: ActiveTorrent;
  readonly #source: Source;
  readonly #stalls: StallMonitor;
  readonly #stopped = new AbortController();
  readonly #completed = Promise.withResolvers<TransferResult>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #member: Membership;
  readonly #watch: Ticking = { isBusy: true, tick: () => this.#look() };
  #work: Promise<void> = Promise.resolve();
  readonly #download = new DownloadLife();
  readonly #files: TorrentFiles;
  #closing: Promise<void> | undefined;

  static {
    construct = (...parts) => new Leecher(...parts);
  }

  private constructor(...[member, source, options]: LeecherParts) {
    this.id = member.id;
    this.#member = member;
    this.#source = source;
    this.#options = options;
    this.#stalls = new StallMonitor(options);
    this.complete = this.#completed.promise;
    this.done = this.#finished.promise;
    this.complete.catch(() => {}); // callers that await it still get the error
    this.done.catch(() => {});
    const { resources, listeners } = member;
    this.#host = new ActiveTorrent(resources, options, {
      v1Hash: source.v1Hash,
      v2Hash: source.v2Hash,
      onMetadata: (info) => this.#begin(() => metainfoOf(info)),
      onComplete: () => this.#do(() => this.#finish()),
      onDiskError: (error) => this.#fail(error),
    }, listeners);
    hearAll(member, this.#host);
    this.#files = new TorrentFiles(this.#host);
    resources.ticker.add(this.#watch);
    options.signal?.addEventListener("abort", () => this.#fail(options.signal?.reason), {
      signal: this.#stopped.signal,
    });
    this.#host.session.addPeers(source.peers, "user");
    addLocalPeers(this.#host.session, source);
    this.#host.announce({
      ...source,
      isAssumed: source.assumesTracker === true,
      isPrivate: source.metainfo?.info.private ?? false,
      progress: () => ({ leftBytes: this.#download.leftBytes(this.#host.haveBytes) }),
      hosted: () => this.#download.hosted,
    });
    if (source.metainfo) this.#begin(() => source.metainfo!);
  }

  /**
   * Starts a download. Returns as soon as the search for peers has begun.
   *
   * @param what a magnet link, a .torrent path or URL, an info-hash, a name that a tracker or the local
   * network knows, the bytes of a .torrent file, or a {@link Torrent}
   * @throws {ShoalError} when `what` or an option is invalid, or a name is not found
   * @throws {NetworkError} with the code `needs-unstable-net` when Deno runs without `--unstable-net`
   */
  static async start(what: TorrentSource, options: LeecherOptions = {}): Promise<Leecher> {
    options.signal?.throwIfAborted();
    requireDatagrams();
    checksumOf(options.checksum);
    const source = await requestedTorrent(what, options, options.onEvent ? [options.onEvent] : []);
    return construct(alone(options), source, options);
  }

  /** The TCP port that peers connect to. */
  get port(): number {
    return this.#host.port;
  }

  /** The torrent, once its metadata is known. */
  get torrent(): Torrent | undefined {
    const { metainfo } = this.#download.facts;
    return metainfo && new Torrent(metainfo);
  }

  /**
   * A file of the torrent, by its index into `Torrent.files`; it can be read while it is downloaded.
   *
   * @throws {OptionError} when there is no such file, as far as that is known
   */
  file(index: number): TransferFile {
    return this.#files.file(index);
  }

  /** Registers a listener; the returned function removes it. */
  on(listener: TransferListener): () => void {
    return this.#host.on(listener);
  }

  /** The current statistics. */
  stats(): TransferStats {
    return this.#download.stats(this.#host.stats(), this.#source.name, this.#stalls.waiting);
  }

  /** Details beyond the statistics. */
  details(): TransferDetails {
    const own = { host: this.#options.host, port: this.port };
    const magnet = linkOf(this.#source, this.#download.facts.metainfo, own);
    return this.#download.details(this.#host, magnet, this.#stalls.waiting);
  }

  /** Stops, and announces that to the trackers. Verified data is kept, and the next run resumes from it. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    this.#files.end(closedEarly());
    this.#member.resources.ticker.remove(this.#watch);
    await this.#work;
    await this.#host.close();
    const { state, facts: { parts } } = this.#download;
    try {
      if (state !== "seeding") await parts?.files.leave();
    } finally {
      await this.#member.leave();
    }
    this.#download.enter("stop");
    this.#completed.reject(
      interrupted("stopped before it was complete"),
    );
    this.#finished.resolve();
  }

  /** Runs steps one after the other; a failure ends the download. Starts nothing once it ends. */
  #do(step: () => Promise<void>): void {
    if (this.#stopped.signal.aborted) return;
    this.#work = this.#work.then(step).catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    const reason = this.#stopped.signal.aborted && !(error instanceof ShoalError)
      ? interrupted("interrupted", error)
      : error;
    this.#files.end(reason);
    this.#completed.reject(reason);
    this.#finished.reject(reason);
    void this.close();
  }

  /** The metadata has arrived, from a file or from peers; only the first counts. */
  #begin(read: () => Metainfo): void {
    if (this.#download.state !== "metadata") return;
    this.#download.enter("described");
    this.#do(async () => {
      const metainfo = read();
      this.#download.learn({ metainfo });
      this.#host.tell(metadataEvent(metainfo.info));
      await this.#beginTransfer(metainfo);
    });
  }

  async #beginTransfer(metainfo: Metainfo): Promise<void> {
    const { info } = metainfo;
    if (info.private) this.#host.leaveLocalNetwork();
    const { selectOnly } = this.#source;
    const parts = await prepareDownload(metainfo, { ...this.#options, selectOnly }, {
      disk: this.#member.resources.disk,
      onProgress: (doneBytes, totalBytes) =>
        this.#host.tell({ type: "hashing", doneBytes, totalBytes }),
      signal: this.#stopped.signal,
    });
    this.#download.enter("checked", { parts });
    const { files, selection } = parts;
    const haveBytes = selection.bytesIn(files.have);
    this.#host.startWith(haveBytes, (piece) => selection.bytesOf(piece as PieceIndex));
    if (haveBytes > 0) {
      this.#host.tell({ type: "resumed", haveBytes, totalBytes: selection.totalBytes });
    }
    beginDownload(this.#host.session, parts);
    this.#files.open({ info, selection });
    this.#host.session.useWebSeeds(webSeedUrls(this.#source), info);
    if (this.#host.session.swarm.transfer?.pieces.isComplete) await this.#finish();
  }

  /** Every piece is stored: runs the last checks and renames the file. */
  async #finish(): Promise<void> {
    const { transfer } = this.#host.session.swarm;
    const { state, facts: { parts } } = this.#download;
    if (transfer === undefined || state !== "downloading" || parts === undefined) return;
    const { selection, files } = parts;
    this.#download.enter("complete");
    if (transfer.usedSha1 || !isVerified(parts)) await verifySha256(parts, this.#stopped.signal);
    const sha256 = await verifyChecksum(parts, this.#options.checksum);
    this.#download.enter("verified");
    await endDownload(this.#host.session, parts);
    this.#member.resources.ticker.remove(this.#watch);
    this.#stalls.reset();
    const { seconds } = this.#stalls;
    const result = resultOf(parts, { seconds, sha256, sources: this.#host.sources() });
    this.#download.enter("in place", { result });
    if (files.wasComplete || !selection.isWhole) this.#host.announceNow();
    else this.#host.announceCompleted();
    this.#host.tell({ type: "complete", ...result });
    this.#completed.resolve(result);
    if (this.#options.exit) void this.close();
    else this.#host.seedUntil(this.#options, selection.totalBytes, () => void this.close());
  }

  /** Checks, at every tick, whether data moves. */
  #look(): void {
    const { swarm, downloadLimiter } = this.#host.session;
    this.#download.noteHashes(swarm.transfer);
    const news = this.#download.awaitsPeers
      ? this.#stalls.check(swarm, this.#host.trackerOutlook(), downloadLimiter.bytesPerSecond)
      : this.#stalls.reset();
    if (news) this.#host.tell({ type: "stalled", code: news.code, reason: news.sentence });
    if (this.#stalls.waiting !== undefined) this.#host.askForPeers();
    const giveUp = this.#stalls.timeoutError();
    if (giveUp !== undefined) this.#fail(giveUp);
  }
}

/** Downloads as a torrent of a client; throws as {@link Leecher.start} does. */
export async function download(
  member: Membership,
  what: TorrentSource,
  options: LeecherOptions,
): Promise<Leecher> {
  checksumOf(options.checksum);
  const source = await requestedTorrent(what, options, member.listeners);
  return construct(member, source, options);
}
