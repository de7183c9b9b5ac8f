/**
 * Has full pieces checked: which hash each one must match, and what follows from the result.
 *
 * @module
 */

import type { HashesMessage, HashRangeMessage } from "../../codec/wire/message.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, PieceHash } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { Peer } from "../connection/peer.ts";
import { FailedPieces, type VerdictHandlers } from "./failed_pieces.ts";
import { type KnownHashes, PieceHashes } from "./piece_hashes.ts";

/** Has full pieces checked and judges the peers that sent them. */
export class Verifier {
  /** Some pieces were checked by SHA-1 although the torrent has SHA-256 hashes. */
  usedSha1: boolean;
  readonly #context: TransferContext;
  readonly #hashes: PieceHashes;
  readonly #failures: FailedPieces;

  /** @param known.usedSha1 whether that was so before this transfer */
  constructor(
    context: TransferContext,
    known: KnownHashes & { readonly usedSha1?: boolean | undefined },
    handlers: VerdictHandlers,
    nowMs: number,
  ) {
    this.#context = context;
    this.usedSha1 = known.usedSha1 ?? false;
    const onHashes = this.#hashes = new PieceHashes(context, known, nowMs);
    this.#failures = new FailedPieces(context, (piece) => onHashes.placeOf(piece), handlers, nowMs);
  }

  /** True when all SHA-256 piece hashes are known. */
  get isComplete(): boolean {
    return this.#hashes.isComplete;
  }

  /** Failed pieces to fetch first, each by one peer alone. */
  get suspect(): ReadonlySet<PieceIndex> {
    return this.#failures.suspect;
  }

  /** See {@link PieceHashes.expected}. */
  expected(piece: PieceIndex): PieceHash | undefined {
    return this.#hashes.expected(piece);
  }

  /** See {@link PieceHashes.canVerify}. */
  canVerify(piece: PieceIndex): boolean {
    return this.#hashes.canVerify(piece);
  }

  /** Asks the driver to check a full piece and store it. */
  check(active: ActivePiece): void {
    const { layout, pieces, emit } = this.#context;
    const { piece } = active;
    const expected = this.expected(piece)!;
    const isProvisional = expected.kind === "sha1" && layout.version === "hybrid";
    const note = pieces.isFragment(piece) ? "fragment" : isProvisional ? "sha1" : "verified";
    const wantsDigests = this.#failures.wantsDigests(piece);
    emit({ type: "verify", active, expected, note, wantsDigests });
  }

  /**
   * The driver checked a piece, and stored it if it matched. Returns the peers that sent it; `undefined` when
   * it did not match.
   *
   * @param digests The SHA-256 of each block, packed, when the piece did not match or they were wanted.
   */
  onVerified(
    piece: PieceIndex,
    matches: boolean,
    bySha1: boolean,
    digests: Uint8Array | undefined,
  ): readonly Peer[] | undefined {
    const { layout, pieces } = this.#context;
    const active = pieces.active.get(piece)!;
    if (!matches) return void this.#failures.onFailed(active, digests);
    if (bySha1 && layout.version === "hybrid") this.usedSha1 = true;
    return this.#failures.onPassed(active, digests);
  }

  /**
   * Hashes arrived. Returns true when more pieces can be checked than before.
   *
   * @throws {CorruptDataError} when they do not lead to the hash they belong to
   */
  hashes(connection: Connection, message: HashesMessage, nowMs: number): boolean {
    if (this.#failures.onHashes(connection, message)) return false;
    return this.#hashes.onHashes(connection, message, nowMs);
  }

  /** The peer refuses to send hashes. */
  onHashReject(connection: Connection, message: HashRangeMessage, nowMs: number): void {
    this.#failures.onHashReject(connection, message);
    this.#hashes.onHashReject(connection, message, nowMs);
  }

  /** Requests missing hashes from the peer. */
  poll(connection: Connection, nowMs: number): void {
    this.#hashes.poll(connection, nowMs);
  }

  onDisconnected(connection: Connection): void {
    this.#hashes.onDisconnected(connection);
    this.#failures.onDisconnected(connection);
  }

  /** Returns true while hashes are missing, when there may be new ones to request. */
  tick(nowMs: number): boolean {
    this.#failures.tick(nowMs);
    return this.#hashes.tick(nowMs);
  }
}
