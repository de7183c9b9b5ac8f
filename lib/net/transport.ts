/**
 * What carries the messages of a connection: a socket, or a web server in the role of a peer.
 *
 * @module
 */

import type { Message } from "../codec/wire/message.ts";
import type { Connection } from "../peer/connection/connection.ts";
import type { RateShare } from "./rate_limiter.ts";

/** One end of a connection, as its session sees it. */
export interface Transport {
  /** The local address of the connection, if known. */
  readonly localHost?: string | undefined;
  /** Sends a message to the other side. */
  send(message: Message): void;
  /** Requests blocks from the other side: piece, begin and length of each, one after another. */
  request(blocks: readonly number[]): void;
  /** Signals that the swarm has uploads to fetch. */
  upload(): void;
  /** Closes the connection; only the first reason is kept. */
  close(reason: string): void;
  /** Carries messages until the connection ends; returns a description of why it ended. */
  run(): Promise<string>;
}

/** What every transport needs from its session. */
export interface TransportHost {
  /** Called for each message, with its arrival time; messages of one batch share it. */
  received(connection: Connection, message: Message, nowMs: number): void;
  /** Called after a batch of messages has been handled. */
  settle(): void;
  /** Called after a write of messages, with the number of file data bytes in it. */
  sent(connection: Connection, dataBytes: number): void;
  /** The limit on received data. */
  readonly downloadLimiter: RateShare;
}
