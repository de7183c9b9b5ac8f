/**
 * Shoal's own three programs, started as a user starts them but on 127.0.0.1 and on free ports.
 * @module
 */

import { Program, type StartOptions } from "../../../support/process.ts";

const LOOPBACK = ["--host", "127.0.0.1", "--port", "0", "-vv"];

/** A running tracker. */
export class ShoalTracker implements AsyncDisposable {
  readonly program: Program;
  /** Its `udp://127.0.0.1:port`. */
  readonly url: string;

  private constructor(program: Program, url: string) {
    this.program = program;
    this.url = url;
  }

  /** Starts a tracker that wants to hear from its peers every second, unless `args` say otherwise. */
  static async start(args: string[] = [], options?: StartOptions): Promise<ShoalTracker> {
    const words = [...LOOPBACK, "--interval", "1", "--peer-ttl", "30", ...args];
    const program = Program.shoal("tracker", words, options);
    const [url] = await orDispose(program, program.line(/^udp:\S+/, { from: "stdout" }));
    return new ShoalTracker(program, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

/** A running seeder. */
export class ShoalSeeder implements AsyncDisposable {
  readonly program: Program;
  /** The link it printed. */
  readonly magnet: string;
  /** `host:port` where it accepts connections. */
  readonly address: string;

  private constructor(program: Program, magnet: string, address: string) {
    this.program = program;
    this.magnet = magnet;
    this.address = address;
  }

  /** Hosts the file at `path`; returns once it has hashed it and listens. */
  static async start(
    path: string,
    args: string[] = [],
    options?: StartOptions,
  ): Promise<ShoalSeeder> {
    const program = Program.shoal("seeder", [path, "--no-cache", ...LOOPBACK, ...args], options);
    const started = Promise.all([
      program.line(/^magnet:\S+/, { from: "stdout" }),
      program.line(/listening on TCP port (\d+)/, { from: "stderr" }),
    ]);
    const [[magnet], [, port]] = await orDispose(program, started);
    return new ShoalSeeder(program, magnet, `127.0.0.1:${port}`);
  }

  /** Its info-hashes as they stand in its link, in hex. */
  get hashes(): { v1?: string; v2?: string } {
    const v1 = /urn:btih:([0-9a-f]{40})/.exec(this.magnet)?.[1];
    const v2 = /urn:btmh:1220([0-9a-f]{64})/.exec(this.magnet)?.[1];
    return { ...(v1 === undefined ? {} : { v1 }), ...(v2 === undefined ? {} : { v2 }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

/** Starts a leecher for `what` that ends when it is complete; the file goes into `folder`. */
export function startLeecher(
  what: string,
  folder: string,
  args: string[] = [],
  options?: StartOptions,
): Program {
  return Program.shoal("leecher", [what, "-e", "-o", folder, ...LOOPBACK, ...args], options);
}

/**
 * Runs {@linkcode startLeecher} to its end.
 * @returns the path it printed
 * @throws Error with its output when it did not succeed
 */
export async function leech(what: string, folder: string, args: string[] = []): Promise<string> {
  await using leecher = startLeecher(what, folder, args);
  const code = await leecher.exit();
  const path = leecher.stdout.at(-1);
  if (code === 0 && path !== undefined) return path;
  throw new Error(`the leecher ended with ${code}\n${leecher.transcript()}`);
}

/** What a program that ran to its end left behind. */
export interface Outcome {
  code: number;
  stdout: string[];
  stderr: string[];
}

/** Runs one of the programs to its end. */
export async function run(
  script: "tracker" | "seeder" | "leecher",
  args: string[],
  options?: StartOptions,
): Promise<Outcome> {
  await using program = Program.shoal(script, args, options);
  const code = await program.exit();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/**
 * Runs one of the programs, which is to fail with this exit code and print nothing on stdout.
 * @returns its last words, without its name
 */
export async function failure(
  script: "tracker" | "seeder" | "leecher",
  args: string[],
  exitCode: number,
  options?: StartOptions,
): Promise<string> {
  const outcome = await run(script, args, options);
  const isExpected = outcome.code === exitCode && outcome.stdout.length === 0;
  const last = outcome.stderr.findLastIndex((line) => line.startsWith(`${script}: `));
  if (isExpected && last >= 0) {
    return outcome.stderr.slice(last).join("\n").slice(script.length + 2);
  }
  throw new Error(`${script} ${args.join(" ")}: ${JSON.stringify(outcome, undefined, 2)}`);
}

/** A magnet link of the given hashes (hex), trackers and nothing else. */
export function magnetLink(hashes: { v1?: string; v2?: string }, trackers: string[] = []): string {
  const parts = [
    ...(hashes.v1 === undefined ? [] : [`xt=urn:btih:${hashes.v1}`]),
    ...(hashes.v2 === undefined ? [] : [`xt=urn:btmh:1220${hashes.v2}`]),
    ...trackers.map((url) => `tr=${encodeURIComponent(url)}`),
  ];
  return `magnet:?${parts.join("&")}`;
}

async function orDispose<T>(program: Program, started: Promise<T>): Promise<T> {
  try {
    return await started;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}
