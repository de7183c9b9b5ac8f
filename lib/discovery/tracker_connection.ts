/**
 * The way to a tracker over one address family: connection ids, repeats, giving up.
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
 * How long a connection id is used. BEP 15 allows a minute; the rest of that minute is for repeating
 * the last request made with it.
 */
const CONNECTION_LIFE_MS = 45_000;

/** The first wait for an answer; each further one is twice as long. */
const FIRST_WAIT_MS = 1000;

/** A tracker's own words are shown up to this length. */
const MAX_SHOWN_LENGTH = 200;

/** The tracker did not answer in time, or could not be reached at all. */
export class TrackerTimeoutError extends NetworkError {
  /** It gave out a connection id, so it is there; it just did not answer the question. */
  readonly connected: boolean;

  /** An error about a tracker that says nothing. */
  constructor(message: string, connected: boolean, cause?: unknown) {
    super(message, { cause });
    this.connected = connected;
  }
}

/** The tracker answered with an error. */
export class TrackerErrorResponse extends NetworkError {
  /** Its words, safe to print. */
  readonly reason: string;

  /** An error about a tracker that refuses. */
  constructor(url: string, reason: string) {
    super(`tracker ${url} refuses: ${reason}`);
    this.reason = reason;
  }
}

/** A request that lacks only what this file adds: the connection and transaction ids. */
export type Question = WithoutIds<Exclude<TrackerRequest, { type: "connect" }>>;
/** What answers a question with this type. */
export type AnswerTo<T extends Question["type"]> = Extract<
  TrackerResponse,
  { type: T extends "list" ? "find" : T }
>;

type WithoutIds<T> = T extends unknown ? Omit<T, "connectionId" | "transactionId"> : never;

/** One address of one tracker. Close it. */
export class TrackerConnection {
  readonly family: AddressFamily;
  /** The IP address that is asked. */
  readonly host: string;
  readonly #url: string;
  readonly #endpoint: UdpTransactions;
  readonly #clock: Clock;
  #connection: { id: Uint8Array; sinceMs: number } | undefined;
  #connecting: Promise<Uint8Array> | undefined;

  /** Opens a socket towards `host`, an IP address. */
  constructor(url: string, host: string, port: number, clock: Clock, localHost?: string) {
    this.host = host;
    this.family = ipToBytes(host).length === 4 ? 4 : 6;
    this.#url = url;
    this.#clock = clock;
    this.#endpoint = new UdpTransactions(host, port, clock, localHost);
  }

  /**
   * Asks and waits for the answer, at most `giveUpMs`.
   *
   * A connection id from before that the tracker no longer knows (it was restarted) costs one more
   * exchange, nothing else.
   *
   * @throws {TrackerTimeoutError} without an answer, {TrackerRefusedError} on an error packet,
   * {NetworkError} on an answer that makes no sense; the signal's reason when it aborts.
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
   * Makes sure of a connection id, so that a question can be asked at once.
   *
   * @throws as {@link TrackerConnection.ask}
   */
  async connect(giveUpMs: number, signal: AbortSignal): Promise<void> {
    await this.#connect(this.#clock.nowMs() + giveUpMs, signal);
  }

  /** Closes the socket; questions under way reject. */
  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #freshConnection(): Uint8Array | undefined {
    const connection = this.#connection;
    const youngest = this.#clock.nowMs() - CONNECTION_LIFE_MS;
    return connection !== undefined && connection.sinceMs > youngest ? connection.id : undefined;
  }

  /** One try with an id from before; a tracker that forgot it may say so or say nothing. */
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

  /** A connection id. Questions asked at the same time share one exchange for it. */
  async #connect(deadlineMs: number, signal: AbortSignal): Promise<Uint8Array> {
    const fresh = this.#freshConnection();
    if (fresh !== undefined) return fresh;
    for (;;) {
      const shared = this.#connecting;
      if (shared === undefined) break;
      try {
        return await shared;
      } catch (error) {
        // The one who asked may have lost interest; that is no answer to us.
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

  /** The answer, if it is one to that question. */
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

/** Waits that double, and together take `totalMs`; at least one. */
function waitsUntil(totalMs: number): number[] {
  const waitsMs: number[] = [];
  let leftMs = Math.max(1, totalMs);
  for (let waitMs = FIRST_WAIT_MS; leftMs > 0; waitMs *= 2) {
    waitsMs.push(Math.min(waitMs, leftMs));
    leftMs -= waitMs;
  }
  return waitsMs;
}

/** A stranger's words, without what a terminal would obey. */
function printable(text: string): string {
  const safe = [...text].filter((character) => !hasUnprintable(character)).join("");
  const cut = safe.length > MAX_SHOWN_LENGTH ? `${safe.slice(0, MAX_SHOWN_LENGTH)}…` : safe;
  const shown = cut.replace(/\.$/, "");
  return shown === "" ? "it gives no reason" : shown;
}
