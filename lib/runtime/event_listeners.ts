/**
 * Calls listeners without being affected by their errors.
 *
 * @module
 */

/**
 * Calls a listener. If it throws, or its promise rejects, the error becomes an `error` event of the global
 * scope, and goes to standard error if nothing handles that. The caller continues.
 */
export function callListener<E>(listener: (event: E) => unknown, event: E): void {
  try {
    const answer = listener(event);
    if (answer instanceof Promise) answer.catch(report);
  } catch (error) {
    report(error);
  }
}

/** Calls the listener in the options, if there is one. */
export function tellOf<E>(options: { onEvent?: (event: E) => unknown }, event: E): void {
  if (options.onEvent !== undefined) callListener(options.onEvent, event);
}

/** Unlike the system's `reportError`, does not end the process when nothing handles the event. */
function report(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const event = new ErrorEvent("error", { error, message, cancelable: true });
  if (dispatchEvent(event)) console.error("Shoal goes on, but one of its listeners failed:", error);
}
