/**
 * Serving: who may ask, what is queued, what is handed to the socket.
 *
 * Queued are coordinates, not bytes: the disk is read when the socket can take more, so a choke or a
 * cancel costs nothing.
 *
 * @module
 */

import type { BlockRangeMessage } from "../../codec/wire/message.ts";
import { ProtocolError } from "../../errors.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { BlockRequest } from "../connection/upload_state.ts";
import { chooseUnchoked, RECHOKE_INTERVAL_MS, UploadSlots } from "./choker.ts";

/** How many requests of one peer are queued; told to peers as `reqq` (BEP 10). */
export const REQUEST_QUEUE = 1024;
/** The longest block served. We ask for 16 KiB; some old programs ask for more. */
export const MAX_SERVED_BLOCK = 128 * 1024;

/** Peers served at once by who has fewer than {@link FIRST_PIECES}. */
const FIRST_SLOTS = 2;
const FIRST_PIECES = 4;

/** The serving half of a transfer. */
export class Upload {
  readonly #context: TransferContext;
  readonly #leecherCount: () => number;
  readonly #slots: UploadSlots;
  /** Who has a slot. */
  readonly #served = new Set<Connection>();
  /** Who wants one. */
  readonly #waiting = new Set<Connection>();
  /** How many have a slot and want something. */
  #inUse = 0;
  #rechokeAtMs = 0;

  /**
   * @param slots how many peers are served at once, at least: more where that is faster
   * @param leecherCount how many of the connected peers lack something
   */
  constructor(context: TransferContext, slots: number, leecherCount: () => number) {
    this.#context = context;
    this.#slots = new UploadSlots(slots);
    this.#leecherCount = leecherCount;
  }

  /** The peer wants something. With a free slot it is served at once. */
  onInterested(connection: Connection, nowMs: number): void {
    if (!connection.upload.amChoking && !connection.upload.peerInterested) this.#inUse++;
    connection.upload.peerInterested = true;
    if (!connection.upload.amChoking) return;
    this.#waiting.add(connection);
    if (this.#freeSlots > 0) this.#giveSlot(connection, nowMs);
  }

  /**
   * The peer wants nothing at the moment. Its slot stays its own until somebody else wants it: who has
   * everything we have will want the next piece we get, and shall not have to ask for a slot first.
   */
  onNotInterested(connection: Connection, nowMs: number): void {
    const wasInUse = this.#isInUse(connection);
    connection.upload.peerInterested = false;
    this.#waiting.delete(connection);
    if (!wasInUse) return;
    this.#inUse--;
    this.#fillSlots(nowMs);
  }

  /** The connection is gone. Its slot is given away at the next tick. */
  onDisconnected(connection: Connection): void {
    if (this.#isInUse(connection)) this.#inUse--;
    this.#waiting.delete(connection);
    this.#served.delete(connection);
  }

  /**
   * The peer asks for a block.
   *
   * @throws {ProtocolError} when there is no such piece, or no such range in it
   */
  onRequest(connection: Connection, message: BlockRangeMessage, nowMs: number): void {
    const { begin, length } = message;
    const piece = this.#context.layout.pieceIndex(message.piece);
    if (piece === undefined) throw new ProtocolError(`asked for piece ${message.piece}`);
    const inRange = length > 0 && begin + length <= this.#context.layout.servableLength(piece);
    if (!inRange) throw new ProtocolError(`asked for ${length} bytes at ${piece}+${begin}`);
    if (!connection.upload.peerInterested) this.onInterested(connection, nowMs); // some never say so
    const serve = !connection.upload.amChoking && length <= MAX_SERVED_BLOCK &&
      this.#context.pieces.shared.get(piece) && connection.upload.queue.length < REQUEST_QUEUE;
    if (!serve) return this.#reject(connection, { piece, begin, length });
    connection.upload.queue.push({ piece, begin, length });
    if (connection.upload.queue.length === 1) this.#context.emit({ type: "upload", connection });
  }

  /** The peer no longer wants a block. With BEP 6 that is answered too. False: it does not wait for it. */
  onCancel(connection: Connection, message: BlockRangeMessage): boolean {
    const { queue } = connection.upload;
    const at = queue.findIndex((queued) =>
      queued.piece === message.piece && queued.begin === message.begin &&
      queued.length === message.length
    );
    if (at < 0) return false;
    const [queued] = queue.splice(at, 1);
    this.#reject(connection, queued!);
    return true;
  }

  /**
   * Up to `maxBytes` of what the peer waits for, at least one block if there is any. Where `maxBytes` end
   * within a piece, its blocks stay together for the next time: one read gets them all.
   */
  take(connection: Connection, maxBytes: number): BlockRequest[] {
    const { queue } = connection.upload;
    let count = 0;
    let pieceStart = 0;
    for (let bytes = 0; count < queue.length; count++) {
      bytes += queue[count]!.length;
      if (count > 0 && queue[count]!.piece !== queue[count - 1]!.piece) {
        pieceStart = count;
      }
      if (count > 0 && bytes > maxBytes) break;
    }
    const isCut = count < queue.length && pieceStart > 0;
    return queue.splice(0, isCut ? pieceStart : count);
  }

  /** Bytes of file data were written to the peer. */
  onSent(connection: Connection, bytes: number, nowMs: number): void {
    connection.upload.meter.add(bytes, nowMs);
  }

  /** Something taken could not be read: the peer must not wait for it. */
  onRefused(connection: Connection, request: BlockRequest): void {
    this.#reject(connection, request);
  }

  /** A piece is gone from the disk: nobody gets it any more, and everybody is told (BEP 54). */
  onPieceLost(piece: PieceIndex): void {
    for (const connection of this.#context.connections.values()) {
      const { queue } = connection.upload;
      const dropped = queue.filter((queued) => queued.piece === piece);
      if (dropped.length === 0) continue;
      queue.splice(0, queue.length, ...queue.filter((q) => q.piece !== piece));
      for (const request of dropped) this.#reject(connection, request);
    }
  }

  /** Deals the slots anew when it is time; in between gives away those that became free. */
  tick(nowMs: number): void {
    if (nowMs < this.#rechokeAtMs) this.#fillSlots(nowMs);
    else this.#dealSlots(nowMs);
  }

  /**
   * While we have little, all who ask want the same, and what counts is that somebody has it whole soon
   * and passes it on. Later a handful is served together, and the others in turn; where there are no more
   * than two handfuls, nobody has to wait.
   */
  get #slotCount(): number {
    const { pieces } = this.#context;
    const slots = this.#slots.count;
    if (this.#leecherCount() <= 2 * slots) return 2 * slots;
    const isBeginning = pieces.have.count < FIRST_PIECES && !pieces.isComplete;
    return isBeginning ? Math.min(FIRST_SLOTS, slots) : slots;
  }

  /** Slots that nobody makes use of. */
  get #freeSlots(): number {
    return this.#slotCount - this.#inUse;
  }

  #isInUse(connection: Connection): boolean {
    return connection.upload.peerInterested && this.#served.has(connection);
  }

  /** A slot that is free, or kept by somebody who wants nothing at the moment. */
  #giveSlot(connection: Connection, nowMs: number): void {
    if (this.#served.size >= this.#slotCount) {
      const idle = longestServed(this.#served, ({ upload }) => !upload.peerInterested);
      if (idle !== undefined) this.#choke(idle);
    }
    this.#unchoke(connection, nowMs);
  }

  /** Takes a slot in use from nobody: who changes its mind often must not cost others theirs. */
  #fillSlots(nowMs: number): void {
    if (this.#waiting.size === 0) return;
    for (let free = this.#freeSlots; free > 0; free--) {
      const next = longestServed(this.#waiting, () => true);
      if (next === undefined) return;
      this.#giveSlot(next, nowMs);
    }
  }

  #dealSlots(nowMs: number): void {
    this.#rechokeAtMs = nowMs + RECHOKE_INTERVAL_MS;
    const serving = this.#context.pieces.isComplete;
    const connections = [...this.#context.connections.values()];
    const candidates = connections.map((connection) => ({
      id: connection.id,
      host: connection.peer.host,
      interested: connection.upload.peerInterested,
      unchoked: !connection.upload.amChoking,
      rate: (serving ? connection.upload : connection.download).meter.rate(nowMs),
      unchokedMs: connection.upload.unchokedMs,
    }));
    const isContested = candidates.filter((c) => c.interested).length > this.#slotCount;
    const rate = connections.reduce((sum, { upload }) => sum + upload.meter.rate(nowMs), 0);
    this.#slots.look(isContested, rate, nowMs);
    const chosen = chooseUnchoked(candidates, this.#slotCount, this.#context.random);
    for (const connection of connections) {
      if (!connection.upload.peerInterested && !isContested) continue;
      if (chosen.has(connection.id)) {
        if (connection.upload.amChoking) this.#unchoke(connection, nowMs);
      } else if (!connection.upload.amChoking) {
        this.#choke(connection);
      }
    }
  }

  #unchoke(connection: Connection, nowMs: number): void {
    connection.upload.amChoking = false;
    this.#waiting.delete(connection);
    this.#served.add(connection);
    if (connection.upload.peerInterested) this.#inUse++;
    connection.upload.unchokedMs = nowMs;
    this.#context.emit({ type: "send", connection, message: { type: "unchoke" } });
  }

  /** The choke goes first, then the rejects (BEP 6). */
  #choke(connection: Connection): void {
    if (this.#isInUse(connection)) this.#inUse--;
    connection.upload.amChoking = true;
    this.#served.delete(connection);
    if (connection.upload.peerInterested) this.#waiting.add(connection);
    this.#context.emit({ type: "send", connection, message: { type: "choke" } });
    for (const request of connection.upload.queue.splice(0)) this.#reject(connection, request);
  }

  /** Without BEP 6 a request that is not served is not answered either. */
  #reject(connection: Connection, request: BlockRequest): void {
    if (!connection.negotiated.fast) return;
    this.#context.emit({ type: "send", connection, message: { type: "reject", ...request } });
  }
}

/** Whoever of these got its slot longest ago; who never had one comes first. */
function longestServed(
  connections: Iterable<Connection>,
  isMeant: (connection: Connection) => boolean,
): Connection | undefined {
  let first: Connection | undefined;
  for (const connection of connections) {
    if (!isMeant(connection)) continue;
    if (first === undefined || connection.upload.unchokedMs < first.upload.unchokedMs) {
      first = connection;
    }
  }
  return first;
}
