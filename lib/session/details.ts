/**
 * What of a transfer interests those who look closely, beyond its figures.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import type { Metainfo } from "../codec/torrent/metainfo.ts";
import type { TrackerStanding } from "../discovery/tracker_status.ts";
import { addressOf, type Peer } from "../peer/connection/peer.ts";
import type { PeerState } from "../peer/connection/peer_state.ts";
import type { Swarm } from "../peer/swarm.ts";
import type { Selection } from "../store/selection.ts";
import type { ActiveTorrent } from "./active_torrent.ts";
import type { TransferResult } from "./events.ts";
import { fileProgress, type FileView } from "./file_progress.ts";
import type { SeedingEnd } from "./seeding_limit.ts";
import { type PieceView, pieceView } from "./stats.ts";

/** So many peers without a connection are told of by name. */
const MAX_STRANGERS = 500;

/** The order in which peers without a connection are told of. */
const STRANGERS: readonly PeerState[] = ["connecting", "banned", "away", "available"];

/** A peer that there is no connection with now. */
export interface DisconnectedPeerStats {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** What the program there calls itself; empty when it has not said. */
  readonly client: string;
  /** How things stand with it; never `connected`. */
  readonly state: PeerState;
  /** Why it is away or banned, in words. */
  readonly reason?: string;
  /** It had everything when last seen. */
  readonly complete: boolean;
  /** Pieces it had a part in that did not match their hash. */
  readonly badPieces: number;
}

/** A close look at a transfer. What is not known yet is absent. */
export interface TransferDetails {
  /** A magnet link for others, as good as it can be made now. */
  readonly magnet: string;
  /** Where the file or folder is, or will be. */
  readonly path?: string;
  /** Why nothing moves, to stand after "waiting: "; absent while something does. */
  readonly reason?: string;
  /** How many files it has, when it is a folder. */
  readonly files?: number;
  /** These files, and how far each is. */
  readonly fileView?: FileView;
  /** Bytes of a piece. */
  readonly pieceLength?: number;
  /** 40 hex digits. */
  readonly v1Hash?: string;
  /** 64 hex digits. */
  readonly v2Hash?: string;
  /** Pieces that did not match their hash, each time counted. */
  readonly failedPieces: number;
  /** Every piece, once pieces can move. */
  readonly pieces?: PieceView;
  /** How things stand with the trackers. */
  readonly trackers: readonly TrackerStanding[];
  /** Whether a tracker could connect to our port; absent where none has tried, and said so. */
  readonly reachable?: boolean;
  /** Peers without a connection, 500 at most. */
  readonly strangers: readonly DisconnectedPeerStats[];
  /** What ends seeding by itself; absent when nothing does, and while it does not seed. */
  readonly end?: SeedingEnd;
  /** The finished download. */
  readonly result?: TransferResult;
}

/** What a host alone knows of the details. */
export function hostDetails(host: ActiveTorrent) {
  const { swarm } = host.session;
  const { reachable } = host.inquiry;
  const pieces = pieceView(swarm);
  return {
    failedPieces: host.failedPieces,
    trackers: host.trackers.standings(performance.now()),
    strangers: strangersOf(swarm),
    ...(reachable !== undefined && { reachable }),
    ...(pieces && { pieces }),
  };
}

/** What a torrent's metadata says of it, and how far its files are. */
export function torrentDetails({ info }: Metainfo, host: ActiveTorrent, selection?: Selection) {
  const { files, multiFile, pieceLength, v1Hash, v2Hash } = info;
  const view = multiFile ? fileProgress(files, host.session.swarm, selection) : undefined;
  return {
    pieceLength,
    ...(view && { files: view.count, fileView: view }),
    ...(v1Hash && { v1Hash: hex(v1Hash) }),
    ...(v2Hash && { v2Hash: hex(v2Hash) }),
  };
}

/** The values that are there. */
export function withoutUndefined<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function strangersOf(swarm: Swarm): DisconnectedPeerStats[] {
  const byState = new Map<PeerState, Peer[]>(STRANGERS.map((state) => [state, []]));
  for (const peer of swarm.peers.values()) byState.get(peer.state)?.push(peer);
  return [...byState.values()].flat().slice(0, MAX_STRANGERS).map((peer) => ({
    address: addressOf(peer),
    client: peer.client,
    state: peer.state,
    ...((peer.state === "away" || peer.state === "banned") && { reason: peer.reason }),
    complete: peer.complete,
    badPieces: peer.badPieces,
  }));
}
