/**
 * One program that takes part: the machine of `lib/peer` as it is, and what the session, the disk and the
 * announcer do for it in a real program.
 *
 * @module
 */

import { fromLatin1 } from "../../lib/codec/bytes.ts";
import type { Handshake } from "../../lib/codec/wire/handshake.ts";
import type { Action, VerifyAction } from "../../lib/peer/connection/actions.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { Swarm } from "../../lib/peer/swarm.ts";
import type { TransferView } from "../../lib/peer/transfer_view.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { requestsOf } from "../../tests/support/requested.ts";
import { Announces } from "./announces.ts";
import { isWrong } from "./blocks.ts";
import { Endpoint } from "./endpoint.ts";
import type { Settler } from "./timeline.ts";
import { Uplink } from "./uplink.ts";
import type { World } from "./world.ts";
import { addressOf, type Peer } from "../../lib/peer/connection/peer.ts";

const TICK_MS = 250;
const PORT = 6881;
const HASH_LENGTH = 32;
const PEER_ID_PREFIX = fromLatin1("-SO0100-");

/** What a node is like. */
export interface NodeOptions {
  readonly isSeeder: boolean;
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
  /** Peers served at once; 0 for who serves nobody. */
  readonly uploadSlots: number;
  /** Whether all it sends is wrong. */
  readonly isCorrupt: boolean;
  readonly isFreeRider: boolean;
  /** Whether it is gone once it has everything. */
  readonly leavesWhenComplete: boolean;
}

/** A peer on a machine of its own. */
export class SimNode implements Settler {
  readonly swarm: Swarm;
  readonly uplink: Uplink;
  readonly host: string;
  readonly endpoints = new Map<Connection, Endpoint>();
  /** Those with something new to send, until the node has settled. */
  readonly flushing: Endpoint[] = [];
  isAlive = false;
  /** When it came, and when it had everything. */
  startMs = 0;
  completeMs: number | undefined;
  /** File data sent. */
  uploadedBytes = 0;
  /** File data that was sent to it. */
  receivedBytes = 0;
  /** Until when its line in is taken by what is on its way. */
  downlinkFreeMs = 0;
  /** Pieces that did not match their hash. */
  failedPieces = 0;
  readonly #downBytesPerMs: number;
  readonly #announces: Announces;
  /** Wrong blocks by slot of the piece memory. */
  readonly #wrong = new Map<number, Set<number>>();
  #nextPort = 50_000;
  #settles = false;

  /** A node that has not been started. */
  constructor(readonly world: World, readonly number: number, readonly options: NodeOptions) {
    this.host = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    this.uplink = new Uplink(world.timeline, options.upBytesPerSecond);
    this.#downBytesPerMs = options.downBytesPerSecond / 1000;
    this.#announces = new Announces(this);
    this.swarm = new Swarm({
      peerId: peerIdOf(world.random),
      client: "simulated",
      listenPort: PORT,
      v1Hash: world.torrent.v1Hash,
      maxConnections: world.maxConnections,
      uploadSlots: options.uploadSlots,
      random: world.random,
    });
  }

  /** It comes. */
  start(): void {
    const { timeline, random } = this.world;
    this.isAlive = true;
    this.startMs = timeline.nowMs;
    this.#beginTransfer();
    this.#announces.start();
    timeline.after(random() * TICK_MS, () => this.#tick());
  }

  /** It is gone: its connections close, as those of a program that ends or is killed. */
  leave(): void {
    if (!this.isAlive) return;
    this.#announces.stop();
    for (const endpoint of [...this.endpoints.values()]) endpoint.close("we are leaving");
    this.isAlive = false;
  }

  /** Its transfer. */
  get transfer(): TransferView {
    const { transfer } = this.swarm;
    if (transfer === undefined) throw new Error("the transfer has not begun");
    return transfer;
  }

  /** Bytes that arrived and were of no use. */
  get wastedBytes(): number {
    return this.swarm.transfer?.wastedBytes ?? 0;
  }

  /** Somebody told it of others. */
  learn(others: Iterable<SimNode>): void {
    if (!this.isAlive) return;
    for (const { host } of others) this.swarm.addPeer(host, PORT, "tracker");
    this.swarm.tick(this.world.timeline.nowMs);
    this.settleSoon();
  }

  /** When bytes that arrive at `arriveMs` are through its line in. */
  throughDownlink(arriveMs: number, bytes: number): number {
    const startMs = Math.max(arriveMs, this.downlinkFreeMs);
    this.downlinkFreeMs = startMs + bytes / this.#downBytesPerMs;
    return this.downlinkFreeMs;
  }

  /** A connection has ended. */
  closed(connection: Connection, reason: string): void {
    this.endpoints.delete(connection);
    this.swarm.closed(connection, reason, this.world.timeline.nowMs);
    this.settleSoon();
  }

  /** Lets it settle when all that happens now has happened. */
  settleSoon(): void {
    if (this.#settles) return;
    this.#settles = true;
    this.world.timeline.settleLater(this);
  }

  /** Asks for more and does what the swarm wants done. */
  settle(): void {
    this.#settles = false;
    if (!this.isAlive) return;
    this.swarm.poll(this.world.timeline.nowMs);
    for (let actions = this.swarm.pollActions(); actions.length > 0;) {
      for (const action of actions) this.#carryOut(action);
      actions = this.swarm.pollActions();
    }
    for (const endpoint of this.flushing) endpoint.flush();
    this.flushing.length = 0;
    this.uplink.run();
  }

  #tick(): void {
    if (!this.isAlive) return;
    const { timeline } = this.world;
    this.swarm.tick(timeline.nowMs);
    this.#announces.tick();
    this.settleSoon();
    timeline.after(TICK_MS, () => this.#tick());
  }

  #carryOut(action: Action): void {
    switch (action.type) {
      case "send":
        return this.endpoints.get(action.connection)?.send(action.message);
      case "request":
        for (const message of requestsOf(action.blocks)) {
          this.endpoints.get(action.connection)?.send(message);
        }
        return;
      case "broadcast":
        for (const one of action.to) this.endpoints.get(one)?.send(action.message);
        return;
      case "upload":
        return this.endpoints.get(action.connection)?.upload();
      case "close":
        return this.endpoints.get(action.connection)?.close(action.reason);
      case "dial":
        return this.#dial(action.peer);
      case "verify":
        return this.world.timeline.after(
          this.world.verifyMs(action.active.piece),
          () => this.#verify(action),
        );
      case "complete":
        return this.#complete();
      default: // nothing that a simulated program would do
    }
  }

  #beginTransfer(): void {
    const { torrent, timeline } = this.world;
    const { layout, info, sha1s, slotCount } = torrent;
    const have = new Bitfield(layout.pieceCount);
    const { isSeeder } = this.options;
    if (isSeeder) have.fill();
    this.swarm.beginTransfer(
      {
        info,
        layout,
        have,
        slotCount: isSeeder ? 0 : slotCount,
        sha1s,
        layers: new Map(),
        storeBlock: (slot, begin, block) => this.#store(slot, begin, block),
        superSeed: isSeeder && this.world.superSeed,
        private: !this.world.peerExchange,
      },
      { v1Hash: torrent.v1Hash },
      timeline.nowMs,
    );
  }

  #store(slot: number, begin: number, block: Uint8Array): void {
    if (isWrong(block)) {
      const wrong = this.#wrong.get(slot) ?? new Set();
      this.#wrong.set(slot, wrong.add(begin));
    } else if (this.#wrong.size > 0) this.#wrong.get(slot)?.delete(begin);
  }

  #verify({ active: { piece, slot, blockCount }, wantsDigests }: VerifyAction): void {
    if (!this.isAlive) return;
    const wrong = this.#wrong.get(slot) ?? new Set<number>();
    this.#wrong.delete(slot);
    const matches = wrong.size === 0;
    if (!matches) this.failedPieces++;
    let digests: Uint8Array | undefined;
    if (!matches || wantsDigests) {
      digests = new Uint8Array(blockCount * HASH_LENGTH);
      for (const begin of wrong) digests[begin / 16384 * HASH_LENGTH] = 1;
    }
    this.swarm.verified(piece, matches, true, digests);
    this.settleSoon();
  }

  #complete(): void {
    if (this.completeMs !== undefined || this.options.isSeeder) return;
    this.completeMs = this.world.timeline.nowMs;
    this.#announces.completed();
    this.world.completed(this);
    if (this.options.leavesWhenComplete) this.leave();
  }

  #dial(peer: Peer): void {
    const { timeline } = this.world;
    const target = this.world.nodeAt(addressOf(peer));
    const latencyMs = this.world.latencyMs;
    const [ours, theirs] = Endpoint.pair(this, target ?? this, latencyMs);
    const handshake = this.swarm.infoHashes.handshake(false);
    const failed = () => {
      if (!this.isAlive) return;
      this.swarm.dialFailed(peer, "refuses connections", timeline.nowMs);
      this.settleSoon();
    };
    timeline.after(3 * latencyMs, () => { // connecting takes a round trip, the handshake half of one
      const answer = target?.accept(this, handshake, theirs);
      timeline.after(latencyMs, () => {
        if (!this.isAlive) return ours.close("we are leaving");
        if (answer === undefined) return failed();
        const settled = { inbound: false, v2: false };
        const connection = this.swarm.opened(peer, answer, settled, timeline.nowMs);
        if (typeof connection === "string") ours.close(connection);
        else ours.open(connection);
        this.settleSoon();
      });
    });
  }

  /** Somebody's handshake; the answer, or nothing when it is not welcome. */
  accept(from: SimNode, handshake: Handshake, endpoint: Endpoint): Handshake | undefined {
    if (!this.isAlive) return undefined;
    const peer = this.swarm.accept(from.host, from.#nextPort++);
    if (peer === undefined) return undefined;
    this.settleSoon();
    const settled = { inbound: true, v2: false };
    const { nowMs } = this.world.timeline;
    const connection = this.swarm.opened(peer, handshake, settled, nowMs);
    if (typeof connection === "string") return undefined;
    endpoint.open(connection);
    return this.swarm.infoHashes.handshake(false);
  }
}

/** A peer id as Shoal makes it. */
function peerIdOf(random: () => number): Uint8Array {
  const peerId = Uint8Array.from({ length: 20 }, () => random() * 256);
  peerId.set(PEER_ID_PREFIX);
  return peerId;
}
