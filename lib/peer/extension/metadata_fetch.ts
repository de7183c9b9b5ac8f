/**
 * Fetches the info dictionary from peers before the transfer begins (BEP 9).
 *
 * Only a complete dictionary can be checked, so each peer's copy is collected separately. A peer that lies
 * then spoils only its own copy and is known. When more peers offer a copy than can be asked, they take
 * turns. What peers say of their pieces is held until the piece count is known.
 *
 * @module
 */

import { equalBytes } from "../../codec/bytes.ts";
import { sha1, sha256 } from "../../codec/hash.ts";
import {
  MAX_METADATA_LENGTH,
  METADATA_EXTENSION,
  METADATA_PIECE_LENGTH,
  type MetadataMessage,
} from "../../codec/wire/extension.ts";
import type { Message } from "../../codec/wire/message.ts";
import { CorruptDataError, ProtocolError } from "../../errors.ts";
import type { Emit } from "../connection/actions.ts";
import type { Connection } from "../connection/connection.ts";
import type { SwarmContext } from "../connection/context.ts";
import type { TorrentHashes } from "../connection/info_hashes.ts";
import { sendMetadata } from "../connection/metadata_message.ts";
import type { ReadyQueue } from "../connection/ready_queue.ts";
import { MetadataScheduler } from "./metadata_scheduler.ts";

const RETRY_MS = 5000;
const MAX_ASKED_AT_ONCE = 16;
/** Copies collected at once; each may take the full length. */
const MAX_COPIES = 3;
/** Haves a peer may send before the piece count is known. */
const MAX_HELD_HAVES = 100_000;

/** What a peer said of its pieces, bounded because strangers decide how much that is. */
interface Held {
  /** The last bitfield, haveAll or haveNone. */
  all: Message | undefined;
  /** The haves since then. */
  readonly haves: number[];
}

interface Copy {
  readonly connection: Connection;
  readonly parts: Array<Uint8Array | undefined>;
  readonly size: number;
  asked: number; // number of parts requested, from the front
  received: number;
  readonly startedMs: number;
  lastMs: number;
}

/** Collects the info dictionary. */
export class MetadataFetch {
  /** True once the dictionary is complete and its hash matches. */
  done = false;
  readonly #hashes: TorrentHashes;
  readonly #emit: Emit;
  readonly #ready: ReadyQueue;
  readonly #copies = new Map<Connection, Copy>();
  readonly #held = new Map<Connection, Held>();
  readonly #notBefore = new Map<Connection, number>();
  readonly #scheduler = new MetadataScheduler();

  /** The dictionary has to match each hash that is given. */
  constructor({ emit, ready }: Pick<SwarmContext, "emit" | "ready">, hashes: TorrentHashes) {
    this.#hashes = hashes;
    this.#emit = emit;
    this.#ready = ready;
  }

  /** Tells the peer that we have nothing, where BEP 6 requires it. */
  onConnected(connection: Connection): void {
    if (!connection.negotiated.fast) return;
    this.#emit({ type: "send", connection, message: { type: "haveNone" } });
  }

  /**
   * Holds what a peer says of its pieces, and rejects its requests.
   *
   * @throws {ProtocolError} when it sends too many haves
   */
  onMessage(connection: Connection, message: Message): void {
    switch (message.type) {
      case "have":
        return this.#holdHave(connection, message.piece);
      case "bitfield": // its bits are a view of the receive buffer
        return this.#holdAll(connection, { type: "bitfield", bits: message.bits.slice() });
      case "haveAll":
      case "haveNone":
        return this.#holdAll(connection, message);
      case "request":
        if (!connection.negotiated.fast) return;
        return this.#emit({ type: "send", connection, message: { ...message, type: "reject" } });
      case "hashRequest": {
        const refusal = { ...message, type: "hashReject", root: message.root.slice() } as const;
        return this.#emit({ type: "send", connection, message: refusal });
      }
      case "unchoke":
        connection.download.peerChoking = false;
        return;
      case "choke":
        connection.download.peerChoking = true;
        return;
      case "interested":
        connection.upload.peerInterested = true;
        return;
      case "notInterested":
        connection.upload.peerInterested = false;
        return;
      default:
        return;
    }
  }

  /** Requests parts from the peer if it has the dictionary. */
  poll(connection: Connection, nowMs: number): void {
    if (this.done) return;
    if (!this.#mayAsk(connection, nowMs)) return this.#scheduler.leave(connection);
    const copy = this.#copies.get(connection);
    if (copy !== undefined) return this.#ask(copy);
    this.#scheduler.wait(connection);
    this.#giveTurns(nowMs);
  }

  /**
   * Handles a ut_metadata message: a part, a reject, or a request that we cannot answer yet.
   *
   * @throws {ProtocolError} when the part does not fit
   * @throws {CorruptDataError} when the whole does not match the hash
   */
  onMetadataMessage(connection: Connection, message: MetadataMessage, nowMs: number): void {
    if (message.type === "request") {
      return sendMetadata(this.#emit, connection, { type: "reject", piece: message.piece });
    }
    const copy = this.#copies.get(connection);
    if (copy === undefined || this.done) return;
    if (message.type === "reject") {
      this.#giveUp(copy, nowMs);
      return this.#giveTurns(nowMs);
    }
    if (message.type !== "data") return;
    const { piece, data } = message;
    if (piece >= copy.asked || copy.parts[piece] !== undefined) return;
    const expected = Math.min(METADATA_PIECE_LENGTH, copy.size - piece * METADATA_PIECE_LENGTH);
    if (data.length !== expected) throw new ProtocolError("sent metadata of a wrong length");
    copy.parts[piece] = data.slice();
    copy.received++;
    copy.lastMs = nowMs;
    this.#ready.enqueue(connection);
    if (copy.received === copy.parts.length) this.#check(copy);
  }

  /** What was held of this peer, in order. */
  held(connection: Connection): readonly Message[] {
    const held = this.#held.get(connection);
    if (held === undefined) return [];
    const haves = held.haves.map((piece) => ({ type: "have", piece } as const));
    return held.all === undefined ? haves : [held.all, ...haves];
  }

  onDisconnected(connection: Connection): void {
    this.#copies.delete(connection);
    this.#scheduler.onDisconnected(connection);
    this.#held.delete(connection);
    this.#notBefore.delete(connection);
  }

  /** Drops the copy of a peer that stopped answering. It may start over later, after other peers. */
  tick(nowMs: number): void {
    for (const copy of this.#copies.values()) {
      if (nowMs - copy.lastMs >= RETRY_MS) this.#giveUp(copy, nowMs);
    }
    this.#giveTurns(nowMs);
  }

  #mayAsk(connection: Connection, nowMs: number): boolean {
    const { metadataSize, ids } = connection.extension;
    return metadataSize > 0 && metadataSize <= MAX_METADATA_LENGTH &&
      (ids.get(METADATA_EXTENSION) ?? 0) !== 0 &&
      nowMs >= (this.#notBefore.get(connection) ?? 0);
  }

  /** Begins as many copies as there is room for, evicting slow ones if needed. */
  #giveTurns(nowMs: number): void {
    for (;;) {
      const next = this.#scheduler.next(this.#copies.values());
      if (next === undefined || this.done) return;
      if (this.#copies.size >= MAX_COPIES) {
        const leaver = this.#scheduler.findEviction(next, [...this.#copies.values()], nowMs);
        if (leaver === undefined) return;
        this.#giveUp(leaver, nowMs);
      }
      this.#begin(next, nowMs);
    }
  }

  #begin(connection: Connection, nowMs: number): void {
    this.#scheduler.begin(connection);
    const size = connection.extension.metadataSize;
    const parts = new Array(Math.ceil(size / METADATA_PIECE_LENGTH)).fill(undefined);
    const times = { startedMs: nowMs, lastMs: nowMs };
    const copy: Copy = { connection, parts, size, asked: 0, received: 0, ...times };
    this.#copies.set(connection, copy);
    this.#ask(copy);
  }

  #ask(copy: Copy): void {
    while (copy.asked < copy.parts.length && copy.asked - copy.received < MAX_ASKED_AT_ONCE) {
      sendMetadata(this.#emit, copy.connection, { type: "request", piece: copy.asked++ });
    }
  }

  #giveUp({ connection }: Copy, nowMs: number): void {
    this.#copies.delete(connection);
    this.#notBefore.set(connection, nowMs + RETRY_MS);
  }

  #holdAll(connection: Connection, all: Message): void {
    this.#held.set(connection, { all, haves: [] });
  }

  #holdHave(connection: Connection, piece: number): void {
    const held = this.#held.get(connection) ?? { all: undefined, haves: [] };
    if (held.haves.length >= MAX_HELD_HAVES) {
      throw new ProtocolError("announces pieces without end");
    }
    held.haves.push(piece);
    this.#held.set(connection, held);
  }

  #check(copy: Copy): void {
    this.#copies.delete(copy.connection);
    const info = new Uint8Array(copy.size);
    copy.parts.forEach((part, i) => info.set(part!, i * METADATA_PIECE_LENGTH));
    const { v1Hash, v2Hash } = this.#hashes;
    const matches = (v1Hash === undefined || equalBytes(sha1(info), v1Hash)) &&
      (v2Hash === undefined || equalBytes(sha256(info).subarray(0, v2Hash.length), v2Hash));
    if (!matches) throw new CorruptDataError("sent metadata that does not match the info-hash");
    copy.connection.extension.gaveMetadata = true;
    this.done = true;
    this.#copies.clear();
    this.#emit({ type: "metadata", info });
  }
}
