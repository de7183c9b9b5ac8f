/**
 * Gets a file from everyone who has it, then shares it.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import { type Metainfo, parseInfo } from "../codec/metainfo.ts";
import type { PieceLayer } from "../codec/piece_layer.ts";
import {
  DiskError,
  ExitCode,
  NetworkError,
  OptionError,
  ShoalError,
  TorrentError,
} from "../errors.ts";
import { Layout } from "../store/layout.ts";
import { checkPieces } from "./check_pieces.ts";
import { DownloadFiles } from "./download_files.ts";
import type { TransferListener, TransferResult, TransferStats } from "./events.ts";
import { FileReader } from "./file_reader.ts";
import { Host, type HostOptions } from "./host.ts";
import { PieceMemory } from "./piece_memory.ts";
import { PieceWorkers, verifyingWorkerCount } from "./piece_workers.ts";
import { SeedingLimit } from "./seeding_limit.ts";
import { resolveSource, type Source } from "./source.ts";
import { pieceLayersOf, Torrent } from "./torrent.ts";
import { waitingReason } from "./waiting.ts";

/** How to get a file. */
export interface LeecherOptions extends HostOptions {
  /** Folder or file to write to; default: the current folder. */
  readonly out?: string;
  /** `host:port` of peers to ask besides those of the trackers. */
  readonly peers?: readonly string[];
  /** `sha-256=HEX`: what the finished file must hash to. */
  readonly checksum?: string;
  /** Give up when it is not complete after so many seconds. */
  readonly timeoutSeconds?: number;
  /** Give up when nothing has come for so many seconds. */
  readonly stallTimeoutSeconds?: number;
  /** Replace a file that is something else. */
  readonly overwrite?: boolean;
  /** Stop when complete instead of seeding. */
  readonly exit?: boolean;
  /** Stop seeding after so many seconds. */
  readonly seedTimeSeconds?: number;
  /** Stop seeding after sending so many times the file's length. */
  readonly seedRatio?: number;
}

/** Memory for pieces that are being collected, in bytes. */
const PIECE_MEMORY = 16 * 1024 * 1024;
const MIN_SLOTS = 2;
const MAX_SLOTS = 512;
const WATCH_MS = 500;

/**
 * A download, and then a seeder.
 *
 * @example
 * ```ts ignore
 * await using leecher = await Leecher.start("file.iso", { trackers: ["udp://10.0.0.2:6969"] });
 * const { path } = await leecher.complete;
 * ```
 */
export class Leecher implements AsyncDisposable {
  /** Resolves when everything is verified and in its place; rejects with a {@link ShoalError}. */
  readonly complete: Promise<TransferResult>;
  /** Resolves when seeding has ended as well; rejects as {@link complete} does. */
  readonly done: Promise<void>;
  readonly #options: LeecherOptions;
  readonly #host: Host;
  readonly #source: Source;
  readonly #startedMs = performance.now();
  readonly #stopped = new AbortController();
  readonly #completed = Promise.withResolvers<TransferResult>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #layers = new Map<string, PieceLayer>();
  #work: Promise<void> = Promise.resolve();
  #metainfo: Metainfo | undefined;
  #files: DownloadFiles | undefined;
  #state: TransferStats["state"] = "metadata";
  #progressMs = performance.now();
  #waiting = "";
  #begun = false;
  #hashesNoted = false;
  #limit: SeedingLimit | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    source: Source,
    options: LeecherOptions,
    listeners: Iterable<TransferListener>,
  ) {
    this.#source = source;
    this.#options = options;
    this.complete = this.#completed.promise;
    this.done = this.#finished.promise;
    this.complete.catch(() => {}); // whoever awaits it hears of it
    this.done.catch(() => {});
    this.#host = new Host(options, {
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
    this.#host.session.learn(source.peers, "user");
    this.#host.announce(source.trackers, source, () => this.#left(), () => this.#hosted());
    if (source.metainfo) this.#begin(() => source.metainfo!);
  }

  /**
   * Starts getting a file: a magnet link, a .torrent path or URL, an info-hash, or a name that a
   * tracker knows. Returns as soon as peers are looked for.
   *
   * @throws {ShoalError} when `what` or an option makes no sense, or a name leads nowhere
   */
  static async start(what: string, options: LeecherOptions = {}): Promise<Leecher> {
    options.signal?.throwIfAborted();
    checksumOf(options.checksum);
    const listeners = options.onEvent ? [options.onEvent] : [];
    const source = await resolveSource(what, {
      ...options,
      onLookup: (name) => options.onEvent?.({ type: "looking-up", name }),
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
    const totalBytes = this.#metainfo?.info.totalLength ?? 0;
    const left = totalBytes - stats.haveBytes;
    const moving = this.#state === "downloading" && stats.downloadRate > 0;
    return {
      ...stats,
      name: this.#metainfo?.info.name ?? this.#source.name ?? "",
      state: this.#waiting !== "" && this.#state === "downloading" ? "waiting" : this.#state,
      totalBytes,
      ...(moving && { etaSeconds: left / stats.downloadRate }),
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
    if (this.#state !== "seeding") await this.#files?.leave();
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
      this.#tellMetadata(this.#metainfo);
      await this.#beginTransfer(this.#metainfo);
    });
  }

  async #beginTransfer(metainfo: Metainfo): Promise<void> {
    const { info } = metainfo;
    const layout = Layout.of(info);
    for (const [root, layer] of pieceLayersOf(metainfo)) this.#layers.set(root, layer);
    this.#state = "checking";
    const files = await DownloadFiles.open({
      metainfo,
      layout,
      layers: this.#layers,
      out: this.#options.out,
      overwrite: this.#options.overwrite ?? false,
      onProgress: (doneBytes, totalBytes) =>
        this.#host.tell({ type: "hashing", doneBytes, totalBytes }),
      signal: this.#stopped.signal,
    });
    this.#files = files;
    let haveBytes = 0;
    for (const piece of layout.pieces()) {
      if (files.have.get(piece)) haveBytes += layout.dataLength(piece);
    }
    this.#host.startWith(haveBytes);
    if (haveBytes > 0) {
      this.#host.tell({ type: "resumed", haveBytes, totalBytes: info.totalLength });
    }
    const slots = Math.floor(PIECE_MEMORY / info.pieceLength);
    const slotCount = Math.max(
      1,
      Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, slots), layout.pieceCount),
    );
    const memory = new PieceMemory(slotCount, info.pieceLength);
    const paths = [files.dataPath];
    const { pieceLength, version } = layout;
    const setup = { layout: { pieceLength, version, files: info.files }, paths };
    const storing = files.have.isFull ? undefined : {
      workers: new PieceWorkers({ ...setup, resume: files.resume }, verifyingWorkerCount()),
      memory,
    };
    const growing = !files.wasComplete;
    const session = this.#host.session;
    const transfer = session.beginTransfer(
      {
        info: info.bytes,
        layout,
        have: files.have,
        slotCount,
        sha1s: info.pieces,
        layers: this.#layers,
        storeBlock: (slot, begin, block) => memory.store(slot, begin, block),
      },
      info,
      {
        reader: new FileReader(layout, info.files, paths, (p) => transfer.expected(p), growing),
        ...(storing && { storing }),
      },
    );
    transfer.usedSha1 = files.hasSha1Pieces;
    this.#progressMs = performance.now();
    this.#state = "downloading";
    if (transfer.pieces.isComplete) await this.#finish();
  }

  /** Every piece is stored: the last checks, and the file gets its name. */
  async #finish(): Promise<void> {
    const files = this.#files!;
    const metainfo = this.#metainfo!;
    const { phase } = this.#host.session.swarm;
    if (phase.name !== "transfer") return;
    const { transfer } = phase;
    this.#state = "flushing";
    if (transfer.usedSha1 || (!transfer.hashesComplete && transfer.layout.pieceCount > 0)) {
      await this.#proveSha256(transfer.layout, files);
    }
    const sha256 = await this.#checkSum(transfer.layout, files);
    if (!files.wasComplete) await files.finish();
    await this.#host.session.stopStoring();
    const { layout } = transfer;
    const expected = transfer.expected.bind(transfer);
    const paths = [files.finalPath];
    this.#host.session.replaceReader(
      new FileReader(layout, metainfo.info.files, paths, expected, false),
    );
    this.#state = "seeding";
    this.#waiting = "";
    this.#host.announceCompleted();
    const result: TransferResult = {
      path: files.finalPath,
      bytes: metainfo.info.totalLength,
      seconds: (performance.now() - this.#startedMs) / 1000,
      verifiedBy: metainfo.info.version === "v1" ? "SHA-1" : "SHA-256",
      ...(sha256 !== undefined && { sha256 }),
      sources: this.#host.sources(),
    };
    this.#host.tell({ type: "complete", ...result });
    this.#completed.resolve(result);
    if (this.#options.exit) this.#end();
    else this.#limit = new SeedingLimit(this.#options, metainfo.info.totalLength);
  }

  #end(): void {
    this.#finished.resolve();
    void this.close();
  }

  /** A hybrid whose pieces came under their SHA-1 hashes is held against its SHA-256 root as a whole. */
  async #proveSha256(layout: Layout, files: DownloadFiles): Promise<void> {
    const { have } = await checkPieces({
      metainfo: this.#metainfo!,
      layout,
      layers: this.#layers,
      paths: [files.dataPath],
      onProgress: () => {},
      signal: this.#stopped.signal,
    });
    const proved = have.isFull && [...this.#layers.values()].every((layer) => layer.complete);
    if (proved) return;
    throw new TorrentError(
      "the SHA-1 and SHA-256 hashes of this torrent belong to different files",
    );
  }

  async #checkSum(layout: Layout, files: DownloadFiles): Promise<string | undefined> {
    const wanted = checksumOf(this.#options.checksum);
    if (wanted === undefined) return undefined;
    const { pieceLength, version } = layout;
    const setup = {
      layout: { pieceLength, version, files: this.#metainfo!.info.files },
      paths: [files.dataPath],
    };
    const workers = new PieceWorkers(setup, 1);
    const actual = await workers.digest(0).finally(() => workers.close());
    if (actual === wanted) return actual;
    throw new DiskError(
      `the file's SHA-256 is ${actual} and not the one asked for; it was left as ${files.dataPath}`,
      ExitCode.checksum,
    );
  }

  /** Looks, twice a second, whether things move. */
  #look(): void {
    const nowMs = performance.now();
    const { phase } = this.#host.session.swarm;
    if (this.#state === "seeding") {
      if (this.#limit?.isReached(this.#host.session.swarm.uploadedBytes)) this.#end();
      return;
    }
    if (phase.name === "transfer" && !this.#hashesNoted && phase.transfer.hashesComplete) {
      this.#hashesNoted = true;
      if (this.#files && !this.#files.wasComplete) void this.#files.noteTorrent();
    }
    this.#giveUpIfLate(nowMs);
    if (this.#state === "checking" || this.#state === "flushing") {
      this.#progressMs = nowMs;
      return;
    }
    const reason = waitingReason(this.#host.session.swarm, this.#source.trackers.length > 0, nowMs);
    if (reason === "") this.#progressMs = nowMs;
    else this.#host.askForPeers();
    if (reason !== this.#waiting && reason !== "") this.#host.tell({ type: "waiting", reason });
    this.#waiting = reason;
  }

  #giveUpIfLate(nowMs: number): void {
    const { timeoutSeconds, stallTimeoutSeconds } = this.#options;
    if (timeoutSeconds !== undefined && nowMs - this.#startedMs > timeoutSeconds * 1000) {
      const text = `not complete after ${timeoutSeconds} s; run the same command again to continue`;
      return this.#fail(new NetworkError(this.#because(text), ExitCode.timeout));
    }
    const stalledMs = nowMs - this.#progressMs;
    if (stallTimeoutSeconds !== undefined && stalledMs > stallTimeoutSeconds * 1000) {
      const text =
        `nothing came for ${stallTimeoutSeconds} s; run the same command again to continue`;
      this.#fail(new NetworkError(this.#because(text), ExitCode.timeout));
    }
  }

  #because(text: string): string {
    return this.#waiting === "" ? text : `${text} (${this.#waiting})`;
  }

  #tellMetadata({ info }: Metainfo): void {
    this.#host.tell({
      type: "metadata",
      name: info.name,
      length: info.totalLength,
      ...(info.v1Hash && { v1Hash: hex(info.v1Hash) }),
      ...(info.v2Hash && { v2Hash: hex(info.v2Hash) }),
    });
  }

  #left(): { leftBytes: number } {
    const total = this.#metainfo?.info.totalLength;
    if (total === undefined) return { leftBytes: 16_384 }; // not known: anything but nothing
    const left = total - this.#host.haveBytes;
    return { leftBytes: this.#state === "seeding" ? 0 : Math.max(1, left) };
  }

  #hosted(): { name: string; length: number; v2Hash?: Uint8Array } | undefined {
    if (this.#metainfo === undefined) return undefined;
    const { name, totalLength, v2Hash } = this.#metainfo.info;
    return { name, length: totalLength, ...(v2Hash && { v2Hash }) };
  }
}

function metainfoOf(info: Uint8Array): Metainfo {
  return { info: parseInfo(info), trackers: [], pieceLayers: new Map(), webSeeds: [] };
}

/** The hex digits of `sha-256=HEX`. @throws {OptionError} when it is something else */
function checksumOf(checksum: string | undefined): string | undefined {
  if (checksum === undefined) return undefined;
  const match = /^sha-?256=([0-9a-f]{64})$/i.exec(checksum);
  if (match !== null) return match[1]!.toLowerCase();
  throw new OptionError(`"${checksum}" is not a checksum: write sha-256= and 64 hex digits`);
}
