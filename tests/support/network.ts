/**
 * A network of one's own: a Linux network namespace with nothing but its loopback interface, so that a
 * test can count on well-known ports being free and on nobody else being there.
 * @module
 */

import { Program, type StartOptions } from "./process.ts";

const READY = "the loopback interface is up";

/** An empty network. `await using` removes it; programs in it must have ended before. */
export class EmptyNetwork implements AsyncDisposable {
  readonly #keeper: Program;

  private constructor(keeper: Program) {
    this.#keeper = keeper;
  }

  /** Makes one. */
  static async create(): Promise<EmptyNetwork> {
    const script = `ip link set lo up && echo '${READY}' && exec cat`;
    const options = { stdin: true };
    const keeper = Program.start("unshare", ["-r", "-n", "bash", "-c", script], options);
    try {
      await keeper.line(new RegExp(READY));
      return new EmptyNetwork(keeper);
    } catch (error) {
      await keeper[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a program in it. */
  start(command: string, args: string[], options?: StartOptions): Program {
    const enter = ["-t", `${this.#keeper.pid}`, "-U", "-n", "--preserve-credentials"];
    return Program.start("nsenter", [...enter, command, ...args], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
  }
}

/** Registers a test that needs an empty network; it is skipped where the system allows none. */
export function networkTest(name: string, body: (network: EmptyNetwork) => Promise<void>): void {
  const isPossible = allowsNetworks();
  if (!isPossible) console.error(`skipped: "${name}" needs Linux's network namespaces`);
  Deno.test({
    name,
    ignore: !isPossible,
    async fn() {
      await using network = await EmptyNetwork.create();
      await body(network);
    },
  });
}

function allowsNetworks(): boolean {
  try {
    const args = ["-r", "-n", "ip", "link", "set", "lo", "up"];
    return new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
