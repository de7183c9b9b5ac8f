/**
 * Decides what follows when a full piece passes or fails its hash check.
 *
 * A v2 piece that fails waits until a peer sends the hashes of its blocks. Then only the wrong blocks are
 * fetched again, and the peers that sent them are banned. If no peer sends the hashes, and in v1 torrents,
 * the whole piece is fetched again, and {@link SmartBan} finds out which peer sent wrong blocks.
 *
 * @module
 */

import type { HashesMessage, HashRangeFields } from "../../codec/wire/message.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { Peer } from "../connection/peer.ts";
import { BlockHashFetch, type PlaceOf } from "./block_hash_fetch.ts";
import { SmartBan, wrongBlocks } from "./smart_ban.ts";

/** How long one peer has a suspect piece to itself; doubles each time the piece fails. */
const ALONE_MS = 10_000;
const MAX_ALONE_MS = 640_000;

/** Called when a piece has been judged. */
export interface VerdictHandlers {
  /** The peer is proven to have sent corrupt data in this piece. */
  readonly ban: (peer: Peer, piece: PieceIndex) => void;
  /** Fetch these blocks of the piece again; the others are right. */
  readonly retryBlocks: (piece: PieceIndex, wrong: readonly number[]) => void;
  /** Fetch all of the piece again. */
  readonly retryPiece: (piece: PieceIndex) => void;
}

/** Judges full pieces and the peers that sent them. */
export class FailedPieces {
  readonly #context: TransferContext;
  readonly #handlers: VerdictHandlers;
  readonly #smartBan: SmartBan;
  readonly #blockHashes: BlockHashFetch;
  /** Pieces that wait for leaf hashes, and the digests of their blocks. */
  readonly #waiting = new Map<PieceIndex, Uint8Array>();
  /** Since when one peer has a suspect piece to itself. */
  readonly #aloneSinceMs = new Map<ActivePiece, number>();
  readonly #failures = new Map<PieceIndex, number>();

  /** `placeOf` says where the leaf hashes of a piece lie. */
  constructor(
    context: TransferContext,
    placeOf: PlaceOf,
    handlers: VerdictHandlers,
    nowMs: number,
  ) {
    this.#context = context;
    this.#handlers = handlers;
    this.#smartBan = new SmartBan(context.peerById);
    this.#blockHashes = new BlockHashFetch(context, placeOf, nowMs);
  }

  /** Pieces to fetch first, each by one peer alone. */
  get suspect(): ReadonlySet<PieceIndex> {
    return this.#smartBan.suspect;
  }

  /** Whether the driver should hash the blocks of a piece even if it passes. */
  wantsDigests(piece: PieceIndex): boolean {
    return this.#smartBan.needsDigests(piece);
  }

  /** The piece matched its hash. Credits its senders with the bytes they sent, and returns them. */
  onPassed(active: ActivePiece, digests: Uint8Array | undefined): readonly Peer[] {
    const { layout, peerById } = this.#context;
    const { piece } = active;
    for (let block = 0; block < active.blockCount; block++) {
      const peer = peerById(active.contributorOf(block));
      if (peer) peer.verifiedBytes += layout.blockLength(piece, block, true);
    }
    this.#blockHashes.forget(piece);
    this.#failures.delete(piece);
    this.#ban(this.#smartBan.resolve(piece, digests), piece);
    return this.#smartBan.sourcesOf(active).from;
  }

  /**
   * The piece did not match its hash. It is dropped or reopened, now or in a few seconds.
   *
   * @param digests The SHA-256 of each of its blocks, packed.
   */
  onFailed(active: ActivePiece, digests: Uint8Array | undefined): void {
    const { piece } = active;
    this.#failures.set(piece, (this.#failures.get(piece) ?? 0) + 1);
    const { from, alone } = this.#smartBan.sourcesOf(active);
    if (alone) this.#ban(from, piece);
    const known = this.#blockHashes.known(piece);
    if (digests === undefined) return this.#drop(active, digests);
    if (known !== undefined) return this.#compare(active, digests, known);
    if (this.#blockHashes.begin(active)) this.#waiting.set(piece, digests);
    else this.#drop(active, digests);
  }

  /**
   * Hashes arrived. Returns true when a piece waited for them.
   *
   * @throws {CorruptDataError} when they do not lead to the hash of the piece
   */
  onHashes(connection: Connection, message: HashesMessage): boolean {
    const active = this.#blockHashes.onHashes(connection, message);
    if (active === undefined) return false;
    const { piece } = active;
    this.#compare(active, this.#waiting.get(piece)!, this.#blockHashes.known(piece)!);
    return true;
  }

  /** The peer refuses to send hashes. */
  onHashReject(connection: Connection, message: HashRangeFields): void {
    const lost = this.#blockHashes.onHashReject(connection, message);
    if (lost !== undefined) this.#giveUp(lost);
  }

  onDisconnected(connection: Connection): void {
    for (const active of this.#blockHashes.onDisconnected(connection)) this.#giveUp(active);
  }

  /** Gives up waits that have taken too long. */
  tick(nowMs: number): void {
    for (const active of this.#blockHashes.tick(nowMs)) this.#giveUp(active);
    for (const active of this.#aloneSinceMs.keys()) {
      if (this.#context.pieces.active.get(active.piece) !== active) {
        this.#aloneSinceMs.delete(active);
      }
    }
    for (const active of this.#context.pieces.active.values()) {
      if (!active.exclusive || active.isFull) continue;
      const sinceMs = this.#aloneSinceMs.get(active);
      if (sinceMs === undefined) this.#aloneSinceMs.set(active, nowMs);
      else if (nowMs - sinceMs >= this.#aloneMs(active.piece)) active.exclusive = false;
    }
  }

  /** Keeps a slow peer from blocking a piece, but grows, so that an honest slow peer gets enough time. */
  #aloneMs(piece: PieceIndex): number {
    return Math.min(MAX_ALONE_MS, ALONE_MS * 2 ** (this.#failures.get(piece) ?? 0));
  }

  /** Compares the digests of a failed piece with the right ones. */
  #compare(active: ActivePiece, digests: Uint8Array, right: Uint8Array): void {
    const { piece } = active;
    this.#waiting.delete(piece);
    const wrong = wrongBlocks(digests, right);
    const guilty = new Set(wrong.map((block) => active.contributorOf(block)));
    const from = this.#smartBan.peers(guilty);
    this.#tell(piece, from);
    if (wrong.length === 0 || wrong.length === active.blockCount) this.#handlers.retryPiece(piece);
    else this.#handlers.retryBlocks(piece, wrong);
    this.#ban(from, piece);
    this.#ban(this.#smartBan.resolve(piece, right), piece);
  }

  /** No peer sends the leaf hashes of the piece. */
  #giveUp(active: ActivePiece): void {
    const digests = this.#waiting.get(active.piece);
    this.#waiting.delete(active.piece);
    this.#drop(active, digests);
  }

  #drop(active: ActivePiece, digests: Uint8Array | undefined): void {
    const { from, alone } = this.#smartBan.sourcesOf(active);
    if (!alone) this.#smartBan.onFailed(active, digests);
    this.#tell(active.piece, from);
    this.#handlers.retryPiece(active.piece);
  }

  #tell(piece: PieceIndex, from: readonly Peer[]): void {
    for (const peer of from) peer.badPieces++;
    this.#context.emit({ type: "pieceFailed", piece, from });
  }

  #ban(peers: readonly Peer[], piece: PieceIndex): void {
    for (const peer of peers) this.#handlers.ban(peer, piece);
  }
}
