/**
 * Why nothing moves, in one sentence.
 *
 * @module
 */

import { addressOf, type Peer } from "../peer/peer_book.ts";
import type { Swarm } from "../peer/swarm.ts";

/** So long nothing may come before it is called waiting, in milliseconds. */
const PATIENCE_MS = 3000;

/** The reason why no data arrives; empty while some does. */
export function waitingReason(swarm: Swarm, hasTrackers: boolean, nowMs: number): string {
  const connections = [...swarm.connections.values()];
  if (
    connections.some(({ down, openedMs }) => down.rate(nowMs) > 0 || nowMs - openedMs < PATIENCE_MS)
  ) {
    return "";
  }
  const peers = [...swarm.book.values()];
  const away = peers.filter((peer) => peer.state === "away");
  const banned = peers.filter((peer) => peer.state === "banned");
  if (connections.length === 0) return withoutConnections(peers, away, banned, hasTrackers);
  if (swarm.phase.name === "metadata") {
    return `waiting for the torrent's description from ${counted(connections.length, "peer")}`;
  }
  const { transfer } = swarm.phase;
  const useful = connections.filter(({ amInterested }) => amInterested);
  if (useful.length === 0) {
    return `waiting: none of ${counted(connections.length, "connected peer")} has what is missing`;
  }
  if (!transfer.hashesComplete && transfer.layout.version === "v2") {
    return "waiting for the hashes of the file from a peer";
  }
  if (useful.every(({ peerChoking }) => peerChoking)) {
    return `waiting for a turn: ${counted(useful.length, "peer")} with the file busy with others`;
  }
  return `waiting: ${counted(useful.length, "peer")} with the file, but nothing arrives`;
}

function withoutConnections(
  peers: readonly Peer[],
  away: readonly Peer[],
  banned: readonly Peer[],
  hasTrackers: boolean,
): string {
  if (peers.length === 0) {
    return hasTrackers
      ? "waiting for a seeder: the tracker knows of none yet"
      : "waiting: no tracker and no peer was given; name one with --tracker or --peer";
  }
  if (away.length > 0) {
    const [first] = away;
    const others = away.length > 1 ? ` and ${away.length - 1} more` : "";
    const reason = first!.reason === "" ? "is gone" : first!.reason;
    return `waiting: seeder ${addressOf(first!)}${others} not reachable (${reason}), trying again`;
  }
  if (banned.length === peers.length) {
    return `waiting for another seeder: ${addressOf(banned[0]!)} ${banned[0]!.reason}`;
  }
  return `connecting to ${counted(peers.length - banned.length, "peer")}`;
}

function counted(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
