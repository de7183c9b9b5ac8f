/**
 * One end of a connection: data waiting to be sent, data handed to the socket, and data that arrives.
 *
 * As in TCP, data handed to the socket stays in order: a `have` waits behind the file data that is already in
 * the socket. Of the data not handed over yet, small messages go first.
 *
 * @module
 */

import { type Message, PIECE_HEADER_LENGTH } from "../lib/codec/wire/message.ts";
import { ProtocolError } from "../lib/errors.ts";
import { BATCH_BYTES } from "../lib/net/send_buffers.ts";
import type { Connection } from "../lib/peer/connection/connection.ts";
import type { BlockRequest } from "../lib/peer/connection/upload_state.ts";
import type { Swarm } from "../lib/peer/swarm.ts";
import { FifoQueue } from "./fifo_queue.ts";
import { bytesOf, eachOf, lengthOf, type Messages, StreamReader } from "./message_stream.ts";
import type { Network } from "./network.ts";
import type { Sender, Uplink } from "./uplink.ts";
import type { Target } from "./virtual_clock.ts";

/** Ethernet, IP and TCP headers of a packet that carries only small messages. */
const PACKET_OVERHEAD_BYTES = 66;
/** A batch holds what the peer takes in this time, within limits; see `lib/net/upload_batches.ts`. */
const BATCH_SECONDS = 0.02;
/** Size of the system's buffer before a connection has shown its capacity: two initial windows. */
const LEAST_BUFFER_BYTES = 2 * 10 * 1448;
/** Queueing delay in front of a line, for data on its way. */
const LINE_QUEUE_MS = 100;
/** A sender pauses when this much time's worth of data waits in front of its receiver's line. */
const MAX_LINE_BACKLOG_MS = 100;

const CLOSE = Symbol("closed by the peer");
const RESUME = Symbol("the receiver's line has room");

type Item = Messages | BlockRequest;

/** The node that an endpoint belongs to. */
export interface EndpointNode {
  readonly network: Network;
  readonly swarm: Swarm;
  readonly uplink: Uplink;
  readonly endpoints: Map<Connection, Endpoint>;
  /** Endpoints with something new to send, until the node has settled. */
  readonly flushing: Endpoint[];
  readonly isAlive: boolean;
  /** Until when its downlink is busy with data on its way. */
  readonly downlinkFreeMs: number;
  /** File data sent, in bytes. */
  uploadedBytes: number;
  /** File data that was sent to it, in bytes. */
  receivedBytes: number;
  /** Returns file data to send. */
  read(piece: number, begin: number, length: number): Uint8Array;
  /** When bytes that arrive at `arriveMs` have passed its downlink. */
  throughDownlink(arriveMs: number, bytes: number): number;
  /** Called just before the node reads a message. */
  onMessage(message: Message): void;
  /** Called when a connection has ended. */
  onClosed(connection: Connection, reason: string): void;
  /** Schedules a settle after everything else that happens at this time. */
  settleSoon(): void;
}

/** A simulated socket. */
export class Endpoint implements Sender, Target {
  readonly node: EndpointNode;
  /** Whether it is in the uplink's queue. */
  isWaiting = false;
  readonly #latencyMs: number;
  readonly #reader: StreamReader | undefined;
  #connection: Connection | undefined;
  #other!: Endpoint;
  /** Messages not yet handed to the socket: one, several or none. */
  #pending: Message | Message[] | undefined;
  readonly #queue = new FifoQueue<Item>();
  #queuedBytes = 0;
  #prepared: BlockRequest[] | undefined;
  #hasUploads = false;
  #isFlushing = false;
  #isPaused = false;
  #isClosed = false;

  /** Creates a connected socket before its handshake. */
  constructor(node: EndpointNode) {
    this.node = node;
    const { latencyMs, carriesBytes, random } = node.network;
    this.#latencyMs = latencyMs;
    this.#reader = carriesBytes ? new StreamReader(random) : undefined;
  }

  /** Creates both ends of a new connection. */
  static pair(dialler: EndpointNode, acceptor: EndpointNode): [Endpoint, Endpoint] {
    const ends: [Endpoint, Endpoint] = [new Endpoint(dialler), new Endpoint(acceptor)];
    ends[0].#other = ends[1];
    ends[1].#other = ends[0];
    return ends;
  }

  /** Called after the handshake. */
  open(connection: Connection): void {
    this.#connection = connection;
    this.node.endpoints.set(connection, this);
  }

  /** The node at the other end. */
  get remote(): EndpointNode {
    return this.#other.node;
  }

  /** Whether small messages are next to be sent. */
  get isSmallNext(): boolean {
    const { first } = this.#queue;
    return first !== undefined && !isBlock(first);
  }

  /** Whether there is anything to send. */
  get hasMore(): boolean {
    this.#fill();
    return this.#queue.first !== undefined;
  }

  /** Queues a message. */
  send(message: Message): void {
    if (this.#pending === undefined) this.#pending = message;
    else if (Array.isArray(this.#pending)) this.#pending.push(message);
    else this.#pending = [this.#pending, message];
    this.#flushSoon();
  }

  /** Signals that the swarm has uploads to fetch. */
  upload(): void {
    this.#hasUploads = true;
    this.#flushSoon();
  }

  /** Hands the messages queued while the node settled to the socket, in one packet if they fit. */
  flush(): void {
    this.#isFlushing = false;
    if (this.#isClosed) return;
    this.#fill();
    if (!this.#isPaused && this.#queue.first !== undefined) this.node.uplink.wait(this);
  }

  /** Sends the next block, or small messages, from `startMs` on; returns the number of bytes this takes. */
  transmit(startMs: number, bytesPerMs: number): number {
    const { first } = this.#queue;
    if (first === undefined || !this.node.isAlive) return 0;
    const receiver = this.#other.node;
    if (isBlock(first)) {
      const resumeMs = receiver.downlinkFreeMs - MAX_LINE_BACKLOG_MS - this.#latencyMs;
      if (resumeMs > startMs) return this.#pause(resumeMs);
      this.#queue.shift();
      return this.#transmitBlock(first, startMs, bytesPerMs);
    }
    this.#queue.shift();
    const bytes = lengthOf(first);
    this.#queuedBytes -= bytes;
    this.#deliver(first, startMs, bytes + PACKET_OVERHEAD_BYTES, bytesPerMs);
    this.node.swarm.sent(this.#connection!, 0, this.node.network.clock.nowMs);
    return bytes + PACKET_OVERHEAD_BYTES;
  }

  /** Closes this end now, and the other end one latency later. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.clear();
    this.#pending = this.#prepared = undefined;
    this.#hasUploads = false;
    const { clock } = this.node.network;
    clock.at(clock.nowMs + this.#latencyMs, this.#other, CLOSE);
    if (this.#connection !== undefined) this.node.onClosed(this.#connection, reason);
  }

  /** Handles data or a signal that arrives. */
  happen(payload: unknown): void {
    if (this.#isClosed) return;
    if (payload === CLOSE) return this.close("closed by the peer");
    if (payload === RESUME) return this.#resume();
    if (!this.node.isAlive || this.#connection === undefined) return;
    this.#receive(payload as Messages | Uint8Array);
    this.node.settleSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.node.flushing.push(this);
  }

  #receive(payload: Messages | Uint8Array): void {
    try {
      if (payload instanceof Uint8Array) this.#reader!.read(payload, this.#take);
      else eachOf(payload, this.#take);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }

  readonly #take = (message: Message): void => {
    if (this.#isClosed) return;
    this.node.onMessage(message);
    this.node.swarm.received(this.#connection!, message, this.node.network.clock.nowMs);
  };

  /** Fills the system's buffer with what is waiting. Small messages go before a batch. */
  #fill(): void {
    while (this.#queuedBytes <= this.#systemBufferBytes()) {
      if (this.#pending !== undefined) {
        this.#queue.push(this.#pending);
        this.#queuedBytes += lengthOf(this.#pending);
        this.#pending = undefined;
        continue;
      }
      const batch = this.#prepared ?? this.#takeBatch();
      if (batch === undefined) return;
      this.#prepared = this.#takeBatch(); // read from disk while this one is written
      for (const request of batch) {
        this.#queue.push(request);
        this.#queuedBytes += request.length + PIECE_HEADER_LENGTH;
      }
    }
  }

  #takeBatch(): BlockRequest[] | undefined {
    if (!this.#hasUploads) return undefined;
    const { swarm, network } = this.node;
    const rate = this.#connection!.upload.meter.rate(network.clock.nowMs);
    const bytes = Math.max(network.leastBatchBytes, Math.min(BATCH_BYTES, rate * BATCH_SECONDS));
    const requests = swarm.takeUploads(this.#connection!, bytes);
    this.#hasUploads = requests.length > 0;
    return this.#hasUploads ? requests : undefined;
  }

  /**
   * What the system accepts before it makes the program wait: twice the data in flight, as Linux sizes it.
   */
  #systemBufferBytes(): number {
    if (this.#queuedBytes <= LEAST_BUFFER_BYTES) return LEAST_BUFFER_BYTES;
    const { clock, socketBufferBytes } = this.node.network;
    const rate = this.#connection!.upload.meter.rate(clock.nowMs);
    const windowBytes = rate * (2 * this.#latencyMs + LINE_QUEUE_MS) / 1000;
    return Math.max(LEAST_BUFFER_BYTES, Math.min(2 * windowBytes, socketBufferBytes));
  }

  #transmitBlock(request: BlockRequest, startMs: number, bytesPerMs: number): number {
    const { piece, begin, length } = request;
    const { node } = this;
    const bytes = length + PIECE_HEADER_LENGTH;
    this.#queuedBytes -= bytes;
    const block = node.read(piece, begin, length);
    this.#deliver({ type: "piece", piece, begin, block }, startMs, bytes, bytesPerMs);
    node.uploadedBytes += length;
    this.#other.node.receivedBytes += length;
    node.swarm.sent(this.#connection!, length, node.network.clock.nowMs);
    return bytes;
  }

  #deliver(
    messages: Messages,
    startMs: number,
    bytes: number,
    bytesPerMs: number,
  ): void {
    const arrivesMs = startMs + bytes / bytesPerMs + this.#latencyMs;
    const readMs = this.#other.node.throughDownlink(arrivesMs, bytes);
    const { clock, carriesBytes } = this.node.network;
    clock.at(readMs, this.#other, carriesBytes ? bytesOf(messages) : messages);
  }

  #pause(untilMs: number): number {
    this.#isPaused = true;
    this.node.network.clock.at(untilMs, this, RESUME);
    return 0;
  }

  #resume(): void {
    this.#isPaused = false;
    if (!this.hasMore || !this.node.isAlive) return;
    this.node.uplink.wait(this);
    this.node.uplink.run();
  }
}

function isBlock(item: Item): item is BlockRequest {
  return (item as Message).type === undefined && !Array.isArray(item);
}
