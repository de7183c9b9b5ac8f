// @ts-check
/// <reference lib="dom" />
/**
 * Which of the open tabs may keep a connection. A browser holds only six to one server, for all its
 * tabs together; with all six kept, the seventh tab could not even load.
 *
 * @module
 */

/** So many tabs follow; the others take turns at what is left. */
const SLOTS = 4;

/** Gives up what is held. @type {Promise<(() => void) | undefined> | undefined} */
let held;

/**
 * Whether this tab may keep a connection from now on. Browsers have locks only for pages of this machine
 * or under TLS; elsewhere every tab may.
 * @returns {Promise<boolean>}
 */
export async function takeSlot() {
  if (navigator.locks === undefined) return true;
  held ??= take();
  const isHeld = await held !== undefined;
  if (!isHeld) held = undefined;
  return isHeld;
}

/** Another tab may have it. */
export function freeSlot() {
  held?.then((release) => release?.());
  held = undefined;
}

/** @returns {Promise<(() => void) | undefined>} */
async function take() {
  for (let i = 0; i < SLOTS; i++) {
    const release = await lock(`shoal-stream-${i}`);
    if (release !== undefined) return release;
  }
  return undefined;
}

/**
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>} what gives it up; undefined when another tab has it
 */
function lock(name) {
  const { promise, resolve, reject } = Promise.withResolvers();
  navigator.locks.request(name, { ifAvailable: true }, (lock) => {
    if (lock === null) return resolve(undefined);
    return new Promise((release) => resolve(() => release(undefined)));
  }).catch(reject);
  return promise;
}
