import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Program } from "../../support/process.ts";

const SCRIPT = fromFileUrl(new URL("../support/programs/framed_program.ts", import.meta.url));

function framed(...args: string[]): Program {
  return Program.start(Deno.execPath(), ["run", "-A", SCRIPT, ...args]);
}

async function outcome(...args: string[]) {
  await using program = framed(...args);
  const code = await program.exit();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

Deno.test("a program that has done its work exits with 0 and says nothing", async () => {
  assertEquals(await outcome("nothing"), { code: 0, stdout: [], stderr: [] });
});

Deno.test("results go to standard output byte for byte, everything else to standard error", async () => {
  assertEquals(await outcome("result"), { code: 0, stdout: ["a result\x07"], stderr: ["news"] });
});

Deno.test("quiet leaves the results and the errors", async () => {
  assertEquals(await outcome("-q", "result"), { code: 0, stdout: ["a result\x07"], stderr: [] });
  const { stderr } = await outcome("-q", "fail");
  assertEquals(stderr.length, 1);
});

Deno.test("a progress line asked for by hand is redrawn in a pipe too", async () => {
  const { code, stderr } = await outcome("--progress", "live", "progress");
  assertEquals([code, stderr], [0, ["\r\x1b[Khalf  50%\r\x1b[Knews", "\r\x1b[Khalf  50%\r\x1b[K"]]);
  assertEquals((await outcome("progress")).stderr, ["half: 50%", "news"]);
});

Deno.test("an error is one sentence with the program's name, and its exit code", async () => {
  assertEquals(await outcome("fail"), {
    code: 9,
    stdout: [],
    stderr: ["framed: the disk is full [2J"],
  });
});

Deno.test("verbose adds what caused an error", async () => {
  const { stderr } = await outcome("-v", "fail");
  assertEquals(stderr, ["framed: the disk is full [2J", "  because: Error: ENOSPC"]);
});

Deno.test("a bug is one sentence, with its stack only when verbose", async () => {
  const brief = await outcome("bug");
  assertEquals([brief.code, brief.stderr.length], [1, 1]);
  assertMatch(brief.stderr[0]!, /^framed: this is a bug in Shoal \(TypeError: x is undefined\)/);
  const full = await outcome("-v", "bug");
  assertMatch(full.stderr.join("\n"), /framed_program\.ts:\d+/);
});

Deno.test("a bug in a program's own listener ends it as any other bug does", async () => {
  const { code, stderr } = await outcome("listener");
  assertEquals([code, stderr.length], [1, 1]);
  assertMatch(stderr[0]!, /^framed: this is a bug in Shoal \(TypeError: x is undefined\)/);
});

Deno.test("an error that nobody waited for ends the program as any other does", async () => {
  assertEquals(await outcome("lost"), {
    code: 17,
    stdout: [],
    stderr: ["framed: nobody waited for this"],
  });
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} ends a finished program with 0`, async () => {
    await using program = framed("seed");
    await program.line(/ready/);
    program.kill(signal);
    assertEquals(await program.exit(), 0);
    assertEquals(program.stderr, ["stopping; Ctrl-C again ends it at once"]);
  });

  Deno.test(`${signal} ends an unfinished program with 7 and says how to go on`, async () => {
    await using program = framed("download");
    await program.line(/ready/);
    program.kill(signal);
    assertEquals(await program.exit(), 7);
    assertEquals(
      program.stderr.at(-1),
      "framed: interrupted, run the same command to continue",
    );
  });
}

Deno.test("a terminal that goes ends a program well, and takes no second notice of it for impatience", async () => {
  await using program = framed("download");
  await program.line(/ready/);
  const hangingUp = setInterval(() => program.kill("SIGHUP"), 30);
  program.kill("SIGHUP");
  assertEquals(await program.exit().finally(() => clearInterval(hangingUp)), 7);
  await using finished = framed("seed");
  await finished.line(/ready/);
  finished.kill("SIGHUP");
  assertEquals(await finished.exit(), 0);
});

Deno.test("a program that was started with nohup outlives its terminal", async () => {
  const words = ["-c", `trap '' HUP; exec '${Deno.execPath()}' run -A '${SCRIPT}' seed`];
  await using program = Program.start("sh", words);
  await program.line(/ready/);
  program.kill("SIGHUP");
  const early = program.exit(700).then(() => "it ended", () => "it lives");
  assertEquals(await early, "it lives");
  program.kill("SIGTERM");
  assertEquals(await program.exit(), 0);
});

Deno.test("a bare abort after Ctrl-C counts as the interruption", async () => {
  await using program = framed("aborted");
  await program.line(/ready/);
  program.kill("SIGINT");
  assertEquals(await program.exit(), 7);
});

Deno.test("the second Ctrl-C ends a program that does not listen with 130", async () => {
  await using program = framed("deaf");
  await program.line(/ready/);
  program.kill("SIGINT");
  await program.line(/stopping/);
  const code = program.exit();
  // The frame takes a second signal within a moment of the first for the same key press; this
  // presses until it is taken for another one.
  const pressing = setInterval(() => program.kill("SIGINT"), 50);
  assertEquals(await code.finally(() => clearInterval(pressing)), 130);
});

Deno.test("a signal that comes while a result waits for its reader is the program's to answer", async () => {
  const program = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, "unread"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = program.stdout.getReader();
  await reader.read(); // it has begun to write more than a pipe holds
  program.kill("SIGINT");
  const pressing = setInterval(() => program.kill("SIGINT"), 50);
  const said = await new Response(program.stderr).text().finally(() => clearInterval(pressing));
  assertEquals((await program.status).code, 130);
  assertMatch(said, /^stopping; .*\ngoes on\n$/);
  await reader.cancel();
});

Deno.test("a broken pipe on standard output is a quiet end, not a crash", async () => {
  const command = `'${Deno.execPath()}' run -A '${SCRIPT}' chatter | head -c 5; echo " $?"`;
  await using shell = Program.start("bash", ["-c", `set -o pipefail; ${command}`]);
  assertEquals(await shell.exit(), 0);
  assertEquals([shell.stdout, shell.stderr], [["xxxxx 0"], []]);
});

Deno.test("a broken pipe on standard error stops nothing", async () => {
  const command = `'${Deno.execPath()}' run -A '${SCRIPT}' result`;
  await using shell = Program.start("bash", ["-c", `${command} 2> >(exec true); echo "$?"`]);
  assertEquals(await shell.exit(), 0);
  assertEquals(shell.stdout, ["a result\x07", "0"]);
});
