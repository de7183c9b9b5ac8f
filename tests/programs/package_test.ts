/**
 * The package as others get it: what is published, and the examples in its documentation.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const ENTRIES = ["mod.ts", "tracker.ts", "seeder.ts", "leecher.ts", "lib/disk/piece_worker.ts"];
/** The sources whose documentation has examples, and those among them that run on one machine. */
const DOCUMENTED = [
  "mod.ts",
  "lib/client/seeder.ts",
  "lib/client/leecher.ts",
  "lib/tracker/server.ts",
  "lib/ui/serve_page.ts",
];
const RUNNABLE = ["mod.ts", "lib/tracker/server.ts"];

/** Runs Deno to its end, which is to be a good one, and returns what it has printed. */
async function deno(args: string[], cwd = ROOT): Promise<string> {
  await using program = Program.start(Deno.execPath(), args, { cwd });
  assertEquals(await program.exit(120_000), 0, program.transcript());
  return [...program.stdout, ...program.stderr].join("\n");
}

Deno.test("published are the library, the programs, the page and the documents, and nothing else", async () => {
  const output = await deno(["publish", "--dry-run", "--allow-dirty", "--no-check"]);
  const root = new URL("../../", import.meta.url).href;
  const published = [...output.matchAll(/^ +(file:\S+) \(/gm)].map(([, url]) =>
    url!.replace(root, "")
  );
  const unexpected = published.filter((path) =>
    !/^(LICENSE|README\.md|CONTRIBUTING\.md|deno\.json|\w+\.ts|lib\/.+|docs\/\w+\.md|docs\/pictures\/[\w-]+\.png)$/
      .test(path)
  );
  assertEquals(unexpected, []);
  for (const path of await modules(root)) assert(published.includes(path), `${path} is missing`);
  for (const path of ["LICENSE", "README.md", "deno.json"]) assert(published.includes(path), path);
});

/** The modules of the project that its entries need, texts of the page included. */
async function modules(root: string): Promise<string[]> {
  const paths = new Set<string>();
  for (const entry of ENTRIES) {
    const graph: { modules: { specifier: string }[] } = JSON.parse(
      await deno(["info", "--json", entry]),
    );
    for (const { specifier } of graph.modules) {
      if (specifier.startsWith(root)) paths.add(specifier.slice(root.length));
    }
  }
  assert(paths.has("lib/disk/piece_worker.ts") && paths.has("lib/ui/page/index.html"));
  return [...paths];
}

Deno.test("the examples in the documentation are of the right types, and run", async () => {
  await using folder = await TempFolder.create();
  await folder.file("file.iso", crypto.getRandomValues(new Uint8Array(60_000)));
  const settings = ["--config", await configuration(folder), "--no-lock"];
  const paths = (names: string[]) => names.map((name) => join(ROOT, name));
  for (const path of paths(DOCUMENTED)) {
    assertMatch(await Deno.readTextFile(path), / \* ```ts\n/, `${path} has no example to check`);
  }
  await deno(["check", "--doc-only", ...settings, ...paths(DOCUMENTED)], folder.path);
  const examples = ["test", "--doc", "-A", "--no-check", ...settings, ...paths(RUNNABLE)];
  assertMatch(await deno(examples, folder.path), /ok \| 2 passed \| 0 failed/);
  await Deno.stat(folder.join("copy/file.iso"));
});

/**
 * The project's own settings, but that something may go unused: Deno imports into an example what the
 * example imports itself.
 */
function configuration(folder: TempFolder): Promise<string> {
  const imports = {
    ...manifest.imports,
    [manifest.name]: new URL("../../mod.ts", import.meta.url),
  };
  const types = manifest.compilerOptions.types.map((path) => join(ROOT, path));
  const compilerOptions = { ...manifest.compilerOptions, noUnusedLocals: false, types };
  const { unstable } = manifest;
  return folder.file("deno.json", JSON.stringify({ unstable, imports, compilerOptions }));
}
