/**
 * The cost of a process so far, read from Linux's /proc.
 *
 * @module
 */

/** Ticks per second in /proc/PID/stat: 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessStats {
  /** User and system time of all threads. */
  cpuSeconds: number;
  /** Highest resident memory so far (VmHWM), mapped files included. */
  peakBytes: number;
  /** Resident memory now, mapped files included. */
  residentBytes: number;
  /** Resident memory now, without mapped files: the program's own data. */
  anonymousBytes: number;
}

/** Reads the figures of a running process. */
export async function processStats(pid: number): Promise<ProcessStats> {
  const [stat, status] = await Promise.all([
    Deno.readTextFile(`/proc/${pid}/stat`),
    Deno.readTextFile(`/proc/${pid}/status`),
  ]);
  // The name in parentheses may contain spaces, so fields are counted from its end: state is the first.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    peakBytes: statusBytes(status, "VmHWM"),
    residentBytes: statusBytes(status, "VmRSS"),
    anonymousBytes: statusBytes(status, "RssAnon"),
  };
}

/** User and system time of all child processes that have ended. */
export async function childrenCpuSeconds(): Promise<number> {
  const stat = await Deno.readTextFile("/proc/self/stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** The combined cost of several processes: total CPU time, and the memory of the largest. */
export function together(figures: readonly ProcessStats[]): ProcessStats {
  const largest = (field: keyof ProcessStats) => Math.max(...figures.map((one) => one[field]));
  return {
    cpuSeconds: figures.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakBytes: largest("peakBytes"),
    residentBytes: largest("residentBytes"),
    anonymousBytes: largest("anonymousBytes"),
  };
}

/** One line about the machine: processor, cores, memory, kernel. */
export async function describeMachine(): Promise<string> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  const model = /^model name\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? Deno.build.arch;
  const gigabytes = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const cores = navigator.hardwareConcurrency;
  return `${model}, ${cores} cores, ${gigabytes} GiB, Linux ${Deno.osRelease()}`;
}

function statusBytes(status: string, field: string): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc status has no ${field}`);
  return Number(kibibytes) * 1024;
}
