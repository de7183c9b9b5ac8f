/**
 * The blocks of commands in README and manual, pasted into a shell one after the other: each ends well, or
 * gets as far as it says. They run on a machine of their own, with the README's address and no other
 * network.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl } from "@std/path";
import { sentenceFor } from "../lib/cli/text/messages.ts";
import { denoFolder } from "../support/deno_folder.ts";
import { pseudoRandomBytes, sha256OfFile } from "../support/content.ts";
import { Program } from "../support/process.ts";
import type { TempFolder } from "../support/temp.ts";
import { type EmptyNetwork, networkTest } from "./support/network/network.ts";
import { WebServer } from "./support/network/web_server.ts";
import { playground } from "./support/programs/playground.ts";
import { guidesText } from "./support/project/document.ts";

const GUIDES = await guidesText();
const LENGTH = 2_000_000;
/** What a program says that goes on until it is stopped. */
const READY =
  /^(sharing until Ctrl-C|listening on UDP port|complete, SHA-256 verified|\d+ of \d+ torrents complete)/;

/** Blocks that tests of their own run, by what stands in them. */
const ELSEWHERE: readonly (readonly [part: string, test: string])[] = [
  ["deno@2.9.6 task demo", "tests/programs/demo_test.ts"],
  ["head -c 20000000", "tests/readme_test.ts"],
  ["deno task tracker", "tests/readme_test.ts"],
  ["deno run -A seeder.ts file.iso", "tests/readme_test.ts"],
  ["deno run -A leecher.ts -o copy/ file.iso", "tests/readme_test.ts"],
  ["--allow-net", "tests/programs/permissions_test.ts"],
  ["dist/tracker", "tests/programs/compiled_test.ts"],
  ["deno task ok", ".ci/run"],
  ["deno task bench", "tests/bench/bench_test.ts"],
];

/** The blocks of a language, in their order. */
function blocks(language: string): string[] {
  return [...GUIDES.matchAll(/```(\w*)\n([^]*?)\n```/g)]
    .flatMap(([, found, text]) => found === language ? [text!] : []);
}

/** The only block with these words. */
function block(part: string, language = "sh"): string {
  const found = blocks(language).filter((text) => text.includes(part));
  assertEquals(found.length, 1, `${found.length} blocks with ${part}`);
  return found[0]!;
}

/** A machine with the README's address, in which a shell's commands run in a folder with the project. */
class Machine implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly #network: EmptyNetwork;
  readonly #left: Program[] = [];

  private constructor(network: EmptyNetwork, folder: TempFolder) {
    this.#network = network;
    this.folder = folder;
  }

  static async create(network: EmptyNetwork): Promise<Machine> {
    await network.run(
      "ip link add lan type veth peer name far; ip addr add 10.0.0.2/24 dev lan; " +
        "ip link set far up; ip link set lan up; ip route add default dev lan",
    );
    const folder = await playground();
    await folder.file("file.iso", pseudoRandomBytes(LENGTH, 7));
    return new Machine(network, folder);
  }

  start(command: string): Program {
    const environment = surroundings(this.folder);
    const options = { cwd: this.folder.path, env: { ...environment, SHOAL_LOCAL_DISCOVERY: "on" } };
    return this.#network.start("sh", ["-c", shellOf(command)], options);
  }

  /** Runs a line to its end, or until it says that it goes on until Ctrl-C; then it stays. */
  async paste(line: string): Promise<Program> {
    const program = this.start(line);
    this.#left.push(program);
    const ended = program.exit();
    const isReady = await Promise.race([
      program.line(READY).then(() => true, () => false),
      ended.then(() => false),
    ]);
    if (!isReady) assertEquals(await ended, 0, `${line}\n${program.transcript()}`);
    else ended.catch(() => {});
    return program;
  }

  /** Ctrl-C for all that still runs: each has done its work. */
  async stop(): Promise<void> {
    for (const program of this.#left.splice(0).reverse()) {
      program.kill("SIGINT");
      assertEquals(await program.exit(), 0, program.transcript());
      await program[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#left) await program[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** The shell makes way for the one program that it starts, so that Ctrl-C reaches that. */
function shellOf(command: string): string {
  return /^deno (run|task) [^|;]*$/.test(command) ? `exec ${command}` : command;
}

function surroundings(folder: TempFolder): Record<string, string> {
  return {
    PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
    DENO_DIR: DENO_FOLDER,
    XDG_CACHE_HOME: folder.join("cache"),
  };
}

const DENO_FOLDER = await denoFolder();

networkTest(
  "the manual's blocks about folders can be pasted one after the other",
  async (network) => {
    await using machine = await Machine.create(network);
    for (const line of block("seeder.ts -o photos.torrent").split("\n")) await machine.paste(line);
    for (const line of block("--list photos.torrent").split("\n")) await machine.paste(line);
    for (let i = 0; i < 5; i++) {
      assertEquals(
        await sha256OfFile(machine.folder.join(`copy/photos/${i}.raw`)),
        await sha256OfFile(machine.folder.join(`photos/${i}.raw`)),
      );
    }
    await machine.stop();
  },
);

networkTest(
  "the manual's blocks about several torrents and a watched folder can be pasted",
  async (network) => {
    await using machine = await Machine.create(network);
    await machine.folder.folder("photos");
    await machine.folder.folder("images");
    const names = ["a.iso", "b.iso", "photos/1.raw"];
    for (const [i, name] of [...names, "images/c.iso"].entries()) {
      await machine.folder.file(name, pseudoRandomBytes(100_000 + i, i));
    }
    for (const line of block("seeder.ts a.iso b.iso").split("\n")) await machine.paste(line);
    for (const name of names) {
      assertEquals(
        await sha256OfFile(machine.folder.join(`copy/${name}`)),
        await sha256OfFile(machine.folder.join(name)),
      );
    }
    const watching = await machine.paste(block("seeder.ts --watch images/"));
    await watching.line(/^magnet:.*dn=c\.iso/);
    await machine.stop();
  },
);

networkTest(
  "the README's blocks about many files and the manual's about who has them can be pasted",
  async (network) => {
    await using machine = await Machine.create(network);
    for (const name of ["photos", "images"]) await machine.folder.folder(name);
    for (const [i, name] of ["disk.img", "photos/1.raw", "images/c.iso"].entries()) {
      await machine.folder.file(name, pseudoRandomBytes(100_000 + i, i));
    }
    await machine.folder.file("machines.txt", "pc1\npc2 # is on holiday\n");
    const [track, who] = block("--expect machines.txt").split("\n");
    await machine.paste(track!);
    const [share, get] = block("disk.img photos/ --watch").split("\n");
    await machine.paste(share!);
    await machine.paste(get!.replace("leecher.ts", "leecher.ts -o copy/ --label pc1"));
    for (const name of ["disk.img", "photos/1.raw"]) {
      assertEquals(
        await sha256OfFile(machine.folder.join(`copy/${name}`)),
        await sha256OfFile(machine.folder.join(name)),
      );
    }
    const { stdout: [nobody] } = await machine.paste(who!.replace("file.iso", "disk.img"));
    assertMatch(nobody!, /^disk\.img: 1 of 2 complete, 1 never seen/);
    await machine.folder.file("machines.txt", "pc1\n");
    const sharing = await machine.paste(block("--until-copies all"));
    await machine.paste("deno run -A leecher.ts -o copy/ --label pc1 file.iso");
    await sharing.line(/^shared as long as it was asked to/);
    const { stdout: [all] } = await machine.paste(block("leecher.ts --who -t"));
    assertMatch(all!, /^file\.iso: 1 of 1 complete/);
    await machine.stop();
  },
);

networkTest(
  "the blocks about several machines, results and events do what they say",
  async (network) => {
    await using machine = await Machine.create(network);
    // The copies of other machines lie in folders of their own here.
    const elsewhere = (line: string, name: string) =>
      line.replace("leecher.ts", `leecher.ts -o ${name}/`);
    await machine.paste(block("deno task tracker"));
    const [seeder, leecher] = block("seeder.ts -t udp://10.0.0.2:6969 file.iso").split("\n");
    await machine.paste(seeder!);
    await machine.paste(elsewhere(leecher!, "copy"));
    const shown = await machine.paste(
      `${elsewhere(block("path=$(deno run"), "one")}; echo "$path"`,
    );
    assertEquals(shown.stdout, ["one/file.iso"]);
    const figures = await machine.paste(elsewhere(block("jq -r"), "two"));
    assertEquals(figures.stdout.at(-1), String(LENGTH));
    const who = await machine.paste(block("--who -t"));
    assertMatch(who.stdout[0]!, /^file\.iso: \d+ of \d+ complete/);
    const waiting = await machine.paste(block("--until-copies all"));
    await waiting.line(/the tracker udp:\S+ has no list of expected machines/);
    for (const line of block("--seed-time 60").split("\n")) {
      const limited = await machine.paste(
        line.replace("file.iso", "-t udp://10.0.0.2:6969 file.iso"),
      );
      await limited.line(/^sharing until Ctrl-C/);
    }
    await machine.stop();
  },
);

networkTest(
  "without a tracker the manual's name and info-hash, here the real one, are found on the local network",
  async (network) => {
    await using machine = await Machine.create(network);
    const [seeder, byName, byHash] = block("--no-tracker file.iso").split("\n");
    const sharing = await machine.paste(seeder!);
    const [, hash] = await sharing.line(/info-hash v1 ([0-9a-f]{40})/);
    await machine.paste(byName!.replace(/file\.iso$/, `-o named/ file.iso`));
    await machine.paste(byHash!.replace(/[0-9a-f]{40}$/, `-o copy/ ${hash}`));
    for (const folder of ["named", "copy"]) {
      assertEquals(
        await sha256OfFile(machine.folder.join(`${folder}/file.iso`)),
        await sha256OfFile(machine.folder.join("file.iso")),
      );
    }
    await machine.stop();
  },
);

networkTest(
  "what README and manual show of the terminal is what the programs say there",
  async (network) => {
    await using machine = await Machine.create(network);
    await Deno.truncate(machine.folder.join("file.iso"), 20_000_000);
    const transcripts = blocks("").filter((text) => text.startsWith("$ "));
    assertEquals(transcripts.length, 2);
    for (const text of transcripts) {
      const [command, ...lines] = text.split("\n");
      const program = await machine.paste(command!.slice(2));
      const said = [...program.stdout, ...program.stderr].join("\n");
      const told = lines.filter((line) => !line.includes("█")); // redrawn, and on a terminal only
      for (const line of told) assertMatch(said, shape(line), said);
    }
    const page = machine.start(
      "deno run -A seeder.ts --ui auto --port 0 --ui 127.0.0.1:0 file.iso",
    );
    await page.line(shape(block("page: http", "")));
    await page[Symbol.asyncDispose]();
    const reach = { type: "reach", port: 6881, reachable: false, tracker: "udp://t:1" } as const;
    assertEquals(block("warning: port", ""), `warning: ${sentenceFor(reach)!.text}`);
    assertEquals(block("complete, SHA-256 verified;", "").split("\n").length, 1);
    await machine.stop();
  },
);

/** A line as it may be on another day: other hashes, sizes and numbers. */
function shape(line: string): RegExp {
  const pattern = line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/[0-9a-f]+…/g, "[0-9a-f]+.*")
    .replace(/\d+(\\\.\d+)?/g, "\\d+(\\.\\d+)?");
  return new RegExp(`^${pattern}`, "m");
}

Deno.test("the manual's blocks about web servers and checks work, with a web server of this machine's", async () => {
  await using folder = await playground();
  const bytes = pseudoRandomBytes(LENGTH, 8);
  const sum = await sha256OfFile(await folder.file("file.iso", bytes));
  await using server = new WebServer({ "/pub/file.iso": bytes });
  const env = {
    ...surroundings(folder),
    SHOAL_HOST: "127.0.0.1",
    SHOAL_PORT: "0",
    SHOAL_NO_TRACKER: "1",
  };
  const paste = async (line: string, ready?: RegExp) => {
    const command = line.replaceAll("https://example.org", server.origin).replace(
      /[0-9a-f]{64}/,
      sum,
    );
    await using program = Program.start("sh", ["-c", shellOf(command)], { cwd: folder.path, env });
    if (ready === undefined) return assertEquals(await program.exit(), 0, program.transcript());
    await program.line(ready);
    program.kill("SIGINT");
    assertEquals(await program.exit(), 0, program.transcript());
  };
  const [share, ...get] = block("--web-seed https://example.org").split("\n");
  await paste(share!, READY);
  for (const [i, line] of get.entries()) {
    await paste(line.replace("leecher.ts", `leecher.ts -o copy${i}/`), READY);
    assertEquals(await sha256OfFile(folder.join(`copy${i}/file.iso`)), sum);
  }
  const [list, verify, checksum] = block("--verify file.torrent").split("\n");
  for (const line of [list!, verify!]) await paste(line);
  await paste(checksum!, READY);
  for (const line of block("--format v1 -o file.torrent").split("\n")) await paste(line, READY);
});

Deno.test("every block of commands in README, manual and their neighbours is run by a test", async () => {
  for (const [, test] of ELSEWHERE) {
    await Deno.stat(fromFileUrl(new URL(`../${test}`, import.meta.url)));
  }
  const isElsewhere = (text: string) => ELSEWHERE.some(([part]) => text.includes(part));
  const here = await Deno.readTextFile(fromFileUrl(import.meta.url));
  const named = [...here.matchAll(/block\("([^"]+)"/g)].map(([, part]) => part!);
  const unrun = blocks("sh").filter((text) =>
    !isElsewhere(text) && !named.some((part) => text.includes(part))
  );
  assertEquals(unrun, []);
});
