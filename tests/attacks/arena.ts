/**
 * Where attacks take place: real programs on loopback, what they cost, and how an honest user fares.
 * @module
 */

import { processStats } from "../../bench/measure/process_stats.ts";
import { writePseudoRandomFile } from "../../support/content.ts";
import type { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";

/** How an attack ended. */
export interface Outcome {
  /** Whether the programs did right. */
  readonly holds: boolean;
  /** What was measured, in words. */
  readonly measured: string;
}

/** One attack. */
export interface Attack {
  readonly name: string;
  /** What the stranger does, and what must not come of it. */
  readonly story: string;
  run(arena: Arena): Promise<Outcome>;
}

const MIB = 2 ** 20;
const HONEST_TIMEOUT_MS = 120_000;

/** One attack's programs and files. Dispose it: they end. */
export class Arena implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly #ends = new AsyncDisposableStack();
  #copies = 0;

  private constructor(folder: TempFolder) {
    this.folder = folder;
    this.#ends.use(folder);
  }

  static async open(): Promise<Arena> {
    return new Arena(await TempFolder.create());
  }

  /** Ends something with the arena. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    return this.#ends.use(resource);
  }

  /** A seeder of a file of so many MiB that finds peers by being dialled only. */
  async seeder(mebibytes: number, ...args: string[]): Promise<ShoalSeeder> {
    const path = this.folder.join("shared.bin");
    await writePseudoRandomFile(path, mebibytes * MIB, 1);
    const alone = args.includes("-t") ? [] : ["--no-tracker"];
    return this.use(await ShoalSeeder.start(path, [...alone, ...args]));
  }

  /** Gets what is meant by `what` from anywhere; resolves to the seconds it took, or to undefined. */
  async honestDownload(what: string, ...args: string[]): Promise<number | undefined> {
    const out = this.folder.join(`copy-${++this.#copies}/`);
    const startMs = performance.now();
    await using leecher = startLeecher(what, out, args);
    const code = await leecher.exit(HONEST_TIMEOUT_MS).catch(() => undefined);
    return code === 0 ? (performance.now() - startMs) / 1000 : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

/** What a program has cost between two moments. */
export class Meter {
  readonly #pid: number;
  readonly #startMs = performance.now();
  readonly #cpuSeconds: number;
  readonly #residentBytes: number;

  private constructor(pid: number, cpuSeconds: number, residentBytes: number) {
    this.#pid = pid;
    this.#cpuSeconds = cpuSeconds;
    this.#residentBytes = residentBytes;
  }

  static async start({ pid }: Program): Promise<Meter> {
    const { cpuSeconds, residentBytes } = await processStats(pid);
    return new Meter(pid, cpuSeconds, residentBytes);
  }

  /** Since the start: seconds, CPU seconds, and the MiB that the peak lies above the start. */
  async read(): Promise<{ seconds: number; cpuSeconds: number; moreMebibytes: number }> {
    const { cpuSeconds, peakBytes } = await processStats(this.#pid);
    return {
      seconds: (performance.now() - this.#startMs) / 1000,
      cpuSeconds: cpuSeconds - this.#cpuSeconds,
      moreMebibytes: Math.max(0, peakBytes - this.#residentBytes) / MIB,
    };
  }
}

/** Waits. */
export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** `3.4 s`, or that it never came. */
export function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? "never" : `${seconds.toFixed(1)} s`;
}
