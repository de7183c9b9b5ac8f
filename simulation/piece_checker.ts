/**
 * What the disk and its threads do for a node: check pieces, store them, hash blocks for others.
 *
 * @module
 */

import type { VerifyAction } from "../lib/peer/connection/actions.ts";
import type { Swarm } from "../lib/peer/swarm.ts";
import type { Layout, PieceIndex } from "../lib/store/layout.ts";
import type { SimStorage } from "./content.ts";
import type { VirtualClock } from "./virtual_clock.ts";

const FIXED_MS = 1;
const BYTES_PER_MS = 500_000;

/** The node that pieces are checked for. */
export interface CheckingNode {
  readonly swarm: Swarm;
  readonly isAlive: boolean;
  readonly storage: SimStorage;
  /** Lets it settle when all that happens now has happened. */
  settleSoon(): void;
}

/** Checks the pieces of one node. */
export class PieceChecker {
  /** Pieces that did not match their hash. */
  failedPieces = 0;
  readonly #node: CheckingNode;
  readonly #clock: VirtualClock;
  readonly #layout: Layout;

  /** It takes as long as a piece of this layout is. */
  constructor(node: CheckingNode, clock: VirtualClock, layout: Layout) {
    this.#node = node;
    this.#clock = clock;
    this.#layout = layout;
  }

  /** Checks a piece, and stores it when it is right. */
  verify({ active, expected, wantsDigests }: VerifyAction): void {
    const { piece } = active;
    this.#later(piece, () => {
      const { swarm, storage } = this.#node;
      const { matches, digests } = storage.verify(active, expected, wantsDigests);
      if (!matches) this.failedPieces++;
      swarm.verified(piece, matches, expected.kind === "sha1", digests);
    });
  }

  /** Hashes the blocks of a stored piece. */
  hashBlocks(piece: PieceIndex): void {
    this.#later(piece, () => {
      const { swarm, storage } = this.#node;
      swarm.hashed(piece, storage.hashBlocks(piece), this.#clock.nowMs);
    });
  }

  /** Runs `then` when the piece has been read and hashed, if the node is still there. */
  #later(piece: PieceIndex, then: () => void): void {
    this.#clock.after(FIXED_MS + this.#layout.dataLength(piece) / BYTES_PER_MS, () => {
      if (!this.#node.isAlive) return;
      then();
      this.#node.settleSoon();
    });
  }
}
