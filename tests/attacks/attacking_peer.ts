/**
 * A peer without manners: it dials from an address of its choice and says what it likes.
 * @module
 */

import type { Socket } from "node:net";
import net from "node:net";
import { fromHex } from "../../lib/codec/bytes.ts";
import { Framer } from "../../lib/codec/wire/framer.ts";
import { encodeHandshake, HANDSHAKE_LENGTH } from "../../lib/codec/wire/handshake.ts";
import { encodeMessage, type Message } from "../../lib/codec/wire/message.ts";

const TIMEOUT_MS = 30_000;

/** Whom to attack, from where and how. */
export interface AttackOptions {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** Of the torrent, in hex; 40 digits. */
  readonly infoHash: string;
  /** An address of 127.0.0.0/8 to come from. */
  readonly from: string;
  /** Takes nothing off the socket, so that answers pile up. */
  readonly isDeaf?: boolean;
}

/** One connection, handshake done. Dispose it. */
export class AttackingPeer implements Disposable {
  /** Bytes that came back, handshake included. */
  receivedBytes = 0;
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #waiting: (() => void)[] = [];
  #isOpen = true;
  #greetingLeft = HANDSHAKE_LENGTH;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("close", () => this.#end());
    socket.on("error", () => this.#end());
    socket.on("data", (bytes: Uint8Array) => this.#take(bytes));
  }

  /**
   * Connects and shakes hands.
   *
   * @throws Error when it is turned away
   */
  static async connect({ port, infoHash, from, isDeaf }: AttackOptions): Promise<AttackingPeer> {
    const socket = net.connect({ host: "127.0.0.1", port, localAddress: from });
    const peer = new AttackingPeer(socket);
    const peerId = crypto.getRandomValues(new Uint8Array(20));
    const features = { extensions: true, fast: true, dht: false, v2Upgrade: false };
    socket.write(encodeHandshake({ infoHash: fromHex(infoHash), peerId, ...features }));
    await peer.until(() => peer.#greetingLeft === 0);
    if (peer.#greetingLeft > 0) throw new Error("turned away");
    if (isDeaf) socket.pause();
    return peer;
  }

  /** Whether the other side still bears it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Writes messages, and waits until the other side has taken most of them. */
  async say(...messages: Message[]): Promise<void> {
    for (const message of messages) await this.write(encodeMessage(message));
  }

  /** Writes raw bytes, and waits until the other side has taken most of them, or hung up. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#isOpen || this.#socket.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#socket.once("drain", resolve);
    await promise;
  }

  /** The next message that has arrived; what it holds is good until the next call. */
  next(): Message | undefined {
    return this.#framer.next();
  }

  /** Waits for a condition that what arrives may make true, or for the end of the connection. */
  async until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + TIMEOUT_MS;
    while (this.#isOpen && !condition() && performance.now() < endMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      const timer = setTimeout(resolve, TIMEOUT_MS);
      await promise.finally(() => clearTimeout(timer));
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
    this.#end();
  }

  #take(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    const greeting = Math.min(this.#greetingLeft, bytes.length);
    this.#greetingLeft -= greeting;
    this.#framer.push(bytes.subarray(greeting));
    this.#wake();
  }

  #end(): void {
    this.#isOpen = false;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
