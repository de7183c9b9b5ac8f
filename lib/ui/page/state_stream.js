// @ts-check
/// <reference lib="dom" />
/**
 * The program's state as it changes, by server-sent events, for as long as the page is open.
 *
 * @module
 */

import { freeSlot, takeSlot } from "./connection_slot.js";

/** How long to wait before the next try when the connection is lost. */
const RETRY_MS = 1_500;
/** The program says something every 5 seconds at least; silent for so long, the connection is dead. */
const SILENCE_MS = 15_000;
/** How often a page that nobody looks at asks, for its title. */
const GLANCE_MS = 5_000;
/** A page that may keep no connection comes again after so long, */
const TURN_MS = 1_500;
/** and stays so long after the state, for the map that follows at once if there is one. */
const LINGER_MS = 250;

/**
 * @typedef {object} Listener
 * @property {(snapshot: import("../snapshot.ts").Snapshot) => void} state
 * @property {(map: import("../snapshot.ts").PieceMap) => void} map
 * @property {(trouble: "silent" | "refused" | undefined) => void} connection what is wrong with it, if anything
 */

/**
 * Follows `/api/events` and comes back when the connection is lost. A page that nobody looks at keeps no
 * connection open; nor does one for which the browser has none to spare, it looks in again and again.
 */
export class Live {
  /** @type {Listener} */
  #listener;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {Record<string, string>} */
  #question = {};
  #isHidden = false;
  #tries = 0;
  /** One timer: of the next try, or of how long it may be silent. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /**
   * Follows what the program answers to this question from now on; what was told before stays.
   * @param {Record<string, string>} question
   */
  ask(question) {
    this.#question = question;
    this.#connect();
  }

  /**
   * Whether nobody sees the page: then it asks now and then only.
   * @param {boolean} isHidden
   */
  hide(isHidden) {
    this.#isHidden = isHidden;
    this.#connect();
  }

  async #connect() {
    const tries = ++this.#tries;
    this.#source?.close();
    if (this.#isHidden) {
      freeSlot();
      return this.#glance();
    }
    const stays = await takeSlot();
    if (tries === this.#tries) this.#open(stays);
  }

  /** @param {boolean} stays or leaves as soon as it knows the news */
  #open(stays) {
    const source = new EventSource(this.#address("/api/events"));
    this.#source = source;
    const leave = () => {
      source.close();
      this.#expect(TURN_MS, () => this.#connect());
    };
    const heard = () =>
      stays ? this.#heard(SILENCE_MS, () => this.#lost()) : this.#heard(LINGER_MS, leave);
    source.addEventListener("state", ({ data }) => {
      heard();
      this.#listener.state(JSON.parse(data));
    });
    source.addEventListener("map", ({ data }) => {
      heard();
      this.#listener.map(JSON.parse(data));
    });
    source.addEventListener("error", () => this.#lost());
    this.#expect(SILENCE_MS, () => this.#lost());
  }

  async #glance() {
    try {
      const answer = await fetch(this.#address("/api/state"), {
        signal: AbortSignal.timeout(SILENCE_MS),
      });
      if (!answer.ok) throw new Error(await answer.text());
      const snapshot = await answer.json();
      if (!this.#isHidden) return;
      this.#heard(GLANCE_MS, () => this.#connect());
      this.#listener.state(snapshot);
    } catch {
      if (this.#isHidden) this.#lost();
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} next
   */
  #heard(ms, next) {
    this.#listener.connection(undefined);
    this.#expect(ms, next);
  }

  // Browsers differ in when they try again by themselves; so none of them does.
  async #lost() {
    this.#source?.close();
    this.#expect(RETRY_MS, () => this.#connect());
    const tries = this.#tries;
    const isRefused = await this.#isRefused();
    if (tries === this.#tries) this.#listener.connection(isRefused ? "refused" : "silent");
  }

  /** Whether somebody answers who does not let us in: a program that was started anew has a new token. */
  async #isRefused() {
    try {
      const signal = AbortSignal.timeout(RETRY_MS);
      return (await fetch(this.#address("/api/state"), { method: "HEAD", signal })).status === 403;
    } catch {
      return false; // nobody is there
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} act
   */
  #expect(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** @param {string} path */
  #address(path) {
    const token = new URLSearchParams(location.search).get("token");
    const parameters = new URLSearchParams(token === null ? {} : { token });
    for (const [key, value] of Object.entries(this.#question)) {
      if (value !== "") parameters.set(key, value);
    }
    return parameters.size === 0 ? path : `${path}?${parameters}`;
  }
}
