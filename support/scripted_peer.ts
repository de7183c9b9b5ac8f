/**
 * A peer over real TCP that follows a test's script: it serves well, or misbehaves in one chosen way.
 *
 * It uses only Shoal's codec, and it never connects to other peers itself.
 *
 * @module
 */

import { concat, hex, utf8 } from "../lib/codec/bytes.ts";
import { blockHashes } from "../lib/codec/torrent/merkle.ts";
import {
  decodeExtendedHandshake,
  decodeMetadataMessage,
  encodeExtendedHandshake,
  encodeMetadataMessage,
  METADATA_PIECE_LENGTH,
  type MetadataMessage,
} from "../lib/codec/wire/extension.ts";
import { Framer } from "../lib/codec/wire/framer.ts";
import {
  decodeHandshake,
  encodeHandshake,
  type Handshake,
  HANDSHAKE_LENGTH,
} from "../lib/codec/wire/handshake.ts";
import type { BlockRangeMessage, HashRangeMessage, Message } from "../lib/codec/wire/message.ts";
import { pieceLayersOf, type Torrent } from "../lib/store/torrent.ts";
import { pseudoRandomBytes } from "./content.ts";
import { closeIfOpen, Conversation, isHangUp, readOn, readUntil } from "./conversation.ts";

/** The extension number under which it receives metadata messages. */
const OUR_METADATA_ID = 7;

/** How a scripted peer differs from an honest seeder. It does everything absent honestly. */
export interface Script {
  /** Its client name. */
  client?: string;
  /** Sends nothing at all, not even a handshake. */
  mute?: boolean;
  /** Answers the handshake with these bytes. */
  greeting?: (theirs: Handshake, honest: Uint8Array) => Uint8Array;
  /** Sends these bytes after the handshake, and never anything else. */
  afterHandshake?: (speak: Conversation) => Promise<void>;
  /** Messages that announce its pieces; an empty list announces none. */
  claims?: Message[];
  /** Never unchokes the other side. */
  keepsChoking?: boolean;
  /** The data of a block; `undefined` leaves the request unanswered. */
  block?: (request: BlockRangeMessage, honest: Uint8Array) => Uint8Array | undefined;
  /** Handles a request itself; false leaves it to `block`. */
  request?: (request: BlockRangeMessage, speak: Conversation) => Promise<boolean>;
  /** The length it claims for its info dictionary. */
  metadataSize?: (honest: number) => number;
  /** The data of a metadata piece. */
  metadata?: (piece: number, honest: Uint8Array) => Uint8Array;
  /** Hashes for a hash request; `undefined` rejects it. */
  hashes?: (request: HashRangeMessage, honest: Uint8Array | undefined) => Uint8Array | undefined;
  /** The number of bytes per write. */
  bytesPerWrite?: number;
  /** Closes each connection after this many blocks. */
  closesAfterBlocks?: number;
}

/** A listening scripted peer. Must be disposed. */
export class ScriptedPeer implements AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Connections accepted so far. */
  connections = 0;
  /** Block requests received so far. */
  requests = 0;
  /** Blocks sent so far, honest or not. */
  blocksSent = 0;
  readonly #torrent: Torrent;
  readonly #content: Uint8Array;
  readonly #script: Script;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #running = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #onChange = Promise.withResolvers<void>();

  /** Listens on 127.0.0.1, as a seeder of `content` that follows `script`. */
  constructor(torrent: Torrent, content: Uint8Array, script: Script = {}) {
    this.#torrent = torrent;
    this.#content = content;
    this.#script = script;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
    this.#accepting = this.#accept();
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** Resolves once the condition holds. */
  async until(condition: (peer: this) => boolean): Promise<void> {
    while (!condition(this)) await this.#onChange.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeIfOpen(this.#listener);
    for (const conn of this.#open) closeIfOpen(conn);
    await this.#accepting;
    await Promise.all(this.#running);
  }

  #changed(): void {
    this.#onChange.resolve();
    this.#onChange = Promise.withResolvers();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.connections++;
      this.#open.add(conn);
      const running = this.#converse(conn).catch(isHangUp).finally(() => {
        closeIfOpen(conn);
        this.#open.delete(conn);
        this.#running.delete(running);
        this.#changed();
      });
      this.#running.add(running);
      this.#changed();
    }
  }

  async #converse(conn: Deno.TcpConn): Promise<void> {
    const script = this.#script;
    const speak = new Conversation(conn, script.bytesPerWrite);
    const framer = new Framer();
    const bytes = await readUntil(conn, framer, () => framer.take(HANDSHAKE_LENGTH));
    if (bytes === undefined) return;
    const theirs = decodeHandshake(bytes);
    if (script.mute) return await readOn(conn);
    const peerId = concat(utf8("-XX0001-"), pseudoRandomBytes(12, Number(this.#port)));
    const honest = encodeHandshake({ ...theirs, peerId, dht: false, extensions: true, fast: true });
    await speak.write(script.greeting?.(theirs, honest) ?? honest);
    if (script.afterHandshake !== undefined) {
      const reading = readOn(conn).finally(() => speak.close());
      await Promise.race([script.afterHandshake(speak), reading]);
      return await reading;
    }
    await this.#introduce(speak);
    let metadataId = 0;
    for (;;) {
      const message = await readUntil(conn, framer, () => framer.next());
      if (message === undefined) return;
      if (message.type === "extended" && message.id === 0) {
        metadataId = decodeExtendedHandshake(message.payload).ids.get("ut_metadata") ?? 0;
      } else if (message.type === "extended" && message.id === OUR_METADATA_ID) {
        await this.#metadata(speak, metadataId, decodeMetadataMessage(message.payload));
      } else await this.#answer(speak, message);
    }
  }

  get #port(): string {
    return this.address.split(":")[1]!;
  }

  async #introduce(speak: Conversation): Promise<void> {
    const { client = "Scripted 1", claims = [{ type: "haveAll" }], metadataSize } = this.#script;
    const honestSize = this.#torrent.metainfo.info.bytes.length;
    const payload = encodeExtendedHandshake({
      ids: new Map([["ut_metadata", OUR_METADATA_ID]]),
      client,
      metadataSize: metadataSize?.(honestSize) ?? honestSize,
    });
    for (const message of claims) await speak.send(message);
    await speak.send({ type: "extended", id: 0, payload });
  }

  async #answer(speak: Conversation, message: Message): Promise<void> {
    switch (message.type) {
      case "interested":
        if (!this.#script.keepsChoking) await speak.send({ type: "unchoke" });
        return;
      case "request":
        return await this.#request(speak, message as BlockRangeMessage);
      case "hashRequest":
        return await this.#hashes(speak, message as HashRangeMessage);
      default:
        return;
    }
  }

  async #request(speak: Conversation, request: BlockRangeMessage): Promise<void> {
    const { block, closesAfterBlocks = Infinity } = this.#script;
    this.requests++;
    this.#changed();
    if (await this.#script.request?.(request, speak)) return;
    const { piece, begin, length } = request;
    const at = piece * this.#torrent.pieceLength + begin;
    const honest = new Uint8Array(length);
    honest.set(this.#content.subarray(at, at + length));
    const bytes = block === undefined ? honest : block(request, honest);
    if (bytes === undefined) return;
    await speak.send({ type: "piece", piece, begin, block: bytes });
    this.blocksSent++;
    speak.blocksSent++;
    this.#changed();
    if (speak.blocksSent >= closesAfterBlocks) speak.close();
  }

  async #hashes(speak: Conversation, request: HashRangeMessage): Promise<void> {
    const { baseLayer, index, length, proofLayers } = request;
    const root = request.root.slice();
    const range = { baseLayer, index, length, proofLayers };
    const layer = pieceLayersOf(this.#torrent.metainfo).get(hex(root));
    const begin = (layer?.pieceBelow(range) ?? 0) * this.#torrent.pieceLength;
    const piece = this.#content.subarray(begin, begin + this.#torrent.pieceLength);
    const honest = layer?.answer(range, blockHashes(piece));
    const hashes = this.#script.hashes === undefined
      ? honest
      : this.#script.hashes(request, honest);
    await speak.send(
      hashes === undefined
        ? { type: "hashReject", root, ...range }
        : { type: "hashes", root, ...range, hashes },
    );
  }

  async #metadata(speak: Conversation, id: number, message: MetadataMessage): Promise<void> {
    if (message.type !== "request") return;
    const { piece } = message;
    const { bytes } = this.#torrent.metainfo.info;
    const begin = piece * METADATA_PIECE_LENGTH;
    const honest = bytes.subarray(begin, begin + METADATA_PIECE_LENGTH);
    const data = this.#script.metadata?.(piece, honest) ?? honest;
    const totalSize = this.#script.metadataSize?.(bytes.length) ?? bytes.length;
    const payload = encodeMetadataMessage({ type: "data", piece, totalSize, data });
    await speak.send({ type: "extended", id, payload });
  }
}
