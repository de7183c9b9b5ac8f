/**
 * Ctrl-C during a benchmark: ends the measured programs, so that everything waiting for them fails and
 * cleans up on the way out.
 *
 * @module
 */

const LOOK_MS = 100;
/** After this time, what is still waiting does not wait for a program. */
const PATIENCE_MS = 10_000;
const EXIT_CODE = 130;

/**
 * Runs `work`, and on a signal ends this process and all processes it has started.
 *
 * @param work receives a signal that aborts then
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupted = new AbortController();
  let killing: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    if (interrupted.signal.aborted) return;
    interrupted.abort(new Error("interrupted"));
    // Repeatedly, because another process may be started before the failure has propagated.
    killing = setInterval(() => killDescendants(Deno.pid), LOOK_MS);
    setTimeout(() => Deno.exit(EXIT_CODE), PATIENCE_MS);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    await work(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  } finally {
    clearInterval(killing);
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    if (interrupted.signal.aborted) Deno.exit(EXIT_CODE);
  }
}

/** Kills this process's descendants. */
export function killDescendants(pid: number): void {
  const parents = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name) ?? 0);
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child);
    return parent === pid || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  for (const child of parents.keys()) if (isBelow(child)) kill(child);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name in parentheses may contain anything; the state and the parent follow it.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined; // it has just ended
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
