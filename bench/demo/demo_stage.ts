/**
 * The demo's stage: a temporary folder and the programs that run in it. Both are removed however the demo
 * ends.
 *
 * @module
 */

import { join } from "@std/path";
import { diskError } from "../../lib/disk/disk_error.ts";
import { ExitCode } from "../../lib/errors.ts";
import { DemoProgram, type DemoProgramOptions } from "./demo_program.ts";

/** The folder and the programs. */
export class Stage implements AsyncDisposable {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly #signal: AbortSignal;
  readonly #programs = new Set<DemoProgram>();
  readonly #onUnload = () => this.#clearAtOnce();

  private constructor(folder: string, signal: AbortSignal) {
    this.folder = folder;
    this.#signal = signal;
    addEventListener("unload", this.#onUnload); // a bug, or Ctrl-C twice
    Deno.addSignalListener("SIGHUP", hangUp);
  }

  /**
   * Creates the folder.
   *
   * @param signal aborts when the demo is stopped
   * @throws DiskError when that is not possible
   */
  static async create(signal: AbortSignal): Promise<Stage> {
    const folder = await Deno.makeTempDir({ prefix: "shoal-demo-" }).catch((error) => {
      throw diskError(error, "the folder for temporary files");
    });
    return new Stage(folder, signal);
  }

  /** Creates a folder on the stage and returns its path. */
  async makeFolder(name: string): Promise<string> {
    const path = join(this.folder, name);
    await Deno.mkdir(path).catch((error) => {
      throw diskError(error, path);
    });
    return path;
  }

  /** Starts a program; it is stopped at the end if not before. */
  start(
    script: "tracker" | "seeder" | "leecher",
    options: Omit<DemoProgramOptions, "cwd" | "signal">,
  ): DemoProgram {
    this.#signal.throwIfAborted();
    const program = new DemoProgram(script, {
      ...options,
      cwd: this.folder,
      signal: this.#signal,
    });
    this.#programs.add(program);
    void program.over.then(() => this.#programs.delete(program));
    return program;
  }

  /** Stops the programs and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.stop()));
    await Deno.remove(this.folder, { recursive: true }).catch((error) => {
      throw diskError(error, this.folder);
    });
    removeEventListener("unload", this.#onUnload);
    Deno.removeSignalListener("SIGHUP", hangUp);
  }

  #clearAtOnce(): void {
    for (const program of this.#programs) program.kill();
    try {
      Deno.removeSync(this.folder, { recursive: true });
    } catch { /* there is nobody left to tell */ }
  }
}

/** The terminal was closed, so no user is watching any more. */
function hangUp(): void {
  Deno.exit(ExitCode.interrupted);
}
