/**
 * Why nothing moves, in one sentence.
 *
 * @module
 */

import { addressOf, type Peer } from "../peer/peer_book.ts";
import type { Swarm } from "../peer/swarm.ts";

/** So long nothing may come before it is called waiting, in milliseconds. */
const PATIENCE_MS = 3000;

/** What there is to expect of the trackers; `local` stands for none but the local network. */
export type TrackerState = "none" | "local" | "failing" | "answering";

const WITHOUT_PEERS: Readonly<Record<TrackerState, string>> = {
  none: "no tracker and no peer was given; name one with --tracker or --peer",
  local: "nobody on the local network shares it yet, and no tracker was given",
  failing: "the tracker does not help, and no peer is known",
  answering: "no tracker knows of a seeder yet",
};

/**
 * The reason why no data arrives, to stand after "waiting: "; empty while some does.
 *
 * @param nowMs of the same clock as the swarm's events
 */
export function waitingReason(swarm: Swarm, trackers: TrackerState, nowMs: number): string {
  const connections = [...swarm.connections.values()];
  if (
    connections.some(({ down, openedMs }) => down.rate(nowMs) > 0 || nowMs - openedMs < PATIENCE_MS)
  ) {
    return "";
  }
  if (connections.length === 0) return withoutConnections([...swarm.book.values()], trackers);
  if (swarm.phase.name === "metadata") {
    return `${counted(connections, "peer")} connected, but none has sent the torrent's description`;
  }
  const { transfer } = swarm.phase;
  const useful = connections.filter(({ amInterested }) => amInterested);
  if (useful.length === 0) {
    return `${counted(connections, "peer")} connected, but none has what is missing`;
  }
  if (!transfer.hashesComplete && transfer.layout.version === "v2") {
    return "no peer has sent the hashes of the file yet";
  }
  const peers = `${counted(useful, "peer")} with what is missing`;
  if (useful.every(({ peerChoking }) => peerChoking)) return `${peers}, busy with others for now`;
  return `${peers}, but nothing arrives`;
}

function withoutConnections(peers: readonly Peer[], trackers: TrackerState): string {
  if (peers.length === 0) return WITHOUT_PEERS[trackers];
  const [first, ...others] = peers.filter((peer) => peer.state === "away");
  if (first !== undefined) {
    const more = others.length > 0 ? ` and ${others.length} more` : "";
    const reason = first.reason === "" ? "is gone" : first.reason;
    return `seeder ${addressOf(first)}${more} not reachable (${reason}), trying again`;
  }
  const banned = peers.filter((peer) => peer.state === "banned");
  if (banned.length === peers.length) {
    return `another seeder is needed, ${addressOf(banned[0]!)} ${banned[0]!.reason}`;
  }
  return `connecting to ${counted(peers.slice(banned.length), "peer")}`;
}

function counted(things: readonly unknown[], what: string): string {
  return `${things.length} ${what}${things.length === 1 ? "" : "s"}`;
}
