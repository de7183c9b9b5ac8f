/**
 * Who may see the page.
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { ownAddresses } from "../../lib/runtime/network_interfaces.ts";
import { Access } from "../../lib/ui/access.ts";

const PORT = 8080;

interface Asked {
  host?: string;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
}

function request({ host = `127.0.0.1:${PORT}`, path = "/", method = "GET", headers = {} }: Asked) {
  return new Request(`http://${host}${path}`, { method, headers: { host, ...headers } });
}

function status(access: Access, asked: Asked = {}): number {
  return access.refusal(request(asked))?.status ?? 200;
}

Deno.test("a page on loopback answers to the names of this machine and to no other", () => {
  const access = new Access("127.0.0.1", PORT);
  for (const name of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.2"]) {
    assertEquals(status(access, { host: `${name}:${PORT}` }), 200, name);
  }
  const foreign = [
    "evil.example:8080",
    "localhost.evil.example:8080",
    "127.0.0.1.evil.example:8080",
    "evil.localhost:8080",
    "10.0.0.2:8080",
    "[2001:db8::1]:8080",
    "localhost:8081",
    "localhost",
  ];
  for (const host of foreign) {
    const refusal = access.refusal(request({ host }));
    assertEquals(refusal?.status, 403, host);
    assertMatch(refusal!.sentence, /^[A-Z][^\n]*\.$/);
  }
});

Deno.test("the Host header counts, whatever the request line says, and has to be there", () => {
  const access = new Access("127.0.0.1", PORT);
  const own = `127.0.0.1:${PORT}`;
  assertEquals(status(access, { host: own, headers: { host: "evil.example" } }), 403);
  assertEquals(status(access, { host: "evil.example", headers: { host: own } }), 403);
  assertEquals(access.refusal(new Request(`http://${own}/`))?.status, 403);
});

Deno.test("a request from another site's page is refused, one from the page itself is not", () => {
  const access = new Access("127.0.0.1", PORT);
  const from = (headers: Record<string, string>) => status(access, { path: "/api/state", headers });
  assertEquals(from({ origin: `http://127.0.0.1:${PORT}` }), 200);
  assertEquals(from({ origin: `http://localhost:${PORT}` }), 200);
  for (
    const origin of [
      "http://evil.example",
      "https://127.0.0.1:8080",
      "http://127.0.0.1:9090",
      "http://127.0.0.1:8080.evil.example",
      "null",
      "",
    ]
  ) assertEquals(from({ origin }), 403, origin);
  assertEquals(from({ "sec-fetch-site": "same-origin" }), 200);
  assertEquals(from({ "sec-fetch-site": "none" }), 200);
  assertEquals(from({ "sec-fetch-site": "cross-site", "sec-fetch-dest": "script" }), 403);
  // Another program's page on this machine.
  assertEquals(from({ "sec-fetch-site": "same-site", "sec-fetch-dest": "empty" }), 403);
  // A link on another site leads here.
  assertEquals(from({ "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" }), 200);
});

Deno.test("a page can be read and nothing else", () => {
  const access = new Access("127.0.0.1", PORT);
  assertEquals(status(access, { method: "HEAD" }), 200);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    assertEquals(status(access, { method }), 405, method);
  }
});

Deno.test("the one request that changes something must come from the page itself", () => {
  const access = new Access("127.0.0.1", PORT);
  const path = "/api/dismiss?swarm=ab";
  const post = (headers: Record<string, string>, more: Asked = {}) =>
    status(access, { path, method: "POST", headers, ...more });
  const origin = `http://127.0.0.1:${PORT}`;
  assertEquals(post({ origin }), 200);
  assertEquals(post({ origin, "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" }), 200);
  for (const headers of [{}, { origin: "null" }, { origin: "http://evil.example" }]) {
    assertEquals(post(headers as Record<string, string>), 403, JSON.stringify(headers));
  }
  assertEquals(post({ origin, "sec-fetch-site": "same-site", "sec-fetch-dest": "empty" }), 403);
  assertEquals(post({ origin: "http://evil.example:8080" }, { host: "evil.example:8080" }), 403);
  for (const method of ["PUT", "DELETE", "PATCH"]) assertEquals(post({ origin }, { method }), 405);
  assertEquals(post({ origin }, { path: "/api/state" }), 405);
  const guarded = new Access("0.0.0.0", PORT);
  const asked = { path, method: "POST", headers: { origin } };
  assertEquals(status(guarded, asked), 403);
  assertEquals(status(guarded, { ...asked, path: `${path}&token=${guarded.token}` }), 200);
});

Deno.test("bound elsewhere than to loopback it wants the token, in the URL or as a cookie", () => {
  const access = new Access("0.0.0.0", PORT);
  const { token } = access;
  assertMatch(token!, /^[\w-]{32}$/);
  assertEquals(new Access("127.0.0.1", PORT).token, undefined);
  assertEquals(new Access("::1", PORT).token, undefined);
  assertNotEquals(new Access("0.0.0.0", PORT).token, token);

  assertEquals(status(access), 403);
  assertEquals(status(access, { path: `/?token=${token}` }), 200);
  for (const wrong of ["", "x", `${token}x`, token!.slice(1), "A".repeat(32), "é".repeat(16)]) {
    assertEquals(status(access, { path: `/?token=${encodeURIComponent(wrong)}` }), 403, wrong);
  }
  const cookie = access.cookieFor(request({ path: `/?token=${token}` }))!;
  assertEquals(cookie, `shoal-${PORT}=${token}; HttpOnly; SameSite=Strict; Path=/`);
  const pair = cookie.split(";")[0]!;
  assertEquals(status(access, { path: "/app.js", headers: { cookie: pair } }), 200);
  assertEquals(status(access, { headers: { cookie: `a=b; ${pair}; c=d` } }), 200);
  assertEquals(status(access, { headers: { cookie: `shoal-8081=${token}` } }), 403);
  assertEquals(status(access, { headers: { cookie: `shoal-${PORT}=wrong` } }), 403);
  assertEquals(access.cookieFor(request({ path: "/?token=wrong" })), undefined);
  assertEquals(new Access("127.0.0.1", PORT).cookieFor(request({ path: "/?token=" })), undefined);
});

Deno.test("bound to one address it answers to that one, bound to all to each of this machine", () => {
  const one = new Access("10.1.2.3", PORT);
  const query = (access: Access) => `/?token=${access.token}`;
  assertEquals(status(one, { host: `10.1.2.3:${PORT}`, path: query(one) }), 200);
  assertEquals(status(one, { host: `10.1.2.4:${PORT}`, path: query(one) }), 403);
  const all = new Access("::", PORT);
  const own = ownAddresses().filter(({ address }) => !address.includes(":"));
  for (const { address } of own) {
    assertEquals(status(all, { host: `${address}:${PORT}`, path: query(all) }), 200, address);
  }
  assertEquals(status(all, { host: `192.0.2.77:${PORT}`, path: query(all) }), 403);
  assert(all.token !== undefined);
});
