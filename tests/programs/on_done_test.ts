/**
 * --on-done: a program of the user's when the work is done.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";

const NAME = "it's a file.bin";
const LENGTH = 100_000;

interface Stage extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly seeder: ShoalSeeder;
  readonly out: string;
  /** Makes a shell script to be run. */
  script(...lines: string[]): Promise<string>;
}

async function stage(): Promise<Stage> {
  const folder = await TempFolder.create();
  await writePseudoRandomFile(folder.join(NAME), LENGTH, 3);
  const seeder = await ShoalSeeder.start(folder.join(NAME), ["--no-tracker", "-s", "16K"]);
  return {
    folder,
    seeder,
    out: await folder.folder("copy"),
    async script(...lines) {
      const path = await folder.file("on done", ["#!/bin/sh", ...lines, ""].join("\n"));
      await Deno.chmod(path, 0o755);
      return path;
    },
    async [Symbol.asyncDispose]() {
      await seeder[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("the program learns from its environment what is done, and -e waits for it", async () => {
  await using it = await stage();
  const seen = it.folder.join("seen");
  const command = await it.script(
    "echo on its way; echo and on the other stream >&2",
    "sleep 0.3",
    `env | grep ^SHOAL_ | sort > '${seen}'`,
  );
  const sum = await sha256OfFile(it.folder.join(NAME));
  const args = ["--on-done", command, "--checksum", `sha-256=${sum}`];
  await using leecher = startLeecher(it.seeder.magnet, it.out, args);
  assertEquals(await leecher.exit(), 0);
  assertEquals(leecher.stdout, [`${it.out}/${NAME}`]);
  for (const line of ["on its way", "and on the other stream", `--on-done: ${command} has run`]) {
    assertEquals(leecher.stderr.filter((said) => said === line).length, 1, line);
  }
  const { v1, v2 } = it.seeder.hashes;
  const { SHOAL_DONE_SECONDS: seconds, ...variables } = Object.fromEntries(
    (await Deno.readTextFile(seen)).trimEnd().split("\n").map((line) => line.split("=", 2)),
  );
  assertMatch(seconds!, /^\d+\.\d{3}$/);
  assertEquals(variables, {
    SHOAL_DONE_BYTES: String(LENGTH),
    SHOAL_DONE_INFO_HASH_V1: v1,
    SHOAL_DONE_INFO_HASH_V2: v2,
    SHOAL_DONE_NAME: NAME,
    SHOAL_DONE_PATH: `${it.out}/${NAME}`,
    SHOAL_DONE_SHA256: sum,
    SHOAL_HIDDEN: "on",
    SHOAL_LOCAL_DISCOVERY: "off",
    SHOAL_ON_DONE: "",
  });
});

Deno.test("a seeder that the program starts shares the file under its own name, at a port of its own", async () => {
  await using it = await stage();
  const seeder = new URL("../../seeder.ts", import.meta.url).pathname;
  const command = await it.script(
    'mv "$SHOAL_DONE_PATH" "${SHOAL_DONE_PATH%/*}/renamed.bin"',
    `exec deno run -A '${seeder}' --no-cache --seed-time 0 "\${SHOAL_DONE_PATH%/*}/renamed.bin"`,
  );
  const env = {
    PATH: `${new URL(".", `file://${Deno.execPath()}`).pathname}:${Deno.env.get("PATH")}`,
    SHOAL_DONE_NAME: "of an outer program",
    SHOAL_HOST: "127.0.0.1",
    SHOAL_NO_TRACKER: "1",
    SHOAL_ON_DONE: command,
    SHOAL_PORT: String(freePort()),
  };
  const args = [it.seeder.magnet, "-o", `${it.out}/`];
  await using leecher = Program.shoal("leecher", args, { env });
  await leecher.line(/^magnet:\S+dn=renamed\.bin/, { from: "stderr" });
});

Deno.test("a program that fails, or is none, is warned of and changes nothing", async () => {
  const failures: [command: (it: Stage) => string | Promise<string>, warning: RegExp][] = [
    [(it) => it.script("exit 3"), /on done ended with exit code 3$/],
    [(it) => it.script("kill -9 $$"), /on done was ended by SIGKILL$/],
    [
      () => "no-such-program-here",
      /no-such-program-here cannot be started: there is no such program/,
    ],
    // A shell would run it.
    [() => "true; exit 0", /true; exit 0 cannot be started: there is no such program/],
  ];
  for (const [command, warning] of failures) {
    await using it = await stage();
    const args = ["--on-done", await command(it)];
    await using leecher = startLeecher(it.seeder.magnet, it.out, args);
    assertEquals(await leecher.exit(), 0);
    assertEquals(leecher.stdout, [`${it.out}/${NAME}`]);
    const warned = leecher.stderr.filter((line) => line.startsWith("warning: --on-done: "));
    assertEquals(warned.length, 1, leecher.transcript());
    assertMatch(warned[0]!, warning);
  }
});

Deno.test("a signal to the leecher ends the program as well", async () => {
  await using it = await stage();
  const command = await it.script(
    "trap 'echo told to end; exit 0' TERM",
    "echo begun",
    "while :; do sleep 0.05; done",
  );
  await using leecher = startLeecher(it.seeder.magnet, it.out, ["--on-done", command]);
  await leecher.line(/^begun$/);
  leecher.kill("SIGINT");
  assertEquals(await leecher.exit(), 0);
  await leecher.line(/^told to end$/);
});

Deno.test("what the program leaves running is nothing to wait for", async () => {
  await using it = await stage();
  const command = await it.script("sleep 1000 &", "echo left");
  await using leecher = startLeecher(it.seeder.magnet, it.out, ["--on-done", command]);
  await leecher.line(/^left$/);
  assertEquals(await leecher.exit(10_000), 0);
});

Deno.test("a seeder runs its program when it has shared for as long as it was asked to", async () => {
  await using it = await stage();
  const command = await it.script('echo "shared $SHOAL_DONE_PATH"');
  const here = ["--host", "127.0.0.1", "-p", "0", "--no-tracker", "--no-cache"];
  const args = [it.folder.join(NAME), ...here, "--seed-time", "0", "--on-done", command];
  await using seeder = Program.shoal("seeder", args);
  assertEquals(await seeder.exit(), 0);
  await seeder.line(new RegExp(`^shared ${it.folder.join(NAME)}$`), { from: "stderr" });
});
