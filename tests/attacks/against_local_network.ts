/**
 * Strangers on the local network who want that nobody is answered there, or that others get the answers.
 * @module
 */

import { fromFileUrl } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import type { Program } from "../../support/process.ts";
import type { Lies } from "../support/network/local_liar.ts";
import { EmptyNetwork, machinesOn } from "../support/network/network.ts";
import { type Arena, type Attack, Meter, pause, secondsText } from "./arena.ts";
import type { Asking } from "./local_asker.ts";

const NAME = "shared.bin";
const SEEDER = "10.77.0.1";
const LENGTH = 2 ** 21;
/** Nothing is configured. */
const NOTHING_SET = { SHOAL_LOCAL_DISCOVERY: "on", SHOAL_HIDDEN: "off" };
/** More than a name takes, and the start of a program on a busy machine. */
const SOON_SECONDS = 15;

/** Machines of their own network, with a seeder on the first. */
async function laboratory(arena: Arena, count: number, ...args: string[]) {
  const hub = arena.use(await EmptyNetwork.create());
  const machines = await machinesOn(hub, count, arena);
  const path = arena.folder.join(NAME);
  await writePseudoRandomFile(path, LENGTH, 1);
  const seeder = start(arena, machines[0]!, "seeder", [path, "--no-cache", ...args]);
  await seeder.line(/^sharing until Ctrl-C$/);
  return { machines, seeder, path };
}

function start(arena: Arena, machine: EmptyNetwork, script: string, args: string[], cwd?: string) {
  const path = fromFileUrl(new URL(`../../${script}.ts`, import.meta.url));
  const where = cwd === undefined ? {} : { cwd };
  const options = { env: NOTHING_SET, ...where };
  return arena.use(machine.start(Deno.execPath(), ["run", "-A", path, ...args], options));
}

/** Starts a stranger's program. */
async function stranger(
  arena: Arena,
  machine: EmptyNetwork,
  script: string,
  plan: Asking | Lies,
): Promise<Program> {
  const path = fromFileUrl(new URL(script, import.meta.url));
  const words = ["run", "-A", "--unstable-net", path, JSON.stringify(plan)];
  const program = arena.use(machine.start(Deno.execPath(), words));
  await program.line(/^(asking|lying)$/);
  return program;
}

/** So many more addresses of a machine: as if it forged those of its neighbours. */
async function forge(machine: EmptyNetwork, count: number): Promise<string[]> {
  const addresses = Array.from({ length: count }, (_, i) => `10.77.0.${4 + i}`);
  await machine.run(addresses.map((each) => `ip addr add ${each}/24 dev cable`).join("\n"));
  return addresses;
}

/** Gets a file by its name or hash and nothing else; resolves to the seconds it took, or to undefined. */
async function getByName(arena: Arena, machine: EmptyNetwork, what: string, origin: string) {
  const cwd = await Deno.makeTempDir({ dir: arena.folder.path });
  const startMs = performance.now();
  const leecher = start(arena, machine, "leecher", [what, "-e"], cwd);
  const code = await leecher.exit().catch(() => undefined);
  if (code !== 0) return { leecher };
  const isSame = await sha256OfFile(`${cwd}/${NAME}`) === await sha256OfFile(origin);
  return { leecher, ...(isSame && { seconds: (performance.now() - startMs) / 1000 }) };
}

function questions(name: string, story: string, addresses: number): Attack {
  return {
    name,
    story,
    async run(arena) {
      const { machines: [, honest, attacker], seeder, path } = await laboratory(arena, 3);
      const from = await forge(attacker!, addresses);
      await stranger(arena, attacker!, "local_asker.ts", { at: SEEDER, from, name: NAME });
      await pause(10); // what may be answered at once is used up
      const meter = await Meter.start(seeder);
      const { seconds } = await getByName(arena, honest!, NAME, path);
      const cost = await meter.read();
      const measured =
        `an honest download by name takes ${secondsText(seconds)}; the seeder uses ` +
        `${(100 * cost.cpuSeconds / cost.seconds).toFixed(0)} % of a core`;
      return { holds: seconds !== undefined && seconds < SOON_SECONDS, measured };
    },
  };
}

const amplification: Attack = {
  name: "local-amplification",
  story: "A stranger asks a seeder that hosts a tracker, and wants more bytes back than it sends.",
  async run(arena) {
    const { machines: [, attacker], seeder } = await laboratory(arena, 2);
    await seeder.line(/^hosting a tracker too/);
    const lengths = [86, 100, 154, 172, 300, 600, 1200];
    const asking: Asking = { at: SEEDER, from: ["10.77.0.2"], name: NAME, lengths };
    const asker = await stranger(arena, attacker!, "local_asker.ts", asking);
    await asker.exit();
    const results = asker.stdout.filter((line) => line.includes(":"));
    const bytes = results.map((line) => line.match(/\d+/g)!.map(Number) as [number, number]);
    const isAnswered = bytes.some(([, answered]) => answered > 0);
    const holds = isAnswered && bytes.every(([asked, answered]) => answered <= asked);
    return { holds, measured: results.join(", ") };
  },
};

const liars: Attack = {
  name: "local-liars",
  story:
    "Fifty addresses answer every name with 17 hashes each, sixteen times, and say to be trackers.",
  async run(arena) {
    const { machines: [, honest, attacker], seeder, path } = await laboratory(arena, 3);
    const [, hash] = await seeder.line(/info-hash v1 ([0-9a-f]+)/);
    const from = await forge(attacker!, 50);
    await stranger(arena, attacker!, "../support/network/local_liar.ts", {
      ...{ from, answers: 16, entries: 17 },
    });
    const { leecher } = await getByName(arena, honest!, NAME, path);
    const isListed = leecher.stderr.some((line) => line.startsWith(`  ${hash}  ${LENGTH} bytes`));
    const { seconds } = await getByName(arena, honest!, hash!, path);
    const another = `${path}.2`;
    await writePseudoRandomFile(another, LENGTH, 2);
    const second = start(arena, honest!, "seeder", [another, "--no-cache"]);
    const tracker = await second.line(/^(hosting a tracker too, at|using the tracker) (udp:\S+)/);
    const isReal = ["udp://10.77.0.1:6969", "udp://10.77.0.2:6969"].includes(tracker[2]!);
    const measured = `the honest file is ${isListed ? "" : "not "}listed; by its hash it takes ` +
      `${secondsText(seconds)}; another seeder says "${tracker[0]}"`;
    return { holds: isListed && isReal && (seconds ?? Infinity) < SOON_SECONDS, measured };
  },
};

/** All of them. */
export const againstLocalNetwork: readonly Attack[] = [
  questions(
    "local-questions",
    "One address asks a seeder for its file by name, 2,000 times a second.",
    1,
  ),
  questions("forged-questions", "A machine asks so from 240 addresses of its neighbours.", 240),
  amplification,
  liars,
];
