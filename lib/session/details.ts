/**
 * Details of a transfer, beyond its statistics.
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

/** The most disconnected peers listed. */
const MAX_STRANGERS = 500;

/** The order in which disconnected peers are listed. */
const STRANGERS: readonly PeerState[] = ["connecting", "banned", "away", "available"];

/** A peer we are not connected to now. */
export interface DisconnectedPeerStats {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** The client's name; empty if unknown. */
  readonly client: string;
  /** Its state; never `connected`. */
  readonly state: PeerState;
  /** Why it is away or banned, as text. */
  readonly reason?: string;
  /** It had the whole torrent when last seen. */
  readonly complete: boolean;
  /** Failed pieces it contributed to. */
  readonly badPieces: number;
}

/** Details of a transfer. Unknown values are absent. */
export interface TransferDetails {
  /** A magnet link to share, as complete as it can be now. */
  readonly magnet: string;
  /** The path of the file or folder, now or in future. */
  readonly path?: string;
  /** Why no data moves, to follow "waiting: "; absent while data moves. */
  readonly reason?: string;
  /** Number of files, if it is a folder. */
  readonly files?: number;
  /** The files and their progress. */
  readonly fileView?: FileView;
  /** Bytes of a piece. */
  readonly pieceLength?: number;
  /** 40 hex digits. */
  readonly v1Hash?: string;
  /** 64 hex digits. */
  readonly v2Hash?: string;
  /** Pieces that did not match their hash, counting repeats. */
  readonly failedPieces: number;
  /** Every piece, once the transfer has begun. */
  readonly pieces?: PieceView;
  /** The state of each tracker. */
  readonly trackers: readonly TrackerStanding[];
  /** Whether a tracker could connect to our port; absent if no tracker has tested it. */
  readonly reachable?: boolean;
  /** Disconnected peers, 500 at most. */
  readonly strangers: readonly DisconnectedPeerStats[];
  /** The limit that ends seeding; absent without one, and while not seeding. */
  readonly end?: SeedingEnd;
  /** The finished download. */
  readonly result?: TransferResult;
}

/** The details that need only the host. */
export function hostDetails(host: ActiveTorrent) {
  const { reachable, session: { swarm } } = host;
  const pieces = pieceView(swarm);
  return {
    failedPieces: host.failedPieces,
    trackers: host.trackers.standings(performance.now()),
    strangers: strangersOf(swarm),
    ...(reachable !== undefined && { reachable }),
    ...(pieces && { pieces }),
  };
}

/** The details from the metadata, and the progress of the files. */
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

/** The object without undefined values. */
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
