// @ts-check
/// <reference lib="dom" />
/**
 * Shares the browser's connections among the open tabs. A browser keeps six to one server for all its
 * tabs together; if six tabs held one each, a seventh could not even load.
 *
 * @module
 */

/** How many tabs may keep a connection. The others take turns with what is left. */
const SLOTS = 4;

/** One tab's claim to keep a connection. */
export class ConnectionSlot {
  /** Resolves to the function that releases the slot. @type {Promise<(() => void) | undefined> | undefined} */
  #held;

  /**
   * Takes a slot if one is free. Browsers have locks only for pages of this machine or under TLS;
   * elsewhere every tab may keep a connection.
   * @returns {Promise<boolean>} whether this tab holds a slot
   */
  async take() {
    if (navigator.locks === undefined) return true;
    this.#held ??= lockAny();
    const isHeld = await this.#held !== undefined;
    if (!isHeld) this.#held = undefined;
    return isHeld;
  }

  /** Releases the slot for another tab. */
  free() {
    this.#held?.then((release) => release?.());
    this.#held = undefined;
  }
}

/** @returns {Promise<(() => void) | undefined>} */
async function lockAny() {
  for (let i = 0; i < SLOTS; i++) {
    const release = await lock(`shoal-stream-${i}`);
    if (release !== undefined) return release;
  }
  return undefined;
}

/**
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>} releases the lock; undefined when another tab has it
 */
function lock(name) {
  const { promise, resolve, reject } = Promise.withResolvers();
  navigator.locks.request(name, { ifAvailable: true }, (lock) => {
    if (lock === null) return resolve(undefined);
    return new Promise((release) => resolve(() => release(undefined)));
  }).catch(reject);
  return promise;
}
