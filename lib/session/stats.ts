/**
 * Statistics of a swarm: transferred bytes, rates and sources.
 *
 * @module
 */

import type { Connection } from "../peer/connection/connection.ts";
import { addressOf } from "../peer/connection/peer.ts";
import { piecesOwed } from "../peer/download/request_table.ts";
import type { Swarm } from "../peer/swarm.ts";
import type { Bitfield } from "../store/bitfield.ts";
import type { Layout } from "../store/layout.ts";
import type { ConnectionStats, TransferSource, TransferStats } from "./events.ts";

/** The statistics that the swarm itself provides. */
type SwarmFigures = Omit<
  TransferStats,
  "name" | "state" | "totalBytes" | "haveBytes" | "copies"
>;

/** The most pieces listed per connection. */
const MAX_FETCHING = 8;

/** The current statistics. */
export function swarmStats(swarm: Swarm, nowMs: number): SwarmFigures {
  const { transfer } = swarm;
  const connections = [...swarm.connections.values()]
    .map((connection) => connectionStats(connection, transfer?.layout, nowMs));
  const sum = (of: (c: ConnectionStats) => number) => connections.reduce((n, c) => n + of(c), 0);
  const states = { known: 0, connecting: 0, connected: 0, away: 0, banned: 0, available: 0 };
  for (const peer of swarm.peers.values()) {
    states.known++;
    states[peer.state]++;
  }
  const { available: _, ...peers } = states;
  return {
    uploadedBytes: swarm.uploadedBytes,
    downloadedBytes: swarm.downloadedBytes,
    wastedBytes: transfer?.wastedBytes ?? 0,
    downloadRate: sum((c) => c.downloadRate),
    uploadRate: sum((c) => c.uploadRate),
    pieces: transfer?.layout.pieceCount ?? 0,
    havePieces: transfer?.pieces.have.count ?? 0,
    ...(transfer?.isHiding && { superSeeding: true }),
    peers,
    connections,
    sources: contributors(swarm),
  };
}

/** Verified bytes by source, most first. A peer that reconnected counts once. */
export function contributors(swarm: Swarm): TransferSource[] {
  const sources = new Map<string, TransferSource>();
  for (const peer of swarm.peers.contributors()) {
    const address = addressOf(peer);
    const before = sources.get(address);
    const client = peer.client || before?.client;
    sources.set(address, {
      address,
      bytes: peer.verifiedBytes + (before?.bytes ?? 0),
      ...(client && { client }),
    });
  }
  return [...sources.values()].sort((a, b) => b.bytes - a.bytes);
}

function connectionStats(
  connection: Connection,
  layout: Layout | undefined,
  nowMs: number,
): ConnectionStats {
  const { peer, negotiated, download, upload } = connection;
  const flags = [
    peer.url === undefined ? "" : "w",
    negotiated.inbound ? "i" : "",
    negotiated.v2 ? "2" : "",
    download.peerChoking ? "" : "d",
    upload.amChoking ? "" : "u",
    download.snubbed ? "s" : "",
    connection.handsOutGradually ? "g" : "",
  ];
  return {
    address: addressOf(peer),
    client: peer.client,
    downloadedBytes: download.meter.total,
    uploadedBytes: upload.meter.total,
    downloadRate: download.meter.rate(nowMs),
    uploadRate: upload.meter.rate(nowMs),
    progress: progressOf(connection),
    flags: flags.join(""),
    fetching: layout === undefined ? [] : piecesOwed(connection, layout, MAX_FETCHING),
    badPieces: peer.badPieces,
  };
}

/** The share of the pieces it has announced; all of them once it has announced all it will. */
function progressOf({ isSeeder, handsOutGradually, pieces }: Connection): number {
  const { have } = pieces;
  if (have.length === 0) return 0;
  return isSeeder && !handsOutGradually ? 1 : have.count / have.length;
}

/** A live view of the pieces; nothing is copied. */
export interface PieceView {
  /** Number of pieces. */
  readonly count: number;
  /** Pieces with blocks requested or being verified, oldest first. */
  readonly inFlight: Iterable<number>;
  /** Whether the piece is verified and stored. */
  has(piece: number): boolean;
  /** How many connected peers have the piece, including seeders that have not announced it yet. */
  availability(piece: number): number;
}

/** The pieces of this swarm's torrent; `undefined` while they are unknown. */
export function pieceView(swarm: Swarm): PieceView | undefined {
  const { transfer } = swarm;
  if (transfer === undefined) return undefined;
  const { pieces, layout } = transfer;
  let complete = 0; // complete pieces are not in the rarity order
  const reticent: Bitfield[] = [];
  for (const { isSeeder, pieces: { have, isCounted } } of swarm.connections.values()) {
    if (!isCounted) complete++;
    else if (isSeeder && !have.isFull && have.length > 0) reticent.push(have);
  }
  const untold = (piece: number) =>
    reticent.reduce((sum, told) => sum + (told.get(piece) ? 0 : 1), 0);
  return {
    count: layout.pieceCount,
    inFlight: pieces.active.keys(),
    has: (piece) => pieces.have.get(piece),
    availability: (piece) => transfer.availability(piece) + complete + untold(piece),
  };
}

/** The number of peers that may be connected to, or are; web seeds do not count. */
export function usablePeers(swarm: Swarm): number {
  let usable = 0;
  for (const { state, url } of swarm.peers.values()) {
    if (state !== "away" && state !== "banned" && url === undefined) usable++;
  }
  return usable;
}
