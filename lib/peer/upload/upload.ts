/**
 * Serves requests: which peers are unchoked, what is queued, and what goes to the socket.
 *
 * The queue holds block coordinates, not bytes. The disk is read when the socket can take more, so a choke or
 * a cancel costs nothing.
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

/** Limit of queued requests per peer; announced as `reqq` (BEP 10). */
export const REQUEST_QUEUE = 1024;
/** The longest block served. We request 16 KiB; some old clients request more. */
export const MAX_SERVED_BLOCK = 128 * 1024;

/** Slots while we have fewer than {@link FIRST_PIECES} pieces. */
const FIRST_SLOTS = 2;
const FIRST_PIECES = 4;

/** The upload half of a transfer. */
export class Upload {
  readonly #context: TransferContext;
  readonly #leecherCount: () => number;
  readonly #slots: UploadSlots;
  /** Connections that have a slot. */
  readonly #served = new Set<Connection>();
  /** Interested connections without a slot. */
  readonly #waiting = new Set<Connection>();
  /** Number of slots held by interested peers. */
  #inUse = 0;
  #rechokeAtMs = 0;

  /**
   * @param slots minimum number of peers to serve at once; grows when that raises the rate
   * @param leecherCount number of connected peers that are not complete
   */
  constructor(context: TransferContext, slots: number, leecherCount: () => number) {
    this.#context = context;
    this.#slots = new UploadSlots(slots);
    this.#leecherCount = leecherCount;
  }

  /** Serves the peer at once if a slot is free. */
  onInterested(connection: Connection, nowMs: number): void {
    if (!connection.upload.amChoking && !connection.upload.peerInterested) this.#inUse++;
    connection.upload.peerInterested = true;
    if (!connection.upload.amChoking) return;
    this.#waiting.add(connection);
    if (this.#freeSlots > 0) this.#giveSlot(connection, nowMs);
  }

  /**
   * The peer keeps its slot until another one wants it. A peer that has everything we have will want the next
   * piece we get, and should not have to wait for a slot then.
   */
  onNotInterested(connection: Connection, nowMs: number): void {
    const wasInUse = this.#isInUse(connection);
    connection.upload.peerInterested = false;
    this.#waiting.delete(connection);
    if (!wasInUse) return;
    this.#inUse--;
    this.#fillSlots(nowMs);
  }

  /** Removes the connection. Its slot is given away at the next tick. */
  onDisconnected(connection: Connection): void {
    if (this.#isInUse(connection)) this.#inUse--;
    this.#waiting.delete(connection);
    this.#served.delete(connection);
  }

  /**
   * Queues a request, or rejects it.
   *
   * @throws {ProtocolError} when there is no such piece, or no such range in it
   */
  onRequest(connection: Connection, message: BlockRangeMessage, nowMs: number): void {
    const { begin, length } = message;
    const piece = this.#context.layout.pieceIndex(message.piece);
    if (piece === undefined) throw new ProtocolError(`asked for piece ${message.piece}`);
    const inRange = length > 0 && begin + length <= this.#context.layout.servableLength(piece);
    if (!inRange) throw new ProtocolError(`asked for ${length} bytes at ${piece}+${begin}`);
    if (!connection.upload.peerInterested) this.onInterested(connection, nowMs); // some clients never say so
    const serve = !connection.upload.amChoking && length <= MAX_SERVED_BLOCK &&
      this.#context.pieces.shared.get(piece) && connection.upload.queue.length < REQUEST_QUEUE;
    if (!serve) return this.#reject(connection, { piece, begin, length });
    connection.upload.queue.push({ piece, begin, length });
    if (connection.upload.queue.length === 1) this.#context.emit({ type: "upload", connection });
  }

  /** Removes a queued request; with BEP 6 the cancel is answered. Returns false when it was not queued. */
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
   * Takes up to `maxBytes` of the queued requests, at least one if there is any. If the limit falls within a
   * piece, all its blocks stay queued for the next call, so that one read gets them together.
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

  /** Counts bytes of file data that were written to the peer. */
  onSent(connection: Connection, bytes: number, nowMs: number): void {
    connection.upload.meter.add(bytes, nowMs);
  }

  /** Rejects a request that was taken and could not be read, so that the peer does not wait for it. */
  onRefused(connection: Connection, request: BlockRequest): void {
    this.#reject(connection, request);
  }

  /** Rejects the queued requests for a piece that is gone from the disk. */
  onPieceLost(piece: PieceIndex): void {
    for (const connection of this.#context.connections.values()) {
      const { queue } = connection.upload;
      const dropped = queue.filter((queued) => queued.piece === piece);
      if (dropped.length === 0) continue;
      queue.splice(0, queue.length, ...queue.filter((q) => q.piece !== piece));
      for (const request of dropped) this.#reject(connection, request);
    }
  }

  /** Reassigns the slots when that is due; in between fills free ones. */
  tick(nowMs: number): void {
    if (nowMs < this.#rechokeAtMs) this.#fillSlots(nowMs);
    else this.#dealSlots(nowMs);
  }

  /**
   * While we have few pieces, all peers request the same ones, and it matters that one peer completes them
   * soon and passes them on. Later the regular number of slots applies, and the other peers take turns. If
   * there are at most twice as many leechers as slots, all of them are served.
   */
  get #slotCount(): number {
    const { pieces } = this.#context;
    const slots = this.#slots.count;
    if (this.#leecherCount() <= 2 * slots) return 2 * slots;
    const isBeginning = pieces.have.count < FIRST_PIECES && !pieces.isComplete;
    return isBeginning ? Math.min(FIRST_SLOTS, slots) : slots;
  }

  /** Slots that no interested peer holds. */
  get #freeSlots(): number {
    return this.#slotCount - this.#inUse;
  }

  #isInUse(connection: Connection): boolean {
    return connection.upload.peerInterested && this.#served.has(connection);
  }

  /** Gives the peer a free slot, or one that a peer without interest holds. */
  #giveSlot(connection: Connection, nowMs: number): void {
    if (this.#served.size >= this.#slotCount) {
      const idle = longestServed(this.#served, ({ upload }) => !upload.peerInterested);
      if (idle !== undefined) this.#choke(idle);
    }
    this.#unchoke(connection, nowMs);
  }

  /** Fills free slots only: a peer that toggles its interest must not cost others their slots. */
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

  /** Sends the choke first, then the rejects (BEP 6). */
  #choke(connection: Connection): void {
    if (this.#isInUse(connection)) this.#inUse--;
    connection.upload.amChoking = true;
    this.#served.delete(connection);
    if (connection.upload.peerInterested) this.#waiting.add(connection);
    this.#context.emit({ type: "send", connection, message: { type: "choke" } });
    for (const request of connection.upload.queue.splice(0)) this.#reject(connection, request);
  }

  /** Without BEP 6 a request cannot be rejected; it stays unanswered. */
  #reject(connection: Connection, request: BlockRequest): void {
    if (!connection.negotiated.fast) return;
    this.#context.emit({ type: "send", connection, message: { type: "reject", ...request } });
  }
}

/** The connection that got its slot longest ago. Connections that never had one come first. */
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
