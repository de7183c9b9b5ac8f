import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { ShoalTracker } from "../support/clients/shoal.ts";

type Script = "tracker" | "seeder" | "leecher";
const SCRIPTS: readonly Script[] = ["tracker", "seeder", "leecher"];

async function outcome(script: Script, args: string[], env: Record<string, string> = {}) {
  await using program = Program.shoal(script, args, { env });
  const code = await program.exit();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Expects exit code 28 and one sentence on standard error, and returns the sentence. */
async function refusal(script: Script, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await outcome(script, args, env);
  assertEquals({ code, stdout, lines: stderr.length }, { code: 28, stdout: [], lines: 1 });
  assert(stderr[0]!.startsWith(`${script}: `), stderr[0]);
  return stderr[0]!;
}

for (const script of SCRIPTS) {
  Deno.test(`${script} -h explains itself on standard output`, async () => {
    const { code, stdout, stderr } = await outcome(script, ["-h"]);
    assertEquals([code, stderr], [0, []]);
    assertMatch(stdout.join("\n"), new RegExp(`^${script} [^]*?\\n\\nUsage: ${script}`));
  });

  Deno.test(`${script} -V tells the version in deno.json`, async () => {
    const { code, stdout } = await outcome(script, ["-V"]);
    assertEquals(code, 0);
    assertEquals(stdout.length, 1);
    assertMatch(stdout[0]!, new RegExp(`^${script} \\(Shoal\\) ${manifest.version}, Deno 2`));
  });

  Deno.test(`${script} names the option nearest to an unknown one`, async () => {
    assertMatch(await refusal(script, ["--prot", "7000", "x"]), /no option --prot.*--port/);
  });
}

Deno.test("a value that does not fit is refused before anything is done", async () => {
  assertMatch(await refusal("seeder", ["-s", "500K", "x"]), /power of two from 16K to 16M/);
  assertMatch(
    await refusal("seeder", ["--upload-limit", "fast", "x"]),
    /--upload-limit takes a rate/,
  );
  assertMatch(await refusal("leecher", ["--checksum", "md5=1", "x"]), /sha-256=/);
  assertMatch(await refusal("tracker", ["-p", "70000"]), /from 0 to 65535/);
});

Deno.test("a missing argument is asked for", async () => {
  assertMatch(await refusal("seeder", []), /which file or folder\?/);
  assertMatch(await refusal("leecher", []), /what shall I get\?/);
});

Deno.test("an option for one file is refused for several, with what to do instead", async () => {
  assertMatch(await refusal("seeder", ["-n", "x", "a", "b"]), /^seeder: --name .*another seeder/);
  assertMatch(await refusal("leecher", ["--select", "0", "a", "b"]), /--select .*another leecher/);
  assertMatch(await refusal("leecher", ["-o", "new", "a", "b"]), /-o new names one file.*with \//);
  const url = "http://127.0.0.1/a.iso";
  assertMatch(await refusal("leecher", ["--web-seed", url, "a", "b"]), /address of one file/);
});

Deno.test("--list and --verify exclude each other", async () => {
  assertMatch(await refusal("leecher", ["--list", "--verify", "x"]), /exclude each other/);
});

Deno.test("a bad value in the environment is named by its variable", async () => {
  assertMatch(await refusal("tracker", [], { SHOAL_PORT: "many" }), /SHOAL_PORT takes/);
});

Deno.test("options from the environment and quiet: the seeder prints its link and nothing else", async () => {
  await using folder = await TempFolder.create();
  await using tracker = await ShoalTracker.start();
  const path = await folder.file("small.txt", "a small file");
  const env = {
    SHOAL_TRACKER: tracker.url,
    SHOAL_HOST: "127.0.0.1",
    SHOAL_PORT: "0",
    SHOAL_NO_CACHE: "1",
    SHOAL_QUIET: "1",
  };
  await using seeder = Program.shoal("seeder", [path], { env });
  await seeder.line(/^magnet:\?.*dn=small\.txt/, { from: "stdout" });
  seeder.kill("SIGINT");
  assertEquals(await seeder.exit(), 0);
  assertEquals([seeder.stdout.length, seeder.stderr], [1, []]);
});

Deno.test("the tracker prints the address others use, and leaves with 0", async () => {
  await using tracker = await ShoalTracker.start();
  assertMatch(tracker.url, /^udp:\/\/127\.0\.0\.1:\d+$/);
  tracker.program.kill("SIGINT");
  assertEquals(await tracker.program.exit(), 0);
  assertEquals(tracker.program.stdout, [tracker.url]);
});
