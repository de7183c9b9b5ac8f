/**
 * Piece hashes of v2 files from peers (BEP 52).
 *
 * A magnet link brings the roots of the files only. The piece layers are asked for in ranges, each
 * with its proof up to the root, so a peer that lies is found out at once.
 *
 * @module
 */

import type { HashesMessage, HashRangeMessage } from "../codec/message.ts";
import type { HashRange, PieceLayer } from "../codec/piece_layer.ts";
import { hex } from "../codec/bytes.ts";
import { CorruptDataError } from "./corrupt_data.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";

const MAX_ASKED_PER_PEER = 2;
const ANSWER_TIMEOUT_MS = 5000;
/** A peer that refused, or did not answer, is asked again after so long: perhaps it knows by then. */
const RETRY_MS = 10_000;

interface Asked {
  readonly connection: Connection;
  readonly root: string;
  readonly range: HashRange;
  readonly askedMs: number;
}

/** The piece layers of one torrent, by root in hex, and who was asked for what. */
export class HashExchange {
  readonly #layers: ReadonlyMap<string, PieceLayer>;
  readonly #emit: Emit;
  readonly #asked = new Map<string, Asked>();
  /** Until when a peer is not asked for the hashes of a root. */
  readonly #notBefore = new Map<Connection, Map<string, number>>();
  #pending: Array<{ readonly root: string; readonly layer: PieceLayer }>;

  /** Layers that are complete already are not asked for. */
  constructor(layers: ReadonlyMap<string, PieceLayer>, emit: Emit) {
    this.#layers = layers;
    this.#emit = emit;
    this.#pending = [];
    for (const [root, layer] of layers) if (!layer.complete) this.#pending.push({ root, layer });
  }

  /** True when every piece hash is known. */
  get isComplete(): boolean {
    if (this.#pending.length === 0) return true;
    this.#pending = this.#pending.filter(({ layer }) => !layer.complete);
    return this.#pending.length === 0;
  }

  /** Asks the peer for hashes that are missing and not asked for yet. */
  settle(connection: Connection, nowMs: number): void {
    if (this.#pending.length === 0 || !connection.negotiated.v2 || connection.remote.isEmpty) {
      return;
    }
    let mine = 0;
    for (const asked of this.#asked.values()) if (asked.connection === connection) mine++;
    for (const { root, layer } of this.#pending) {
      if (layer.complete || nowMs < (this.#notBefore.get(connection)?.get(root) ?? 0)) continue;
      for (const range of layer.requests()) {
        if (mine >= MAX_ASKED_PER_PEER) return;
        const key = rangeKey(root, range);
        if (this.#asked.has(key)) continue;
        this.#asked.set(key, { connection, root, range, askedMs: nowMs });
        mine++;
        const message = { type: "hashRequest", root: layer.root, ...range } as const;
        this.#emit({ type: "send", connection, message });
      }
    }
  }

  /**
   * Hashes arrived. Returns true when they were new.
   *
   * @throws {CorruptDataError} when they do not lead to the root
   */
  hashes(connection: Connection, message: HashesMessage): boolean {
    const root = hex(message.root);
    const asked = this.#asked.get(rangeKey(root, message));
    if (asked === undefined || asked.connection !== connection) return false;
    this.#asked.delete(rangeKey(root, message));
    const proved = this.#layers.get(root)!.accept(asked.range, message.hashes);
    if (!proved) throw new CorruptDataError("sent hashes that do not lead to the root of the file");
    return true;
  }

  /** The peer cannot give these hashes: others are asked. */
  rejected(connection: Connection, message: HashRangeMessage, nowMs: number): void {
    const key = rangeKey(hex(message.root), message);
    const asked = this.#asked.get(key);
    if (asked?.connection === connection) this.#refused(key, asked, nowMs);
  }

  /** What the peer was asked for is asked of others. */
  left(connection: Connection): void {
    this.#notBefore.delete(connection);
    for (const [key, asked] of this.#asked) {
      if (asked.connection === connection) this.#asked.delete(key);
    }
  }

  /** A peer that does not answer is not waited for. */
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
