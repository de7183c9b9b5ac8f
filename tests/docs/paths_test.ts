/**
 * What the documents name is there: files, folders, pictures, links, tasks, and names in the files they
 * are said to be in. @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { dirname, fromFileUrl, join, normalize } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { documentText, namedTables } from "../support/project/document.ts";
import { sourcesBelow } from "../support/project/source_constants.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const PATH =
  /^(?:lib|tests|docs|bench|simulation|support|\.ci)\/[\w./-]+$|^\w+\.ts$|^deno\.json$|^LICENSE$|^README\.md$|^CONTRIBUTING\.md$/;
/** A file by its room alone, as `peer/upload.ts`. */
const IN_ROOM =
  /^(?:codec|store|peer|runtime|net|disk|discovery|session|tracker|client|cli|ui)\/[\w/]+\.ts$/;

/** All documents, by their paths. */
const DOCUMENTS: string[] = ["README.md", "CONTRIBUTING.md"];
for await (const { name } of Deno.readDir(join(ROOT, "docs"))) {
  if (name.endsWith(".md")) DOCUMENTS.push(`docs/${name}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(join(ROOT, path)).then(() => true, () => false);
}

/** What stands in backticks, outside of blocks between fences. */
function quoted(text: string): string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, words]) => words!);
}

/** A source file without its comments. */
function codeOf(source: string): string {
  return source.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Whether a source file has a name in its code, and not in a comment alone. */
function names(source: string, name: string): boolean {
  return hasName(codeOf(source), name);
}

function hasName(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w#])${name}\\b`).test(code);
}

for (const path of DOCUMENTS) {
  Deno.test(`every file and folder that ${path} names is there`, async () => {
    for (const word of quoted(await documentText(path))) {
      const file = PATH.test(word) ? word : IN_ROOM.test(word) ? `lib/${word}` : undefined;
      if (file !== undefined) assert(await exists(file), `${path} names ${word}`);
    }
  });

  Deno.test(`every link and picture of ${path} leads to a file and its part`, async () => {
    for (const { target, anchor } of links(await documentText(path))) {
      const file = target === "" ? path : normalize(join(dirname(path), target));
      assert(await exists(file), `${path} links to ${target}`);
      if (anchor === "") continue;
      assert((await anchorsOf(file)).has(anchor), `${path} links to ${target}#${anchor}`);
    }
  });

  Deno.test(`every task, and every name of the code, that ${path} names is there`, async () => {
    const text = await documentText(path);
    for (const [, task] of text.matchAll(/deno(?:@[\d.]+)? task ([\w:]+)/g)) {
      assert(Object.keys(manifest.tasks).includes(task!), `${path} names the task ${task}`);
    }
    const unknown: string[] = [];
    for (const word of quoted(text)) {
      if (!NAME.test(word) || !/[A-Z#]/.test(word)) continue;
      for (const name of word.split(".")) if (!(await isInCode(name))) unknown.push(word);
    }
    assertEquals(unknown, []);
  });
}

/** A name such as `Swarm`, `takeActions`, `#carryOut`, `MAX_PIECES` or `TrackerCore.handle`. */
const NAME = /^#?[A-Za-z_]\w*(?:\.#?\w+)*$/;

let code: Promise<string> | undefined;

/** Whether there is a name anywhere in the code, that of tests and benchmarks included. */
async function isInCode(name: string): Promise<boolean> {
  code ??= Promise.all(["lib", "simulation", "support", "bench", "tests"].map(sourcesBelow)).then((
    paths,
  ) => Promise.all(paths.flat().map(documentText))).then((sources) =>
    sources.map(codeOf).join("\n")
  );
  return hasName(await code, name);
}

/** Links and pictures that lead to this project, in Markdown or HTML; not what stands in fences. */
function links(text: string): { target: string; anchor: string }[] {
  const prose = text.replace(/^```[^]*?^```$/gm, "");
  const inMarkdown = /\]\(([^)\s]+)(?: "[^"]*")?\)/g;
  const inHtml = /<\w+ [^>]*?(?:src|href)="([^"]+)"/g;
  return [...prose.matchAll(inMarkdown), ...prose.matchAll(inHtml)]
    .filter(([, link]) => !/^\w+:/.test(link!))
    .map(([, link]) => {
      const [target = "", anchor = ""] = link!.split("#");
      return { target, anchor };
    });
}

/** What a link to a part of this document may end in. */
async function anchorsOf(path: string): Promise<Set<string>> {
  const text = await documentText(path);
  return new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    return heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  }));
}

Deno.test("docs/architecture.md names what is in the files along its walks", async () => {
  const text = await documentText("docs/architecture.md");
  const walks = namedTables(text).filter(({ kind }) => kind === "walk");
  assertEquals(
    walks.map(({ name }) => name),
    ["request", "block", "stored", "upload", "announce", "download", "event", "list"],
  );
  let found = 0;
  for (const { rows } of walks) {
    for (const row of rows) {
      const source = await documentText(row.file!);
      for (const name of row.name!.split(",").map((word) => word.replaceAll("`", "").trim())) {
        assert(names(source, name), `${row.file} has no ${name}`);
        found++;
      }
    }
  }
  assertGreater(found, 100);
});

Deno.test("each word of the word list in docs/architecture.md has its file, and stands there once", async () => {
  const [words] = namedTables(await documentText("docs/architecture.md"))
    .filter(({ kind }) => kind === "words");
  for (const { word, where } of words!.rows) assert(await exists(where!), `${word}: ${where}`);
  assertEquals(new Set(words!.rows.map(({ word }) => word)).size, words!.rows.length);
  assertGreater(words!.rows.length, 30);
});

Deno.test("a name that a document gives together with its file is in that file", async () => {
  const texts = await Promise.all(["docs/architecture.md", "CONTRIBUTING.md"].map(documentText));
  const text = texts.join("\n").replace(/\s+/g, " ");
  let found = 0;
  for (const [, name, path] of text.matchAll(/`([\w.#]+)` in `(lib\/[\w/]+\.ts)`/g)) {
    const source = await documentText(path!);
    for (const part of name!.split(".")) assert(names(source, part), `${path} has no ${name}`);
    found++;
  }
  assertGreater(found, 8);
});

Deno.test("the steps of CONTRIBUTING.md name what is in the files that they begin with", async () => {
  const text = await documentText("CONTRIBUTING.md");
  const steps = [...text.matchAll(/^\d\. \*\*`(lib\/[\w/]+\.ts)`:?\*\*([^]*?)(?=^\d\.|^\n)/gm)];
  let found = 0;
  for (const [, path, words] of steps) {
    const source = await documentText(path!);
    for (const name of quoted(words!)) {
      if (!/^[\w#]+$/.test(name)) continue;
      assert(names(source, name), `${path} has no ${name}`);
      found++;
    }
  }
  assertGreater(found, 12);
});

Deno.test("every picture is shown or linked by a document, and is small", async () => {
  const shown = new Set<string>();
  for (const path of DOCUMENTS) {
    for (const { target } of links(await documentText(path))) {
      shown.add(normalize(join(dirname(path), target)));
    }
  }
  const pictures: string[] = [];
  for await (const { name } of Deno.readDir(join(ROOT, "docs/pictures"))) {
    const path = `docs/pictures/${name}`;
    pictures.push(path);
    const { size } = await Deno.stat(join(ROOT, path));
    assert(size < 200_000, `${path} has ${size} bytes`);
  }
  assertEquals(pictures.filter((path) => !shown.has(path)), []);
});

Deno.test("README.md links to every other document", async () => {
  const linked = new Set(links(await documentText("README.md")).map(({ target }) => target));
  assertEquals(DOCUMENTS.filter((path) => path !== "README.md" && !linked.has(path)), []);
});

Deno.test("links and pictures are seen however they are written", () => {
  const text = '[a](b.md#c) ![d](e.png) [f](https://g/h)\n<img alt="i" src="j.png">\n' +
    "```sh\n[k](l)\n```\n";
  assertEquals(links(text), [
    { target: "b.md", anchor: "c" },
    { target: "e.png", anchor: "" },
    { target: "j.png", anchor: "" },
  ]);
});

Deno.test("the check of names notices what is not there", () => {
  const source = "/** next */\n// stop\nclass Framer {\n  #read() {}\n}\n";
  assert(names(source, "Framer") && names(source, "#read"));
  for (const name of ["next", "stop", "read", "Frame"]) assert(!names(source, name), name);
  assert(PATH.test("lib/session/session.ts") && PATH.test("docs") === false);
});
