/**
 * A disk that is soon full: a tmpfs of a given size in a mount namespace of its own, reached through
 * /proc, so that it is gone with the process that keeps it, whatever happens to the test.
 * @module
 */

import { Program } from "../../../support/process.ts";

const MOUNT = "/mnt";
const READY = "mounted";

/** A mounted small disk. `await using` removes it. */
export class SmallDisk implements AsyncDisposable {
  /** Where it is. */
  readonly path: string;
  readonly #keeper: Program;

  private constructor(keeper: Program) {
    this.#keeper = keeper;
    this.path = `/proc/${keeper.pid}/root${MOUNT}`;
  }

  /** Makes one of so many bytes. */
  static async create(bytes: number): Promise<SmallDisk> {
    const script = `mount -t tmpfs -o size=${bytes} tmpfs ${MOUNT} && echo ${READY} && exec cat`;
    const options = { stdin: true };
    const keeper = Program.start("unshare", ["-r", "-m", "bash", "-c", script], options);
    try {
      await keeper.line(new RegExp(READY));
      return new SmallDisk(keeper);
    } catch (error) {
      await keeper[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
  }
}

/** Registers a test that needs a disk of `bytes`; it is skipped where none can be made. */
export function smallDiskTest(
  name: string,
  bytes: number,
  body: (disk: SmallDisk) => Promise<void>,
): void {
  const isPossible = allowsMounts();
  if (!isPossible) console.error(`skipped: "${name}" needs Linux's mount namespaces`);
  Deno.test({
    name,
    ignore: !isPossible,
    async fn() {
      await using disk = await SmallDisk.create(bytes);
      await body(disk);
    },
  });
}

function allowsMounts(): boolean {
  try {
    const args = ["-r", "-m", "mount", "-t", "tmpfs", "tmpfs", MOUNT];
    return new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
