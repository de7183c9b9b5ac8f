/**
 * A network of hosts on one machine: a Linux network namespace per host, a bridge in its own namespace that
 * joins them, and a token bucket on each host that limits its uplink. It does not touch the real machine's
 * interfaces, and nothing in the lab can reach them.
 *
 * @module
 */

import { Program, type StartOptions } from "../../support/process.ts";
import { lackOfSpace, MEMORY_FOLDER } from "../measure/disk_space.ts";

/** Prefix of this benchmark's namespaces and folders; the process id of the run follows. */
const PREFIX = "shoal-swarm-";
/**
 * How often to check that killed processes are gone, some milliseconds apart; the kernel needs one or two.
 */
const PATIENCE_LOOKS = 200;
/** Short queues: bursts of 256 KiB, at most 100 ms of waiting. */
const BUCKET = ["burst", "256k", "latency", "100ms"];

/** Bytes that crossed a host's interface, protocol headers included. */
export interface Traffic {
  sent: number;
  received: number;
}

/** A host in the lab. */
export class LabHost {
  readonly address: string;
  readonly #namespace: string;

  constructor(namespace: string, address: string) {
    this.#namespace = namespace;
    this.address = address;
  }

  /** Starts a program on this host; the process id is the program's own. */
  start(command: string, args: string[], options?: StartOptions): Program {
    return startIn(this.#namespace, command, args, options);
  }
}

/** The hosts, and a folder in memory for their files. Created by {@linkcode Lab.create}. */
export class Lab implements AsyncDisposable {
  readonly hosts: readonly LabHost[];
  /** A process in the bridge's namespace, whose /proc shows the bridge's ports. */
  readonly #witness: Program;

  private constructor(hosts: LabHost[], witness: Program) {
    this.hosts = hosts;
    this.#witness = witness;
  }

  /** Creates a host per rate, given in bits per second. */
  static create(rates: readonly number[]): Lab {
    removeNamespaces(Deno.pid);
    try {
      const hub = namespaceOf("hub");
      run("ip", "netns", "add", hub);
      run("ip", "-n", hub, "link", "add", "br0", "type", "bridge");
      run("ip", "-n", hub, "link", "set", "br0", "up");
      const hosts = rates.map((rate, index) => addHost(hub, index, rate));
      return new Lab(hosts, startIn(hub, "sleep", ["infinity"]));
    } catch (error) {
      removeNamespaces(Deno.pid);
      throw error;
    }
  }

  /** What each host has sent and received so far. */
  traffic(): Traffic[] {
    const table = Deno.readTextFileSync(`/proc/${this.#witness.pid}/net/dev`);
    return this.hosts.map((_, index) => {
      const counters = new RegExp(`^\\s*port${index}:\\s*(.*)$`, "m").exec(table)?.[1];
      // Until the witness has entered the namespace, it shows another one.
      const fields = counters?.trim().split(/\s+/).map(Number) ?? [];
      // The port is the far end of the host's cable: the host has sent what the port receives.
      return { sent: fields[0] ?? 0, received: fields[8] ?? 0 };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#witness.kill("SIGKILL");
    await this.#witness[Symbol.asyncDispose]();
    removeNamespaces(Deno.pid);
  }
}

/**
 * Removes what runs that have ended left behind, and makes sure that this run leaves nothing.
 *
 * @param neededBytes memory that this run needs
 * @returns a new folder in memory for this run
 * @throws Error when this machine or user cannot have such a lab
 */
export function prepareLab(neededBytes: number): string {
  refuseWithoutRoot();
  for (const pid of runs()) {
    if (pid !== Deno.pid && isAlive(pid)) {
      console.error(
        `the run with process id ${pid} shares this machine: the figures of both suffer`,
      );
    } else {
      removeRun(pid);
    }
  }
  refuseWithoutSpace(neededBytes);
  const folder = folderOf(Deno.pid);
  Deno.mkdirSync(folder);
  const stop = () => {
    removeRun(Deno.pid);
    Deno.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, stop);
  }
  return folder;
}

/** Ends every process of the run, and removes its namespaces and its folder. */
export function removeRun(pid: number): void {
  removeNamespaces(pid);
  try {
    Deno.removeSync(folderOf(pid), { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * `setsid` and `ip` replace themselves with the program they start. In its own session the program does not
 * receive Ctrl-C; the benchmark does, and ends everything in the lab.
 */
function startIn(
  namespace: string,
  command: string,
  args: string[],
  options?: StartOptions,
): Program {
  const words = ["ip", "netns", "exec", namespace, command, ...args];
  return Program.start("setsid", words, options);
}

function refuseWithoutRoot(): void {
  if (Deno.build.os !== "linux") throw new Error("the lab needs Linux's network namespaces");
  if (Deno.uid() !== 0) {
    throw new Error("the lab needs root to make network namespaces: run it with sudo");
  }
  for (const tool of ["ip", "tc"]) {
    try {
      run(tool, "-V");
    } catch {
      throw new Error(`the lab needs ${tool}: apt-get install iproute2`);
    }
  }
}

function refuseWithoutSpace(neededBytes: number): void {
  const lack = lackOfSpace(neededBytes);
  if (lack !== undefined) throw new Error(`${lack}: try a smaller --size`);
}

function addHost(hub: string, index: number, rate: number): LabHost {
  const namespace = namespaceOf(`${index}`);
  const address = `10.77.0.${index + 1}`;
  const inHost = ["-n", namespace];
  run("ip", "netns", "add", namespace);
  const far = ["peer", "name", `port${index}`, "netns", hub];
  run("ip", ...inHost, "link", "add", "eth0", "type", "veth", ...far);
  run("ip", "-n", hub, "link", "set", `port${index}`, "master", "br0", "up");
  run("ip", ...inHost, "address", "add", `${address}/24`, "dev", "eth0");
  run("ip", ...inHost, "link", "set", "lo", "up");
  run("ip", ...inHost, "link", "set", "eth0", "up");
  run("tc", ...inHost, ..."qdisc add dev eth0 root tbf rate".split(" "), `${rate}bit`, ...BUCKET);
  return new LabHost(namespace, address);
}

function namespaceOf(name: string): string {
  return `${PREFIX}${Deno.pid}-${name}`;
}

function folderOf(pid: number): string {
  return `${MEMORY_FOLDER}/${PREFIX}${pid}`;
}

/** Process ids of runs, active or ended, that have left something on this machine. */
function runs(): Set<number> {
  const names = [...namespaces(), ...[...Deno.readDirSync(MEMORY_FOLDER)].map(({ name }) => name)];
  const pids = names.map((name) => new RegExp(`^${PREFIX}(\\d+)`).exec(name)?.[1]);
  return new Set(pids.filter((pid) => pid !== undefined).map(Number));
}

function isAlive(pid: number): boolean {
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}

function namespaces(): string[] {
  return run("ip", "netns", "list").split("\n").map((line) => line.split(" ")[0] ?? "");
}

function removeNamespaces(pid: number): void {
  for (const name of namespaces()) {
    if (!name.startsWith(`${PREFIX}${pid}-`)) continue;
    endProcessesIn(name);
    run("ip", "netns", "delete", name);
  }
}

/** Returns once they have ended, so that none of them still writes when their files are removed. */
function endProcessesIn(namespace: string): void {
  for (let look = 0; look < PATIENCE_LOOKS; look++) {
    const inside = run("ip", "netns", "pids", namespace).split("\n").filter(Boolean);
    if (inside.length === 0) return;
    for (const pid of inside) {
      try {
        Deno.kill(Number(pid), "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}

/** Runs a command to its end and returns its output. */
function run(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}
