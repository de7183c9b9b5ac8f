/**
 * A network of one's own: a Linux network namespace with nothing but its loopback interface, so that a
 * test can count on well-known ports being free and on nobody else being there.
 * @module
 */

import { fromFileUrl } from "@std/path";
import { Program, type StartOptions } from "../../../support/process.ts";

const READY = "the loopback interface is up";

/** An empty network. `await using` removes it; programs in it must have ended before. */
export class EmptyNetwork implements AsyncDisposable {
  readonly #keeper: Program;

  private constructor(keeper: Program) {
    this.#keeper = keeper;
  }

  /** Makes one; with `beside`, one that can be linked to that. */
  static async create(beside?: EmptyNetwork): Promise<EmptyNetwork> {
    const script = `ip link set lo up && echo '${READY}' && exec cat`;
    const options = { stdin: true };
    const words = ["-n", "bash", "-c", script];
    const keeper = beside === undefined
      ? Program.start("unshare", ["-r", ...words], options)
      : beside.start("unshare", words, options);
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

  /** Runs a command of the shell in it to its end. */
  async run(command: string): Promise<void> {
    await using program = this.start("sh", ["-ec", command]);
    if (await program.exit() !== 0) throw new Error(`${command}\n${program.transcript()}`);
  }

  /**
   * Joins it and `other` by a cable, without any default route: each has the interface `cable` with
   * these addresses, such as `10.0.0.1/24`.
   */
  async link(other: EmptyNetwork, own: string[], others: string[]): Promise<void> {
    await this.run(`ip link add cable type veth peer name cable netns ${other.#keeper.pid}`);
    for (const [network, addresses] of [[this, own], [other, others]] as const) {
      // An address of IPv6 is to be of use at once: nobody else can have it.
      const commands = addresses.map((address) =>
        `ip addr add ${address} dev cable${address.includes(":") ? " nodad" : ""}`
      );
      await network.run([...commands, "ip link set cable up"].join("\n"));
    }
    // The system gives each end its own address once it has noticed that the other is up.
    const ready = "until ip -6 addr show dev cable scope link | grep -q fe80; do sleep 0.05; done";
    await Promise.all([this.run(ready), other.run(ready)]);
  }

  /**
   * Joins it and `machines`, each with the interface `cable` and these addresses, by a switch: what one sends
   * to a group, all of them hear. It becomes the switch itself, and has no address.
   */
  async join(machines: readonly (readonly [machine: EmptyNetwork, addresses: string[]])[]) {
    await this.run("ip link add hub type bridge mcast_snooping 0 && ip link set hub up");
    for (const [i, [machine, addresses]] of machines.entries()) {
      const port = `port${i}`;
      await this.run(`
        ip link add ${port} type veth peer name cable netns ${machine.#keeper.pid}
        ip link set ${port} master hub up
      `);
      const commands = addresses.map((address) =>
        `ip addr add ${address} dev cable${address.includes(":") ? " nodad" : ""}`
      );
      await machine.run([...commands, "ip link set cable up"].join("\n"));
    }
    const ready = "until ip -6 addr show dev cable scope link | grep -q fe80; do sleep 0.05; done";
    await Promise.all(machines.map(([machine]) => machine.run(ready)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
  }
}

/** Takes part in the multicast group of local discovery in a network: see `multicast_probe.ts`. */
export async function probe(network: EmptyNetwork, family: 4 | 6 = 4): Promise<Program> {
  const script = fromFileUrl(new URL("multicast_probe.ts", import.meta.url));
  const words = ["run", "-A", "--unstable-net", script, String(family)];
  const program = network.start(Deno.execPath(), words, { stdin: true });
  await program.input("refresh");
  await program.line(/^at /);
  return program;
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

/** As {@linkcode networkTest}, with two empty networks that can be linked: two machines. */
export function twoNetworksTest(
  name: string,
  body: (left: EmptyNetwork, right: EmptyNetwork) => Promise<void>,
): void {
  networkTest(name, async (left) => {
    await using right = await EmptyNetwork.create(left);
    await body(left, right);
  });
}

/** As {@linkcode networkTest}, with `count` machines on one local network, at 10.77.0.1, 10.77.0.2 and so on. */
export function localNetworkTest(
  name: string,
  count: number,
  body: (...machines: EmptyNetwork[]) => Promise<void>,
): void {
  networkTest(name, async (hub) => {
    await using stack = new AsyncDisposableStack();
    await body(...await machinesOn(hub, count, stack));
  });
}

/**
 * Puts machines on a switch, at 10.77.0.1, 10.77.0.2 and so on.
 *
 * @param owner ends them
 */
export async function machinesOn(
  hub: EmptyNetwork,
  count: number,
  owner: { use(machine: EmptyNetwork): EmptyNetwork },
): Promise<EmptyNetwork[]> {
  const machines: EmptyNetwork[] = [];
  for (let i = 0; i < count; i++) machines.push(owner.use(await EmptyNetwork.create(hub)));
  await hub.join(machines.map((machine, i) => [machine, [`10.77.0.${i + 1}/24`]]));
  return machines;
}

/** Whether to leave out what needs networks: where there can be none, and not in CI, where that fails. */
export function skipsNetworks(): boolean {
  return !allowsNetworks() && Deno.env.get("CI") !== "true";
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
