/**
 * A program in a simulated swarm: the unchanged code of `lib/peer`, with simulated versions of the session,
 * the disk and the announcer of a real program.
 *
 * @module
 */

import { parseInfo } from "../lib/codec/torrent/metainfo.ts";
import type { Message } from "../lib/codec/wire/message.ts";
import type { Action } from "../lib/peer/connection/actions.ts";
import type { Connection } from "../lib/peer/connection/connection.ts";
import { addressOf, type Peer } from "../lib/peer/connection/peer.ts";
import { Swarm } from "../lib/peer/swarm.ts";
import type { TransferView } from "../lib/peer/transfer_view.ts";
import { Bitfield } from "../lib/store/bitfield.ts";
import { type Announcer, Announces } from "./announces.ts";
import type { SimStorage, SimTorrent } from "./content.ts";
import type { Endpoint } from "./endpoint.ts";
import { type HandshakeNode, Handshakes } from "./handshakes.ts";
import type { Network } from "./network.ts";
import type { NodeOptions } from "./node_options.ts";
import { type CheckingNode, PieceChecker } from "./piece_checker.ts";
import { requestsOf } from "./requests.ts";
import type { SimTracker, TrackerClient } from "./tracker.ts";
import { Uplink } from "./uplink.ts";
import type { Settler } from "./virtual_clock.ts";

const TICK_MS = 250;
const PORT = 6881;
/** With fewer usable peers than this, a node announces early. */
const MANY_PEERS = 30;

/** The swarm that a node is part of. */
export interface SimSwarm {
  readonly network: Network;
  readonly torrent: SimTorrent;
  /** Absent if nodes learn of each other in another way. */
  readonly tracker?: SimTracker;
  /** All nodes that can be dialled, by address. */
  readonly nodes: ReadonlyMap<string, SimNode>;
  /** Called when a node has everything. */
  onComplete?(node: SimNode): void;
  /** Called just before a node reads a message. */
  onMessage?(node: SimNode, message: Message): void;
  /** Called when a node has carried out the actions of its swarm. */
  onSettled?(node: SimNode): void;
}

/** A peer on its own machine. */
export class SimNode implements Announcer, CheckingNode, HandshakeNode, Settler {
  readonly swarm: Swarm;
  readonly uplink: Uplink;
  readonly host: string;
  readonly endpoints = new Map<Connection, Endpoint>();
  readonly handshakes = new Handshakes(this);
  readonly flushing: Endpoint[] = [];
  isAlive = false;
  /** When it started, and when it had everything. */
  startMs = 0;
  completeMs: number | undefined;
  uploadedBytes = 0;
  receivedBytes = 0;
  downlinkFreeMs = 0;
  /** Whether it answers requests for the hashes of blocks. */
  hashesBlocks = true;
  readonly #announces: Announces | undefined;
  readonly #checker: PieceChecker;
  #settles = false;

  constructor(
    readonly world: SimSwarm,
    readonly number: number,
    readonly storage: SimStorage,
    readonly options: NodeOptions,
  ) {
    const { network, torrent, tracker } = world;
    const { hashes = ["v1", "v2"] } = options;
    this.host = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    this.uplink = new Uplink(network.clock, options.upBytesPerSecond);
    this.#announces = tracker && new Announces(network.clock, tracker, this);
    this.#checker = new PieceChecker(this, network.clock, torrent.layout);
    this.swarm = new Swarm({
      peerId: network.newPeerId(),
      client: "simulated",
      listenPort: PORT,
      v1Hash: hashes.includes("v1") ? torrent.hashes.v1Hash : undefined,
      v2Hash: hashes.includes("v2") ? torrent.hashes.v2Hash : undefined,
      maxConnections: options.maxConnections,
      uploadSlots: options.uploadSlots,
      random: network.random,
    });
  }

  /** The environment shared by all nodes. */
  get network(): Network {
    return this.world.network;
  }

  /** The address it listens on. */
  get address(): string {
    return `${this.host}:${PORT}`;
  }

  /** The transfer; throws before the metadata is known. */
  get transfer(): TransferView {
    const { transfer } = this.swarm;
    if (transfer === undefined) throw new Error("no metadata yet");
    return transfer;
  }

  /** Whether everything it wants is verified and stored. */
  get isComplete(): boolean {
    return this.completeMs !== undefined;
  }

  /** Received bytes that were of no use. */
  get wastedBytes(): number {
    return this.swarm.transfer?.wastedBytes ?? 0;
  }

  /** Pieces that did not match their hash. */
  get failedPieces(): number {
    return this.#checker.failedPieces;
  }

  /** Starts the node. */
  start(): void {
    const { clock, random } = this.network;
    this.isAlive = true;
    this.startMs = clock.nowMs;
    if (this.options.has !== "magnet") this.#beginTransfer();
    this.#announces?.start();
    clock.after(random() * TICK_MS, () => this.#tick());
  }

  /** Stops the node and closes its connections, as when a program ends or is killed. */
  leave(): void {
    if (!this.isAlive) return;
    this.#announces?.stop();
    for (const endpoint of [...this.endpoints.values()]) endpoint.close("we are leaving");
    this.isAlive = false;
  }

  /** Stops the node without closing its connections, as when a cable is pulled. */
  vanish(): void {
    this.isAlive = false;
  }

  /** Adds another node as a peer. */
  learn({ host }: TrackerClient): void {
    this.swarm.addPeer(host, PORT, "tracker");
  }

  /** Handles the peers that the tracker returned. */
  onPeers(others: readonly TrackerClient[]): void {
    if (!this.isAlive) return;
    for (const other of others) this.learn(other);
    this.swarm.tick(this.network.clock.nowMs);
    this.settleSoon();
  }

  /** Whether it knows fewer peers than it could use. */
  wantsPeers(): boolean {
    if (this.isComplete) return false;
    let usable = 0;
    for (const { state } of this.swarm.peers.values()) {
      if (state !== "away" && state !== "banned") usable++;
    }
    return usable < MANY_PEERS;
  }

  /** Returns file data to send; wrong data if this node is configured to corrupt it. */
  read(piece: number, begin: number, length: number): Uint8Array {
    const isWrong = this.options.corrupts?.(piece, begin) ?? false;
    return this.storage.read(piece, begin, length, isWrong);
  }

  /** When bytes that arrive at `arriveMs` have passed its downlink. */
  throughDownlink(arriveMs: number, bytes: number): number {
    const { downBytesPerSecond } = this.options;
    if (downBytesPerSecond === undefined) return arriveMs;
    const startMs = Math.max(arriveMs, this.downlinkFreeMs);
    this.downlinkFreeMs = startMs + bytes / (downBytesPerSecond / 1000);
    return this.downlinkFreeMs;
  }

  /** Called just before it reads a message. */
  onMessage(message: Message): void {
    this.world.onMessage?.(this, message);
  }

  /** Called when a connection has ended. */
  onClosed(connection: Connection, reason: string): void {
    this.endpoints.delete(connection);
    this.swarm.closed(connection, reason, this.network.clock.nowMs);
    this.settleSoon();
  }

  /** Schedules a settle after everything else that happens at this time. */
  settleSoon(): void {
    if (this.#settles) return;
    this.#settles = true;
    this.network.clock.settleLater(this);
  }

  /** Polls the swarm and carries out its actions. */
  settle(): void {
    this.#settles = false;
    if (!this.isAlive) return;
    this.swarm.poll(this.network.clock.nowMs);
    for (let actions = this.swarm.pollActions(); actions.length > 0;) {
      for (const action of actions) this.#carryOut(action);
      actions = this.swarm.pollActions();
    }
    for (const endpoint of this.flushing) endpoint.flush();
    this.flushing.length = 0;
    this.uplink.run();
    this.world.onSettled?.(this);
  }

  #tick(): void {
    if (!this.isAlive) return;
    const { clock } = this.network;
    this.swarm.tick(clock.nowMs);
    this.#announces?.tick();
    this.settleSoon();
    clock.after(TICK_MS, () => this.#tick());
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
        return this.#dial(action.peer, action.v2);
      case "verify":
        return this.#checker.verify(action);
      case "hashBlocks":
        return this.hashesBlocks ? this.#checker.hashBlocks(action.piece) : undefined;
      case "metadata":
        parseInfo(action.info);
        return this.#beginTransfer();
      case "complete":
        return this.#complete();
      default: // other actions do not apply to a simulated program
    }
  }

  #dial(peer: Peer, v2: boolean): void {
    this.handshakes.dial(peer, v2, this.world.nodes.get(addressOf(peer))?.handshakes);
  }

  #beginTransfer(): void {
    const { torrent, network } = this.world;
    const { has, chosen, superSeed } = this.options;
    const have = new Bitfield(torrent.layout.pieceCount);
    if (has === "everything") have.fill();
    this.swarm.beginTransfer(
      {
        info: torrent.infoBytes,
        layout: torrent.layout,
        have,
        chosen,
        slotCount: this.storage.slotCount,
        sha1s: torrent.sha1s,
        layers: torrent.layers(has !== "magnet"),
        storeBlock: (slot, begin, block) => this.storage.storeBlock(slot, begin, block),
        superSeed,
        private: torrent.isPrivate,
      },
      torrent.hashes,
      network.clock.nowMs,
    );
    if (have.isFull) this.completeMs = network.clock.nowMs;
  }

  #complete(): void {
    if (this.isComplete) return;
    this.completeMs = this.network.clock.nowMs;
    this.#announces?.completed();
    this.world.onComplete?.(this);
    if (this.options.leavesWhenComplete) this.leave();
  }
}
