/**
 * Ctrl-C in the middle of a benchmark: the measured programs are ended, and everything waiting for them
 * fails and cleans up after itself on the way out.
 * @module
 */

const LOOK_MS = 100;
/** By then whatever still waits does not wait for a program. */
const PATIENCE_MS = 10_000;
const EXIT_CODE = 130;

/**
 * Runs `work` and ends this process, with all it has started, when a signal says so.
 * @param work is given a signal that is aborted then
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupted = new AbortController();
  let killing: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    if (interrupted.signal.aborted) return;
    interrupted.abort(new Error("interrupted"));
    // Again and again: one more may be started before the failure has made its way.
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

/** Kills the processes that this one has started, and those that they have. */
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
    // The name in parentheses may hold anything; behind it are the state and the parent.
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
