import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { denoFolder } from "../../support/deno_folder.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Starts the demo with a small file, so that all it makes, caches included, is below `folder`. */
async function startDemo(folder: TempFolder, args: string[] = ["--size", "6M"]): Promise<Program> {
  const env = {
    TMPDIR: await folder.folder("tmp"),
    XDG_CACHE_HOME: await folder.folder("cache"),
    DENO_DIR: await denoFolder(),
    // The user's own settings must not reach the programs of the demo.
    SHOAL_FORMAT: "v1",
    SHOAL_UPLOAD_LIMIT: "1",
  };
  const words = ["task", "--quiet", "--cwd", ROOT, "demo", ...args];
  return Program.start(Deno.execPath(), words, { env });
}

async function assertNothingIsLeft(folder: TempFolder, demo: Program): Promise<void> {
  for (const name of ["tmp", "cache"]) {
    assertEquals(await Array.fromAsync(Deno.readDir(folder.join(name))), [], name);
  }
  const text = demo.transcript();
  const [, trackerPort] = /udp:\/\/127\.0\.0\.1:(\d+)/.exec(text)!;
  const hostname = "127.0.0.1";
  Deno.listenDatagram({ transport: "udp", hostname, port: Number(trackerPort) }).close();
  for (const [, port] of text.matchAll(/(?:seeder|leecher) \d {2}127\.0\.0\.1:(\d+)/g)) {
    await assertRejects(
      () => Deno.connect({ hostname, port: Number(port) }),
      Deno.errors.ConnectionRefused,
    );
  }
}

Deno.test("the demo sends a file to two leechers and leaves nothing behind", async () => {
  await using folder = await TempFolder.create();
  await using demo = await startDemo(folder);
  assertEquals(await demo.exit(60_000), 0, demo.transcript());

  const shares = demo.stdout.flatMap((line) =>
    line.match(/^ {3}((?:seeder|leecher) \d) +127\.0\.0\.1:\d+ +([\d.]+ [KM]iB) +([\d.]+)%$/)
      ?.slice(1) ?? []
  );
  const labels = shares.filter((_, i) => i % 3 === 0);
  assertEquals(labels, ["seeder 1", "seeder 2", "seeder 3", "leecher 1"]);
  for (const percent of shares.filter((_, i) => i % 3 === 2)) {
    assertNotEquals(Number(percent), 0);
  }
  const hashes = demo.stdout.flatMap((line) =>
    line.match(/^ {3}(?:source|copy) +(\w+)$/)?.[1] ?? []
  );
  assertMatch(hashes[0]!, /^[0-9a-f]{64}$/);
  assertEquals(hashes, Array(4).fill(hashes[0]));
  assertEquals(demo.stdout.filter((line) => /^ {3}SHA-256 +they match$/.test(line)).length, 2);
  await demo.line(/shoal-demo\.bin: [\d.]+%, ↓ .* 3 peers/, { from: "stderr" });
  await demo.line(/^done in /);
  await assertNothingIsLeft(folder, demo);
});

Deno.test("Ctrl-C ends the demo in the middle, with all its programs and files", async () => {
  await using folder = await TempFolder.create();
  await using demo = await startDemo(folder);
  await demo.line(/^shoal-demo\.bin, 6 MiB/);
  demo.kill("SIGINT");
  assertEquals(await demo.exit(), 7);
  assertMatch(demo.stderr.at(-1)!, /^demo: stopped before it was over/);
  await assertNothingIsLeft(folder, demo);
});

Deno.test({
  name: "a demo that fails says what failed, and cleans up all the same",
  ignore: Deno.build.os !== "linux", // /proc tells which process is the leecher
  fn: async () => {
    await using folder = await TempFolder.create();
    await using demo = await startDemo(folder);
    await demo.line(/^shoal-demo\.bin, 6 MiB/);
    Deno.kill(await pidOf(`${folder.path}/.*/leecher 1\0`), "SIGKILL");
    assertEquals(await demo.exit(), 1);
    assertMatch(demo.stderr.at(-1)!, /^demo: leecher 1 ended too early, with exit code 137/);
    await assertNothingIsLeft(folder, demo);
  },
});

/** The process whose command line, with a zero after each word, has `pattern` in it. */
async function pidOf(pattern: string): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (new RegExp(pattern).test(commandLine)) return Number(name);
  }
  throw new Error(`no process has ${pattern} in its command line`);
}
