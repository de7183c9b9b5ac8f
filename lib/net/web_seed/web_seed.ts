/**
 * A web server that has the torrent's files, in place of a peer's socket (BEP 19).
 *
 * To the swarm it is a peer that has everything, serves at once and never wants anything. Block requests are
 * combined into a few long range requests, and the responses are split into blocks again.
 *
 * @module
 */

import { type WebSeedFiles, webSeedFileUrl } from "../../codec/torrent/web_seed_url.ts";
import type { BlockRangeMessage, Message } from "../../codec/wire/message.ts";
import type { Connection } from "../../peer/connection/connection.ts";
import type { BlockRequest } from "../../peer/connection/upload_state.ts";
import type { Clock } from "../../runtime/clock.ts";
import { rethrowBug } from "../../runtime/operational_errors.ts";
import { BLOCK_LENGTH, type Layout, type PieceIndex } from "../../store/layout.ts";
import type { HttpClient } from "../http_client.ts";
import { MissingFileError, WebSeedError } from "../http_errors.ts";
import type { Transport, TransportHost } from "../transport.ts";
import { fetchRange } from "./http_range.ts";
import type { MissingFiles } from "./missing_files.ts";
import { type Batch, BlockSplitter, RangeQueue } from "./range_requests.ts";

/** Maximum length of one range request: longer ones save nothing and take long to abandon. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Maximum number of simultaneous requests. */
const MAX_FLIGHTS = 4;
/** While fewer bytes than this are outstanding, another request is sent, however short. */
const LITTLE_BYTES = 256 * 1024;

const ZEROS = new Uint8Array(BLOCK_LENGTH);

/** What a web seed works with. */
interface WebSeedOptions {
  readonly url: string;
  readonly info: WebSeedFiles;
  readonly layout: Layout;
  readonly client: HttpClient;
  /** The files known to be missing on the server. */
  readonly lacks: MissingFiles;
  readonly clock: Clock;
  /** Called for a missing file, with an error to show to the user. */
  readonly onMissing: (file: number, fault: MissingFileError) => void;
}

/** A batch being fetched. */
interface Flight {
  readonly stop: AbortController;
  readonly blocks: readonly BlockRequest[];
  /** Addresses of the blocks that have not been answered yet. */
  readonly open: Set<number>;
  leftBytes: number;
  /** The file being fetched, as an index into the torrent's files. */
  file: number | undefined;
}

/** Answers the requests of one connection from a web server. */
export class WebSeed implements Transport {
  /** The server's error, if {@link run} returned because of one. */
  fault: WebSeedError | undefined;
  readonly #connection: Connection;
  readonly #options: WebSeedOptions;
  readonly #host: TransportHost;
  readonly #queue: RangeQueue;
  readonly #flights = new Set<Flight>();
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  #answers: Message[] = [];
  #wake = Promise.withResolvers<void>();
  #reason = "";

  /** Acts as the peer of this connection; {@link run} starts it. */
  constructor(connection: Connection, options: WebSeedOptions, host: TransportHost) {
    this.#connection = connection;
    this.#options = options;
    this.#host = host;
    this.#queue = new RangeQueue(options.layout);
    const { lacks } = options;
    this.#answers.push(lacks.any ? this.#whatItHas() : { type: "haveAll" }, { type: "unchoke" });
  }

  /** See {@link Transport.run}. */
  async run(): Promise<string> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      this.#answer();
      this.#takeOff();
      if (!signal.aborted) await this.#wake.promise;
    }
    await Promise.all(this.#running);
    return this.#reason;
  }

  /** See {@link Transport.close}. */
  close(reason: string): void {
    if (this.#closed.signal.aborted) return;
    this.#reason = reason;
    this.#closed.abort();
    for (const { stop } of this.#flights) stop.abort();
    this.#wake.resolve();
  }

  /** See {@link Transport.send}. Most messages mean nothing to a web server. */
  send(message: Message): void {
    if (message.type === "cancel") this.#cancel(this.#requestOf(message));
    else if (message.type === "keepAlive") this.#keepAlive();
    else return;
    this.#wake.resolve();
  }

  /** See {@link Transport.request}. */
  request(blocks: readonly number[]): void {
    for (let i = 0; i < blocks.length; i += 3) {
      this.#ask({ piece: blocks[i] as PieceIndex, begin: blocks[i + 1]!, length: blocks[i + 2]! });
    }
    this.#wake.resolve();
  }

  /** See {@link Transport.upload}. A web server takes no uploads. */
  upload(): void {}

  /** Arrives between downloads, which is a good time to retry files that were missing long ago. */
  #keepAlive(): void {
    this.#answers.push({ type: "keepAlive" });
    if (this.#options.lacks.forget(this.#options.clock.nowMs())) {
      this.#answers.push(this.#whatItHas());
    }
  }

  #whatItHas(): Message {
    return { type: "bitfield", bits: this.#options.lacks.pieces().bytes() };
  }

  #requestOf({ piece, begin, length }: BlockRangeMessage): BlockRequest {
    return { piece: this.#options.layout.pieceIndex(piece)!, begin, length };
  }

  #ask(request: BlockRequest): void {
    if (this.#options.lacks.concerns(request)) {
      this.#answers.push({ type: "reject", ...request });
    } else if (this.#flightOf(request) === undefined) this.#queue.add(request);
  }

  /** A cancelled request is still answered: by a reject, if the block does not arrive (BEP 6). */
  #cancel(request: BlockRequest): void {
    const flight = this.#flightOf(request);
    if (flight === undefined && !this.#queue.cancel(request)) return;
    flight?.open.delete(this.#queue.addressOf(request));
    if (flight?.open.size === 0) flight.stop.abort();
    this.#answers.push({ type: "reject", ...request });
  }

  #flightOf(request: BlockRequest): Flight | undefined {
    const address = this.#queue.addressOf(request);
    for (const flight of this.#flights) if (flight.open.has(address)) return flight;
    return undefined;
  }

  #answer(): void {
    if (this.#answers.length === 0) return;
    const answers = this.#answers;
    this.#answers = [];
    const nowMs = this.#options.clock.nowMs();
    for (const message of answers) this.#host.received(this.#connection, message, nowMs);
    this.#host.settle();
  }

  /**
   * Sends queued requests when a range request pays off: as many bytes must wait as are still outstanding.
   */
  #takeOff(): void {
    while (this.#flights.size < MAX_FLIGHTS && !this.#closed.signal.aborted) {
      let leftBytes = 0;
      for (const flight of this.#flights) leftBytes += flight.leftBytes;
      if (leftBytes >= LITTLE_BYTES && this.#queue.bytes < leftBytes) return;
      const batch = this.#queue.take(MAX_BATCH_BYTES);
      if (batch === undefined) return;
      const stop = new AbortController();
      const open = new Set(batch.blocks.map((block) => this.#queue.addressOf(block)));
      const { blocks } = batch;
      const flight: Flight = { stop, blocks, open, leftBytes: batch.length, file: undefined };
      this.#flights.add(flight);
      this.#host.sent(this.#connection, 0);
      const running = this.#fly(batch, flight).finally(() => {
        this.#running.delete(running);
        this.#flights.delete(flight);
        this.#wake.resolve();
      });
      this.#running.add(running);
    }
  }

  async #fly(batch: Batch, flight: Flight): Promise<void> {
    const { signal } = flight.stop;
    const cutter = new BlockSplitter(batch.blocks, (request, block) => {
      if (!flight.open.delete(this.#queue.addressOf(request)) || signal.aborted) return;
      const { piece, begin } = request;
      const message = { type: "piece", piece, begin, block } as const;
      this.#host.received(this.#connection, message, this.#options.clock.nowMs());
    });
    try {
      for await (const bytes of this.#bytesOf(batch, flight)) {
        cutter.push(bytes);
        flight.leftBytes -= bytes.length;
        if (!this.#closed.signal.aborted) this.#host.settle();
        const { downloadLimiter } = this.#host;
        const pauseMs = downloadLimiter.take(bytes.length);
        if (pauseMs > 0) await downloadLimiter.pass(downloadLimiter.position, signal);
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!(error instanceof WebSeedError)) rethrowBug(error);
      if (signal.aborted) return;
      if (!(error instanceof WebSeedError)) throw error;
      if (error instanceof MissingFileError && this.#doWithout(flight, error)) return;
      this.fault ??= error;
      this.close(error.message);
    }
  }

  /**
   * Handles a file that the server lacks: its blocks are rejected, and the other blocks of the batch are
   * queued again. Returns false if the server has nothing else to offer.
   */
  #doWithout({ file, open, blocks }: Flight, fault: MissingFileError): boolean {
    const { lacks, onMissing } = this.#options;
    if (!lacks.miss(file!, this.#options.clock.nowMs())) return false;
    onMissing(file!, fault);
    for (const request of blocks) {
      if (open.delete(this.#queue.addressOf(request))) this.#queue.add(request);
    }
    this.reconsider();
    return true;
  }

  /**
   * Announces what is still available after more was found missing, and rejects the requests that this
   * affects.
   */
  reconsider(): void {
    const { lacks } = this.#options;
    this.#answers.push(this.#whatItHas());
    const isOut = (request: BlockRequest) => lacks.concerns(request);
    const out = this.#queue.drop(isOut);
    for (const { blocks, open, stop } of this.#flights) {
      out.push(
        ...blocks.filter((request) =>
          isOut(request) && open.delete(this.#queue.addressOf(request))
        ),
      );
      if (open.size === 0) stop.abort();
    }
    for (const request of out) this.#answers.push({ type: "reject", ...request });
    this.#wake.resolve();
  }

  /** Yields all bytes of the batch in order, with zeros for parts outside of files. */
  async *#bytesOf(batch: Batch, flight: Flight): AsyncGenerator<Uint8Array, void, void> {
    const { url, info, client, lacks } = this.#options;
    let position = 0;
    for (const { file, offset, length, at } of batch.spans) {
      yield* zeros(at - position);
      const { length: fileLength } = info.files[file]!;
      const range = { url: webSeedFileUrl(url, info, file), offset, length, fileLength };
      flight.file = file;
      yield* fetchRange(client, range, flight.stop.signal);
      lacks.hit();
      position = at + length;
    }
    yield* zeros(batch.length - position);
  }
}

function* zeros(length: number): Generator<Uint8Array, void, void> {
  for (let left = length; left > 0; left -= BLOCK_LENGTH) yield ZEROS.subarray(0, left);
}
