/**
 * `deno task compile`: compiles a program into one binary. The binary gets its name only when it is
 * complete. If it cannot be made, a sentence says what is missing.
 *
 * `compile.ts NAME OPTION…` runs `deno compile OPTION…` and puts the result into `dist/NAME`.
 *
 * @module
 */

import { join } from "@std/path";
import { ExitCode } from "../errors.ts";
import { printable } from "./text/terminal_text.ts";

const FOLDER = "dist";

/** The output and status of `deno compile`. */
interface Outcome {
  readonly isMade: boolean;
  readonly text: string;
}

const [name = "", ...options] = Deno.args;
const suffix = Deno.build.os === "windows" ? ".exe" : "";
const path = join(FOLDER, `${name}${suffix}`);
const unfinished = join(FOLDER, `.${name}-${Deno.pid}${suffix}`);

await Deno.mkdir(FOLDER, { recursive: true });
const outcome = await compile(["--output", unfinished, ...options]);
if (outcome.isMade) await Deno.rename(unfinished, path);
else await Deno.remove(unfinished).catch(() => {}); // it had only just started
if (!outcome.isMade) {
  console.error(outcome.text.trimEnd());
  console.error(printable(complaint(outcome.text)));
  Deno.exit(ExitCode.network);
}
console.error(`made ${path}`);

async function compile(words: readonly string[]): Promise<Outcome> {
  const compiler = new Deno.Command(Deno.execPath(), {
    args: ["compile", ...words],
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).spawn();
  const [{ success }, text] = await Promise.all([compiler.status, told(compiler.stderr)]);
  return { isMade: success, text };
}

/** The output of a stream as text. */
async function told(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Response(stream).text();
}

/** What the user can do about a failure. */
function complaint(text: string): string {
  const url = /https:\/\/\S*denort\S*\.zip/.exec(text)?.[0];
  if (url === undefined || !/error sending request|client error|status|timed out/i.test(text)) {
    return `${path} is not made: deno compile says why, above`;
  }
  return `${path} is not made: Deno needs its runtime for binaries once, and cannot download it; ` +
    `get ${url} on another machine, unpack it, and run DENORT_BIN=PATH/denort deno task compile`;
}
