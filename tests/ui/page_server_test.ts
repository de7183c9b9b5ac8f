/**
 * The page over real HTTP.
 * @module
 */

import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { PageServer } from "../../lib/ui/page_server.ts";
import { ExitCode, NetworkError, OptionError } from "../../mod.ts";
import { ask, askAndIgnore } from "../support/network/raw_http.ts";
import { EventFollower } from "../support/page/event_source.ts";
import { FakeSource, leecherSnapshot } from "../support/page/page_fixtures.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };

/** A served page that is closed when its scope ends. */
async function serve(source = new FakeSource(), where = LOCAL) {
  const server = await PageServer.start(source, where);
  const { port, search } = new URL(server.url);
  return {
    server,
    source,
    port: Number(port),
    query: search,
    /** On loopback, wherever it is bound. */
    url: `http://127.0.0.1:${port}/`,
    get: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function filesBelow(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? filesBelow(new URL(`${name}/`, folder)).map((below) => `${name}/${below}`)
      : [name]
  );
}

Deno.test("every file of the page and every library is served as what it is, under a strict policy", async () => {
  await using page = await serve();
  const files = ["/"];
  for (const name of filesBelow(new URL("../../lib/ui/page/", import.meta.url))) {
    if (name !== "token_form.html") files.push(`/${name}`); // stands for others, under their address
  }
  const libraries = ["preact.js", "uplot.js", "uplot.css", "qrcode.js"];
  files.push(...libraries.map((name) => `/vendor/${name}`));
  assert(files.length > 10);
  const types: Record<string, RegExp> = {
    js: /^text\/javascript; charset=utf-8$/,
    css: /^text\/css; charset=utf-8$/,
    html: /^text\/html; charset=utf-8$/,
  };
  for (const file of files) {
    const response = await page.get(file);
    assertEquals(response.status, 200, file);
    const kind = file === "/" ? "html" : file.split(".").at(-1)!;
    assertMatch(response.headers.get("content-type")!, types[kind]!, file);
    assertEquals(
      response.headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
    assertEquals(response.headers.get("cache-control"), "no-store");
    assert((await response.text()).length > 100, file);
  }
});

Deno.test("the libraries are modules that stand alone", async () => {
  await using page = await serve();
  for (const name of ["preact.js", "uplot.js", "qrcode.js"]) {
    const text = await (await page.get(`/vendor/${name}`)).text();
    assert(!/^\s*import\b/m.test(text), name);
    const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    assert(module.html !== undefined || module.default !== undefined, name);
  }
});

Deno.test("there is nothing else, and nothing to be had by a trick in the path", async () => {
  await using page = await serve();
  const paths = ["/nope", "/../deno.json", "/%2e%2e/deno.json", "/__proto__", "/constructor", "//"];
  for (const path of paths) {
    const [head] = (await ask(page.port, [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${page.port}`]))
      .split("\r\n");
    assertStringIncludes(head!, " 404 ", path);
  }
});

Deno.test("HEAD gets the head alone, and anything that is no reading is refused", async () => {
  await using page = await serve();
  for (const path of ["/", "/api/state", "/api/events"]) {
    const response = await page.get(path, { method: "HEAD" });
    assertEquals([response.status, await response.text()], [200, ""], path);
  }
  const posted = await page.get("/api/state", { method: "POST", body: "x" });
  assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  assertMatch(await posted.text(), /^This page is read-only\.\n$/);
});

Deno.test("a foreign Host and a foreign Origin get 403 and a sentence, on the wire too", async () => {
  await using page = await serve();
  const own = `Host: 127.0.0.1:${page.port}`;
  for (const path of ["/", "/app.js", "/api/state", "/api/events"]) {
    const get = `GET ${path} HTTP/1.1`;
    for (
      const lines of [
        [get, "Host: evil.example"],
        [get, `Host: evil.example:${page.port}`],
        [get, own, "Origin: http://evil.example"],
        [get, own, "Origin: null"],
        [`GET http://evil.example${path} HTTP/1.1`, own],
      ]
    ) {
      const answer = await ask(page.port, lines);
      assertMatch(answer, /^HTTP\/1\.1 403 /, lines.join(", "));
      assertMatch(answer, /\r\n\r\n(.*\r\n)?[A-Z][^<>]+\.\n/);
      assert(!answer.includes("file.iso"));
    }
  }
  assertEquals(page.source.asked, 0);
});

Deno.test("bound to every address, the URL that is printed lets in, and a cookie after that", async () => {
  await using page = await serve(new FakeSource(), { host: "0.0.0.0", port: 0 });
  assertMatch(page.query, /^\?token=[\w-]{32}$/);
  const refused = await page.get("/");
  assertEquals(refused.status, 403);
  assertMatch(await refused.text(), /address that the program printed/);
  const welcome = await page.get(`/${page.query}`);
  await welcome.body!.cancel();
  const cookie = welcome.headers.get("set-cookie")!;
  assertMatch(cookie, /^shoal-\d+=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/);
  const headers = { cookie: cookie.split(";")[0]! };
  const state = await page.get("/api/state", { headers });
  assertEquals((await state.json()).program, "leecher");
  assertEquals((await (await page.get(`/api/state${page.query}`)).json()).name, "file.iso");
});

Deno.test("the state is to be had as JSON, and a name full of markup arrives as it is", async () => {
  await using page = await serve();
  const name = `<img src=x onerror=alert(1)>\u202egpj.exe\n</script>"'&${"ä".repeat(50)}`;
  page.source.current = leecherSnapshot({ name });
  const response = await page.get("/api/state");
  assertEquals(response.headers.get("content-type"), "application/json; charset=utf-8");
  assertEquals((await response.json()).name, name);
  await using events = await EventFollower.open(page.url);
  assertEquals((await events.state(() => true)).program, "leecher");
});

Deno.test("what is searched for and which swarm is looked at reaches the tracker, hostile or not", async () => {
  await using page = await serve();
  const hash = "AB".repeat(20);
  const ask = async (query: string) => {
    await (await page.get(`/api/state${query}`)).body!.cancel();
    return page.source.questions.at(-1);
  };
  assertEquals(await ask(""), { search: "" });
  assertEquals(await ask("?q=%20ubuntu%20iso"), { search: "ubuntu iso" });
  assertEquals(await ask(`?q=${"x".repeat(5000)}`), { search: "x".repeat(255) });
  assertEquals(await ask(`?swarm=${hash}`), { search: "", swarm: hash.toLowerCase() });
  for (const bad of ["", "xyz", "ab".repeat(19), "ab".repeat(33), "../../etc"]) {
    assertEquals(await ask(`?swarm=${bad}`), { search: "" }, bad);
  }
});

Deno.test("which torrent is looked at and which of its files reaches the program, hostile or not", async () => {
  await using page = await serve();
  const ask = async (query: string) => {
    await (await page.get(`/api/state${query}`)).body!.cancel();
    return page.source.questions.at(-1);
  };
  assertEquals(await ask("?torrent=12&files=300"), { search: "", torrent: 12, files: 300 });
  for (const bad of ["", "0", "-1", "1e3", "1.5", "0x10", "9".repeat(10), "NaN", "%00"]) {
    assertEquals(await ask(`?torrent=${bad}&files=${bad}`), { search: "" }, bad);
  }
});

Deno.test("twenty tabs see the same, and who was away sees everything again", async () => {
  await using page = await serve();
  const tabs = await Promise.all(Array.from({ length: 20 }, () => EventFollower.open(page.url)));
  for (const tab of tabs) assertEquals((await tab.next()).data, page.source.current);
  assertEquals(page.server.readers, 20);
  page.source.current = leecherSnapshot({ haveBytes: 999_999 });
  for (const tab of tabs) assertEquals((await tab.next()).data, page.source.current);
  await tabs[0]![Symbol.asyncDispose]();
  await using back = await EventFollower.open(page.url);
  assertEquals((await back.next()).data, page.source.current);
  for (const tab of tabs.slice(1)) await tab[Symbol.asyncDispose]();
});

Deno.test("the fifty-first tab is told so, and can come back later", async () => {
  await using page = await serve();
  const tabs: EventFollower[] = [];
  for (let i = 0; i < 50; i++) tabs.push(await EventFollower.open(page.url));
  const response = await page.get("/api/events");
  assertEquals([response.status, response.headers.get("retry-after")], [503, "10"]);
  assertMatch(await response.text(), /Too many tabs/);
  for (const tab of tabs) await tab[Symbol.asyncDispose]();
});

Deno.test("a browser that stops reading costs neither memory nor the others their events", async () => {
  await using page = await serve();
  const state = (n: number) => ({ ...leecherSnapshot(), sentence: `${n} ${"x".repeat(2 ** 21)}` });
  page.source.current = state(0);
  const stuck = await Promise.all(
    Array.from({ length: 20 }, () => askAndIgnore(page.port, "/api/events")),
  );
  await using reader = await EventFollower.open(page.url);
  const before = Deno.memoryUsage().rss;
  for (let n = 1; n <= 5; n++) {
    page.source.current = state(n);
    await reader.state(({ sentence }) => sentence.startsWith(`${n} `));
  }
  // Kept for each, it would have been 5 times 20 times 2 MiB.
  assertLess(Deno.memoryUsage().rss - before, 120 * 2 ** 20);
  for (const conn of stuck) conn.close();
});

Deno.test("closing the page takes no time, whoever is still there", async () => {
  const page = await serve();
  page.source.current = { ...leecherSnapshot(), sentence: "x".repeat(2 ** 22) };
  const stuck = await askAndIgnore(page.port, "/api/events");
  await using reader = await EventFollower.open(page.url);
  await reader.next();
  const idle = await Deno.connect({ hostname: "127.0.0.1", port: page.port });
  const startMs = performance.now();
  await page.server.close();
  assertLess(performance.now() - startMs, 2000);
  stuck.close();
  idle.close();
  // The port is free again.
  await (await PageServer.start(new FakeSource(), { host: "127.0.0.1", port: page.port })).close();
});

Deno.test("a port that is taken gets one clear sentence and exit code 6", async () => {
  await using page = await serve();
  const again = () => PageServer.start(new FakeSource(), { host: "127.0.0.1", port: page.port });
  const error = await assertRejects(again, NetworkError);
  assertEquals(error.exitCode, ExitCode.network);
  assertEquals(
    error.message,
    `the page cannot be served on 127.0.0.1:${page.port}: TCP port ${page.port} is taken`,
  );
});

Deno.test("an address that is none of this machine, or none at all, is the user's mistake", async () => {
  const at = (host: string) => () => PageServer.start(new FakeSource(), { host, port: 0 });
  await assertRejects(
    at("192.0.2.77"),
    OptionError,
    "this machine does not have the address 192.0.2.77",
  );
  await assertRejects(at("example.org"), OptionError, `"example.org" is not`);
});
