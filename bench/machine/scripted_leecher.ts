/**
 * A minimal leecher on a socket, so cheap that hundreds fit into one process.
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { concat, equalBytes, utf8 } from "../../lib/codec/bytes.ts";
import { sha1 } from "../../lib/codec/hash.ts";
import { Framer } from "../../lib/codec/wire/framer.ts";
import { encodeHandshake, HANDSHAKE_LENGTH } from "../../lib/codec/wire/handshake.ts";
import { encodeMessage, type Message } from "../../lib/codec/wire/message.ts";
import type { Torrent } from "../../mod.ts";
import { pseudoRandomBytes } from "../../support/content.ts";

const BLOCK_LENGTH = 16_384;
/** Outstanding requests: a mebibyte. */
const PIPELINE = 64;
/** Connections being made at a time, because the accept queue is limited. */
const AT_ONCE = 50;

interface Block {
  piece: number;
  begin: number;
  length: number;
}

/** Connected to a seeder, with the handshakes exchanged. Created by {@linkcode ScriptedLeecher.connect}. */
export class ScriptedLeecher implements Disposable {
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #torrent: Torrent;
  #choked = true;
  #ended = false;
  #news = Promise.withResolvers<void>();

  private constructor(socket: Socket, torrent: Torrent) {
    this.#socket = socket;
    this.#torrent = torrent;
    socket.on("data", (bytes: Uint8Array) => {
      this.#framer.push(bytes);
      this.#wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on("error", () => {}); // the socket is closed next
  }

  /**
   * Connects to the seeder at 127.0.0.1:`port`, from an address that no other leecher uses, because a
   * seeder limits connections per address. `index` makes the address unique.
   */
  static async connect(port: number, torrent: Torrent, index: number): Promise<ScriptedLeecher> {
    const localAddress = `127.1.${Math.floor(index / 250)}.${1 + index % 250}`;
    const socket = connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
    const leecher = new ScriptedLeecher(socket, torrent);
    try {
      await once(socket, "connect");
      const peerId = concat(utf8("-XX0001-"), pseudoRandomBytes(12, index));
      const infoHash = torrent.metainfo.info.v1Hash!;
      const features = { extensions: true, fast: true, dht: false, v2Upgrade: false };
      socket.write(encodeHandshake({ infoHash, peerId, ...features }));
      await leecher.#read((framer) => framer.take(HANDSHAKE_LENGTH));
      leecher.#send({ type: "haveNone" });
      return leecher;
    } catch (error) {
      leecher[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether the connection is still there. */
  get isConnected(): boolean {
    return !this.#ended;
  }

  /** Sends interested, but requests nothing and ignores everything it receives from now on. */
  waitForEver(): void {
    this.#send({ type: "interested" });
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", () => {});
  }

  /**
   * Downloads these pieces, and then sends not interested.
   *
   * @param onBlock called for every block
   * @throws Error when the seeder closes the connection, sends a block not requested, or sends wrong data
   */
  async fetch(pieces: readonly number[], onBlock: () => void): Promise<void> {
    this.#send({ type: "interested" });
    for (const piece of pieces) {
      const wanted = this.#blocksOf(piece);
      const data = new Uint8Array(wanted.reduce((sum, { length }) => sum + length, 0));
      await this.#fetchBlocks(wanted, ({ begin }, bytes) => {
        data.set(bytes, begin);
        onBlock();
      });
      const hash = this.#torrent.metainfo.info.pieces!.subarray(piece * 20, piece * 20 + 20);
      if (!equalBytes(sha1(data), hash)) throw new Error(`piece ${piece} is not what it should be`);
    }
    this.#send({ type: "notInterested" });
  }

  async #fetchBlocks(
    wanted: Block[],
    store: (block: Block, bytes: Uint8Array) => void,
  ): Promise<void> {
    /** Outstanding requests, by offset. */
    const asked = new Map<number, Block>();
    for (;;) {
      if (!this.#choked) this.#ask(wanted, asked);
      if (wanted.length === 0 && asked.size === 0) return;
      const message = await this.#read((framer) => framer.next());
      if (message.type === "choke") this.#choked = true;
      if (message.type === "unchoke") this.#choked = false;
      if (message.type !== "piece" && message.type !== "reject") continue;
      const block = asked.get(message.begin);
      if (block === undefined) throw new Error("an answer to no question");
      asked.delete(message.begin);
      if (message.type === "piece") store(block, message.block);
      else wanted.push(block);
    }
  }

  #ask(wanted: Block[], asked: Map<number, Block>): void {
    // Half of them at a time, to avoid a packet for each.
    if (asked.size > PIPELINE / 2 || wanted.length === 0) return;
    const next = wanted.splice(0, PIPELINE - asked.size);
    for (const block of next) asked.set(block.begin, block);
    this.#send(...next.map((block): Message => ({ type: "request", ...block })));
  }

  #blocksOf(piece: number): Block[] {
    const { pieceLength, length: total } = this.#torrent;
    const length = Math.min(pieceLength, total - piece * pieceLength);
    return Array.from({ length: Math.ceil(length / BLOCK_LENGTH) }, (_, i) => {
      const begin = i * BLOCK_LENGTH;
      return { piece, begin, length: Math.min(BLOCK_LENGTH, length - begin) };
    });
  }

  #send(...messages: Message[]): void {
    this.#socket.write(concat(...messages.map(encodeMessage)));
  }

  /** The first result of `take`. */
  async #read<T>(take: (framer: Framer) => T | undefined): Promise<T> {
    for (;;) {
      const taken = take(this.#framer);
      if (taken !== undefined) return taken;
      if (this.#ended) throw new Error("the seeder hung up");
      await this.#news.promise;
    }
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Connects `count` of them. */
export async function connectAll(
  count: number,
  port: number,
  torrent: Torrent,
): Promise<ScriptedLeecher[]> {
  const leechers: ScriptedLeecher[] = [];
  while (leechers.length < count) {
    const first = leechers.length;
    const batch = Array.from(
      { length: Math.min(AT_ONCE, count - first) },
      (_, i) => ScriptedLeecher.connect(port, torrent, first + i),
    );
    const settled = await Promise.allSettled(batch);
    for (const result of settled) if (result.status === "fulfilled") leechers.push(result.value);
    const failure = settled.find((result) => result.status === "rejected");
    if (failure === undefined) continue;
    for (const leecher of leechers) leecher[Symbol.dispose]();
    throw failure.reason;
  }
  return leechers;
}
