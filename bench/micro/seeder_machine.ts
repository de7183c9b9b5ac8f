/**
 * One seeding state machine, and peers that request block after block. It measures the cost of a block from
 * the request to its hand-over to the socket.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../lib/codec/torrent/merkle.ts";
import type { Handshake } from "../../lib/codec/wire/handshake.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { Swarm } from "../../lib/peer/swarm.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout } from "../../lib/store/layout.ts";
import { seededRandom } from "../../support/random.ts";

const BLOCKS_PER_PIECE = 16;
const BATCH_BYTES = 512 * 1024;
/** Outstanding requests of an unchoked peer. */
const DEPTH = 32;
const BLOCK_MS = 0.02;
const TICK_MS = 250;

/** A seeder and the peers it unchokes in turn. */
export class SeederMachine {
  readonly swarm: Swarm;
  /** Blocks handed to the socket. */
  blocks = 0;
  nowMs = 2000;
  readonly #layout: Layout;
  readonly #connections: Connection[] = [];
  readonly #random = seededRandom(1);
  #turn = 0;
  #tickMs = 0;

  /** Starts with all peers connected and interested. */
  constructor({ pieces, peers }: { readonly pieces: number; readonly peers: number }) {
    const pieceLength = BLOCKS_PER_PIECE * BLOCK_LENGTH;
    const files = [{ length: pieces * pieceLength, pad: false }];
    this.#layout = new Layout({ pieceLength, version: "v1", files });
    const v1Hash = new Uint8Array(20);
    this.swarm = new Swarm({
      peerId: new Uint8Array(20),
      client: "bench",
      listenPort: 6881,
      v1Hash,
      maxConnections: peers,
      uploadSlots: 4,
      random: this.#random,
    });
    const have = new Bitfield(pieces);
    have.fill();
    this.swarm.beginTransfer(
      {
        info: new Uint8Array(1),
        layout: this.#layout,
        have,
        slotCount: 0,
        sha1s: new Uint8Array(20 * pieces),
        layers: new Map(),
        storeBlock: () => {},
        private: true, // no PEX
      },
      { v1Hash },
      0,
    );
    for (let i = 0; i < peers; i++) this.#connect(i);
    this.#tick();
  }

  /** The next unchoked peer requests some blocks, and they are taken for sending. */
  serve(): void {
    const connection = this.#next();
    for (let i = 0; i < DEPTH; i++) {
      const piece = Math.floor(this.#random() * this.#layout.pieceCount);
      const begin = (i % BLOCKS_PER_PIECE) * BLOCK_LENGTH;
      const message = { type: "request", piece, begin, length: BLOCK_LENGTH } as const;
      this.swarm.received(connection, message, this.nowMs);
    }
    this.swarm.poll(this.nowMs);
    this.swarm.pollActions();
    const taken = this.swarm.takeUploads(connection, BATCH_BYTES);
    this.swarm.sent(connection, taken.length * BLOCK_LENGTH, this.nowMs);
    this.blocks += taken.length;
    this.nowMs += taken.length * BLOCK_MS;
    if (this.nowMs >= this.#tickMs) this.#tick();
  }

  #next(): Connection {
    for (let tries = 0; tries < this.#connections.length; tries++) {
      const connection = this.#connections[this.#turn++ % this.#connections.length]!;
      if (!connection.upload.amChoking) return connection;
    }
    throw new Error("nobody is served");
  }

  #tick(): void {
    this.#tickMs = this.nowMs + TICK_MS;
    this.swarm.tick(this.nowMs);
    this.swarm.poll(this.nowMs);
    this.swarm.pollActions();
  }

  #connect(number: number): void {
    const peerId = new Uint8Array(20).fill(1);
    new DataView(peerId.buffer).setUint32(0, number);
    const flags = { extensions: false, fast: true, dht: false, v2Upgrade: false };
    const handshake: Handshake = { infoHash: new Uint8Array(20), peerId, ...flags };
    const peer = this.swarm.accept(`10.1.${number >> 8}.${number & 255}`, 5000 + number)!;
    const settled = { inbound: true, v2: false };
    const connection = this.swarm.opened(peer, handshake, settled, this.nowMs);
    if (typeof connection === "string") throw new Error(connection);
    this.#connections.push(connection);
    this.swarm.received(connection, { type: "haveNone" }, this.nowMs);
    this.swarm.received(connection, { type: "interested" }, this.nowMs);
  }
}
