/**
 * What a page shows, made up: figures of a transfer, and a source that a test can change.
 * @module
 */

import type { PageSource, PageView, PieceMap, Query, Snapshot } from "../../../lib/ui/snapshot.ts";
import { transferSnapshot } from "../../../lib/ui/transfer_snapshot.ts";
import type { ConnectionStats, TransferDetails, TransferStats } from "../../../mod.ts";

/** Figures of a leecher that has half of a file. */
export function stats(changes: Partial<TransferStats> = {}): TransferStats {
  return {
    name: "file.iso",
    state: "downloading",
    totalBytes: 1_000_000,
    haveBytes: 500_000,
    downloadedBytes: 500_000,
    uploadedBytes: 0,
    wastedBytes: 0,
    downloadRate: 0,
    uploadRate: 0,
    pieces: 4,
    havePieces: 2,
    copies: 0,
    peers: { known: 0, connecting: 0, connected: 0, away: 0, banned: 0 },
    connections: [],
    sources: [],
    ...changes,
  };
}

/** The closer look at the same. */
export function details(changes: Partial<TransferDetails> = {}): TransferDetails {
  return { magnet: "magnet:?xt=x", failedPieces: 0, trackers: [], strangers: [], ...changes };
}

/** A connection that gives nothing and takes nothing. */
export function connection(changes: Partial<ConnectionStats> = {}): ConnectionStats {
  return {
    address: "10.0.0.7:6881",
    client: "Shoal 0.1.0",
    downloadedBytes: 0,
    uploadedBytes: 0,
    downloadRate: 0,
    uploadRate: 0,
    progress: 1,
    flags: "",
    fetching: [],
    badPieces: 0,
    ...changes,
  };
}

/** The snapshot of a leecher with these figures. */
export function leecherSnapshot(
  changed: Partial<TransferStats> = {},
  looked: Partial<TransferDetails> = {},
) {
  return transferSnapshot({
    program: "leecher",
    stats: stats(changed),
    details: details(looked),
    hashing: undefined,
    port: 6881,
    elapsedSeconds: 1,
    history: { everySeconds: 1, down: [], up: [], peakDown: 0, peakUp: 0 },
  });
}

/** Shows what a test says, and counts how often it is asked. */
export class FakeSource implements PageSource, PageView {
  current: Snapshot = leecherSnapshot();
  pieces: PieceMap | undefined;
  asked = 0;
  readonly questions: Query[] = [];

  view(): PageView {
    return this;
  }

  snapshot(question: Query): Snapshot {
    this.asked++;
    this.questions.push(question);
    return this.current;
  }

  map(): PieceMap | undefined {
    return this.pieces;
  }

  close(): void {}
}
