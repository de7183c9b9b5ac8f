/**
 * A program under test, or a foreign one beside it. It is started, read line by line, waited for with a
 * timeout, and ended with its scope.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";

/** The default timeout of {@linkcode Program.line} and {@linkcode Program.exit}. */
export const DEADLINE_MS = 30_000;
/** How long a program may take to end on request before it is killed. */
const GRACE_MS = 5_000;

export type Source = "stdout" | "stderr";

export interface StartOptions {
  cwd?: string;
  /**
   * Added to the inherited environment, from which every `SHOAL_*` variable is removed first. The local
   * network is left alone unless enabled here: a test's peers and trackers are its own.
   */
  env?: Record<string, string>;
  /** Keep stdin open, for a program that ends when its stdin closes. */
  stdin?: boolean;
}

export interface LineOptions {
  from?: Source;
  timeoutMs?: number;
  /** Which of the matching lines to return; the first by default. */
  nth?: number;
}

interface Waiter {
  from: Source | undefined;
  pattern: RegExp;
  /** Matching lines still to wait for. */
  left: number;
  found: (match: RegExpExecArray) => void;
  ended: () => void;
}

/** A running program. `await using` ends it and waits until nothing of it is left. */
export class Program implements AsyncDisposable {
  /** The lines printed so far. */
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly pid: number;

  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #waiters = new Set<Waiter>();
  readonly #readers: ReadableStreamDefaultReader<string>[] = [];
  readonly #output: Promise<void>;
  readonly #ended: Promise<Deno.CommandStatus>;
  #outputOver = false;
  #inputOpen: boolean;

  private constructor(name: string, child: Deno.ChildProcess, stdin: boolean) {
    this.#name = name;
    this.#child = child;
    this.#inputOpen = stdin;
    this.pid = child.pid;
    this.#output = Promise.all([
      this.#collect(child.stdout, "stdout"),
      this.#collect(child.stderr, "stderr"),
    ]).then(() => this.#endOutput());
    this.#ended = child.status;
  }

  /** Starts `command`, found on the PATH as a shell would. */
  static start(command: string, args: string[], options: StartOptions = {}): Program {
    const child = new Deno.Command(command, {
      args,
      clearEnv: true,
      env: { ...cleanEnvironment(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: options.stdin === true ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Program([command, ...args].join(" "), child, options.stdin === true);
  }

  /** Starts one of Shoal's own programs as a user does. */
  static shoal(
    script: "tracker" | "seeder" | "leecher",
    args: string[],
    options: StartOptions = {},
  ): Program {
    const path = fromFileUrl(new URL(`../${script}.ts`, import.meta.url));
    return Program.start(Deno.execPath(), ["run", "-A", path, ...args], options);
  }

  /**
   * The first (or `nth`) matching line, already printed or yet to come.
   *
   * @throws Error with the program's whole output, when it ends or the timeout passes first
   */
  line(pattern: RegExp, options: LineOptions = {}): Promise<RegExpExecArray> {
    const { from, timeoutMs = DEADLINE_MS, nth = 1 } = options;
    let left = nth;
    for (const source of from === undefined ? ["stdout", "stderr"] as const : [from]) {
      for (const line of this[source]) {
        const match = pattern.exec(line);
        if (match !== null && --left === 0) return Promise.resolve(match);
      }
    }
    const unseen = (why: string) => this.#complaint(`${why} before a line matched ${pattern}`);
    if (this.#outputOver) return Promise.reject(unseen("it ended"));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        act();
      };
      const waiter: Waiter = {
        from,
        pattern,
        left,
        found: (match) => settle(() => resolve(match)),
        ended: () => settle(() => reject(unseen("it ended"))),
      };
      const timer = setTimeout(
        () => settle(() => reject(unseen(`${timeoutMs} ms passed`))),
        timeoutMs,
      );
      this.#waiters.add(waiter);
    });
  }

  /**
   * The exit code, once the program has ended and all of its output has been read.
   *
   * @throws Error with the program's whole output, when the timeout passes first
   */
  async exit(timeoutMs = DEADLINE_MS): Promise<number> {
    const over = Promise.all([this.#ended, this.#output]);
    const result = await within(over, timeoutMs);
    if (result === undefined) throw this.#complaint(`it still ran after ${timeoutMs} ms`);
    return result[0].code;
  }

  /** Sends a signal; it is no error if the program has ended. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Writes a line to stdin, which must have been kept open. */
  async input(line: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${line}\n`));
    writer.releaseLock();
  }

  /** Closes stdin, on which some programs end. */
  async closeInput(): Promise<void> {
    if (!this.#inputOpen) return;
    this.#inputOpen = false;
    await this.#child.stdin.close().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGTERM");
    await this.closeInput();
    if (await within(this.#ended, GRACE_MS) === undefined) {
      this.kill("SIGKILL");
      await this.#ended;
    }
    // A child process may have inherited its output and hold it open.
    if (await within(this.#output.then(() => true), 1_000) === undefined) {
      await Promise.all(this.#readers.map((reader) => reader.cancel()));
      await this.#output;
    }
  }

  /** What it printed, for a failure message. */
  transcript(): string {
    const part = (source: Source) => `--- ${source}\n${this[source].slice(-60).join("\n")}`;
    return `${part("stdout")}\n${part("stderr")}`;
  }

  #complaint(what: string): Error {
    return new Error(`${this.#name}: ${what}\n${this.transcript()}`);
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, source: Source): Promise<void> {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    this.#readers.push(reader);
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#add(source, line);
    }
    if (rest !== "") this.#add(source, rest);
  }

  #add(source: Source, raw: string): void {
    const line = raw.replace(/\r$/, "");
    this[source].push(line);
    for (const waiter of [...this.#waiters]) {
      if (waiter.from !== undefined && waiter.from !== source) continue;
      const match = waiter.pattern.exec(line);
      if (match !== null && --waiter.left === 0) waiter.found(match);
    }
  }

  #endOutput(): void {
    this.#outputOver = true;
    for (const waiter of [...this.#waiters]) waiter.ended();
  }
}

/** Below the range from which systems assign ports to outgoing connections. */
const FIRST_FREE_PORT = 10_000;
const FREE_PORTS = 22_000;

/**
 * A TCP and UDP port that was free on 127.0.0.1 a moment ago, for programs that cannot choose one and for
 * those that return to their old one. Another test's connection cannot take it meanwhile.
 */
export function freePort(): number {
  for (;;) {
    const port = FIRST_FREE_PORT + Math.floor(Math.random() * FREE_PORTS);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** The environment of a program under test, see {@linkcode StartOptions.env}. */
export function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("SHOAL_"));
  const alone = { SHOAL_LOCAL_DISCOVERY: "off", SHOAL_HIDDEN: "on" };
  return { ...Object.fromEntries(kept), NO_COLOR: "1", ...alone };
}

/** The result of `promise`, or `undefined` when it takes longer; the timer never outlives the call. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
