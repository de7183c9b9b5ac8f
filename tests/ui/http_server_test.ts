/**
 * What those meet who speak HTTP badly, slowly, or too much.
 * @module
 */

import { assertEquals, assertLess, assertMatch } from "@std/assert";
import {
  HttpServer,
  LIMITS,
  type Limits,
  type PageRequest,
  type PageResponse,
} from "../../lib/ui/http_server.ts";
import { ask } from "../support/network/raw_http.ts";

/** As every page has them, with less patience. */
const SHORT = { ...LIMITS, headMs: 300, requestMs: 500, nextRequestMs: 200, stalledMs: 400 };
const BIG = "x".repeat(16 * 2 ** 20);

/** A server that says what it was asked, and ends with its scope. */
async function serve(
  limits: Limits = SHORT,
  body: PageResponse["body"] = "hello\n",
  isAuthorized = true,
) {
  const http = await HttpServer.listen("127.0.0.1", 0, limits);
  const asked: PageRequest[] = [];
  http.serve((request) => {
    asked.push(request);
    return { status: 200, headers: { "content-type": "text/plain" }, body, isAuthorized };
  });
  const { port } = http.address;
  return {
    http,
    asked,
    host: `Host: 127.0.0.1:${port}`,
    port,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    [Symbol.asyncDispose]: () => http.close(),
  };
}

function write(conn: Deno.Conn, text: string): Promise<number> {
  return conn.write(new TextEncoder().encode(text));
}

/** Everything that comes until the other side ends it, however it does. */
async function rest(conn: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const length = await conn.read(buffer).catch(() => null);
    if (length === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
}

Deno.test("who says nothing, half of a request, or a byte now and then is disconnected", async () => {
  await using server = await serve();
  using silent = await server.connect();
  using half = await server.connect();
  await write(half, "GET / HTTP/1.1\r\nX-a: ");
  using dripping = await server.connect();
  const drip = setInterval(() => void write(dripping, "X").catch(() => {}), 50);
  const startMs = performance.now();
  await Promise.all([rest(silent), rest(half), rest(dripping)]);
  clearInterval(drip);
  assertLess(performance.now() - startMs, 3000);
  assertEquals(server.asked, []);
});

Deno.test("a connection that was answered is kept for the next request, and not for long", async () => {
  await using server = await serve();
  using conn = await server.connect();
  for (let i = 0; i < 3; i++) {
    await write(conn, `GET /${i} HTTP/1.1\r\n${server.host}\r\n\r\n`);
    await conn.read(new Uint8Array(1000));
  }
  assertEquals(server.asked.length, 3);
  assertEquals(await rest(conn), "");
});

Deno.test("who is not welcome is disconnected with the answer", async () => {
  await using server = await serve(SHORT, "no\n", false);
  using conn = await server.connect();
  await write(conn, `GET / HTTP/1.1\r\n${server.host}\r\n\r\n`);
  assertMatch(await rest(conn), /\r\nConnection: close\r\n[^]*no\n/i);
});

Deno.test("who reads nothing of an answer, or of events, is given up", async () => {
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)),
    });
  for (const body of [BIG, endless()]) {
    await using server = await serve(SHORT, body);
    using conn = await server.connect();
    await write(conn, `GET / HTTP/1.1\r\n${server.host}\r\n\r\n`);
    const startMs = performance.now();
    while (server.asked.length === 0 || server.http.connections > 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      assertLess(performance.now() - startMs, 4000);
    }
  }
});

Deno.test("the source of events is told when who read them has left", async () => {
  const gone = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("event")),
    cancel: () => gone.resolve(),
  });
  await using server = await serve(SHORT, body);
  const conn = await server.connect();
  await write(conn, `GET / HTTP/1.1\r\n${server.host}\r\n\r\n`);
  await conn.read(new Uint8Array(1000));
  conn.close();
  await gone.promise;
});

Deno.test("a thousand requests sent at once are not answered a thousand times", async () => {
  await using server = await serve(LIMITS, BIG);
  using conn = await server.connect();
  const request = `GET / HTTP/1.1\r\n${server.host}\r\n\r\n`;
  await write(conn, request.repeat(1000));
  await rest(conn);
  assertEquals(server.asked.length, 1);
});

Deno.test("a head that does not end is refused, long before it needs memory", async () => {
  await using server = await serve(LIMITS);
  using conn = await server.connect();
  await write(conn, `GET / HTTP/1.1\r\n${server.host}\r\nX: ${"a".repeat(100_000)}`).catch(
    () => {},
  );
  assertMatch(await rest(conn), /^(HTTP\/1\.1 431 .*)?/);
  assertEquals(server.asked, []);
});

Deno.test("a body is not waited for, be it announced, in parts, or never sent", async () => {
  await using server = await serve(SHORT, "no\n", false);
  for (const [name, value] of [["Content-Length", "1000000"], ["Transfer-Encoding", "chunked"]]) {
    using conn = await server.connect();
    await write(conn, `POST / HTTP/1.1\r\n${server.host}\r\n${name}: ${value}\r\n\r\nabc`);
    assertMatch(await rest(conn), /^HTTP\/1\.1 \d{3} /, name);
  }
});

Deno.test("what is no HTTP, or HTTP of another kind, ends the connection and nothing else", async () => {
  await using server = await serve(LIMITS);
  const hostile = [
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x13BitTorrent protocol\0\0\0\0\0\0\0\0",
    `GET / HTTP/1.1\r\n\r\n`,
    `GET / HTTP/1.1\r\n${server.host}\r\n${server.host}\r\nConnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\n${server.host}\r\n folded: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${server.host}\r\nX: a\0b\r\n\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\n${server.host}\r\n\r\n`,
    `POST / HTTP/1.1\r\n${server.host}\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
    `GET http://[ HTTP/1.1\r\n${server.host}\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\n${server.host}\r\n\r\n`,
  ];
  for (const text of hostile) {
    using conn = await server.connect();
    await write(conn, text);
    assertMatch(await rest(conn), /^(HTTP\/1\.1 4\d\d [^]*)?$/, text);
  }
  const fine = await ask(server.port, ["GET /after HTTP/1.1", server.host]);
  assertMatch(fine, /hello/);
});

Deno.test("headers are read whatever bytes are in them, and unknown ones change nothing", async () => {
  await using server = await serve(LIMITS);
  const odd = [
    `Accept-Language: ${"de;q=0.9,".repeat(500)}`,
    "Cookie: shoal-1=é日本\u{1f41f}; a=\xff",
    "Upgrade: websocket\r\nConnection: Upgrade",
    "Expect: 100-continue",
    "Range: bytes=0-99999999999999999999,-1,5-",
  ];
  for (const header of odd) {
    const answer = await ask(server.port, ["GET /?q=%ff%00 HTTP/1.1", server.host, header]);
    assertMatch(answer, /HTTP\/1\.1 200 [^]*hello/, header);
  }
  assertEquals(server.asked.length, odd.length);
});

Deno.test("when all places are taken by those who say nothing, a browser is served all the same", async () => {
  await using server = await serve({ ...LIMITS, connections: 20 });
  const idle: Deno.Conn[] = [];
  for (let i = 0; i < 60; i++) {
    idle.push(await server.connect());
    await write(idle.at(-1)!, "GET / HTTP/1.1\r\nX-a: ").catch(() => {});
  }
  assertMatch(await ask(server.port, ["GET / HTTP/1.1", server.host]), /hello/);
  assertEquals(server.http.connections <= 20, true);
  for (const conn of idle) conn.close();
});
