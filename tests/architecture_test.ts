/**
 * The rooms of the library: who may use whom, and what the pure ones never name.
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { mayUse, ROOMS } from "./support/project/rooms.ts";

const ROOT = new URL("../", import.meta.url);

/** More than that nobody overlooks. */
const MOST_FILES = 20;

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

/** The room of a module: its folder below `lib/`, or the file itself. */
function roomOf(path: string): string {
  return /^lib\/(.+)\/[^/]+$/.exec(path)?.[1]?.replace(/^ui\/page\/.*/, "ui/page") ??
    path.replace(/^lib\//, "");
}

/** The TypeScript files of a room, without those of the rooms in it. */
function sourceFiles(room: string): string[] {
  return [...Deno.readDirSync(new URL(`lib/${room}/`, ROOT))]
    .filter(({ name, isFile }) => isFile && name.endsWith(".ts"))
    .map(({ name }) => `lib/${room}/${name}`);
}

/** The folders below this one that have files, each by its path. */
function foldersBelow(folder: string): { path: string; files: number }[] {
  const entries = [...Deno.readDirSync(new URL(`${folder}/`, ROOT))];
  const files = entries.filter(({ isFile }) => isFile).length;
  const below = entries.filter(({ isDirectory, name }) => isDirectory && !name.startsWith("."))
    .flatMap(({ name }) => foldersBelow(`${folder}/${name}`));
  return files > 0 ? [{ path: folder, files }, ...below] : below;
}

/** The program text without its comments and strings, in which words are no names. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, '""')
    .replace(/\/\/.*$/gm, "");
}

Deno.test("imports flow one way, from room to room", async () => {
  const entries = ["mod.ts", "tracker.ts", "seeder.ts", "leecher.ts", "lib/disk/piece_worker.ts"];
  const modules = await graph(entries);
  let edges = 0;
  for (const { specifier, dependencies = [] } of modules.values()) {
    const path = localPath(specifier);
    if (path === undefined) continue;
    const isEntry = !path.startsWith("lib/") && path !== "mod.ts";
    for (const dependency of dependencies) {
      const used = localPath(dependency.code?.specifier ?? dependency.type?.specifier);
      if (used === undefined || isEntry) continue;
      edges++;
      assert(mayUse(roomOf(path), roomOf(used)), `${path} must not import ${used}`);
    }
  }
  assertGreater(edges, 200);
});

Deno.test("rooms use rooms that stand before them, or are inside them", () => {
  const order = Object.keys(ROOMS);
  for (const [i, [name, { uses }]] of Object.entries(ROOMS).entries()) {
    for (const used of uses.filter((used) => used in ROOMS)) {
      const isInside = used === name || name.startsWith(`${used}/`);
      assert(isInside || order.indexOf(used) < i, `${name} uses ${used}`);
    }
  }
});

/** The TypeScript files below a folder, by their paths. */
function filesBelow(folder: string): string[] {
  return foldersBelow(folder).flatMap(({ path }) =>
    [...Deno.readDirSync(new URL(`${path}/`, ROOT))]
      .filter(({ name, isFile }) => isFile && name.endsWith(".ts"))
      .map(({ name }) => `${path}/${name}`)
  );
}

/** The files of the project that this one imports. */
async function importsOf(path: string): Promise<string[]> {
  const url = new URL(path, ROOT);
  const specifiers = (await Deno.readTextFile(url))
    .matchAll(/(?:from|import\() ?"(\.{1,2}\/[^"]+\.ts)"/g);
  return [...specifiers].map(([, to]) => localPath(new URL(to!, url).href)!);
}

Deno.test("no file imports itself, however long the way round", async () => {
  const imports = new Map<string, string[]>();
  for (const path of ["lib", "simulation", "support", "bench", "tests"].flatMap(filesBelow)) {
    imports.set(path, await importsOf(path));
  }
  assertGreater(imports.size, 300);
  const circle = circleIn(imports);
  assertEquals(circle, undefined, circle?.join(" -> "));
});

/** What the folders beside the library may import; tests may import all of them. */
const BESIDE_THE_LIBRARY = {
  "support": /^(?:lib|support)\//,
  "simulation": /^(?:lib|support|simulation)\//,
  "bench": /^(?:lib|support|simulation|bench)\/|^mod\.ts$/,
  "docs": /^(?:lib|support|docs)\/|^mod\.ts$/,
};

for (const [folder, mayImport] of Object.entries(BESIDE_THE_LIBRARY)) {
  Deno.test(`${folder}/ imports nothing of the tests`, async () => {
    for (const path of filesBelow(folder)) {
      for (const used of await importsOf(path)) {
        assert(mayImport.test(used), `${path} must not import ${used}`);
      }
    }
  });
}

/** The first circle of imports, if there is one. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, way: string[]): string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of imports.get(path) ?? []) {
      const circle = visit(next, [...way, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of imports.keys()) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

Deno.test("every room has its rules", () => {
  const folders = foldersBelow("lib");
  const rooms = new Set(folders.map(({ path }) => roomOf(`${path}/file`)));
  rooms.delete("file");
  assertEquals(rooms, new Set(Object.keys(ROOMS)));
});

Deno.test("a folder can be overlooked", () => {
  for (
    const { path, files } of ["lib", ...Object.keys(BESIDE_THE_LIBRARY), "tests"].flatMap(
      foldersBelow,
    )
  ) {
    assert(files <= MOST_FILES, `${path} has ${files} files`);
  }
});

Deno.test("nothing imports an entry script", async () => {
  const modules = await graph(["mod.ts", "tracker.ts", "seeder.ts", "leecher.ts"]);
  for (const { specifier, dependencies = [] } of modules.values()) {
    for (const { code } of dependencies) {
      const used = localPath(code?.specifier) ?? "";
      assert(!/^(tracker|seeder|leecher)\.ts$/.test(used), `${specifier} imports ${used}`);
    }
  }
});

Deno.test("the transfer is the machine's own: others see a view of it, and tell the swarm what happens", async () => {
  const modules = await graph(["mod.ts", "tracker.ts", "seeder.ts", "leecher.ts"]);
  const users: string[] = [];
  for (const { specifier, dependencies = [] } of modules.values()) {
    const used = dependencies.map(({ code, type }) =>
      localPath(code?.specifier ?? type?.specifier)
    );
    if (used.includes("lib/peer/transfer.ts")) users.push(localPath(specifier)!);
  }
  assertEquals(users.toSorted(), ["lib/peer/adopt_connections.ts", "lib/peer/swarm.ts"]);
});

Deno.test("mod.ts gives away programs and their parts; of what is below them types only", async () => {
  const text = await Deno.readTextFile(new URL("mod.ts", ROOT));
  const exports = [...text.matchAll(/export (type )?\{[^}]*\} from "\.\/(lib\/[^"]+)"/g)];
  assertGreater(exports.length, 5);
  for (const [, type, path] of exports) {
    const isFace =
      /^lib\/(client|discovery|store|tracker|ui)\/[^/]+\.ts$|^lib\/error(s|_codes)\.ts$|^lib\/client\/create\//;
    assert(type !== undefined || isFace.test(path!), path);
  }
});

for (const [room, { isPure }] of Object.entries(ROOMS)) {
  if (isPure !== true) continue;
  Deno.test(`${room} names neither clock nor chance nor the outside world`, async () => {
    const paths = sourceFiles(room);
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
    for (const path of sourceFiles(room)) {
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
  assert(!mayUse("peer", "net") && !mayUse("tracker/core", "store") && !mayUse("codec", "store"));
  assert(!mayUse("peer/connection", "peer/peers") && !mayUse("disk", "peer/connection"));
  assert(mayUse("session", "net") && mayUse("peer", "peer/verify") && mayUse("peer", "errors.ts"));
  assertEquals(circleIn(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b", "c", "b"]);
});
