/**
 * Drives one torrent's swarm: sockets, disk, threads, trackers and the clock on one side, the pure
 * machine on the other.
 *
 * It has three sides: what its owner calls, what the listener and the sockets call, and the table at
 * `#carryOut`, which says for each thing the swarm wants done who does it.
 *
 * @module
 */

import { isLoopback, normalizeIp } from "../codec/address.ts";
import type { Handshake, HandshakeHead } from "../codec/handshake.ts";
import type { WebSeedFiles } from "../codec/web_seed_url.ts";
import type { Message } from "../codec/message.ts";
import { type DiskError, ProtocolError } from "../errors.ts";
import type { Action } from "../peer/actions.ts";
import type { BlockRequest, Connection } from "../peer/connection.ts";
import { addressOf, type Peer, type PeerSource } from "../peer/peer_book.ts";
import type { TorrentHashes } from "../peer/info_hashes.ts";
import { Copies } from "../peer/copies.ts";
import { Swarm } from "../peer/swarm.ts";
import type { Transfer, TransferOptions } from "../peer/transfer.ts";
import type { PieceIndex } from "../store/layout.ts";
import type { ActivePiece } from "../store/pieces.ts";
import type { TransferListener } from "./events.ts";
import type { FileReader } from "./file_reader.ts";
import { BatchBuffers } from "./batch_buffers.ts";
import { closeQuietly, dial, type OpenedSocket } from "./handshaking.ts";
import { leafHashes } from "./leaf_hashes.ts";
import type { Acceptor, Listener } from "./listener.ts";
import { PeerSocket, type SocketHost } from "./peer_socket.ts";
import type { Carrier } from "./carrier.ts";
import type { PieceMemory } from "./piece_memory.ts";
import type { PieceWorkers } from "./piece_workers.ts";
import type { RateLimiter } from "./rate_limiter.ts";
import { NOTE_MISSING, NOTE_SHA1, NOTE_VERIFIED } from "./resume.ts";
import { WebSeeds } from "./web_seeds.ts";

const TICK_MS = 250;

/** What a session needs. */
export interface SessionOptions {
  readonly peerId: Uint8Array;
  readonly client: string;
  readonly listener: Listener;
  readonly v1Hash?: Uint8Array | undefined;
  readonly v2Hash?: Uint8Array | undefined;
  readonly maxConnections: number;
  readonly uploadSlots: number;
  readonly uploadLimiter: RateLimiter;
  readonly downloadLimiter: RateLimiter;
  readonly tell: TransferListener;
  /** The info dictionary arrived from peers and matches its hash. */
  readonly onMetadata: (info: Uint8Array) => void;
  /** Every piece is verified and stored. */
  readonly onComplete: () => void;
  /** Storing failed: the download cannot go on. */
  readonly onDiskError: (error: DiskError) => void;
}

/** Where a transfer's bytes are: needed once the metadata is known. */
export interface TransferDisk {
  readonly reader: FileReader;
  /** Absent where nothing is downloaded. */
  readonly storing?: { readonly workers: PieceWorkers; readonly memory: PieceMemory };
}

/** One torrent on the network. */
export class Session implements Acceptor, SocketHost, AsyncDisposable {
  /** The machine that decides. */
  readonly swarm: Swarm;
  /** Who else has everything. */
  readonly copies: Copies = new Copies();
  readonly uploadLimiter: RateLimiter;
  readonly downloadLimiter: RateLimiter;
  readonly buffers: BatchBuffers = new BatchBuffers();
  readonly #options: SessionOptions;
  readonly #sockets = new Map<Connection, Carrier>();
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #disk: TransferDisk | undefined;
  #webSeeds: WebSeeds | undefined;
  #moving: Promise<void> | undefined;
  #completed = false;

  /** Begins at once: accepts peers, and fetches the metadata from any it learns of. */
  constructor(options: SessionOptions) {
    this.#options = options;
    this.uploadLimiter = options.uploadLimiter;
    this.downloadLimiter = options.downloadLimiter;
    const { peerId, client, v1Hash, v2Hash, maxConnections, uploadSlots } = options;
    this.swarm = new Swarm({
      peerId,
      client,
      listenPort: options.listener.port,
      v1Hash,
      v2Hash,
      maxConnections,
      uploadSlots,
      downloadLimit: options.downloadLimiter.bytesPerSecond,
      random: Math.random,
    });
    options.listener.add(this);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Somebody told us of peers. */
  learn(addresses: Iterable<{ host: string; port: number }>, source: PeerSource, v2 = false): void {
    for (const { host, port } of addresses) {
      const ip = normalizeIp(host);
      if (this.#isOurselves(ip, port)) continue;
      this.swarm.learn(ip, port, source, v2);
    }
    this.#tick();
  }

  /** The metadata is known and the disk is looked at: pieces can move. */
  beginTransfer(options: TransferOptions, hashes: TorrentHashes, disk: TransferDisk): Transfer {
    this.#disk = disk;
    const transfer = this.swarm.beginTransfer(options, hashes, performance.now());
    this.#completed = transfer.pieces.isComplete;
    this.settle();
    return transfer;
  }

  /** Web servers have the files as well: from now on they are asked as if they were peers. */
  useWebSeeds(urls: readonly string[], info: WebSeedFiles): void {
    this.#webSeeds ??= new WebSeeds({
      info,
      layout: this.#transfer().layout,
      swarm: this.swarm,
      host: this,
      carry: (connection, carrier) => this.#carry(connection, carrier),
      tell: this.#options.tell,
      signal: this.#closed.signal,
    });
    for (const url of urls) this.swarm.book.learnWebSeed(new URL(url));
    this.#tick();
  }

  /**
   * Lets files be moved while nobody reads them; who wants to waits. From then on they are read through
   * the reader that `move` gives.
   */
  async moveFiles(move: () => Promise<FileReader>): Promise<void> {
    const moved = Promise.withResolvers<void>();
    this.#moving = moved.promise;
    try {
      await this.#disk!.reader.close();
      this.#disk = { ...this.#disk, reader: await move() };
    } finally {
      this.#moving = undefined;
      moved.resolve();
    }
  }

  /** Nothing is downloaded any more: the hashing threads end. */
  async stopStoring(): Promise<void> {
    const { storing, reader } = this.#disk!;
    this.#disk = { reader };
    await storing?.workers.close();
  }

  // Acceptor: the listener has somebody for this torrent.

  /** The answer to a handshake, if it is for this torrent. */
  answer(head: HandshakeHead): { handshake: Handshake; v2: boolean } | undefined {
    return this.swarm.infoHashes.answer(head);
  }

  /** A peer connected to us and shook hands. */
  accepted(opened: OpenedSocket, remote: Deno.NetAddr, v2: boolean): void {
    const peer = this.#closed.signal.aborted
      ? undefined
      : this.swarm.accept(remote.hostname, remote.port);
    if (peer === undefined) closeQuietly(opened.conn);
    else this.#open(peer, opened, { inbound: true, v2 });
    this.settle();
  }

  // SocketHost: what the sockets report and ask.

  /** A message arrived. */
  received(connection: Connection, message: Message): void {
    try {
      this.swarm.received(connection, message, performance.now());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#sockets.get(connection)?.close(error.message);
    }
  }

  /** Asks peers for more and does what the swarm wants done. */
  settle(): void {
    if (this.#closed.signal.aborted) return;
    this.swarm.settle(performance.now());
    for (let actions = this.swarm.takeActions(); actions.length > 0;) {
      for (const action of actions) this.#carryOut(action);
      actions = this.swarm.takeActions();
    }
  }

  /** See {@link Swarm.takeUploads}. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[] {
    return this.swarm.takeUploads(connection, maxBytes);
  }

  /** Reads file data for a peer; false when the file is not what it was. */
  async readBlocks({ piece, begin, length }: BlockRequest, out: Uint8Array): Promise<boolean> {
    if (this.#moving !== undefined) await this.#moving;
    const good = await this.#disk!.reader.read(piece, begin, length, out);
    const { phase } = this.swarm;
    if (!good && phase.name === "transfer" && phase.transfer.pieces.have.get(piece)) {
      phase.transfer.pieceLost(piece);
      this.#options.tell({ type: "piece-lost", piece, path: this.#disk!.reader.pathOf(piece) });
      this.settle();
    }
    return good;
  }

  /** A block that was asked for cannot be given. */
  refuseUpload(connection: Connection, request: BlockRequest): void {
    const { phase } = this.swarm;
    if (phase.name === "transfer") phase.transfer.upload.refuse(connection, request);
    this.settle();
  }

  /** Bytes were written. */
  sent(connection: Connection, dataBytes: number): void {
    this.swarm.sent(connection, dataBytes, performance.now());
  }

  /** Closes all connections and stops; what is being stored is waited for. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    clearInterval(this.#timer);
    this.#options.listener.remove(this);
    for (const socket of this.#sockets.values()) socket.close("we are leaving");
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
    await this.#disk?.storing?.workers.close();
    await this.#disk?.reader.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tick(): void {
    if (this.#closed.signal.aborted) return;
    this.swarm.tick(performance.now());
    for (const connection of this.#sockets.keys()) this.copies.look(connection);
    this.settle();
  }

  #carryOut(action: Action): void {
    switch (action.type) {
      case "send":
        return this.#sockets.get(action.connection)?.send(action.message);
      case "upload":
        return this.#sockets.get(action.connection)?.upload();
      case "verify":
        return this.#start(this.#verify(action.active));
      case "hashBlocks":
        return this.#start(this.#hashBlocks(action.piece));
      case "dial":
        return this.#start(this.#dial(action.peer, action.v2));
      case "close":
        return this.#sockets.get(action.connection)?.close(action.reason);
      case "metadata":
        return this.#options.onMetadata(action.info);
      case "stored":
        return this.#options.tell({
          type: "piece",
          piece: action.piece,
          bytes: this.#transfer().layout.dataLength(action.piece),
          from: action.from.map(addressOf),
        });
      case "failed": {
        const from = action.from.map(addressOf);
        return this.#options.tell({ type: "piece-failed", piece: action.piece, from });
      }
      case "peer":
        return this.#tellOfPeer(action.peer);
      case "complete":
        if (this.#completed) return;
        this.#completed = true;
        return this.#options.onComplete();
      default:
        action satisfies never;
    }
  }

  async #dial(peer: Peer, v2: boolean): Promise<void> {
    if (peer.url !== undefined) return this.#webSeeds?.dial(peer, peer.url);
    try {
      const ours = this.swarm.infoHashes.handshake(v2);
      const opened = await dial(peer.host, peer.port, ours, this.#closed.signal);
      const answered = this.swarm.infoHashes.versionOf(opened.handshake);
      if (answered === undefined || (answered === "v1" && v2)) {
        closeQuietly(opened.conn);
        throw new ProtocolError("answered for another torrent");
      }
      this.#open(peer, opened, { inbound: false, v2: answered === "v2" });
    } catch (error) {
      this.swarm.dialFailed(peer, dialReason(error), performance.now());
    }
    this.settle();
  }

  #open(peer: Peer, opened: OpenedSocket, settled: { inbound: boolean; v2: boolean }): void {
    const connection = this.swarm.opened(peer, opened.handshake, settled, performance.now());
    if (typeof connection === "string") return closeQuietly(opened.conn);
    const socket = new PeerSocket(connection, opened.conn, opened.framer, this);
    this.#start(this.#carry(connection, socket));
  }

  /** Lets a carrier run until its connection has ended. */
  async #carry(connection: Connection, carrier: Carrier): Promise<void> {
    this.#sockets.set(connection, carrier);
    const reason = await carrier.run();
    this.copies.look(connection); // its last word may have been that it is complete
    this.#sockets.delete(connection);
    this.swarm.closed(connection, reason, performance.now());
    this.settle();
  }

  /** Verifies a full piece and stores it, off the main thread. */
  async #verify(active: ActivePiece): Promise<void> {
    const { piece, slot } = active;
    const transfer = this.#transfer();
    const expected = transfer.expected(piece)!;
    const bySha1 = expected.kind === "sha1";
    const note = transfer.pieces.isFragment(piece)
      ? NOTE_MISSING
      : bySha1 && transfer.layout.version === "hybrid"
      ? NOTE_SHA1
      : NOTE_VERIFIED;
    try {
      const { workers, memory } = this.#disk!.storing!;
      const asked = { expected, note, digests: transfer.wantsDigests(piece) };
      const stored = workers.store({ piece, buffer: memory.take(slot), ...asked });
      const { matches, buffer, digests } = await stored;
      memory.giveBack(slot, buffer);
      this.swarm.verified(piece, matches, bySha1, digests);
    } catch (error) {
      transfer.download.notStored(piece);
      this.#options.onDiskError(error as DiskError);
    }
    this.settle();
  }

  /** Hashes the blocks of a piece on disk. */
  async #hashBlocks(piece: PieceIndex): Promise<void> {
    const read = (begin: number, out: Uint8Array) =>
      this.readBlocks({ piece, begin, length: out.length }, out);
    const leaves = await leafHashes(read, this.#transfer().layout, piece);
    this.swarm.hashed(piece, leaves, performance.now());
    this.settle();
  }

  #tellOfPeer(peer: Peer): void {
    const { state, client, reason } = peer;
    this.#options.tell({
      type: "peer",
      address: addressOf(peer),
      state,
      ...(client !== "" && { client }),
      ...((state === "away" || state === "banned") && reason !== "" && { reason }),
    });
  }

  /** Keeps a promise in mind until it is done, so that closing can wait for it. */
  #start(promise: Promise<void>): void {
    const tracked = promise.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #transfer(): Transfer {
    const { phase } = this.swarm;
    if (phase.name !== "transfer") throw new Error("the metadata is not known yet");
    return phase.transfer;
  }

  #isOurselves(ip: string, port: number): boolean {
    return port === this.#options.listener.port && isLoopback(ip);
  }
}

/** Why an attempt to connect failed, in words. */
function dialReason(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "refuses connections";
  if (error instanceof Deno.errors.TimedOut) return "does not answer";
  if (error instanceof Error) return error.message;
  return String(error);
}
