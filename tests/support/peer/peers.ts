/**
 * Connections, layouts and a download on a bench: what tests of single parts of the peer machine need.
 * @module
 */

import { BLOCK_LENGTH } from "../../../lib/codec/torrent/merkle.ts";
import type { Message } from "../../../lib/codec/wire/message.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import { Connection, type Negotiated } from "../../../lib/peer/connection/connection.ts";
import type { TransferContext } from "../../../lib/peer/connection/context.ts";
import type { Peer } from "../../../lib/peer/connection/peer.ts";
import { ReadyQueue } from "../../../lib/peer/connection/ready_queue.ts";
import { Download } from "../../../lib/peer/download/download.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import type { LeafPlace } from "../../../lib/peer/verify/block_hash_fetch.ts";
import { FailedPieces } from "../../../lib/peer/verify/failed_pieces.ts";
import { Bitfield } from "../../../lib/store/bitfield.ts";
import { Layout, type PieceIndex } from "../../../lib/store/layout.ts";
import { type ActivePiece, Pieces } from "../../../lib/store/pieces.ts";
import { requestsOf } from "../../../simulation/requests.ts";
import { seededRandom } from "../../../support/random.ts";

/** `n` as a piece index, unchecked. */
export function at(n: number): PieceIndex {
  return n as PieceIndex;
}

/** One v1 file of `pieceCount` whole pieces. */
export function layoutOf(pieceCount: number, blocksPerPiece: number): Layout {
  const pieceLength = blocksPerPiece * BLOCK_LENGTH;
  const files = [{ length: pieceCount * pieceLength, pad: false }];
  return new Layout({ pieceLength, version: "v1", files });
}

/** A bitfield with these bits set. */
export function bits(length: number, ...set: number[]): Bitfield {
  const field = new Bitfield(length);
  for (const bit of set) field.set(bit);
  return field;
}

/** A full bitfield. */
export function allOf(length: number): Bitfield {
  const field = new Bitfield(length);
  field.fill();
  return field;
}

/** A connected peer of `book` at an address of its own, and a connection to it. */
export function connect(
  book: PeerList,
  id: number,
  negotiated: Partial<Negotiated> = {},
  nowMs = 0,
): Connection {
  const peer = book.addPeer(`10.0.0.${id}`, 6881, "tracker")!;
  if (peer.state === "available") book.apply(peer, "dial");
  if (peer.state === "connecting") book.apply(peer, "handshake");
  const settled = { inbound: false, peerId: `id${id}`, extensions: true, fast: true, v2: false };
  return new Connection(id, peer, { ...settled, upgradable: false, ...negotiated }, nowMs);
}

/** What of `actions` goes to this connection, as messages. */
export function sentTo(actions: readonly Action[], connection: Connection): Message[] {
  return actions.flatMap((action) => {
    if (action.type === "request" && action.connection === connection) {
      return requestsOf(action.blocks);
    }
    if (action.type === "broadcast" && action.to.includes(connection)) return [action.message];
    return action.type === "send" && action.connection === connection ? [action.message] : [];
  });
}

/** The context of parts of a transfer: what a test does not say is empty. */
export function contextOf(some: Partial<TransferContext> = {}): TransferContext {
  const layout = some.layout ?? layoutOf(1, 1);
  return {
    layout,
    pieces: some.pieces ?? new Pieces(layout, new Bitfield(layout.pieceCount), 0),
    connections: new Map(),
    emit: () => {},
    ready: new ReadyQueue(),
    random: seededRandom(1),
    peerById: () => undefined,
    ...some,
  };
}

/** How a download bench is set up. */
export interface BenchOptions {
  pieceCount?: number;
  blocksPerPiece?: number;
  slotCount?: number;
  downloadLimit?: (() => number) | undefined;
  seed?: number;
  layout?: Layout;
  canVerify?: (piece: PieceIndex) => boolean;
  placeOf?: (piece: PieceIndex) => LeafPlace | undefined;
}

/** A download with its connections; the test plays everybody else. */
export class DownloadHarness {
  readonly layout: Layout;
  readonly pieces: Pieces;
  readonly download: Download;
  readonly book = new PeerList(() => {});
  readonly connections = new Map<number, Connection>();
  readonly failures: FailedPieces;
  readonly ready = new ReadyQueue();
  /** Blocks handed to the piece memory. */
  stored: { slot: number; begin: number; length: number }[] = [];
  /** Who was found guilty, in order. */
  readonly banned: Peer[] = [];
  nowMs = 0;
  /** By slot, the digests of the blocks in it: of zeros where a block is right. */
  readonly #digests = new Map<number, Uint8Array>();
  #corruption = 0;
  #actions: Action[] = [];

  constructor(options: BenchOptions = {}) {
    const { pieceCount = 8, blocksPerPiece = 4, slotCount = 16, seed = 1 } = options;
    this.layout = options.layout ?? layoutOf(pieceCount, blocksPerPiece);
    this.pieces = new Pieces(this.layout, new Bitfield(this.layout.pieceCount), slotCount);
    const context = contextOf({
      layout: this.layout,
      pieces: this.pieces,
      connections: this.connections,
      emit: (action: Action) => this.#actions.push(action),
      ready: this.ready,
      random: seededRandom(seed),
      peerById: (id) => this.book.byId(id),
    });
    this.failures = new FailedPieces(context, options.placeOf ?? (() => undefined), {
      ban: (peer) => this.banned.push(peer),
      retryBlocks: (piece, wrong) => this.download.retryBlocks(piece, wrong),
      retryPiece: (piece) => this.download.retryPiece(piece),
    }, 0);
    const { suspect } = this.failures;
    this.download = new Download(context, {
      suspect,
      canVerify: options.canVerify ?? (() => true),
    }, {
      storeBlock: (slot, begin, block) => this.#store(slot, begin, block),
      onFull: (active) =>
        this.#actions.push({
          type: "verify",
          active,
          expected: { kind: "sha1", hash: new Uint8Array(20) },
          note: "verified",
          wantsDigests: this.failures.wantsDigests(active.piece),
        }),
      downloadLimit: options.downloadLimit,
    });
  }

  #store(slot: number, begin: number, block: Uint8Array): void {
    this.stored.push({ slot, begin, length: block.length });
    const blocks = Math.ceil(this.layout.pieceLength / BLOCK_LENGTH);
    const digests = this.#digests.get(slot) ?? new Uint8Array(32 * blocks);
    const at = begin / BLOCK_LENGTH * 32;
    this.#digests.set(slot, digests.fill(this.#corruption, at, at + 32));
  }

  /** The digests of the blocks of an active piece. */
  digestsOf({ slot, blockCount }: ActivePiece): Uint8Array {
    return this.#digests.get(slot)!.slice(0, 32 * blockCount);
  }

  /** A peer, here for a second and a half, that has these pieces (all by default) and serves us. */
  seed(
    id: number,
    negotiated: Partial<Negotiated> = {},
    has = allOf(this.layout.pieceCount),
  ): Connection {
    const connection = connect(this.book, id, negotiated, this.nowMs - 1500);
    connection.pieces.have = new Bitfield(this.layout.pieceCount);
    this.connections.set(connection.id, connection);
    this.download.onBitfield(connection, has);
    this.download.onUnchoke(connection);
    return connection;
  }

  /** Lets everybody who is hungry ask for more; returns all that was sent. */
  settle(): Action[] {
    let connection: Connection | undefined;
    while ((connection = this.ready.next()) !== undefined) {
      this.download.poll(connection, this.nowMs);
    }
    this.check();
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Settles, and returns what was requested of this connection. */
  requests(connection: Connection): { piece: number; begin: number; length: number }[] {
    return sentTo(this.settle(), connection).flatMap((message) =>
      message.type === "request" ? [message] : []
    );
  }

  /** Everything the connection owes, as piece and block numbers, in the order of asking. */
  owed(connection: Connection): { piece: PieceIndex; block: number }[] {
    const perPiece = Math.ceil(this.layout.pieceLength / BLOCK_LENGTH);
    return [...connection.download.outstanding.keys()].map((key) => ({
      piece: at(Math.floor(key / perPiece)),
      block: key % perPiece,
    }));
  }

  /** The peer sends a block: the right one, or one of many wrong ones. */
  deliver(connection: Connection, piece: number, block: number, corruption = 0): void {
    const { v2 } = connection.negotiated;
    const length = this.layout.blockLength(at(piece), block, v2);
    const data = new Uint8Array(length);
    const message = { type: "piece", piece, begin: block * BLOCK_LENGTH, block: data } as const;
    this.#corruption = corruption;
    this.download.block(connection, message, this.nowMs);
    this.check();
  }

  /** The peer refuses a block. */
  reject(connection: Connection, piece: number, block: number): void {
    const length = this.layout.blockLength(at(piece), block, connection.negotiated.v2);
    const message = { type: "reject", piece, begin: block * BLOCK_LENGTH, length } as const;
    this.download.onReject(connection, message);
    this.check();
  }

  /** The peer sends everything it owes. */
  deliverAll(connection: Connection): void {
    for (const { piece, block } of this.owed(connection)) this.deliver(connection, piece, block);
  }

  /** The driver has checked a piece; whether it matches, its blocks say where the test does not. */
  verify(piece: number, matches?: boolean): void {
    const active = this.pieces.active.get(at(piece))!;
    const digests = this.digestsOf(active);
    const passes = matches ?? digests.every((byte) => byte === 0);
    if (passes) {
      const wanted = this.failures.wantsDigests(active.piece) ? digests : undefined;
      const from = this.failures.onPassed(active, wanted);
      this.download.onStored(active.piece, from);
      const bytes = this.layout.dataLength(active.piece);
      this.#actions.push({ type: "pieceStored", piece: active.piece, bytes, from });
    } else this.failures.onFailed(active, digests);
    this.check();
  }

  /** Checks every full piece. Returns those that failed. */
  verifyFull(): PieceIndex[] {
    const failed: PieceIndex[] = [];
    for (const { piece, isFull } of [...this.pieces.active.values()]) {
      if (!isFull) continue;
      this.verify(piece);
      if (!this.pieces.have.get(piece)) failed.push(piece);
    }
    return failed;
  }

  /** The connection is gone. */
  leave(connection: Connection): void {
    this.connections.delete(connection.id);
    this.download.onDisconnected(connection);
    this.ready.remove(connection);
    this.failures.onDisconnected(connection);
    this.check();
  }

  /** Time passes. */
  tick(byMs: number): void {
    this.nowMs += byMs;
    this.download.tick(this.nowMs);
    this.failures.tick(this.nowMs);
    this.check();
  }

  /** Lets everybody ask, and then waits until it counts as late what was asked for. */
  settleToEndGame(): Action[] {
    const actions = this.settle();
    this.tick(500);
    return [...actions, ...this.settle()];
  }

  /** Asserts every invariant. */
  check(): void {
    this.download.checkInvariant();
  }
}
