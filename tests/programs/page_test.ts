/**
 * `--ui` of the three programs.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeOrigin } from "../support/clients/library.ts";
import { failure, ShoalSeeder, ShoalTracker, startLeecher } from "../support/clients/shoal.ts";
import { EventFollower } from "../support/page/event_source.ts";

const UI = ["--ui", "127.0.0.1:0"];
const MIB = 2 ** 20;

async function pageOf(program: Program): Promise<string> {
  const [, url] = await program.line(/^page: (http:\/\/127\.0\.0\.1:\d+\/)$/, { from: "stderr" });
  return url!;
}

Deno.test("each program serves its own page, and ends well with a browser connected", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using tracker = await ShoalTracker.start(UI);
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url, ...UI]);
  await using leecher = startLeecher(seeder.magnet, await temp.folder("to"), [
    ...UI,
    "--seed-time",
    "9",
  ]);
  for (
    const [program, name] of [[tracker.program, "tracker"], [seeder.program, "seeder"]] as const
  ) {
    await using events = await EventFollower.open(await pageOf(program));
    assertEquals((await events.state(() => true)).program, name);
  }
  assertMatch(await pageOf(leecher), /^http/);
  assertEquals(await leecher.exit(), 0, leecher.transcript());

  await using events = await EventFollower.open(await pageOf(seeder.program));
  await events.next();
  seeder.program.kill("SIGTERM");
  assertEquals(await seeder.program.exit(5000), 0, seeder.program.transcript());
});

Deno.test("a page whose port is taken: one sentence and exit 6, before anything is hashed", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  for (
    const [program, what] of [["seeder", [path]], ["leecher", ["a.iso"]], ["tracker", []]] as const
  ) {
    const words = [...what, "--host", "127.0.0.1", "--port", "0", "--ui", `127.0.0.1:${port}`];
    assertEquals(
      await failure(program, words, 6),
      `the page cannot be served on 127.0.0.1:${port}: TCP port ${port} is taken; ` +
        "choose another one with --ui, or --ui off",
    );
  }
});

Deno.test("without a terminal there is no page unless one is asked for, by the environment too", async () => {
  for (
    const [env, expected] of [[{}, 0], [{ SHOAL_UI: "off" }, 0], [
      { SHOAL_UI: "127.0.0.1:0" },
      1,
    ]] as const
  ) {
    await using tracker = await ShoalTracker.start([], { env });
    await tracker.program.line(/^listening/);
    const pages = tracker.program.stderr.filter((line) => line.startsWith("page: "));
    assertEquals(pages.length, expected, JSON.stringify(env));
  }
});

Deno.test("bound to every address the page that is printed has a token in it", async () => {
  await using tracker = await ShoalTracker.start(["--ui", "0.0.0.0:0"]);
  const [, port, token] = await tracker.program.line(/^page: http:\/\/[^/]+:(\d+)\/\?token=(\S+)$/);
  const refused = await fetch(`http://127.0.0.1:${port}/api/state`);
  assertEquals(refused.status, 403);
  await refused.body!.cancel();
  const welcome = await fetch(`http://127.0.0.1:${port}/api/state?token=${token}`);
  assertEquals((await welcome.json()).program, "tracker");
  assert(!tracker.program.stdout.some((line) => line.includes(token!)));
});
