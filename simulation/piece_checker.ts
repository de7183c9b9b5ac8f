/**
 * The work of a node's disk and threads: checking pieces, storing them, hashing blocks for other peers.
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

/** The node whose pieces are checked. */
export interface CheckingNode {
  readonly swarm: Swarm;
  readonly isAlive: boolean;
  readonly storage: SimStorage;
  /** Schedules a settle after everything else that happens at this time. */
  settleSoon(): void;
}

/** Checks the pieces of one node. */
export class PieceChecker {
  /** Number of pieces that did not match their hash. */
  failedPieces = 0;
  readonly #node: CheckingNode;
  readonly #clock: VirtualClock;
  readonly #layout: Layout;

  /** @param layout Determines how long checking a piece takes. */
  constructor(node: CheckingNode, clock: VirtualClock, layout: Layout) {
    this.#node = node;
    this.#clock = clock;
    this.#layout = layout;
  }

  /** Checks a piece, and stores it if it is correct. */
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

  /** Runs `then` after the time it takes to read and hash the piece, if the node is still running. */
  #later(piece: PieceIndex, then: () => void): void {
    this.#clock.after(FIXED_MS + this.#layout.dataLength(piece) / BYTES_PER_MS, () => {
      if (!this.#node.isAlive) return;
      then();
      this.#node.settleSoon();
    });
  }
}
