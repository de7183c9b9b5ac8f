/**
 * One downloading state machine with peers that answer at once. It measures the cost of a block from the
 * message to the next request, without sockets, disk and hashes.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../lib/codec/torrent/merkle.ts";
import type { Handshake } from "../../lib/codec/wire/handshake.ts";
import type { PieceMessage } from "../../lib/codec/wire/message.ts";
import type { Action } from "../../lib/peer/connection/actions.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { Swarm } from "../../lib/peer/swarm.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import { seededRandom } from "../../support/random.ts";

/** The peers' pieces: all, a random half each, or a random hundredth each. */
export type Holding = "everything" | "halves" | "hundredths";

/** The parameters of a machine. */
export interface MachineOptions {
  readonly pieces: number;
  readonly peers: number;
  readonly blocksPerPiece?: number;
  /** Pieces that fit into the piece memory; default as in a real download. */
  readonly slots?: number;
  readonly holding?: Holding;
}

const SHARES: Readonly<Record<Holding, number>> = { everything: 1, halves: 0.5, hundredths: 0.01 };
const PIECE_MEMORY_BYTES = 12 * 1024 * 1024;
const TICK_MS = 250;
/** The delay of a block, so that rates and latencies are those of a fast network. */
const BLOCK_MS = 0.02;

/** A download and its peers. */
export class LeecherMachine {
  readonly swarm: Swarm;
  readonly layout: Layout;
  /** Blocks delivered so far. */
  blocks = 0;
  nowMs = 2000;
  readonly #connections: Connection[] = [];
  /** Outstanding requests per peer, oldest first. */
  readonly #asked = new Map<Connection, PieceMessage[]>();
  readonly #random = seededRandom(1);
  readonly #full: PieceIndex[] = [];
  /** The pieces that at least one peer has. */
  readonly #offered: Bitfield;
  #turn = 0;
  #tickMs = 0;

  /** Starts with all peers connected, unchoking, and their pieces announced. */
  constructor(options: MachineOptions) {
    const { pieces, peers, blocksPerPiece = 16, holding = "everything" } = options;
    const pieceLength = blocksPerPiece * BLOCK_LENGTH;
    const files = [{ length: pieces * pieceLength, pad: false }];
    this.layout = new Layout({ pieceLength, version: "v1", files });
    this.#offered = new Bitfield(pieces);
    this.swarm = new Swarm({
      peerId: new Uint8Array(20),
      client: "bench",
      listenPort: 6881,
      v1Hash: new Uint8Array(20),
      maxConnections: peers,
      uploadSlots: 4,
      random: this.#random,
    });
    const memory = Math.max(4, Math.floor(PIECE_MEMORY_BYTES / pieceLength));
    this.swarm.beginTransfer(
      {
        info: new Uint8Array(1),
        layout: this.layout,
        have: new Bitfield(pieces),
        slotCount: Math.min(options.slots ?? memory, pieces),
        sha1s: new Uint8Array(20 * pieces),
        layers: new Map(),
        storeBlock: () => {},
        private: true, // no PEX
      },
      { v1Hash: new Uint8Array(20) },
      0,
    );
    for (let i = 0; i < peers; i++) this.#connect(i, SHARES[holding]);
    this.nowMs += 2000;
    this.#settle();
  }

  /** Whether enough blocks are left that each costs what one in the middle of a file does. */
  get isBusy(): boolean {
    const { transfer } = this.swarm;
    return transfer !== undefined && transfer.pieces.have.count < this.#offered.count * 3 / 4;
  }

  /** Delivers a block of the next peer that has a request outstanding, and runs everything that follows. */
  deliver(): void {
    const connection = this.#next();
    const message = this.#asked.get(connection)!.shift()!;
    this.nowMs += BLOCK_MS;
    this.blocks++;
    this.swarm.received(connection, message, this.nowMs);
    this.#settle();
    if (this.nowMs >= this.#tickMs) this.#tick();
    while (this.#full.length > 0) {
      this.swarm.verified(this.#full.pop()!, true, true);
      this.#settle();
    }
  }

  #next(): Connection {
    for (let tries = 0; tries <= this.#connections.length; tries++) {
      const connection = this.#connections[this.#turn++ % this.#connections.length]!;
      if (this.#asked.get(connection)!.length > 0) return connection;
    }
    throw new Error("nobody was asked for anything");
  }

  #tick(): void {
    this.#tickMs = this.nowMs + TICK_MS;
    this.swarm.tick(this.nowMs);
    this.#settle();
  }

  #connect(number: number, share: number): void {
    const peerId = new Uint8Array(20).fill(1);
    new DataView(peerId.buffer).setUint32(0, number);
    const handshake: Handshake = {
      infoHash: new Uint8Array(20),
      peerId,
      extensions: false,
      fast: true,
      dht: false,
      v2Upgrade: false,
    };
    const peer = this.swarm.accept(`10.1.${number >> 8}.${number & 255}`, 5000 + number)!;
    const connection = this.swarm.opened(peer, handshake, { inbound: true, v2: false }, 0);
    if (typeof connection === "string") throw new Error(connection);
    this.#asked.set(connection, []);
    this.#connections.push(connection);
    const have = new Bitfield(this.layout.pieceCount);
    for (let piece = 0; piece < have.length; piece++) {
      if (this.#random() < share) {
        have.set(piece);
        this.#offered.set(piece);
      }
    }
    this.swarm.received(connection, { type: "bitfield", bits: have.bytes() }, this.nowMs);
    this.swarm.received(connection, { type: "unchoke" }, this.nowMs);
  }

  #settle(): void {
    this.swarm.poll(this.nowMs);
    for (const action of this.swarm.pollActions()) this.#carryOut(action);
  }

  #carryOut(action: Action): void {
    if (action.type === "verify") this.#full.push(action.active.piece);
    if (action.type !== "request") return;
    const asked = this.#asked.get(action.connection)!;
    for (let i = 0; i < action.blocks.length; i += 3) {
      const [piece, begin] = [action.blocks[i]!, action.blocks[i + 1]!];
      asked.push({ type: "piece", piece, begin, block: BLOCK });
    }
  }
}

const BLOCK = new Uint8Array(BLOCK_LENGTH);
