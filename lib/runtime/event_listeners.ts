/**
 * Telling listeners, whose faults are their own.
 *
 * @module
 */

/**
 * Tells a listener. What it throws, or what the promise rejects with that it returns, comes out as an
 * `error` event of the global scope, and on standard error where nobody takes that: whoever tells goes on.
 */
export function callListener<E>(listener: (event: E) => unknown, event: E): void {
  try {
    const answer = listener(event);
    if (answer instanceof Promise) answer.catch(report);
  } catch (error) {
    report(error);
  }
}

/** Tells whoever was named in options, if anybody was. */
export function tellOf<E>(options: { onEvent?: (event: E) => unknown }, event: E): void {
  if (options.onEvent !== undefined) callListener(options.onEvent, event);
}

/** Unlike the system's `reportError`, which ends the process where nobody takes the event. */
function report(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const event = new ErrorEvent("error", { error, message, cancelable: true });
  if (dispatchEvent(event)) console.error("Shoal goes on, but one of its listeners failed:", error);
}
