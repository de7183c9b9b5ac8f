/**
 * One peer's conversation: what was negotiated, and a side of it for each part of the swarm.
 *
 * @module
 */

import { DownloadState } from "./download_state.ts";
import { ExtensionState } from "./extension_state.ts";
import type { Peer } from "./peer.ts";
import { ReadyState } from "./ready_state.ts";
import { RemotePieces } from "./remote_pieces.ts";
import { UploadState } from "./upload_state.ts";

/** What both handshakes together settled. */
export interface Negotiated {
  /** True when the peer dialled us. */
  readonly inbound: boolean;
  /** The peer's id, 20 bytes in hex. */
  readonly peerId: string;
  /** Both sides speak BEP 10. */
  readonly extensions: boolean;
  /** Both sides speak BEP 6. */
  readonly fast: boolean;
  /** The connection runs on the v2 info-hash (BEP 52). */
  readonly v2: boolean;
  /** It runs on the v1 info-hash, but the peer knows the v2 one too: the upgrade bit (BEP 52). */
  readonly upgradable: boolean;
}

/**
 * The state of one conversation. Each part of the swarm has a side of it to itself, and writes that alone;
 * what is on no side is the swarm's own.
 */
export class Connection {
  /** Number of this connection, unique within a swarm. */
  readonly id: number;
  /** Whom we talk to. */
  readonly peer: Peer;
  /** What the handshakes settled. */
  readonly negotiated: Negotiated;
  /** When the handshake was through. */
  readonly openedMs: number;

  /** What it has, and what of that we want. */
  readonly pieces = new RemotePieces();
  /** What we fetch from it. */
  readonly download: DownloadState;
  /** What we serve it. */
  readonly upload = new UploadState();
  /** What we told each other in extended messages. */
  readonly extension = new ExtensionState();
  /** Its place in the {@link ReadyQueue}. */
  readonly ready = new ReadyState();

  /** When something last arrived. */
  lastReceivedMs: number;
  /** When something was last sent. */
  lastSentMs: number;
  /** It ends in favour of another one with the same peer, which we open at once. */
  renewed = false;
  /** We have asked for its end; what it still says counts no longer. */
  closing = false;

  /** A conversation that begins now. */
  constructor(id: number, peer: Peer, negotiated: Negotiated, nowMs: number) {
    this.id = id;
    this.peer = peer;
    this.negotiated = negotiated;
    this.openedMs = nowMs;
    this.lastReceivedMs = nowMs;
    this.lastSentMs = nowMs;
    this.download = new DownloadState(nowMs);
  }

  /** Whether it has everything, as it says: it may tell of less, and never of what we had before. */
  get isSeeder(): boolean {
    const { have } = this.pieces;
    return this.extension.isSuperSeeder || have.length > 0 && have.isFull;
  }

  /** Whether it has everything and goes on to tell of it one by one (BEP 16). */
  get handsOutGradually(): boolean {
    const { isSuperSeeder, uploadOnly } = this.extension;
    return isSuperSeeder && !uploadOnly && !this.pieces.have.isFull;
  }
}
