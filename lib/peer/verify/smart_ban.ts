/**
 * Who sent wrong blocks, proved by the blocks themselves.
 *
 * Of a piece that fails its hash, a digest of each block is kept with the name of its sender. As soon
 * as the right blocks are known, because the piece has passed or its leaf hashes came, whoever sent
 * others is guilty, and nobody else ever is (libtorrent calls that a smart ban).
 *
 * A piece that several sent and that failed is fetched again by one peer alone: it passes, and tells
 * who spoiled it before, or it fails, and that peer is guilty. So a corrupting peer never spoils a
 * piece more than once without being found out.
 *
 * @module
 */

import { equalBytes } from "../../codec/bytes.ts";
import { HASH_LENGTH } from "../../codec/torrent/merkle.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import type { Peer } from "../connection/peer.ts";

/** Failed attempts whose blocks are remembered: 0.6 MiB at most, with pieces of 16 MiB. */
const MAX_ATTEMPTS = 16;

/** Who had a part in a piece. */
interface Sources {
  /** Those of them who are still known. */
  readonly from: readonly Peer[];
  /** Nobody else had a part in it, known or not. */
  readonly alone: boolean;
}

/** A piece as it was when it failed. */
interface Attempt {
  readonly piece: PieceIndex;
  /** Who sent each block. */
  readonly senders: readonly number[];
  /** The SHA-256 of each block, packed. */
  readonly digests: Uint8Array;
}

/** Remembers failed attempts, and judges. */
export class SmartBan {
  readonly #peerById: (id: number) => Peer | undefined;
  readonly #suspect = new Set<PieceIndex>();
  #attempts: Attempt[] = []; // oldest first

  /** `peerById` gives the peers that are still known. */
  constructor(peerById: (id: number) => Peer | undefined) {
    this.#peerById = peerById;
  }

  /** Pieces that failed with several senders and have not passed since: for one sender alone. */
  get suspect(): ReadonlySet<PieceIndex> {
    return this.#suspect;
  }

  /** Who sent the blocks of a piece. */
  sourcesOf(active: ActivePiece): Sources {
    const ids = active.contributors();
    const peers = new Set(ids.map((id) => this.#peerById(id)));
    const alone = peers.size === 1;
    peers.delete(undefined);
    return { from: [...peers as Set<Peer>], alone };
  }

  /** Whether the digests of a piece's blocks would tell something even if it passes. */
  needsDigests(piece: PieceIndex): boolean {
    return this.#attempts.some((attempt) => attempt.piece === piece);
  }

  /** Several peers sent the piece and it failed. Without digests no peer can be banned for it later. */
  onFailed(active: ActivePiece, digests: Uint8Array | undefined): void {
    const { piece } = active;
    this.#suspect.add(piece);
    if (digests === undefined) return;
    this.#attempts.push({ piece, senders: sendersOf(active), digests });
    if (this.#attempts.length > MAX_ATTEMPTS) this.#attempts.shift();
  }

  /** The right blocks of the piece are known. Returns who sent others in an attempt that failed. */
  resolve(piece: PieceIndex, right: Uint8Array | undefined): Peer[] {
    this.#suspect.delete(piece);
    const guilty = new Set<number>();
    for (const attempt of this.#attempts) {
      if (attempt.piece !== piece || right === undefined) continue;
      for (const block of wrongBlocks(attempt.digests, right)) guilty.add(attempt.senders[block]!);
    }
    this.#attempts = this.#attempts.filter((attempt) => attempt.piece !== piece);
    return this.peers(guilty);
  }

  /** Those of these who are still known. */
  peers(ids: Iterable<number>): Peer[] {
    const peers = new Set([...ids].map((id) => this.#peerById(id)));
    peers.delete(undefined);
    return [...peers as Set<Peer>];
  }
}

/** The numbers of the blocks whose digests differ. `right` may go on where the piece has ended. */
export function wrongBlocks(digests: Uint8Array, right: Uint8Array): number[] {
  const wrong: number[] = [];
  for (let at = 0; at < digests.length; at += HASH_LENGTH) {
    const same = equalBytes(
      digests.subarray(at, at + HASH_LENGTH),
      right.subarray(at, at + HASH_LENGTH),
    );
    if (!same) wrong.push(at / HASH_LENGTH);
  }
  return wrong;
}

function sendersOf(active: ActivePiece): number[] {
  return Array.from({ length: active.blockCount }, (_, block) => active.contributorOf(block));
}
