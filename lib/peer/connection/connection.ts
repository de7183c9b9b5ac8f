/**
 * The connection to one peer: what was negotiated, and the state that each part of the swarm keeps of it.
 *
 * @module
 */

import { DownloadState } from "./download_state.ts";
import { ExtensionState } from "./extension_state.ts";
import type { Peer } from "./peer.ts";
import { ReadyState } from "./ready_state.ts";
import { RemotePieces } from "./remote_pieces.ts";
import { UploadState } from "./upload_state.ts";

/** The result of both handshakes. */
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
  /** The connection runs on the v1 info-hash, but the peer set the v2 upgrade bit (BEP 52). */
  readonly upgradable: boolean;
}

/**
 * The state of one connection. Each part of the swarm has its own object in it and writes only to that; the
 * remaining fields belong to the swarm.
 */
export class Connection {
  /** Number of this connection, unique within a swarm. */
  readonly id: number;
  readonly peer: Peer;
  /** The result of the handshakes. */
  readonly negotiated: Negotiated;
  /** When the handshake was complete. */
  readonly openedMs: number;

  /** What the peer has, and what of that we want. */
  readonly pieces = new RemotePieces();
  /** What we fetch from the peer. */
  readonly download: DownloadState;
  /** What we serve to the peer. */
  readonly upload = new UploadState();
  /** What both sides said in extended messages. */
  readonly extension = new ExtensionState();
  /** Its place in the {@link ReadyQueue}. */
  readonly ready = new ReadyState();

  /** When the last message arrived. */
  lastReceivedMs: number;
  /** When something was last sent. */
  lastSentMs: number;
  /** We close it in favour of a new connection to the same peer, which we open at once. */
  renewed = false;
  /** We asked the driver to close it. Further messages are ignored. */
  closing = false;

  constructor(id: number, peer: Peer, negotiated: Negotiated, nowMs: number) {
    this.id = id;
    this.peer = peer;
    this.negotiated = negotiated;
    this.openedMs = nowMs;
    this.lastReceivedMs = nowMs;
    this.lastSentMs = nowMs;
    this.download = new DownloadState(nowMs);
  }

  /** Whether the peer claims to be a seed. A super-seeder announces only some of its pieces. */
  get isSeeder(): boolean {
    const { have } = this.pieces;
    return this.extension.isSuperSeeder || have.length > 0 && have.isFull;
  }

  /** Whether the peer is a seed that still announces its pieces one by one (BEP 16). */
  get handsOutGradually(): boolean {
    const { isSuperSeeder, uploadOnly } = this.extension;
    return isSuperSeeder && !uploadOnly && !this.pieces.have.isFull;
  }
}
