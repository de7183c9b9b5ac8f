/**
 * Drives one torrent's swarm. It connects sockets, disk, threads, trackers and the clock with the pure
 * state machine.
 *
 * Its three sides: what its owner calls, what the listener and the sockets call, and the table at
 * `#carryOut`, which maps each action of the swarm to the part that carries it out.
 *
 * @module
 */

import { type HostPort, normalizeIp } from "../codec/address.ts";
import type { WebSeedFiles } from "../codec/torrent/web_seed_url.ts";
import type { Message } from "../codec/wire/message.ts";
import { ProtocolError } from "../errors.ts";
import { Dialer } from "../net/dialer.ts";
import { closeQuietly, type OpenedSocket } from "../net/handshake.ts";
import type { TorrentAcceptor } from "../net/listener.ts";
import { PeerSocket, type SocketHost } from "../net/peer_socket.ts";
import type { RateShare } from "../net/rate_limiter.ts";
import { type BatchBuffers, programBuffers } from "../net/send_buffers.ts";
import type { Transport } from "../net/transport.ts";
import { WebSeedDialer, type WebSeedUrl } from "../net/web_seed/web_seed_dialer.ts";
import type { Action } from "../peer/connection/actions.ts";
import type { Connection } from "../peer/connection/connection.ts";
import type { InfoHashes, TorrentHashes } from "../peer/connection/info_hashes.ts";
import type { Peer, PeerSource } from "../peer/connection/peer.ts";
import type { BlockRequest } from "../peer/connection/upload_state.ts";
import type { TransferOptions } from "../peer/options.ts";
import { SeedCounter } from "../peer/peers/seed_counter.ts";
import { Swarm } from "../peer/swarm.ts";
import { addressesHere, LocalAddresses } from "./local_addresses.ts";
import type { SessionOptions } from "./options.ts";
import { PieceStore, type TransferDisk } from "./piece_store.ts";
import { eventOf } from "./swarm_events.ts";
import type { Ticking } from "./ticker.ts";

/** One torrent on the network. */
export class Session implements TorrentAcceptor, SocketHost, Ticking, AsyncDisposable {
  /** The state machine that decides. */
  readonly swarm: Swarm;
  /** Counts the other peers that have the whole torrent. */
  readonly copies: SeedCounter = new SeedCounter();
  readonly uploadLimiter: RateShare;
  readonly downloadLimiter: RateShare;
  readonly buffers: BatchBuffers = programBuffers;
  readonly #options: SessionOptions;
  readonly #sockets = new Map<Connection, Transport>();
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  readonly #dialer = new Dialer();
  readonly #localAddresses = new LocalAddresses();
  #store: PieceStore | undefined;
  #webSeeds: WebSeedDialer | undefined;

  /** Starts at once: accepts peers, and requests the metadata from any peer it learns of. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { listener, peerId, uploadLimiter, downloadLimiter, ticker } = options.resources;
    this.uploadLimiter = uploadLimiter.share();
    this.downloadLimiter = downloadLimiter.share();
    this.swarm = new Swarm({
      ...options,
      peerId,
      listenPort: listener.port,
      listenHost: listener.host,
      connectionLimit: options.resources.connectionLimit,
      downloadLimit: () => this.downloadLimiter.bytesPerSecond,
      random: Math.random,
    });
    listener.add(this);
    ticker.add(this);
  }

  /**
   * Adds peers.
   *
   * @param by the IP address of the source; absent for the user, and where each peer announced itself
   */
  addPeers(addresses: Iterable<HostPort>, source: PeerSource, v2 = false, by?: string): void {
    const peers = Array.from(addresses, ({ host, port }) => ({ host: normalizeIp(host), port }));
    this.swarm.ownAddresses.here = addressesHere(this.#nowMs);
    this.swarm.introduce(peers, source, { v2, by });
    this.tick(this.#nowMs);
    this.#noteBusy();
  }

  /** Starts moving pieces: the metadata is known and the disk has been checked. */
  beginTransfer(options: TransferOptions, hashes: TorrentHashes, disk: TransferDisk): void {
    this.swarm.beginTransfer(options, hashes, this.#nowMs);
    this.#options.resources.listener.add(this); // the metadata may tell of a second info-hash
    this.#store = new PieceStore(options.layout, disk, {
      swarm: this.swarm,
      settle: () => this.settle(),
      onDiskError: this.#options.onDiskError,
    });
    this.settle();
  }

  /** Uses web servers that have the files as if they were peers. */
  useWebSeeds(servers: readonly WebSeedUrl[], info: WebSeedFiles): void {
    const { transfer } = this.swarm;
    if (transfer === undefined) throw new Error("the metadata is not known yet");
    this.#webSeeds ??= new WebSeedDialer({
      info,
      layout: transfer.layout,
      swarm: this.swarm,
      host: this,
      carry: (connection, carrier) => this.#carry(connection, carrier),
      onWarning: (message) => this.#options.emit({ type: "warning", message }),
      signal: this.#closed.signal,
    });
    for (const server of servers) this.#webSeeds.add(server);
    this.tick(this.#nowMs);
    this.#noteBusy();
  }

  /**
   * Closes the connections from these addresses, which this machine no longer has. Otherwise they would
   * fail only minutes later.
   */
  cutOff(gone: ReadonlySet<string>): void {
    for (const socket of this.#sockets.values()) {
      if (gone.has(socket.localHost ?? "")) socket.close("our address has changed");
    }
  }

  /** The pieces on disk, once the transfer has begun. */
  get store(): Pick<PieceStore, "moveFiles" | "readExactly" | "stopStoring"> {
    return this.#store!;
  }

  // Ticking: what the timer asks.

  /** Whether it has or wants connections. A complete torrent without peers needs hardly any attention. */
  get isBusy(): boolean {
    const { connections, peers, transfer } = this.swarm;
    return connections.size > 0 || peers.connecting.size > 0 || !transfer?.pieces.isComplete;
  }

  /** See {@link Ticking.tick}. */
  tick(nowMs: number): void {
    if (this.#closed.signal.aborted) return;
    for (const connection of this.#localAddresses.lost(nowMs)) {
      this.#sockets.get(connection)?.close("this machine has another address now");
    }
    this.swarm.tick(nowMs);
    for (const connection of this.#sockets.keys()) this.copies.onConnection(connection);
    this.settle();
  }

  // TorrentAcceptor: what the listener asks and hands over.

  /** See {@link TorrentAcceptor.infoHashes}. */
  get infoHashes(): InfoHashes {
    return this.swarm.infoHashes;
  }

  /** A peer connected to us and completed its handshake. */
  accepted(opened: OpenedSocket, remote: Deno.NetAddr, v2: boolean): void {
    const peer = this.#closed.signal.aborted
      ? undefined
      : this.swarm.accept(remote.hostname, remote.port);
    if (peer === undefined) closeQuietly(opened.conn);
    else this.#open(peer, opened, { inbound: true, v2 });
    this.#noteBusy();
    this.settle();
  }

  // SocketHost: what the sockets report and ask.

  /** A message arrived. */
  received(connection: Connection, message: Message, nowMs: number): void {
    try {
      this.swarm.received(connection, message, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#sockets.get(connection)?.close(error.message);
    }
  }

  /** Requests more from peers and carries out the swarm's actions. */
  settle(): void {
    if (this.#closed.signal.aborted) return;
    this.swarm.poll(this.#nowMs);
    for (let actions = this.swarm.pollActions(); actions.length > 0;) {
      for (const action of actions) this.#carryOut(action);
      actions = this.swarm.pollActions();
    }
  }

  /** See {@link Swarm.takeUploads}. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[] {
    return this.swarm.takeUploads(connection, maxBytes);
  }

  /** See {@link PieceStore.readBlocks}. */
  readBlocks(request: BlockRequest, out: Uint8Array): Promise<boolean> {
    return this.#store!.readBlocks(request, out);
  }

  /** A requested block cannot be uploaded. */
  refuseUpload(connection: Connection, request: BlockRequest): void {
    this.swarm.uploadRefused(connection, request);
    this.settle();
  }

  /** Bytes were written. */
  sent(connection: Connection, dataBytes: number): void {
    this.swarm.sent(connection, dataBytes, this.#nowMs);
  }

  /** Closes all connections and stops, after pending writes have finished. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    const { listener, ticker } = this.#options.resources;
    ticker.remove(this);
    listener.remove(this);
    this.swarm.leave();
    for (const socket of this.#sockets.values()) socket.close("we are leaving");
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
    this.uploadLimiter.close();
    this.downloadLimiter.close();
    this.#webSeeds?.[Symbol.dispose]();
    await this.#store?.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #nowMs(): number {
    return this.#options.resources.clock.nowMs();
  }

  #carryOut(action: Action): void {
    switch (action.type) {
      case "send":
        return this.#sockets.get(action.connection)?.send(action.message);
      case "request":
        return this.#sockets.get(action.connection)?.request(action.blocks);
      case "broadcast":
        return action.to.forEach((one) => this.#sockets.get(one)?.send(action.message));
      case "upload":
        return this.#sockets.get(action.connection)?.upload();
      case "verify":
        return this.#start(this.#store!.verify(action));
      case "hashBlocks":
        return this.#start(this.#store!.hashBlocks(action.piece));
      case "dial":
        return this.#start(this.#dial(action.peer, action.v2));
      case "close":
        return this.#sockets.get(action.connection)?.close(action.reason);
      case "metadata":
        return this.#options.onMetadata(action.info);
      case "pieceStored":
      case "pieceFailed":
      case "pieceLost":
      case "peer":
        return this.#options.emit(eventOf(action, (piece) => this.#store!.pathOf(piece)));
      case "spoiled":
        return this.#webSeeds?.spoiled(action.peer, action.piece);
      case "complete":
        return this.#options.onComplete();
      default:
        action satisfies never;
    }
  }

  /** Asks for every tick, in case it was idle before. */
  #noteBusy(): void {
    if (this.isBusy && !this.#closed.signal.aborted) this.#options.resources.ticker.add(this);
  }

  async #dial(peer: Peer, v2: boolean): Promise<void> {
    if (peer.url !== undefined) return this.#webSeeds?.dial(peer, peer.url);
    const dialled = await this.#dialer.tryDial(this.infoHashes, peer, v2, this.#closed.signal);
    if (typeof dialled === "string") this.swarm.dialFailed(peer, dialled, this.#nowMs);
    else this.#open(peer, dialled.opened, { inbound: false, v2: dialled.v2 });
    this.settle();
  }

  #open(peer: Peer, opened: OpenedSocket, settled: { inbound: boolean; v2: boolean }): void {
    const connection = this.swarm.opened(peer, opened.handshake, settled, this.#nowMs);
    if (typeof connection === "string") return closeQuietly(opened.conn);
    const socket = new PeerSocket(connection, opened.conn, opened.framer, this);
    this.#localAddresses.add(connection, opened.conn);
    this.#start(this.#carry(connection, socket));
  }

  /** Runs a carrier until its connection has ended. */
  async #carry(connection: Connection, carrier: Transport): Promise<void> {
    this.#sockets.set(connection, carrier);
    const reason = await carrier.run();
    this.copies.onConnection(connection); // its last message may have been that it is complete
    this.#sockets.delete(connection);
    this.#localAddresses.delete(connection);
    this.swarm.closed(connection, reason, this.#nowMs);
    this.settle();
  }

  /** Tracks a promise until it settles, so that closing can wait for it. */
  #start(promise: Promise<void>): void {
    const tracked = promise.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}
