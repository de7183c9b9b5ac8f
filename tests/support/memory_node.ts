/**
 * One program that takes part in a swarm in memory: the driver of the machine, as a session is with real
 * sockets and a real disk.
 * @module
 */

import { utf8 } from "../../lib/codec/bytes.ts";
import { decodeHandshake, encodeHandshake } from "../../lib/codec/wire/handshake.ts";
import { blockHashes } from "../../lib/codec/torrent/merkle.ts";
import { parseInfo } from "../../lib/codec/torrent/metainfo.ts";
import type { Action, VerifyAction } from "../../lib/peer/connection/actions.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { Swarm } from "../../lib/peer/swarm.ts";
import type { TransferView } from "../../lib/peer/transfer_view.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import type { PieceIndex } from "../../lib/store/layout.ts";
import type { ActivePiece, Wanted } from "../../lib/store/pieces.ts";
import { Endpoint } from "./memory_endpoint.ts";
import type { MemorySwarm } from "./memory_swarm.ts";
import { MemoryDisk } from "./memory_torrent.ts";
import { requestsOf } from "./requested.ts";
import { addressOf, type Peer } from "../../lib/peer/connection/peer.ts";

const TICK_MS = 250;
const VERIFY_MS = 3;
const PORT = 6881;

/** How somebody takes part. */
export interface NodeOptions {
  /** What it has when it starts: all of it, nothing, or the hash only. */
  readonly has: "everything" | "nothing" | "magnet";
  /** Which hashes its magnet link has; all by default. */
  readonly hashes?: readonly ("v1" | "v2")[];
  /** What it wants; all by default. */
  readonly chosen?: Wanted;
  /** Whether what it sends of a piece is wrong. */
  readonly corrupts?: (piece: number, begin: number) => boolean;
  readonly slotCount?: number;
  readonly uploadSlots?: number;
  readonly maxConnections?: number;
  /** While nobody else has the file, it hands out each piece once before any twice. */
  readonly superSeed?: boolean;
  /** Bytes per second it can send to all others together; default: as fast as its links are. */
  readonly uplink?: number;
}

/** One program that takes part. */
export class MemoryNode {
  readonly swarm: Swarm;
  readonly host: string;
  readonly disk: MemoryDisk;
  readonly endpoints = new Map<Connection, Endpoint>();
  /** How often it got each block, by `piece:begin`. */
  readonly received = new Map<string, number>();
  /** Blocks it sent that were wrong, by `piece:begin`. */
  readonly spoiled = new Set<string>();
  /** What has happened to it, by type of action. */
  readonly happened: Action[] = [];
  /** When it had everything. */
  completeMs: number | undefined;
  alive = true;
  /** Whether it answers who asks for the hashes of blocks. */
  hashesBlocks = true;
  readonly #memory: Uint8Array;
  readonly #slotCount: number;
  #nextPort = 50_000;
  #lineFreeMs = 0;

  constructor(
    readonly world: MemorySwarm,
    readonly number: number,
    readonly options: NodeOptions,
  ) {
    const { info, layout } = world.torrent;
    const hashes = options.hashes ?? ["v1", "v2"];
    this.host = `10.0.0.${number + 1}`;
    this.#slotCount = options.slotCount ?? 8;
    this.#memory = new Uint8Array(this.#slotCount * info.pieceLength);
    this.disk = options.has === "everything" ? world.torrent.content : new MemoryDisk(info, layout);
    this.swarm = new Swarm({
      peerId: peerIdOf(world.random),
      client: `memory ${number}`,
      listenPort: PORT,
      v1Hash: hashes.includes("v1") ? info.v1Hash : undefined,
      v2Hash: hashes.includes("v2") ? info.v2Hash : undefined,
      maxConnections: options.maxConnections ?? 50,
      uploadSlots: options.uploadSlots ?? 20,
      random: world.random,
    });
    if (options.has !== "magnet") this.#beginTransfer();
    world.clock.after(world.random() * TICK_MS, () => this.#tick());
  }

  /** The transfer; throws while there is only a hash. */
  get transfer(): TransferView {
    const { transfer } = this.swarm;
    if (transfer === undefined) throw new Error("no metadata yet");
    return transfer;
  }

  /** Everything is verified and stored. */
  get isComplete(): boolean {
    return this.completeMs !== undefined;
  }

  /** It hears of another. */
  learn(other: MemoryNode): void {
    this.swarm.addPeer(other.host, PORT, "tracker");
  }

  /** Verified bytes it got from another, over all connections. */
  verifiedFrom(other: MemoryNode): number {
    let bytes = 0;
    for (const peer of this.swarm.peers.contributors()) {
      if (peer.host === other.host) bytes += peer.verifiedBytes;
    }
    return bytes;
  }

  /** It is gone. Others notice by its closed connections, or, when it vanishes, not at all. */
  die(how: "closes" | "vanishes" = "closes"): void {
    this.alive = false;
    for (const endpoint of [...this.endpoints.values()]) {
      if (how === "closes") endpoint.close("we are leaving");
    }
  }

  /** Asks for more and does what the swarm wants done. */
  settle(): void {
    if (!this.alive) return;
    this.swarm.poll(this.world.clock.nowMs);
    for (let actions = this.swarm.pollActions(); actions.length > 0;) {
      for (const action of actions) this.#carryOut(action);
      actions = this.swarm.pollActions();
    }
    this.swarm.checkInvariant();
  }

  /** Somebody's bytes of a handshake; the answer, or nothing when it is not welcome. */
  accept(
    from: MemoryNode,
    bytes: Uint8Array,
  ): { bytes: Uint8Array; endpoint: Endpoint } | undefined {
    const head = decodeHandshake(bytes);
    const answer = this.alive ? this.swarm.infoHashes.answer(head) : undefined;
    if (answer === undefined) return undefined;
    const peer = this.swarm.accept(from.host, from.#nextPort++);
    if (peer === undefined) return undefined;
    const settled = { inbound: true, v2: answer.v2 };
    const connection = this.swarm.opened(peer, head, settled, this.world.clock.nowMs);
    if (typeof connection === "string") return void this.settle();
    const endpoint = new Endpoint(this, connection, from);
    this.settle();
    return { bytes: encodeHandshake(answer.handshake), endpoint };
  }

  /** So many bytes are to be sent: how long its line to the world takes, behind what waits already. */
  occupyLine(length: number): number {
    const { nowMs } = this.world.clock;
    const { uplink = Infinity } = this.options;
    this.#lineFreeMs = Math.max(this.#lineFreeMs, nowMs) + length / uplink * 1000;
    return this.#lineFreeMs - nowMs;
  }

  /** File data to send, wrong where this node is to send wrong data. */
  read(piece: number, begin: number, length: number): Uint8Array {
    const bytes = this.disk.read(piece as ActivePiece["piece"], begin, length);
    if (!this.options.corrupts?.(piece, begin)) return bytes;
    this.spoiled.add(`${piece}:${begin}`);
    bytes[0]! ^= 0x55;
    return bytes;
  }

  #tick(): void {
    if (!this.alive) return;
    this.swarm.tick(this.world.clock.nowMs);
    this.settle();
    this.world.clock.after(TICK_MS, () => this.#tick());
  }

  #carryOut(action: Action): void {
    switch (action.type) {
      case "request":
        for (const message of requestsOf(action.blocks)) {
          this.endpoints.get(action.connection)?.send(message);
        }
        return;
      case "broadcast":
        for (const one of action.to) this.endpoints.get(one)?.send(action.message);
        return;
      case "send":
        return this.endpoints.get(action.connection)?.send(action.message);
      case "upload":
        return this.endpoints.get(action.connection)?.upload();
      case "close":
        return this.endpoints.get(action.connection)?.close(action.reason);
      case "dial":
        return this.#dial(action.peer, action.v2);
      case "verify":
        return this.world.clock.after(VERIFY_MS, () => this.#verify(action));
      case "hashBlocks":
        return this.world.clock.after(VERIFY_MS, () => this.#hashBlocks(action.piece));
      case "metadata":
        parseInfo(action.info);
        this.#beginTransfer();
        return this.settle();
      case "complete":
        this.completeMs ??= this.world.clock.nowMs;
        return;
      default:
        this.happened.push(action);
    }
  }

  #beginTransfer(): void {
    const { torrent, clock } = this.world;
    const { info, layout } = torrent;
    const { has } = this.options;
    const have = new Bitfield(layout.pieceCount);
    if (has === "everything") have.fill();
    this.swarm.beginTransfer(
      {
        info: info.bytes,
        layout,
        have,
        chosen: this.options.chosen,
        slotCount: this.#slotCount,
        sha1s: info.pieces,
        private: info.private,
        layers: torrent.layers(has !== "magnet"),
        superSeed: this.options.superSeed,
        storeBlock: (slot, begin, block) =>
          this.#memory.set(block, slot * info.pieceLength + begin),
      },
      { v1Hash: info.v1Hash, v2Hash: info.v2Hash },
      clock.nowMs,
    );
    if (have.isFull) this.completeMs = clock.nowMs;
  }

  #verify({ active: { piece, slot }, expected, wantsDigests }: VerifyAction): void {
    const { torrent } = this.world;
    const { pieceLength } = torrent.info;
    const dataLength = torrent.layout.dataLength(piece);
    const bytes = this.#memory.slice(slot * pieceLength, (slot + 1) * pieceLength);
    const matches = torrent.matches(piece, bytes, expected);
    if (matches) this.disk.write(piece, bytes.subarray(0, dataLength));
    const curious = !matches || wantsDigests;
    const digests = curious ? blockHashes(bytes.subarray(0, dataLength)) : undefined;
    this.swarm.verified(piece, matches, expected.kind === "sha1", digests);
    this.settle();
  }

  #hashBlocks(piece: PieceIndex): void {
    if (!this.alive || !this.hashesBlocks) return;
    const leaves = blockHashes(this.disk.read(piece, 0, this.transfer.layout.dataLength(piece)));
    this.swarm.hashed(piece, leaves, this.world.clock.nowMs);
    this.settle();
  }

  #dial(peer: Peer, v2: boolean): void {
    const { clock, nodes } = this.world;
    const target = nodes.find(({ host, alive }) => alive && addressOf(peer) === `${host}:${PORT}`);
    const { latencyMs } = target ? this.world.linkOf(this, target) : { latencyMs: 1 };
    const ours = encodeHandshake(this.swarm.infoHashes.handshake(v2));
    const failed = () => {
      this.swarm.dialFailed(peer, "refuses connections", clock.nowMs);
      this.settle();
    };
    clock.after(latencyMs, () => {
      const answer = target?.accept(this, ours);
      clock.after(latencyMs, () => {
        if (answer === undefined || !this.alive) return failed();
        this.#open(peer, answer.bytes, answer.endpoint);
      });
    });
  }

  #open(peer: Peer, bytes: Uint8Array, other: Endpoint): void {
    const theirs = decodeHandshake(bytes);
    const settled = { inbound: false, v2: this.swarm.infoHashes.versionOf(theirs) === "v2" };
    const connection = this.swarm.opened(peer, theirs, settled, this.world.clock.nowMs);
    if (typeof connection === "string") other.closeSoon();
    else new Endpoint(this, connection, other.node).join(other);
    this.settle();
  }
}

/** As real programs have it: who wrote the program, and then chance. */
function peerIdOf(random: () => number): Uint8Array {
  const peerId = Uint8Array.from({ length: 20 }, () => random() * 256);
  peerId.set(utf8("-SO0100-"));
  return peerId;
}
