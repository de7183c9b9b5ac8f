/**
 * Another project imports Shoal: by a link to a checkout, or as a member of its workspace. Nothing is
 * downloaded for it.
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { cp } from "node:fs/promises";
import { pseudoRandomBytes } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { documentText } from "../support/project/document.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const DOCUMENT = await documentText("docs/library.md");
/** What a package of its own needs: what is published, but for documents. */
const PACKAGE = ["deno.json", "mod.ts", "tracker.ts", "seeder.ts", "leecher.ts", "lib"];

/** Uses what the library is made of: sockets, threads, the page's texts, names of `@std`, types. */
const PROGRAM = `
import { Leecher, Seeder, servePage, type TransferResult, Tracker } from "@shoal/shoal";

const local = { host: "127.0.0.1", port: 0 };
await using tracker = await Tracker.listen(local);
const trackers = [\`udp://127.0.0.1:\${tracker.addr.port}\`];
await using seeder = await Seeder.start("file.iso", { ...local, trackers, cache: false });
await using page = await servePage({ program: "seeder", ...local });
page.show(seeder);
const script = await fetch(new URL("vendor/preact.js", page.url));
console.log("page", script.status, (await script.text()).length > 1000);
await using leecher = await Leecher.start("file.iso", { ...local, trackers, out: "copy/" });
const result: TransferResult = await leecher.complete;
console.log(result.path, result.verifiedBy);
`;

/** What a program says that uses a wrong type. */
const MISTAKE = `
import { Seeder } from "@shoal/shoal";
const seeder = await Seeder.start("file.iso");
const port: string = seeder.port;
console.log(port);
`;

const SENTENCE =
  /NetworkError: Deno has UDP sockets only with --unstable-net: run with that flag, or write "unstable": \["net"\] into the deno\.json of your program$/m;

/** A project with these settings, its program, and a file to share. */
async function project(settings: Record<string, unknown>, main = PROGRAM): Promise<TempFolder> {
  const folder = await TempFolder.create();
  await folder.file("deno.json", JSON.stringify(settings));
  await folder.file("main.ts", main);
  await folder.file("file.iso", pseudoRandomBytes(100_000, 4));
  return folder;
}

async function deno(folder: TempFolder, ...args: string[]) {
  await using program = Program.start(Deno.execPath(), args, { cwd: folder.path });
  return { code: await program.exit(120_000), program };
}

async function assertRuns(folder: TempFolder): Promise<void> {
  const { code, program } = await deno(folder, "run", "-A", "main.ts");
  assertEquals(code, 0, program.transcript());
  assertEquals(program.stdout, ["page 200 true", "copy/file.iso SHA-256"]);
}

Deno.test("a project with the settings of docs/library.md imports Shoal from a checkout: its types are checked, and it runs", async () => {
  const [, settings] = /```json\n([^]*?)\n```/.exec(DOCUMENT)!;
  assertStringIncludes(settings!, '"../shoal"');
  await using folder = await project(JSON.parse(settings!.replace("../shoal", ROOT)));
  const { code, program } = await deno(folder, "check", "main.ts");
  assertEquals(code, 0, program.transcript());
  await assertRuns(folder);
});

Deno.test("a project whose workspace has Shoal in it imports it as well, and its types find mistakes", async () => {
  await using folder = await project({ workspace: ["./shoal"], unstable: ["net"] });
  for (const name of PACKAGE) {
    await cp(join(ROOT, name), join(await folder.folder("shoal"), name), { recursive: true });
  }
  await folder.file("mistake.ts", MISTAKE);
  const { code, program } = await deno(folder, "check", "main.ts", "mistake.ts");
  assertEquals(code, 1);
  const errors = program.stderr.filter((line) => line.includes("ERROR"));
  assertEquals(errors.length, 1, program.transcript());
  assertMatch(program.transcript(), /'number' is not assignable to type 'string'[^]*mistake\.ts/);
  await assertRuns(folder);
});

Deno.test("without --unstable-net whatever needs it says so, with a code, and nothing is left open", async () => {
  const attempts = [
    "Tracker.listen({ port: 0 })",
    'Seeder.start("file.iso")',
    'Leecher.start("file.iso")',
    'listTorrent("0123456789abcdef0123456789abcdef01234567", { peers: ["127.0.0.1:9"] })',
    'findByName("file.iso", ["udp://127.0.0.1:6969"])',
    'catalogue(["udp://127.0.0.1:6969"])',
  ];
  const main = [
    'import { catalogue, findByName, Leecher, listTorrent, Seeder, Tracker } from "@shoal/shoal";',
    ...attempts.map((attempt) =>
      `await (async () => await ${attempt})().catch((error) => console.log(String(error), error.code));`
    ),
  ].join("\n");
  await using folder = await project({ links: [ROOT] }, main);
  const { code, program } = await deno(folder, "run", "-A", "main.ts");
  assertEquals(code, 0, program.transcript());
  assertEquals(program.stdout.length, attempts.length, program.transcript());
  for (const line of program.stdout) {
    assertMatch(line.replace(" needs-unstable-net", ""), SENTENCE);
    assertMatch(line, / needs-unstable-net$/);
  }
});
