/**
 * Finds the peers that sent wrong blocks, proven by the blocks themselves.
 *
 * When a piece fails its hash, a digest of each block is kept with the id of its sender. Once the right
 * blocks are known, because the piece has passed or its leaf hashes arrived, the peers that sent different
 * ones are guilty, and no other peer is ever accused. libtorrent calls this a smart ban.
 *
 * A piece that came from several peers and failed is fetched again from one peer alone. Either it passes and
 * shows which peer sent wrong blocks before, or it fails and that peer is guilty. So a corrupting peer cannot
 * spoil a piece more than once without being found out.
 *
 * @module
 */

import { equalBytes } from "../../codec/bytes.ts";
import { HASH_LENGTH } from "../../codec/torrent/merkle.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import type { Peer } from "../connection/peer.ts";

/** Failed attempts to remember: at most 0.6 MiB with pieces of 16 MiB. */
const MAX_ATTEMPTS = 16;

/** The peers that sent a piece. */
interface Sources {
  /** Those that are still known. */
  readonly from: readonly Peer[];
  /** All of it came from one known peer, or all its senders are forgotten. */
  readonly alone: boolean;
}

/** A piece as it was when it failed. */
interface Attempt {
  readonly piece: PieceIndex;
  /** The peer id of each block's sender. */
  readonly senders: readonly number[];
  /** The SHA-256 of each block, packed. */
  readonly digests: Uint8Array;
}

/** Remembers failed attempts and finds the guilty peers. */
export class SmartBan {
  readonly #peerById: (id: number) => Peer | undefined;
  readonly #suspect = new Set<PieceIndex>();
  #attempts: Attempt[] = []; // oldest first

  /** `peerById` returns peers that are still known. */
  constructor(peerById: (id: number) => Peer | undefined) {
    this.#peerById = peerById;
  }

  /** Pieces that failed with several senders and have not passed since. Each is fetched by one peer alone. */
  get suspect(): ReadonlySet<PieceIndex> {
    return this.#suspect;
  }

  /** The peers that sent the blocks of a piece. */
  sourcesOf(active: ActivePiece): Sources {
    const ids = active.contributors();
    const peers = new Set(ids.map((id) => this.#peerById(id)));
    const alone = peers.size === 1;
    peers.delete(undefined);
    return { from: [...peers as Set<Peer>], alone };
  }

  /** Whether the digests of a piece's blocks are useful even if it passes. */
  needsDigests(piece: PieceIndex): boolean {
    return this.#attempts.some((attempt) => attempt.piece === piece);
  }

  /** Records a failed piece that several peers sent. Without digests no peer can be banned for it later. */
  onFailed(active: ActivePiece, digests: Uint8Array | undefined): void {
    const { piece } = active;
    this.#suspect.add(piece);
    if (digests === undefined) return;
    this.#attempts.push({ piece, senders: sendersOf(active), digests });
    if (this.#attempts.length > MAX_ATTEMPTS) this.#attempts.shift();
  }

  /** The right blocks of the piece are known. Returns the peers that sent wrong ones in failed attempts. */
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

  /** The peers with these ids that are still known. */
  peers(ids: Iterable<number>): Peer[] {
    const peers = new Set([...ids].map((id) => this.#peerById(id)));
    peers.delete(undefined);
    return [...peers as Set<Peer>];
  }
}

/** The numbers of the blocks whose digests differ. `right` may extend past the end of the piece. */
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
