/**
 * The peers an announce is answered with.
 *
 * A peer that announced from a loopback address can be reached by loopback askers only; others get it
 * under the tracker's own address on their side.
 *
 * @module
 */

import { bytesToIp, ipToBytes } from "../codec/address.ts";
import { latin1 } from "../codec/bytes.ts";
import { type AnnounceRequest, peerStride } from "../codec/udp_tracker.ts";
import type { Sender } from "./sender.ts";
import type { Peer, Swarm } from "./swarm.ts";

/** No answer is longer than this, so that it crosses every network in one piece. */
const MAX_RESPONSE_LENGTH = 1200;
const HEADER_LENGTH = 20;

/** How the peer ids of aria2 begin. */
const ARIA2 = "A2-";

/** What a list of peers is made from. */
export interface PeerListOptions {
  random: () => number;
  addressFor: (host: string) => string | undefined;
  maxPeersPerAnswer: number;
}

/**
 * Compact peers, drawn at random, for the sender of an announce: never itself, no seeders for a seeder,
 * and only addresses it can reach.
 *
 * @param compact The asker's own address and port.
 */
export function peersFor(
  swarm: Swarm,
  request: AnnounceRequest,
  sender: Sender,
  compact: Uint8Array,
  options: PeerListOptions,
): Uint8Array {
  const stride = peerStride(sender.family);
  const wanted = wantedPeers(request, stride, options.maxPeersPerAnswer);
  const peers = new Uint8Array(wanted * stride);
  const own = swarm.byKey.get(latin1(compact));
  const reach = reachFor(swarm, sender, options);
  let length = 0;
  swarm.draw(wanted, wantsLeechersOnly(request), options.random, (peer) => {
    const reachable = peer === own ? undefined : reach(peer);
    if (reachable === undefined) return false;
    // Byte by byte: for so few, faster than set().
    for (let i = 0; i < stride; i++) peers[length++] = reachable[i]!;
    return true;
  });
  return peers.subarray(0, length);
}

/** Tells under which address the sender reaches a peer, if under any. */
function reachFor(
  swarm: Swarm,
  sender: Sender,
  options: PeerListOptions,
): (peer: Peer) => Uint8Array | undefined {
  if (sender.loopback) return (peer) => peer.compact;
  // Looked up when the first peer needs it: most swarms have none that does.
  let own: { address: Uint8Array | undefined } | undefined;
  return (peer) => {
    if (!peer.loopback) return peer.compact;
    own ??= { address: ownAddress(sender, options) };
    if (own.address === undefined) return undefined;
    const compact = peer.compact.slice();
    compact.set(own.address);
    // A peer that announces over both addresses, the asker itself perhaps, is in the swarm under this one.
    return swarm.byKey.has(latin1(compact)) ? undefined : compact;
  };
}

/** This machine's address on the sender's side, as bytes. */
function ownAddress(sender: Sender, options: PeerListOptions): Uint8Array | undefined {
  const address = options.addressFor(bytesToIp(sender.ip));
  const bytes = address === undefined ? undefined : ipToBytes(address);
  return bytes?.length === sender.ip.length ? bytes : undefined;
}

/**
 * Whether the asker is a seeder, to which other seeders are of no use. aria2 says that nothing is left
 * also while it has a magnet link and no metadata yet, so what it says cannot be relied on.
 */
function wantsLeechersOnly({ leftBytes, peerId }: AnnounceRequest): boolean {
  return leftBytes === 0 && latin1(peerId.subarray(0, ARIA2.length)) !== ARIA2;
}

function wantedPeers(request: AnnounceRequest, stride: number, maxPeers: number): number {
  if (request.event === "stopped") return 0;
  const fitting = Math.floor((MAX_RESPONSE_LENGTH - HEADER_LENGTH) / stride);
  const most = Math.min(maxPeers, fitting);
  return request.numWant < 0 ? most : Math.min(request.numWant, most);
}
