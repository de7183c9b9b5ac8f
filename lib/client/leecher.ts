/**
 * Gets a file or folder from everyone who has it, then shares it.
 *
 * @module
 */

import type { Metainfo } from "../codec/torrent/metainfo.ts";
import { ExitCode, ShoalError } from "../errors.ts";
import type { PieceIndex } from "../store/layout.ts";
import { beginDownload, type DownloadParts, endDownload, prepareDownload } from "./download.ts";
import { checksumOf, isVerified, resultOf, verifyChecksum, verifySha256 } from "./download.ts";
import { requireDatagrams } from "../runtime/datagrams.ts";
import {
  hostDetails,
  torrentDetails,
  type TransferDetails,
  withoutUndefined,
} from "../session/details.ts";
import type { TransferListener, TransferResult, TransferStats } from "../session/events.ts";
import { tellOf } from "../runtime/event_listeners.ts";
import { ActiveTorrent } from "../session/active_torrent.ts";
import type { LeecherOptions } from "./options.ts";
import { hostedFile, metadataEvent, metainfoOf } from "./download.ts";
import { StallMonitor } from "../session/stall_monitor.ts";
import { SeedingLimit } from "../session/seeding_limit.ts";
import { resolveSource, type Source, webSeedUrls } from "./torrent_source.ts";
import { Torrent } from "../store/torrent.ts";

export type { LeecherOptions } from "./options.ts";
import { linkOf } from "./share_link.ts";

const WATCH_MS = 500;

/**
 * A download, and then a seeder.
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
  /** Resolves when everything is verified and in its place; rejects with a {@link ShoalError}. */
  readonly complete: Promise<TransferResult>;
  /** Resolves when seeding has ended as well; rejects as {@link complete} does. */
  readonly done: Promise<void>;
  readonly #options: LeecherOptions;
  readonly #host: ActiveTorrent;
  readonly #source: Source;
  readonly #patience: StallMonitor;
  readonly #stopped = new AbortController();
  readonly #completed = Promise.withResolvers<TransferResult>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #watch: ReturnType<typeof setInterval>;
  #work: Promise<void> = Promise.resolve();
  #metainfo: Metainfo | undefined;
  #parts: DownloadParts | undefined;
  #state: TransferStats["state"] = "metadata";
  #begun = false;
  #hashesNoted = false;
  #limit: SeedingLimit | undefined;
  #result: TransferResult | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    source: Source,
    options: LeecherOptions,
    listeners: Iterable<TransferListener>,
  ) {
    this.#source = source;
    this.#options = options;
    this.#patience = new StallMonitor(options);
    this.complete = this.#completed.promise;
    this.done = this.#finished.promise;
    this.complete.catch(() => {}); // whoever awaits it hears of it
    this.done.catch(() => {});
    this.#host = new ActiveTorrent(options, {
      v1Hash: source.v1Hash,
      v2Hash: source.v2Hash,
      onMetadata: (info) => this.#begin(() => metainfoOf(info)),
      onComplete: () => this.#do(() => this.#finish()),
      onDiskError: (error) => this.#fail(error),
    }, listeners);
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    options.signal?.addEventListener("abort", () => this.#interrupt(), {
      signal: this.#stopped.signal,
    });
    this.#host.session.addPeers(source.peers, "user");
    this.#host.announce({
      ...source,
      isAssumed: source.assumesTracker === true,
      isPrivate: source.metainfo?.info.private ?? false,
      progress: () => this.#left(),
      hosted: () => this.#metainfo && hostedFile(this.#metainfo),
    });
    if (source.metainfo) this.#begin(() => source.metainfo!);
  }

  /**
   * Starts getting a file: a magnet link, a .torrent path or URL, an info-hash, or a name that a
   * tracker knows. Returns as soon as peers are looked for.
   *
   * @throws {ShoalError} when `what` or an option makes no sense, or a name leads nowhere
   * @throws {NetworkError} with the code `needs-unstable-net` when Deno runs without `--unstable-net`
   */
  static async start(what: string, options: LeecherOptions = {}): Promise<Leecher> {
    options.signal?.throwIfAborted();
    requireDatagrams();
    checksumOf(options.checksum);
    const listeners = options.onEvent ? [options.onEvent] : [];
    const source = await resolveSource(what, {
      ...options,
      onLookup: (name) => tellOf(options, { type: "lookup", name }),
      onWarning: (message) => tellOf(options, { type: "warning", message }),
    });
    options.signal?.throwIfAborted();
    return new Leecher(source, options, listeners);
  }

  /** Where peers connect to. */
  get port(): number {
    return this.#host.port;
  }

  /** The torrent, once its metadata is known. */
  get torrent(): Torrent | undefined {
    return this.#metainfo && new Torrent(this.#metainfo);
  }

  /** Registers a listener; the returned function takes it back. */
  on(listener: TransferListener): () => void {
    return this.#host.on(listener);
  }

  /** The figures of this moment. */
  stats(): TransferStats {
    const stats = this.#host.stats();
    const totalBytes = this.#parts?.selection.totalBytes ?? this.#metainfo?.info.totalLength ?? 0;
    const left = totalBytes - stats.haveBytes;
    const moving = this.#state === "downloading" && stats.downloadRate > 0;
    const { waiting } = this.#patience;
    return {
      ...stats,
      name: this.#metainfo?.info.name ?? this.#source.name ?? "",
      state: waiting !== undefined && this.#state === "downloading" ? "waiting" : this.#state,
      totalBytes,
      ...(waiting && { waiting }),
      ...(moving && { etaSeconds: left / stats.downloadRate }),
    };
  }

  /** A closer look, for those who show more than figures. */
  details(): TransferDetails {
    const own = { host: this.#options.host, port: this.port };
    const path = this.#parts?.files.finalPath;
    const reason = this.#patience.waiting?.sentence;
    return {
      ...hostDetails(this.#host),
      ...(this.#metainfo && torrentDetails(this.#metainfo, this.#host, this.#parts?.selection)),
      magnet: linkOf(this.#source, this.#metainfo, own),
      ...withoutUndefined({ path, reason, end: this.#limit?.end, result: this.#result }),
    };
  }

  /** Stops: what is verified stays and is continued from next time. */
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
    clearInterval(this.#watch);
    await this.#work;
    await this.#host.close();
    if (this.#state !== "seeding") await this.#parts?.files.leave();
    this.#state = "stopped";
    this.#completed.reject(new ShoalError("stopped before it was complete", ExitCode.interrupted));
    this.#finished.resolve();
  }

  /** One thing after the other; what fails ends the download. */
  #do(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    const reason = this.#stopped.signal.aborted && !(error instanceof ShoalError)
      ? new ShoalError("interrupted", ExitCode.interrupted, error)
      : error;
    this.#completed.reject(reason);
    this.#finished.reject(reason);
    void this.close();
  }

  #interrupt(): void {
    this.#fail(this.#options.signal?.reason);
  }

  /** The metadata is here; only the first counts, from a file or from peers. */
  #begin(metainfo: () => Metainfo): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#do(async () => {
      this.#metainfo = metainfo();
      this.#host.tell(metadataEvent(this.#metainfo.info));
      await this.#beginTransfer(this.#metainfo);
    });
  }

  async #beginTransfer(metainfo: Metainfo): Promise<void> {
    const { info } = metainfo;
    if (info.private) this.#host.leaveLocalNetwork();
    this.#state = "checking";
    const { selectOnly } = this.#source;
    this.#parts = await prepareDownload(metainfo, { ...this.#options, selectOnly }, {
      onProgress: (doneBytes, totalBytes) =>
        this.#host.tell({ type: "hashing", doneBytes, totalBytes }),
      signal: this.#stopped.signal,
    });
    const { files, selection } = this.#parts;
    const haveBytes = selection.bytesIn(files.have);
    this.#host.startWith(haveBytes, (piece) => selection.bytesOf(piece as PieceIndex));
    if (haveBytes > 0) {
      this.#host.tell({ type: "resumed", haveBytes, totalBytes: selection.totalBytes });
    }
    beginDownload(this.#host.session, this.#parts);
    this.#host.session.useWebSeeds(webSeedUrls(this.#source), info);
    this.#state = "downloading";
    if (this.#host.session.swarm.transfer?.pieces.isComplete) await this.#finish();
  }

  /** Every piece is stored: the last checks, and the file gets its name. */
  async #finish(): Promise<void> {
    const { transfer } = this.#host.session.swarm;
    if (transfer === undefined || this.#parts === undefined) return;
    const { selection, files } = this.#parts;
    this.#state = "verifying";
    if (transfer.usedSha1 || !isVerified(this.#parts)) {
      await verifySha256(this.#parts, this.#stopped.signal);
    }
    const sha256 = await verifyChecksum(this.#parts, this.#options.checksum);
    this.#state = "flushing";
    await endDownload(this.#host.session, this.#parts);
    this.#state = "seeding";
    this.#patience.reset();
    if (files.wasComplete || !selection.isWhole) this.#host.announceNow();
    else this.#host.announceCompleted();
    const { seconds } = this.#patience;
    const result = resultOf(this.#parts, { seconds, sha256, sources: this.#host.sources() });
    this.#result = result;
    this.#host.tell({ type: "complete", ...result });
    this.#completed.resolve(result);
    if (this.#options.exit) void this.close();
    else this.#limit = new SeedingLimit(this.#options, selection.totalBytes);
  }

  /** Looks, twice a second, whether things move. */
  #look(): void {
    const { swarm } = this.#host.session;
    if (this.#state === "seeding") {
      const { uploadedBytes } = swarm;
      if (this.#limit?.isReached({ uploadedBytes, copies: this.#host.copies })) void this.close();
      return;
    }
    this.#noteHashes();
    const isBusy = ["checking", "verifying", "flushing"].includes(this.#state);
    const news = isBusy ? undefined : this.#patience.check(swarm, this.#host.trackerOutlook());
    if (isBusy) this.#patience.reset();
    if (news) this.#host.tell({ type: "stalled", code: news.code, reason: news.sentence });
    if (this.#patience.waiting !== undefined) this.#host.askForPeers();
    const giveUp = this.#patience.timeoutError();
    if (giveUp !== undefined) this.#fail(giveUp);
  }

  /** Once the piece hashes are known, a restart shall know them too. */
  #noteHashes(): void {
    if (this.#hashesNoted || !this.#host.session.swarm.transfer?.hashesComplete) return;
    this.#hashesNoted = true;
    if (this.#parts && !this.#parts.files.wasComplete) this.#parts.files.noteTorrent();
  }

  /** What is missing of the whole torrent: who has some of its files only is no seeder to a tracker. */
  #left(): { leftBytes: number } {
    const total = this.#metainfo?.info.totalLength;
    if (total === undefined) return { leftBytes: 16_384 }; // not known: anything but nothing
    const isSeeder = this.#state === "seeding" && this.#parts?.selection.isWhole;
    return { leftBytes: isSeeder ? 0 : Math.max(1, total - this.#host.haveBytes) };
  }
}
