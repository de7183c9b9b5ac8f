/**
 * README, manual, library and their neighbours hold what they say: their examples run as they stand there,
 * and every option, task, path, exit code and environment variable they name exists.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import manifest from "../deno.json" with { type: "json" };
import { environmentName } from "../lib/cli/command_line/flags.ts";
import { optionNames } from "../lib/cli/command_line/help.ts";
import type { Option } from "../lib/cli/command_line/options.ts";
import { leecherProgram } from "../lib/cli/command_line/leecher_program.ts";
import { seederProgram } from "../lib/cli/command_line/seeder_program.ts";
import { trackerProgram } from "../lib/cli/command_line/tracker_program.ts";
import { ExitCode } from "../lib/errors.ts";
import { denoFolder } from "../support/deno_folder.ts";
import { sha256OfFile } from "../support/content.ts";
import { freePort, Program } from "../support/process.ts";
import type { TempFolder } from "../support/temp.ts";
import { playground } from "./support/programs/playground.ts";
import { documentText, guidesText, namedTables } from "./support/project/document.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const GUIDES = await guidesText();
const PROGRAMS = { tracker: trackerProgram, seeder: seederProgram, leecher: leecherProgram };
const OPTIONS: Option<unknown>[] = Object.values(PROGRAMS).flatMap(({ options }) =>
  Object.values(options)
);
/** The one port that examples name; the tests take another one in its place. */
const README_PORT = "6969";

/** A program, as it is started by Deno or as a binary, and its words; not what a pipe leads to. */
const COMMAND = /(?:run (?:-A|--allow-.*) |dist\/)(tracker|seeder|leecher)(?:\.ts)?\b([^|]*)/;

interface Example {
  language: string;
  text: string;
  /** Marked with a comment: a command of the walk through the three programs. */
  runs: boolean;
}

/** The library's examples in README and docs/library.md, in the order in which they stand there. */
const LIBRARY_EXAMPLES = [
  "together",
  "make",
  "track",
  "seed",
  "leech",
  "stream",
  "many",
  "kinds",
  "twice",
  "watch",
  "page",
  "limited",
  "failing",
] as const;

const EXAMPLES: Example[] = [...GUIDES.matchAll(/(<!-- runs -->\n\n)?```(\w*)\n([^]*?)```/g)].map(
  ([, mark, language, text]) => ({ language: language!, text: text!, runs: mark !== undefined }),
);

function linesOf(language: string): string[] {
  return EXAMPLES.filter((example) => example.language === language)
    .flatMap(({ text }) => text.trim().split("\n"));
}

Deno.test("the README's walk through the three programs works as it stands", async () => {
  await using folder = await playground();
  const port = String(freePort());
  const commands = EXAMPLES.filter(({ runs }) => runs).map(({ text }) => text.trim());
  assertEquals(commands.length, 4);
  const [makeFile, tracker, seeder, leecher] = commands as [string, string, string, string];
  const start = (command: string, env: Record<string, string>) => {
    const words = command.split(" ");
    assertEquals(words.shift(), "deno");
    const isolated = { SHOAL_HOST: "127.0.0.1", SHOAL_NO_CACHE: "1", SHOAL_VERBOSE: "1", ...env };
    return Program.start(Deno.execPath(), words, { cwd: folder.path, env: isolated });
  };

  await using shell = Program.start("sh", ["-c", makeFile], { cwd: folder.path });
  assertEquals(await shell.exit(), 0);
  await using first = start(tracker, { SHOAL_PORT: port });
  await first.line(/^udp:\/\//);
  const elsewhere = { SHOAL_TRACKER: `udp://127.0.0.1:${port}`, SHOAL_PORT: "0" };
  await using second = start(seeder, elsewhere);
  await second.line(/^tracker \S+ answers/);
  await using third = start(leecher, elsewhere);
  await third.line(/^complete, SHA-256 verified; seeding, Ctrl-C stops, -e exits when done$/);
  assertEquals(
    await sha256OfFile(folder.join("copy/file.iso")),
    await sha256OfFile(folder.join("file.iso")),
  );
});

Deno.test("the examples of the library in README and docs/library.md run as they stand", async () => {
  await using folder = await playground();
  await folder.file("file.iso", crypto.getRandomValues(new Uint8Array(60_000)));
  for (const name of ["photos", "images"]) {
    await folder.folder(name);
    await folder.file(`${name}/1.raw`, crypto.getRandomValues(new Uint8Array(10_000)));
  }
  const files = await libraryExamples(folder, String(freePort()));
  const env = { XDG_CACHE_HOME: await folder.folder("cache"), DENO_DIR: await denoFolder() };
  const start = (...words: string[]) =>
    Program.start(Deno.execPath(), words, { cwd: folder.path, env });
  const run = (name: keyof typeof files) => start("run", "-A", files[name]);
  /** What an example prints until it ends. */
  const printed = async (name: keyof typeof files) => {
    await using program = run(name);
    assertEquals(await program.exit(), 0, program.transcript());
    return program.stdout;
  };

  await using check = start("check", ...Object.values(files));
  assertEquals(await check.exit(120_000), 0, check.transcript());
  assertMatch((await printed("make")).join("\n"), /^[0-9a-f]{64}$/);
  await using tracker = run("track");
  await tracker.line(/port: \d+/);
  await using seeder = run("seed");
  await seeder.line(/^magnet:\?xt=/);
  const together = await printed("together");
  assertMatch(together[0]!, /^chunk \d from \S+:\d+$/);
  assertEquals(together.at(-1), "60000 bytes");
  assertMatch((await printed("leech"))[0]!, /^copy\/file\.iso SHA-256/);
  assertMatch((await printed("stream"))[0]!, /^60000 file\.iso 60000 /);
  const many = await printed("many");
  assertMatch(many[0]!, /^1 magnet:\?xt=\S+dn=photos/);
  assertEquals(many.at(-1), "2 60000");
  assertEquals(await printed("kinds"), [0, 1, 2, 3, 4, 5, 6].map((i) => `copy-${i}/file.iso`));
  assertEquals(await printed("twice"), ["this client has the torrent already"]);
  await using watching = run("watch");
  await watching.line(/^magnet:\?xt=\S+dn=1\.raw/);
  assertMatch((await printed("page"))[0]!, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  assertEquals(await printed("limited"), ["seeding"]);
  assertMatch((await printed("failing"))[0]!, /^[A-Z]\w+Error .*no-such-file/);
});

/** Writes each of the library's examples to a file, with another port for its tracker. */
async function libraryExamples(folder: TempFolder, port: string) {
  const texts = EXAMPLES.filter(({ language }) => language === "ts").map(({ text }) => text);
  assertEquals(texts.length, LIBRARY_EXAMPLES.length);
  const files = await Promise.all(LIBRARY_EXAMPLES.map(async (name, i) => {
    const path = await folder.file(`example_${name}.ts`, texts[i]!.replaceAll(README_PORT, port));
    return [name, path] as const;
  }));
  return Object.fromEntries(files) as Record<typeof LIBRARY_EXAMPLES[number], string>;
}

Deno.test("every option in README and manual exists", async () => {
  const known = new Set(OPTIONS.map(({ flag }) => `--${flag}`));
  const benches = await benchmarks();
  const named = new Set(
    [...GUIDES.matchAll(/(?<![\w-])--[a-z][a-z-]*[a-z]/g)].map(([flag]) => flag),
  );
  const unknown = [...named].filter((flag) =>
    !known.has(flag) && !/^--(allow|unstable)-/.test(flag) && // which are Deno's own
    ![...benches.values()].some((text) => takes(text, flag))
  );
  assertEquals(unknown, []);
  assert(named.size >= 15, `only ${named.size} options found`);
});

Deno.test("the manual's table of all options is what the programs say of them with -h", async () => {
  const [table] = namedTables(await documentText("docs/manual.md"))
    .filter(({ kind }) => kind === "options");
  const programs = new Map<string, string[]>();
  for (const [program, { options }] of Object.entries(PROGRAMS)) {
    for (const option of Object.values<Option<unknown>>(options)) {
      const key = JSON.stringify([optionNames(option).trim(), option.help]);
      programs.set(key, [...programs.get(key) ?? [], program]);
    }
  }
  const rows = table!.rows.map(({ option, of, does }) => [option, of, does]);
  const expected = [...programs].map(([key, names]) => {
    const [option, help] = JSON.parse(key);
    return [option, names.length === 3 ? "all" : names.join(", "), help];
  });
  assertEquals(rows.map(String).sort(), expected.map(String).sort());
});

Deno.test("the benchmark commands use the options of the benchmark they start", async () => {
  const benches = await benchmarks();
  let seen = 0;
  for (const line of linesOf("sh")) {
    const [, task, rest] = /deno task (\S+)(.*)/.exec(line) ?? [];
    const text = benches.get(task ?? "");
    if (text === undefined) continue;
    for (const [flag] of rest!.matchAll(/--[a-z][a-z-]*/g)) {
      assert(takes(text, flag), `${task} has no ${flag}`);
      seen++;
    }
  }
  assert(seen >= 5, `only ${seen} options found`);
});

/** The sources of the benchmarks, by task: the script and what it reads its options with. */
async function benchmarks(): Promise<Map<string, string>> {
  const elsewhere: Record<string, string> = {
    bench: "bench/options.ts",
    simulate: "bench/simulator/options.ts",
  };
  const texts = new Map<string, string>();
  for (const [task, what] of Object.entries(manifest.tasks)) {
    const [script] = /bench\/\w+\.ts/.exec("command" in what ? what.command : "") ?? [];
    if (script === undefined) continue;
    const files = [script, elsewhere[task] ?? []].flat();
    const parts = await Promise.all(files.map((file) => Deno.readTextFile(join(ROOT, file))));
    texts.set(task, parts.join(""));
  }
  assertEquals([...texts.keys()], ["bench", "bench:swarm", "simulate"]);
  return texts;
}

/** Whether the source of a benchmark names the option. */
function takes(text: string, flag: string): boolean {
  return text.includes(`"${flag.slice(2)}"`);
}

Deno.test("the commands in README and manual use the options of the program they start", () => {
  let seen = 0;
  for (const line of [...linesOf("sh"), ...linesOf("").filter((text) => text.startsWith("$ "))]) {
    const [, name, rest] = COMMAND.exec(line) ?? [];
    if (name === undefined) continue;
    const { options } = PROGRAMS[name as keyof typeof PROGRAMS];
    const names = Object.values(options).flatMap((
      { flag, short }: Option<unknown>,
    ) => [`--${flag}`, `-${short}`]);
    for (const [, option] of rest!.matchAll(/ (--?[a-z][a-z-]*)/g)) {
      assert(names.includes(option!), `${name} has no ${option}`);
      seen++;
    }
  }
  assert(seen >= 10, `only ${seen} options found`);
});

Deno.test("every task, path and environment variable in README and manual exists", async () => {
  const tasks = [...GUIDES.matchAll(/deno(?:@[\d.]+)? task (\w+)/g)].map(([, task]) => task!);
  assert(tasks.length >= 7);
  for (const task of tasks) assert(Object.keys(manifest.tasks).includes(task), task);

  const variables = OPTIONS.map(environmentName);
  const named = [...GUIDES.matchAll(/SHOAL_[A-Z_]+/g)].map(([variable]) => variable);
  assert(named.length >= 3);
  for (const variable of named) assert(variables.includes(variable), variable);

  const inLibrary = /(?<![\w/])((?:lib|tests|bench)\/[\w./]*)/g;
  const paths = [...GUIDES.matchAll(inLibrary)].map(([, path]) => path!.replace(/\.$/, ""));
  const top = [...GUIDES.matchAll(/`([\w.]+\.ts|LICENSE|\.ci\/run)`/g)].map(([, path]) => path!);
  assert(paths.length >= 40 && top.length >= 5);
  for (const path of [...paths, ...top]) await Deno.stat(join(ROOT, path));
});

Deno.test("the manual's table of exit codes is complete", async () => {
  const manual = await documentText("docs/manual.md");
  const table = manual.split("\n## Exit codes")[1]!.split("\n## ")[0]!;
  const listed = [...table.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  const codes = Object.values(ExitCode).sort((a, b) => a - b);
  assertEquals(listed, codes);
});

Deno.test("what docs/compatibility.md says of a BEP has a place in the code", async () => {
  const library = await sourceOf(join(ROOT, "lib"));
  const document = await documentText("docs/compatibility.md");
  const rows = [...document.matchAll(/^\| (\d+) +\| [^|]+\| (yes|partly)\b/gm)];
  assert(rows.length >= 13, `only ${rows.length} found`);
  for (const [, bep] of rows) assertMatch(library, new RegExp(`BEP ${bep}\\b`));
});

async function sourceOf(folder: string): Promise<string> {
  let text = "";
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    text += isDirectory ? await sourceOf(path) : await Deno.readTextFile(path);
  }
  return text;
}
