/**
 * Connects simulated nodes: one dials, and both read the other's handshake.
 *
 * @module
 */

import { decodeHandshake, encodeHandshake } from "../lib/codec/wire/handshake.ts";
import type { Peer } from "../lib/peer/connection/peer.ts";
import { Endpoint, type EndpointNode } from "./endpoint.ts";

/** A node that dials and can be dialled. */
export interface HandshakeNode extends EndpointNode {
  readonly host: string;
}

/** Connects one node to others. */
export class Handshakes {
  readonly #node: HandshakeNode;
  #nextPort = 50_000;

  constructor(node: HandshakeNode) {
    this.#node = node;
  }

  /** Dials a peer with the v1 or v2 info-hash; `target` is the node that listens there, if any. */
  dial(peer: Peer, v2: boolean, target: Handshakes | undefined): void {
    const { swarm, network } = this.#node;
    const { clock, latencyMs } = network;
    const [ours, theirs] = Endpoint.pair(this.#node, (target ?? this).#node);
    const hello = encodeHandshake(swarm.infoHashes.handshake(v2));
    clock.after(3 * latencyMs, () => { // connecting takes a round trip, the handshake half of one
      const answer = target?.accept(this, hello, theirs);
      clock.after(latencyMs, () => {
        if (!this.#node.isAlive) return ours.close("we are leaving");
        if (answer === undefined) swarm.dialFailed(peer, "refuses connections", clock.nowMs);
        else this.#open(peer, answer, ours);
        this.#node.settleSoon();
      });
    });
  }

  #open(peer: Peer, answer: Uint8Array, endpoint: Endpoint): void {
    const { swarm, network } = this.#node;
    const theirs = decodeHandshake(answer);
    const settled = { inbound: false, v2: swarm.infoHashes.versionOf(theirs) === "v2" };
    const connection = swarm.opened(peer, theirs, settled, network.clock.nowMs);
    if (typeof connection === "string") endpoint.close(connection);
    else endpoint.open(connection);
  }

  /** Answers an incoming handshake; `undefined` if it is rejected. */
  accept(from: Handshakes, hello: Uint8Array, endpoint: Endpoint): Uint8Array | undefined {
    const { swarm, network, isAlive } = this.#node;
    if (!isAlive) return undefined;
    const theirs = decodeHandshake(hello);
    const answer = swarm.infoHashes.answer(theirs);
    if (answer === undefined) return undefined;
    const peer = swarm.accept(from.#node.host, from.#nextPort++);
    if (peer === undefined) return undefined;
    this.#node.settleSoon();
    const settled = { inbound: true, v2: answer.v2 };
    const connection = swarm.opened(peer, theirs, settled, network.clock.nowMs);
    if (typeof connection === "string") return undefined;
    endpoint.open(connection);
    return encodeHandshake(answer.handshake);
  }
}
