// @ts-check
/// <reference lib="dom" />
/**
 * The program's state as it changes, from server-sent events.
 *
 * @module
 */

import { ConnectionSlot } from "./connection_slot.js";

/** How long to wait before the next attempt when the connection is lost. */
const RETRY_MS = 1_500;
/** The program sends an event every 5 seconds at least. After this silence the connection is dead. */
const SILENCE_MS = 15_000;
/** How often a hidden page asks for the state, for its title. */
const POLL_MS = 5_000;
/** A page without a connection slot connects again after this pause, */
const TURN_MS = 1_500;
/** and stays this long after the state, for the map that may follow it. */
const LINGER_MS = 250;

/** @typedef {"silent" | "refused"} Trouble */

/**
 * @typedef {object} Handlers
 * @property {(snapshot: Exclude<import("../snapshot.ts").Snapshot, {program: "client"}>) => void} onState
 * @property {(map: import("../snapshot.ts").PieceMap) => void} onMap
 * @property {(list: import("../torrents/list_snapshot.ts").ListSnapshot) => void} onList
 * @property {(trouble: Trouble | undefined) => void} onConnection
 */

/**
 * Follows `/api/events` and reconnects when the connection is lost. A hidden page keeps no connection
 * open and polls instead. A page without a connection slot connects for a moment, again and again.
 */
export class StateStream {
  /** @type {Handlers} */
  #handlers;
  #slot = new ConnectionSlot();
  /** @type {EventSource | undefined} */
  #source;
  /** @type {Record<string, string>} */
  #query = {};
  #isHidden;
  /** Counts connections, so that a late answer is recognized as one to an earlier attempt. */
  #attempts = 0;
  /** Of the next attempt, or of the longest silence. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Handlers} handlers
   * @param {boolean} isHidden whether the page is hidden now
   */
  constructor(handlers, isHidden) {
    this.#handlers = handlers;
    this.#isHidden = isHidden;
  }

  /**
   * Connects, and follows the answers to this query from now on.
   * @param {Record<string, string>} query
   */
  follow(query) {
    this.#query = query;
    this.#connect();
  }

  /**
   * Tells whether the page is hidden now.
   * @param {boolean} isHidden
   */
  setHidden(isHidden) {
    this.#isHidden = isHidden;
    this.#connect();
  }

  async #connect() {
    const attempt = ++this.#attempts;
    this.#source?.close();
    if (this.#isHidden) {
      this.#slot.free();
      return this.#poll();
    }
    const keepsOpen = await this.#slot.take();
    if (attempt === this.#attempts) this.#open(keepsOpen);
  }

  /** @param {boolean} keepsOpen false when the connection is closed after the first state */
  #open(keepsOpen) {
    const source = new EventSource(apiAddress("/api/events", this.#query));
    this.#source = source;
    const leave = () => {
      source.close();
      this.#schedule(TURN_MS, () => this.#connect());
    };
    const onEvent = () =>
      keepsOpen
        ? this.#onAnswer(SILENCE_MS, () => this.#onLost())
        : this.#onAnswer(LINGER_MS, leave);
    source.addEventListener("state", ({ data }) => {
      onEvent();
      this.#handlers.onState(JSON.parse(data));
    });
    source.addEventListener("map", ({ data }) => {
      onEvent();
      this.#handlers.onMap(JSON.parse(data));
    });
    source.addEventListener("list", ({ data }) => {
      onEvent();
      this.#handlers.onList(JSON.parse(data));
    });
    source.addEventListener("error", () => this.#onLost());
    this.#schedule(SILENCE_MS, () => this.#onLost());
  }

  async #poll() {
    try {
      const answer = await fetch(apiAddress("/api/state", this.#query), {
        signal: AbortSignal.timeout(SILENCE_MS),
      });
      if (!answer.ok) throw new Error(await answer.text());
      const snapshot = await answer.json();
      if (!this.#isHidden) return;
      this.#onAnswer(POLL_MS, () => this.#connect());
      if (snapshot.program === "client") this.#handlers.onList(snapshot);
      else this.#handlers.onState(snapshot);
    } catch {
      if (this.#isHidden) this.#onLost();
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} next
   */
  #onAnswer(ms, next) {
    this.#handlers.onConnection(undefined);
    this.#schedule(ms, next);
  }

  /** Closes the source: browsers differ in when they reconnect by themselves, so none of them does. */
  async #onLost() {
    this.#source?.close();
    this.#schedule(RETRY_MS, () => this.#connect());
    const attempt = this.#attempts;
    const isRefused = await this.#isRefused();
    if (attempt === this.#attempts) this.#handlers.onConnection(isRefused ? "refused" : "silent");
  }

  /** Whether the server answers but denies access: a program that was restarted has a new token. */
  async #isRefused() {
    try {
      const signal = AbortSignal.timeout(RETRY_MS);
      return (await fetch(apiAddress("/api/state", this.#query), { method: "HEAD", signal }))
        .status === 403;
    } catch {
      return false; // the server cannot be reached
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} act
   */
  #schedule(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }
}

/**
 * The address of a part of the program's API, with the token that the page was opened with.
 * @param {string} path
 * @param {Record<string, string>} query empty values are left out
 */
export function apiAddress(path, query) {
  const token = new URLSearchParams(location.search).get("token");
  const parameters = new URLSearchParams(token === null ? {} : { token });
  for (const [key, value] of Object.entries(query)) {
    if (value !== "") parameters.set(key, value);
  }
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}
