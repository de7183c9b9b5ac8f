/**
 * Communication with one address of a tracker: connection ids, retransmission, timeouts.
 *
 * @module
 */

import { ipToBytes } from "../codec/address.ts";
import {
  type AddressFamily,
  decodeResponse,
  encodeRequest,
  hasUnprintable,
  type TrackerRequest,
  type TrackerResponse,
} from "../codec/discovery/udp_tracker.ts";
import { ExitCode, NetworkError, ProtocolError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { unreachable } from "../runtime/socket_errors.ts";
import { NoAnswer, UdpTransactions } from "./udp_transactions.ts";

/**
 * How long a connection id is used. BEP 15 allows a minute; the rest of it is left for retransmitting the
 * last request made with the id.
 */
const CONNECTION_LIFE_MS = 45_000;

/** The first wait for an answer; each further wait is twice as long. */
const FIRST_WAIT_MS = 1000;

/** Maximum length of a tracker's own message when shown. */
const MAX_SHOWN_LENGTH = 200;

/** The tracker did not answer in time, or could not be reached at all. */
export class TrackerTimeoutError extends NetworkError {
  /** Whether it issued a connection id, so that it is running but did not answer the request. */
  readonly connected: boolean;

  /** @param connected Whether it issued a connection id. */
  constructor(message: string, connected: boolean, cause?: unknown) {
    super(message, { cause });
    this.connected = connected;
  }
}

/** The tracker answered with an error. */
export class TrackerErrorResponse extends NetworkError {
  /** The tracker's message, safe to print. */
  readonly reason: string;

  /** @param reason The tracker's message, safe to print. */
  constructor(url: string, reason: string) {
    super(`tracker ${url} refuses: ${reason}`);
    this.reason = reason;
  }
}

/** A request without the connection and transaction ids, which this file adds. */
export type Question = WithoutIds<Exclude<TrackerRequest, { type: "connect" }>>;
/** The response type for a request of this type. */
export type AnswerTo<T extends Question["type"]> = Extract<
  TrackerResponse,
  { type: T extends "list" ? "find" : T }
>;

type WithoutIds<T> = T extends unknown ? Omit<T, "connectionId" | "transactionId"> : never;

/** A connection to one address of one tracker. The owner must close it. */
export class TrackerConnection {
  readonly family: AddressFamily;
  /** The tracker's IP address. */
  readonly host: string;
  readonly #url: string;
  readonly #endpoint: UdpTransactions;
  readonly #clock: Clock;
  #connection: { id: Uint8Array; sinceMs: number } | undefined;
  #connecting: Promise<Uint8Array> | undefined;

  /** Opens a socket for sending to `host`, an IP address. */
  constructor(url: string, host: string, port: number, clock: Clock, localHost?: string) {
    this.host = host;
    this.family = ipToBytes(host).length === 4 ? 4 : 6;
    this.#url = url;
    this.#clock = clock;
    this.#endpoint = new UdpTransactions(host, port, clock, localHost);
  }

  /**
   * Sends a request and waits for the answer, at most `giveUpMs`.
   *
   * If the tracker no longer knows our connection id (because it was restarted), this costs one more
   * exchange, nothing else.
   *
   * @throws {TrackerTimeoutError} without an answer, {TrackerErrorResponse} on an error packet,
   * {NetworkError} on an invalid answer; the signal's reason when it aborts.
   */
  async ask<Q extends Question>(
    question: Q,
    giveUpMs: number,
    signal: AbortSignal,
  ): Promise<AnswerTo<Q["type"]>> {
    const deadlineMs = this.#clock.nowMs() + giveUpMs;
    const known = this.#freshConnection();
    if (known !== undefined) {
      const answer = await this.#tryKnown(question, known, signal);
      if (answer !== undefined && answer.type !== "error") return this.#checked(question, answer);
      if (this.#connection?.id === known) this.#connection = undefined;
    }
    const connectionId = await this.#connect(deadlineMs, signal);
    const answer = await this.#exchange(question, connectionId, deadlineMs, signal, true);
    return this.#checked(question, answer);
  }

  /**
   * Gets a connection id if needed, so that a request can be sent at once.
   *
   * @throws as {@link TrackerConnection.ask}
   */
  async connect(giveUpMs: number, signal: AbortSignal): Promise<void> {
    await this.#connect(this.#clock.nowMs() + giveUpMs, signal);
  }

  /** Closes the socket; pending requests reject. */
  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #freshConnection(): Uint8Array | undefined {
    const connection = this.#connection;
    const youngest = this.#clock.nowMs() - CONNECTION_LIFE_MS;
    return connection !== undefined && connection.sinceMs > youngest ? connection.id : undefined;
  }

  /** One attempt with an earlier connection id. A tracker that forgot it may send an error or nothing. */
  async #tryKnown(
    question: Question,
    connectionId: Uint8Array,
    signal: AbortSignal,
  ): Promise<TrackerResponse | undefined> {
    const deadlineMs = this.#clock.nowMs() + FIRST_WAIT_MS;
    try {
      return await this.#exchange(question, connectionId, deadlineMs, signal, true);
    } catch (error) {
      if (error instanceof TrackerTimeoutError) return undefined;
      throw error;
    }
  }

  /** Returns a connection id. Concurrent requests share one exchange for it. */
  async #connect(deadlineMs: number, signal: AbortSignal): Promise<Uint8Array> {
    const fresh = this.#freshConnection();
    if (fresh !== undefined) return fresh;
    for (;;) {
      const shared = this.#connecting;
      if (shared === undefined) break;
      try {
        return await shared;
      } catch (error) {
        // The request that started the exchange may have been aborted, which does not concern this one.
        if (error instanceof NetworkError) throw error;
        signal.throwIfAborted();
      }
    }
    this.#connecting = this.#requestConnection(deadlineMs, signal);
    try {
      return await this.#connecting;
    } finally {
      this.#connecting = undefined;
    }
  }

  async #requestConnection(deadlineMs: number, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#exchange({ type: "connect" }, undefined, deadlineMs, signal, false);
    if (answer.type === "error") throw this.#refusal(answer.message);
    if (answer.type !== "connect") throw this.#nonsense();
    this.#connection = { id: answer.connectionId, sinceMs: this.#clock.nowMs() };
    return answer.connectionId;
  }

  async #exchange(
    question: Question | { type: "connect" },
    connectionId: Uint8Array | undefined,
    deadlineMs: number,
    signal: AbortSignal,
    connected: boolean,
  ): Promise<TrackerResponse> {
    const waitsMs = waitsUntil(deadlineMs - this.#clock.nowMs());
    const packetFor = (transactionId: number) =>
      encodeRequest({ ...question, connectionId, transactionId } as TrackerRequest);
    let packet: Uint8Array;
    try {
      packet = await this.#endpoint.exchange(packetFor, waitsMs, signal);
    } catch (error) {
      if (error instanceof NoAnswer) throw this.#silence(error, connected);
      throw error;
    }
    try {
      return decodeResponse(packet, this.family);
    } catch (error) {
      if (error instanceof ProtocolError) throw this.#nonsense(error);
      throw error;
    }
  }

  /** The answer, if its type fits the request. */
  #checked<Q extends Question>(question: Q, answer: TrackerResponse): AnswerTo<Q["type"]> {
    if (answer.type === "error") throw this.#refusal(answer.message);
    const expected = question.type === "list" ? "find" : question.type;
    if (answer.type !== expected) throw this.#nonsense();
    return answer as AnswerTo<Q["type"]>;
  }

  #silence(error: NoAnswer, connected: boolean): TrackerTimeoutError {
    if (!(error.cause instanceof Error)) {
      return new TrackerTimeoutError(`tracker ${this.#url} does not answer`, connected);
    }
    const message = unreachable(`tracker ${this.#url}`, error.cause);
    return new TrackerTimeoutError(message, false, error.cause);
  }

  #refusal(message: string): TrackerErrorResponse {
    return new TrackerErrorResponse(this.#url, printable(message));
  }

  #nonsense(cause?: unknown): NetworkError {
    const message = `tracker ${this.#url} answers with something that is no answer`;
    return new NetworkError(message, { exitCode: ExitCode.network, cause });
  }
}

/** Waits that double and add up to `totalMs`; at least one. */
function waitsUntil(totalMs: number): number[] {
  const waitsMs: number[] = [];
  let leftMs = Math.max(1, totalMs);
  for (let waitMs = FIRST_WAIT_MS; leftMs > 0; waitMs *= 2) {
    waitsMs.push(Math.min(waitMs, leftMs));
    leftMs -= waitMs;
  }
  return waitsMs;
}

/** Removes what a terminal would interpret from an untrusted message, and shortens it. */
function printable(text: string): string {
  const safe = [...text].filter((character) => !hasUnprintable(character)).join("");
  const cut = safe.length > MAX_SHOWN_LENGTH ? `${safe.slice(0, MAX_SHOWN_LENGTH)}…` : safe;
  const shown = cut.replace(/\.$/, "");
  return shown === "" ? "it gives no reason" : shown;
}
