/**
 * Fetches the piece hashes of v2 files from peers (BEP 52).
 *
 * A magnet link provides only the roots of the files. The piece layers are requested in ranges, each with its
 * proof up to the root, so a peer that lies is exposed at once.
 *
 * @module
 */

import { hex } from "../../codec/bytes.ts";
import type { HashRange, PieceLayer } from "../../codec/torrent/piece_layer.ts";
import type { HashesMessage, HashRangeMessage } from "../../codec/wire/message.ts";
import { CorruptDataError } from "../../errors.ts";
import type { Emit } from "../connection/actions.ts";
import type { Connection } from "../connection/connection.ts";

const MAX_ASKED_PER_PEER = 2;
const ANSWER_TIMEOUT_MS = 5000;
/** When to ask a peer again that refused or did not answer, since it may have the hashes by then. */
const RETRY_MS = 10_000;
/** Files to look at for one peer per poll. */
const MOST_LOOKS = 256;

interface Asked {
  readonly connection: Connection;
  readonly root: string;
  readonly range: HashRange;
  readonly askedMs: number;
}

/** Tracks the piece layers of one torrent, by root in hex, and which peer was asked for which range. */
export class PieceLayerFetch {
  readonly #layers: ReadonlyMap<string, PieceLayer>;
  readonly #emit: Emit;
  readonly #asked = new Map<string, Asked>();
  /** Until when a peer is not asked for the hashes of a root. */
  readonly #notBefore = new Map<Connection, Map<string, number>>();
  /** Layers that lack hashes, by root, in the order to look at them. */
  readonly #pending = new Map<string, PieceLayer>();

  /** Complete layers are not requested. */
  constructor(layers: ReadonlyMap<string, PieceLayer>, emit: Emit) {
    this.#layers = layers;
    this.#emit = emit;
    for (const [root, layer] of layers) if (!layer.complete) this.#pending.set(root, layer);
  }

  /** True when every piece hash is known. */
  get isComplete(): boolean {
    return this.#pending.size === 0;
  }

  /** Requests hashes that are missing and that no peer was asked for. */
  poll(connection: Connection, nowMs: number): void {
    if (this.isComplete || !connection.negotiated.v2 || connection.pieces.have.isEmpty) return;
    let room = MAX_ASKED_PER_PEER;
    for (const asked of this.#asked.values()) if (asked.connection === connection) room--;
    const notBefore = this.#notBefore.get(connection);
    for (let looks = Math.min(MOST_LOOKS, this.#pending.size); looks > 0 && room > 0; looks--) {
      const [root, layer] = this.#pending.entries().next().value!;
      if (nowMs >= (notBefore?.get(root) ?? 0)) {
        room = this.#ask(connection, root, layer, room, nowMs);
        if (room === 0) return; // the layer may have more ranges to request
      }
      this.#pending.delete(root);
      if (!layer.complete) this.#pending.set(root, layer);
    }
  }

  /**
   * Requests up to `room` ranges of one layer that no peer was asked for. Returns how much of `room` is left.
   */
  #ask(
    connection: Connection,
    root: string,
    layer: PieceLayer,
    room: number,
    nowMs: number,
  ): number {
    for (const range of layer.requests()) {
      const key = rangeKey(root, range);
      if (this.#asked.has(key)) continue;
      this.#asked.set(key, { connection, root, range, askedMs: nowMs });
      const message = { type: "hashRequest", root: layer.root, ...range } as const;
      this.#emit({ type: "send", connection, message });
      if (--room === 0) break;
    }
    return room;
  }

  /**
   * Hashes arrived. Returns true when they were new.
   *
   * @throws {CorruptDataError} when they do not lead to the root
   */
  onHashes(connection: Connection, message: HashesMessage): boolean {
    const root = hex(message.root);
    const asked = this.#asked.get(rangeKey(root, message));
    if (asked === undefined || asked.connection !== connection) return false;
    this.#asked.delete(rangeKey(root, message));
    const layer = this.#layers.get(root)!;
    const proved = layer.accept(asked.range, message.hashes);
    if (!proved) throw new CorruptDataError("sent hashes that do not lead to the root of the file");
    if (layer.complete) this.#pending.delete(root);
    return true;
  }

  /** The peer refuses to send these hashes, so another one will be asked. */
  onHashReject(connection: Connection, message: HashRangeMessage, nowMs: number): void {
    const key = rangeKey(hex(message.root), message);
    const asked = this.#asked.get(key);
    if (asked?.connection === connection) this.#refused(key, asked, nowMs);
  }

  /** Frees the peer's requests for others. */
  onDisconnected(connection: Connection): void {
    this.#notBefore.delete(connection);
    for (const [key, asked] of this.#asked) {
      if (asked.connection === connection) this.#asked.delete(key);
    }
  }

  /** Frees requests that were not answered in time. */
  tick(nowMs: number): void {
    for (const [key, asked] of this.#asked) {
      if (nowMs - asked.askedMs >= ANSWER_TIMEOUT_MS) this.#refused(key, asked, nowMs);
    }
  }

  #refused(key: string, { connection, root }: Asked, nowMs: number): void {
    this.#asked.delete(key);
    const notBefore = this.#notBefore.get(connection) ?? new Map<string, number>();
    this.#notBefore.set(connection, notBefore.set(root, nowMs + RETRY_MS));
  }
}

function rangeKey(root: string, range: HashRange): string {
  return `${root} ${range.baseLayer} ${range.index} ${range.length} ${range.proofLayers}`;
}
