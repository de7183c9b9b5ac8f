/**
 * The rooms of the library: who may use whom, and what the pure ones never name.
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = new URL("../", import.meta.url);

/** Which rooms each room uses; anyone may use itself, `errors.ts` and what is no module of ours or of types alone. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  codec: [],
  store: ["codec"],
  peer: ["codec", "store"],
  tracker: ["codec"],
  io: ["codec", "store", "peer", "tracker"],
  cli: ["codec", "store", "peer", "tracker", "io", "mod.ts"],
  ui: ["codec", "store", "peer", "tracker", "io"],
  "mod.ts": ["codec", "store", "peer", "tracker", "io", "ui"],
};

/** Rooms without a clock, without chance, without the outside world. */
const PURE = ["codec", "store", "peer", "tracker"];

/** What a pure room never names, beside what is typed only. */
const IMPURE =
  /\b(Deno|Date\.now|new Date\(\)|setTimeout|setInterval|queueMicrotask|Math\.random|crypto\.subtle|crypto\.getRandomValues|crypto\.randomUUID|performance|console|navigator|localStorage|Worker)\b|(?<![.#\w])fetch\(/;

/** Modules of others that compute and nothing else. */
const PURE_MODULES = new Set(["node:crypto", "@std/crypto/timing-safe-equal"]);

/** What of `node:crypto` depends on its arguments alone. */
const PURE_CRYPTO = new Set(["createHash", "createHmac", "hash", "Hash", "Hmac"]);

interface Dependency {
  specifier: string;
  code?: { specifier?: string };
  type?: { specifier?: string };
}

interface Module {
  specifier: string;
  dependencies?: Dependency[];
}

/** The modules reachable from `entries`, as Deno sees them. */
async function graph(entries: string[]): Promise<Map<string, Module>> {
  const modules = new Map<string, Module>();
  for (const entry of entries) {
    const path = fromFileUrl(new URL(entry, ROOT));
    const args = ["info", "--json", path];
    const { success, stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert(success, `deno info ${entry}`);
    const found = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
    for (const module of found.modules) modules.set(module.specifier, module);
  }
  return modules;
}

/** `lib/session/active_torrent.ts` for a module of the project; undefined for any other. */
function localPath(specifier: string | undefined): string | undefined {
  return specifier?.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : undefined;
}

/** The room of a module: the folder below `lib/`, or the file itself. */
function roomOf(path: string): string {
  return /^lib\/([^/]+)\//.exec(path)?.[1] ?? path.replace(/^lib\//, "");
}

function allows(user: string, used: string): boolean {
  const alwaysOpen = used === user || ["errors.ts", "deno.json", "std.d.ts"].includes(used);
  return alwaysOpen || (MAY_USE[user]?.includes(used) ?? false);
}

async function sourceFiles(room: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isFile } of Deno.readDir(new URL(`lib/${room}/`, ROOT))) {
    if (isFile && name.endsWith(".ts")) paths.push(`lib/${room}/${name}`);
  }
  return paths;
}

/** The program text without its comments and strings, in which words are no names. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, '""')
    .replace(/\/\/.*$/gm, "");
}

const rooms = Array.fromAsync(
  Deno.readDir(new URL("lib/", ROOT)),
  (entry) => entry.isDirectory ? [entry.name] : [],
).then((names) => names.flat());

Deno.test("imports flow one way: codec, store, peer, io, cli, entry scripts", async () => {
  const entries = ["mod.ts", "tracker.ts", "seeder.ts", "leecher.ts", "lib/disk/piece_worker.ts"];
  const modules = await graph(entries);
  let edges = 0;
  for (const { specifier, dependencies = [] } of modules.values()) {
    const path = localPath(specifier);
    if (path === undefined) continue;
    const user = roomOf(path);
    const isEntry = !path.startsWith("lib/") && path !== "mod.ts";
    for (const dependency of dependencies) {
      const used = localPath(dependency.code?.specifier ?? dependency.type?.specifier);
      if (used === undefined || isEntry) continue;
      edges++;
      assert(allows(user, roomOf(used)), `${path} must not import ${used}`);
    }
  }
  assertGreater(edges, 200);
});

Deno.test("nothing imports an entry script, and every room has its rules", async () => {
  const modules = await graph(["mod.ts", "tracker.ts", "seeder.ts", "leecher.ts"]);
  for (const { specifier, dependencies = [] } of modules.values()) {
    for (const { code } of dependencies) {
      const used = localPath(code?.specifier) ?? "";
      assert(!/^(tracker|seeder|leecher)\.ts$/.test(used), `${specifier} imports ${used}`);
    }
  }
  for (const room of await rooms) assert(room in MAY_USE, `lib/${room} has no rules`);
});

Deno.test("mod.ts gives away what is in io, ui and errors.ts, and of the rooms below types only", async () => {
  const text = await Deno.readTextFile(new URL("mod.ts", ROOT));
  const exports = [...text.matchAll(/export (type )?\{[^}]*\} from "\.\/(lib\/[^"]+)"/g)];
  assertGreater(exports.length, 5);
  for (const [, type, path] of exports) {
    assert(type !== undefined || /^lib\/(io\/|ui\/|errors\.ts)/.test(path!), path);
  }
});

for (const room of PURE) {
  Deno.test(`${room} names neither clock nor chance nor the outside world`, async () => {
    const paths = await sourceFiles(room);
    assertGreater(paths.length, 2);
    for (const path of paths) {
      const code = codeOf(await Deno.readTextFile(new URL(path, ROOT)));
      for (const [i, line] of code.split("\n").entries()) {
        const name = IMPURE.exec(line)?.[0];
        assertEquals(name, undefined, `${path}, line ${i + 1} of its code: ${line.trim()}`);
      }
    }
  });

  Deno.test(`${room} imports modules of its own kind and nothing else`, async () => {
    for (const path of await sourceFiles(room)) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      for (const [, names, from] of text.matchAll(/import (?:type )?([^;]*?) from "([^"]+)"/g)) {
        if (from!.startsWith("./") || from!.startsWith("../")) continue;
        assert(PURE_MODULES.has(from!), `${path} imports ${from}`);
        if (from !== "node:crypto") continue;
        for (const name of names!.replace(/[{}]/g, "").split(",").map((word) => word.trim())) {
          const bare = name.replace(/^type /, "").replace(/ as \w+$/, "");
          assert(bare === "" || PURE_CRYPTO.has(bare), `${path} imports ${bare} of node:crypto`);
        }
      }
    }
  });
}

Deno.test("the check itself notices what it forbids", () => {
  const naming = [
    "const t = Date.now();",
    "await Deno.readFile(x)",
    "setTimeout(f, 1)",
    "const r = Math.random;",
    "crypto.subtle.digest",
    "performance.now()",
    "console.log(1)",
  ];
  for (const line of naming) assert(IMPURE.test(codeOf(line)), line);
  for (
    const line of ["// Deno is nice", '"Deno"', "/** @module Date.now */", "const Denomination = 1"]
  ) {
    assert(!IMPURE.test(codeOf(line)), line);
  }
  assert(!allows("peer", "io") && !allows("tracker", "store") && !allows("codec", "store"));
  assert(allows("io", "tracker") && allows("cli", "io") && allows("peer", "errors.ts"));
});
