/**
 * Ctrl-C, SIGTERM and the end of the terminal: the first one stops a program in order, a second Ctrl-C ends
 * it at once.
 *
 * @module
 */

import { ExitCode, interrupted } from "../errors.ts";
import { isHangUpIgnored } from "./hang_up.ts";
import type { Screen } from "./terminal/screen.ts";

/** One Ctrl-C can arrive twice: from the terminal, and passed on by `deno task` or npx. */
const SAME_PRESS_MS = 100;

/** The first signal stops the program in order, with this sentence; a second one ends it at once. */
export function stopOnSignals(stop: AbortController, screen: Screen, sentence: string): void {
  let firstMs: number | undefined;
  const onSignal = () => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      screen.close();
      screen.say("stopping; Ctrl-C again ends it at once");
      stop.abort(interrupted(sentence));
    } else if (performance.now() - firstMs > SAME_PRESS_MS) {
      Deno.exit(ExitCode.secondInterrupt);
    }
  };
  // A closing terminal sends this more than once, which is not a request to end at once.
  const onHangUp = () => firstMs ?? onSignal();
  const handlesHangUp = !isHangUpIgnored();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener(Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM", onSignal);
  Deno.addSignalListener("SIGHUP", handlesHangUp ? onHangUp : () => {});
}

/**
 * Waits for `promise`, but no longer than until `signal` aborts.
 *
 * @throws the reason of `signal`, or what `promise` rejects with
 */
export async function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => stopped.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves when `signal` has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
