/**
 * One peer's conversation: the four flags, what was negotiated, and the two request queues.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece } from "../../store/pieces.ts";
import { OutstandingRequests } from "./outstanding_requests.ts";
import { RequestPipeline } from "./request_pipeline.ts";
import { RateMeter } from "./rate_meter.ts";
import type { Peer } from "./peer.ts";

/** A block: which piece, where in it, how long. The same triple a request message carries. */
export interface BlockRequest {
  readonly piece: PieceIndex;
  readonly begin: number;
  readonly length: number;
}

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

/** What a peer that names no limit of its own is assumed to queue. */
export const DEFAULT_REQUEST_QUEUE = 250;

/** The state of one conversation. Its owners are the parts of the swarm; it decides nothing itself. */
export class Connection {
  /** Number of this connection, unique within a swarm. */
  readonly id: number;
  /** Whom we talk to. */
  readonly peer: Peer;
  /** What the handshakes settled. */
  readonly negotiated: Negotiated;
  /** When the handshake was through. */
  readonly openedMs: number;

  /** We do not serve it. */
  amChoking = true;
  /** It has pieces we lack. */
  amInterested = false;
  /** It does not serve us. */
  peerChoking = true;
  /** It wants pieces from us. */
  peerInterested = false;

  /** What it has. Empty until the transfer begins and knows how many pieces there are. */
  remote: Bitfield = new Bitfield(0);
  /** Its pieces are counted one by one. Not so who said to have all: that changes no order. */
  isCounted = true;
  /** How many of its pieces we lack. */
  wantedCount = 0;
  /** Pieces that it got while we watched, as long as they are wanted; the latest few of them. */
  gains: PieceIndex[] = [];

  /** Extension numbers it chose (BEP 10), by name. */
  extensionIds = new Map<string, number>();
  /** How many of our requests it queues. */
  requestQueue = DEFAULT_REQUEST_QUEUE;
  /** The port it says it listens on; 0 while it has not. */
  listenPort = 0;
  /** Length of the info dictionary it can give us, or 0. */
  metadataSize = 0;
  /** It says it will download nothing. */
  uploadOnly = false;
  /** We said that of ourselves. To be said after what we have: libtorrent leaves who has nothing for it. */
  saidUploadOnly = false;
  /** It says it is a seeder that may tell of its pieces one by one; believed in what is shown only. */
  isSuperSeeder = false;

  /** Our requests it has not answered, by number of the block. */
  readonly outstanding = new OutstandingRequests();
  /** The piece we are asking it for. */
  current: ActivePiece | undefined;
  /** Its requests we have not answered, in order. */
  readonly uploadQueue: BlockRequest[] = [];
  /** Pieces we may ask for although choked (BEP 6). */
  readonly allowedFast = new Set<number>();
  /** Pieces it refused to give since it last unchoked us. */
  readonly refused = new Set<number>();

  /** Data received and sent. */
  readonly down = new RateMeter();
  /** Data sent. */
  readonly up = new RateMeter();
  /** How much we ask it for at once. */
  readonly pipeline = new RequestPipeline();
  /** When something last arrived. */
  lastReceivedMs: number;
  /** When something was last sent. */
  lastSentMs: number;
  /** When the last block arrived, or we began to wait for one. */
  lastBlockMs: number;
  /** It has not delivered for too long: it may hold nothing others need. */
  snubbed = false;
  /** When we last stopped choking it. */
  unchokedMs = 0;
  /** Bytes it sent that nobody needed. */
  wastedBytes = 0;
  /** It brought something other than blocks, so it is worth to come back to. */
  helpful = false;
  /** It ends in favour of another one with the same peer, which we open at once. */
  renewed = false;
  /** We have asked for its end; what it still says counts no longer. */
  closing = false;
  /** It is in the line of those to be settled: see {@link ReadyQueue}, which alone sets this. */
  isQueued = false;
  /** It waits for something to ask it for, and has a place in the line of those who do, or did. */
  isWaiting = false;
  isInLine = false;

  /** A conversation that begins now. */
  constructor(id: number, peer: Peer, negotiated: Negotiated, nowMs: number) {
    this.id = id;
    this.peer = peer;
    this.negotiated = negotiated;
    this.openedMs = nowMs;
    this.lastReceivedMs = nowMs;
    this.lastSentMs = nowMs;
    this.lastBlockMs = nowMs;
  }

  /** Whether it has everything, as it says: it may tell of less, and never of what we had before. */
  get isSeeder(): boolean {
    return this.isSuperSeeder || this.remote.length > 0 && this.remote.isFull;
  }

  /** Whether it has everything and goes on to tell of it one by one (BEP 16). */
  get handsOutGradually(): boolean {
    return this.isSuperSeeder && !this.uploadOnly && !this.remote.isFull;
  }
}
