/**
 * The errors of the library: codes that programs can rely on, and sentences that know no command line.
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { leecherProgram } from "../lib/cli/command_line/leecher_program.ts";
import { seederProgram } from "../lib/cli/command_line/seeder_program.ts";
import { trackerProgram } from "../lib/cli/command_line/tracker_program.ts";
import { ERROR_CODES, STALL_CODES, WARNING_CODES } from "../lib/error_codes.ts";
import {
  CorruptDataError,
  DiskError,
  DownloadTimeoutError,
  MagnetError,
  NetworkError,
  OptionError,
  ProtocolError,
  ShoalError,
  TorrentError,
} from "../lib/errors.ts";

const ROOT = new URL("../", import.meta.url);

/** The TypeScript files of the library, but for those of the command line. */
function* libraryFiles(folder = "lib"): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory && path !== "lib/cli") yield* libraryFiles(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** The texts that a program writes down: strings and templates, without comments. */
function literalsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g)].map(([literal]) => literal);
}

Deno.test("no sentence of the library names a flag of the command line", async () => {
  const options = [trackerProgram, seederProgram, leecherProgram].flatMap((program) =>
    Object.values(program.options)
  );
  const names = new Set(options.flatMap(({ flag, short }) => [`--${flag}`, `-${short}`]));
  names.delete("-n"); // of ulimit
  let literals = 0;
  for (const path of libraryFiles()) {
    for (const literal of literalsOf(await Deno.readTextFile(new URL(path, ROOT)))) {
      literals++;
      const flags = literal.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g);
      for (const [flag] of flags) assert(!names.has(flag), `${path} names ${flag}: ${literal}`);
    }
  }
  assertGreater(literals, 1000);
});

Deno.test("every code is there once, written down with its meaning, and used", async () => {
  const tables = [STALL_CODES, ERROR_CODES, WARNING_CODES].map((table) => Object.keys(table));
  const codes = tables.flat();
  assertEquals(new Set(codes).size, codes.length);
  const source = await Deno.readTextFile(new URL("lib/error_codes.ts", ROOT));
  const documented = [...source.matchAll(/^ {2}\/\*\* .+ \*\/\n {2}"([a-z-]+)": \[/gm)];
  assertEquals(documented.map(([, code]) => code), codes);
  const texts = await Promise.all(
    [...libraryFiles()].map((path) => Deno.readTextFile(new URL(path, ROOT))),
  );
  for (const code of codes) {
    const uses = texts.reduce((sum, text) => sum + text.split(`"${code}"`).length - 1, 0);
    assertGreater(uses, 1, code);
  }
});

Deno.test("an error has the code and exit code of its kind, unless it has its own", () => {
  const kinds: [new (message: string) => ShoalError, string, number][] = [
    [ShoalError, "failed", 1],
    [ProtocolError, "protocol", 6],
    [CorruptDataError, "corrupt-data", 6],
    [TorrentError, "bad-torrent", 26],
    [MagnetError, "bad-magnet", 27],
    [DiskError, "disk", 17],
    [NetworkError, "network", 6],
    [OptionError, "bad-option", 28],
  ];
  for (const [Kind, code, exitCode] of kinds) {
    const error = new Kind("x");
    assertEquals([error.code, error.exitCode, error.name], [code, exitCode, Kind.name]);
    assertEquals(error.hints, []);
  }
  const own = new DiskError("x", { code: "other-content", exitCode: 13, cause: "y" });
  assertEquals([own.code, own.exitCode, own.cause], ["other-content", 13, "y"]);
  assertEquals(own.hints, [{ option: "out" }, { option: "overwrite" }]);
});

Deno.test("a download that is given up says why nothing moved, and carries that code", () => {
  const stall = { code: "no-seeder", sentence: "nobody has the rest" } as const;
  const error = new DownloadTimeoutError("nothing came for 5 s", stall);
  assertEquals(error.message, "nothing came for 5 s (nobody has the rest)");
  assertEquals([error.code, error.exitCode, error.name], ["no-seeder", 2, "DownloadTimeoutError"]);
  const unexplained = new DownloadTimeoutError("not complete after 5 s", undefined);
  assertEquals([unexplained.message, unexplained.code], ["not complete after 5 s", "timed-out"]);
});
