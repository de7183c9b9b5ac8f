/**
 * The sockets of swarms in memory: messages become bytes, and bytes messages.
 * @module
 */

import { Framer } from "../../lib/codec/wire/framer.ts";
import { encodeMessage, type Message } from "../../lib/codec/wire/message.ts";
import { ProtocolError } from "../../lib/errors.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import type { MemoryNode } from "./memory_swarm.ts";

/** File data per write, as the real socket has it but smaller, so that there are many. */
const BATCH_BYTES = 64 * 1024;

/** One end of a connection. */
export class Endpoint {
  readonly #framer = new Framer({ initialCapacity: 4096 });
  #other: Endpoint | undefined;
  #pending: Uint8Array[] = [];
  #hasUploads = false;
  #busy = false;
  #closed = false;
  /** What came before the other end existed, which it then reads. */
  readonly #early: Uint8Array[] = [];

  constructor(
    readonly node: MemoryNode,
    readonly connection: Connection,
    readonly remote: MemoryNode,
  ) {
    node.endpoints.set(connection, this);
  }

  /** The two ends find each other. */
  join(other: Endpoint): void {
    this.#other = other;
    other.#other = this;
    if (other.#closed) return this.closeSoon();
    for (const bytes of other.#early.splice(0)) this.#receive(bytes);
  }

  send(message: Message): void {
    this.#pending.push(encodeMessage(message));
    this.#pump();
  }

  upload(): void {
    this.#hasUploads = true;
    this.#pump();
  }

  /** Closes this end now and the other when it hears of it. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.node.endpoints.delete(this.connection);
    this.node.swarm.closed(this.connection, reason, this.node.world.clock.nowMs);
    this.node.settle();
    this.#other?.closeSoon();
  }

  /** The other end was closed. */
  closeSoon(): void {
    const { latencyMs } = this.node.world.linkOf(this.remote, this.node);
    this.node.world.clock.after(latencyMs, () => this.close("closed by the peer"));
  }

  #pump(): void {
    if (this.#busy || this.#closed || !this.node.alive) return;
    const { clock } = this.node.world;
    const parts = this.#pending.splice(0);
    let dataBytes = 0;
    if (parts.length === 0) {
      if (!this.#hasUploads) return;
      const requests = this.node.swarm.takeUploads(this.connection, BATCH_BYTES);
      this.#hasUploads = requests.length > 0;
      for (const { piece, begin, length } of requests) {
        const block = this.node.read(piece, begin, length);
        parts.push(encodeMessage({ type: "piece", piece, begin, block }));
        dataBytes += length;
      }
      if (parts.length === 0) return;
    }
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const { latencyMs, bytesPerSecond } = this.node.world.linkOf(this.node, this.remote);
    const sendingMs = Math.max(length / bytesPerSecond * 1000, this.node.occupyLine(length));
    this.#busy = true;
    clock.after(sendingMs, () => {
      this.#busy = false;
      if (this.#closed || !this.node.alive) return;
      this.node.swarm.sent(this.connection, dataBytes, clock.nowMs);
      this.#pump();
    });
    clock.after(sendingMs + latencyMs, () => {
      for (const part of parts) {
        if (this.#other === undefined) this.#early.push(part);
        else this.#other.#receive(part);
      }
      this.#other?.node.settle();
    });
  }

  /** Bytes arrive, cut at a place that chance decides. */
  #receive(bytes: Uint8Array): void {
    const { world } = this.node;
    const cut = Math.floor(world.random() * (bytes.length + 1));
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      if (this.#closed || !this.node.alive) return;
      this.#framer.push(part);
      this.#read();
    }
  }

  #read(): void {
    const { world, swarm } = this.node;
    try {
      for (let m = this.#framer.next(); m !== undefined; m = this.#framer.next()) {
        world.note(this.node, m);
        swarm.received(this.connection, m, world.clock.nowMs);
        if (this.#closed) return;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }
}
