/**
 * The programs do their work with the permissions that the manual gives them, and what they are not
 * permitted they do without, or say.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { denoFolder } from "../../support/deno_folder.ts";
import { pseudoRandomBytes, sha256OfFile } from "../../support/content.ts";
import { freePort, Program, type StartOptions } from "../../support/process.ts";
import type { TempFolder } from "../../support/temp.ts";
import { playground } from "../support/programs/playground.ts";
import { documentText } from "../support/project/document.ts";

const MANUAL = await documentText("docs/manual.md");
const EXAMPLE = /<!-- permitted -->\n\n```sh\n([^]*?)\n```/;
/** What the manual does not permit, and nobody but who wants details need be told. */
const UNREAD = "environment variables SHOAL_* are not read: Deno was not permitted to; " +
  "add --allow-env='SHOAL_*', or run with -A";
const HOUR_MS = 3_600_000;

/** One command of the manual: the flags that permit, the script, and its own words. */
interface Command {
  permissions: string[];
  script: string;
  words: string[];
}

const COMMANDS: Command[] = EXAMPLE.exec(MANUAL)![1]!.split("\n").map((line) => {
  const [, flags, script, rest] = /^deno run ((?:--allow-\S+ )+)(\w+)\.ts ?(.*)$/.exec(line)!;
  return {
    permissions: flags!.trim().split(" ").map((flag) => flag.replaceAll("'", "")),
    script: script!,
    words: rest!.split(" ").filter(Boolean),
  };
});
const [TRACKER, SEEDER, LEECHER] = COMMANDS as [Command, Command, Command];

/** Starts a command in `folder`, on loopback; whatever it would ask its user is refused. */
function start(command: Command, folder: TempFolder, args: string[], options?: StartOptions) {
  const { permissions, script, words } = command;
  return Program.start(
    Deno.execPath(),
    [
      ...["run", "--no-prompt", ...permissions, `${script}.ts`],
      ...["--host", "127.0.0.1", "-v", ...words, ...args],
    ],
    { cwd: folder.path, ...options },
  );
}

/** A folder with the project and a file that has not changed for an hour, so that it is remembered. */
async function workplace(): Promise<TempFolder> {
  const folder = await playground(["lib"]);
  const path = await folder.file("file.iso", pseudoRandomBytes(300_000, 5));
  await Deno.utime(path, new Date(), new Date(Date.now() - HOUR_MS));
  return folder;
}

function seeder(folder: TempFolder, extra: string[], args: string[], options?: StartOptions) {
  const permissions = [...SEEDER.permissions, ...extra];
  const words = ["--port", "0", "--no-tracker", ...args];
  return start({ ...SEEDER, permissions }, folder, words, options);
}

Deno.test("the manual names three commands, none of which permits everything", () => {
  assertEquals(COMMANDS.map(({ script }) => script), ["tracker", "seeder", "leecher"]);
  for (const { permissions } of COMMANDS) {
    const wide = permissions.filter((flag) =>
      /^(-A|--allow-(all|read|write|env|sys|run|ffi))$/.test(flag)
    );
    assertEquals(wide, []);
  }
});

Deno.test("with the manual's permissions the three programs get a file to another place, and their pages answer", async () => {
  await using folder = await workplace();
  const port = String(freePort());
  const page = ["--ui", "127.0.0.1:0"];
  await using tracker = start(TRACKER, folder, ["--port", port, ...page]);
  await tracker.line(/^udp:\/\//);
  const swarm = ["--port", "0", "-t", `udp://127.0.0.1:${port}`, ...page];
  await using seeder = start(SEEDER, folder, swarm);
  await seeder.line(/^tracker \S+ answers/);
  await using leecher = start(LEECHER, folder, swarm);
  await leecher.line(/^complete, SHA-256 verified/);
  assertEquals(
    await sha256OfFile(folder.join("copy/file.iso")),
    await sha256OfFile(folder.join("file.iso")),
  );
  for (const program of [tracker, seeder, leecher]) {
    const [, url] = await program.line(/^page: (http\S+)$/);
    const response = await fetch(url!);
    assertEquals([response.status, await response.text().then((text) => text.includes("<html"))], [
      200,
      true,
    ]);
    assertEquals(program.stderr.filter((line) => /allow-|permitted/.test(line)), [UNREAD]);
  }
});

Deno.test("options come from the environment where that is permitted, and not where it is not", async () => {
  await using folder = await workplace();
  const env = { SHOAL_NAME: "another.iso" };
  await using blind = seeder(folder, [], [], { env });
  await blind.line(/^magnet:\S+dn=file\.iso/);
  assertEquals(blind.stderr.filter((line) => line === UNREAD).length, 1);
  await using sighted = seeder(folder, ["--allow-env=SHOAL_*"], [], { env });
  await sighted.line(/^magnet:\S+dn=another\.iso/);
  assertEquals(sighted.stderr.filter((line) => line.includes("environment")), []);
});

Deno.test("that the environment may not be read is a detail, and stands where help tells of it", async () => {
  await using folder = await workplace();
  const silent = await spoken(folder, ["--allow-read=lib"], ["--no-tracker", "missing.iso"]);
  assertEquals(silent.filter((line) => line.includes("environment")), []);
  const help = await spoken(folder, [], ["--help"]);
  const [text, permitted] = [help, await spoken(folder, ["--allow-env"], ["--help"])]
    .map((lines) => lines.join(" "));
  assert(text!.includes(`by an environment variable too: --tracker by SHOAL_TRACKER`), text);
  assert(text!.includes(`Now ${UNREAD}.`), text);
  assert(!permitted!.includes("are not read"), permitted);
});

/** All that a seeder says with these permissions and words, and without -v. */
async function spoken(folder: TempFolder, permissions: string[], words: string[]) {
  const args = ["run", "--no-prompt", ...permissions, "seeder.ts", ...words];
  await using program = Program.start(Deno.execPath(), args, { cwd: folder.path });
  await program.exit();
  return [...program.stdout, ...program.stderr];
}

Deno.test("hashes are remembered where that is permitted, and not where it is not", async () => {
  await using folder = await workplace();
  const cache = await folder.folder("cache");
  const env = { XDG_CACHE_HOME: cache, DENO_DIR: await denoFolder() };
  const entries = () => Array.fromAsync(Deno.readDir(cache));
  const read = [`--allow-read=lib,file.iso,${cache}`, "--allow-env=HOME,XDG_CACHE_HOME"];
  for (const permissions of [[], read]) {
    await using forgetful = seeder(folder, permissions, [], { env });
    await forgetful.line(/^magnet:/);
    assertEquals(await entries(), []);
  }
  await using mindful = seeder(folder, [...read, `--allow-write=${cache}`], [], { env });
  await mindful.line(/^magnet:/);
  assertEquals((await entries()).length, 1);
});

/** What the seeder says in the end when it runs with these permissions alone. */
async function refusal(folder: TempFolder, permissions: string[]): Promise<[string, number]> {
  await using program = start({ ...SEEDER, permissions }, folder, ["--port", "0", "--no-tracker"]);
  const code = await program.exit();
  return [program.stderr.findLast((line) => line.startsWith("seeder: ")) ?? "", code];
}

Deno.test("without a permission that it needs, a seeder says which and ends", async () => {
  await using folder = await workplace();
  const [noNetwork, networkCode] = await refusal(folder, ["--allow-read=lib,file.iso"]);
  assertMatch(noNetwork, /not permitted to listen on port 0: add --allow-net, or run with -A/);
  assertEquals(networkCode, 6);
  const [noFile, fileCode] = await refusal(folder, ["--allow-net", "--allow-read=lib"]);
  assertMatch(noFile, /not permitted to read file\.iso: add it to --allow-read, or run with -A/);
  assertEquals(fileCode, 17);
  const [noThreads, threadsCode] = await refusal(folder, ["--allow-net", "--allow-read=file.iso"]);
  assertMatch(
    noThreads,
    /hashing thread failed: Deno was not permitted to read \S+piece_worker\.ts: add it to --allow-read, or run with -A$/,
  );
  assertEquals(threadsCode, 17);
});

Deno.test("without the network's permission a leecher says that, and nothing of its tracker's absence", async () => {
  await using folder = await workplace();
  await using program = start({ ...LEECHER, permissions: ["--allow-read=lib"] }, folder, []);
  assertEquals(await program.exit(), 6);
  assertMatch(
    program.stderr.at(-1)!,
    /^leecher: tracker \S+ cannot be asked: Deno was not permitted to use the network.*, or run with -A$/,
  );
});
