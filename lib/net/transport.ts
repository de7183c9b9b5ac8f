/**
 * What carries the messages of a connection: a socket, or a web server that stands in for a peer.
 *
 * @module
 */

import type { Message } from "../codec/wire/message.ts";
import type { Connection } from "../peer/connection/connection.ts";
import type { RateLimiter } from "./rate_limiter.ts";

/** One end of a connection, as its session sees it. */
export interface Transport {
  /** The address of this machine that it speaks from, where that is known. */
  readonly localHost?: string | undefined;
  /** Takes a message for the other side. */
  send(message: Message): void;
  /** Asks the other side for blocks: of each its piece, begin and length, one after the other. */
  request(blocks: readonly number[]): void;
  /** There are uploads to fetch from the swarm. */
  upload(): void;
  /** Ends the connection; the first reason given counts. */
  close(reason: string): void;
  /** Carries messages until the connection ends; returns in words why it did. */
  run(): Promise<string>;
}

/** What every carrier needs from the session it belongs to. */
export interface TransportHost {
  /** A message arrived, at that time: those that came together came at the same time. */
  received(connection: Connection, message: Message, nowMs: number): void;
  /** A batch of messages is through. */
  settle(): void;
  /** Bytes were written: all of them were messages, so many of them file data. */
  sent(connection: Connection, dataBytes: number): void;
  /** What may be received. */
  readonly downloadLimiter: RateLimiter;
}
