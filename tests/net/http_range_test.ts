/** What web servers do, and what becomes of it. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { AddressScope } from "../../lib/codec/address_scope.ts";
import { HttpClient } from "../../lib/net/http_client.ts";
import { MissingFileError, WebSeedError } from "../../lib/net/http_errors.ts";
import { fetchRange, probe } from "../../lib/net/web_seed/http_range.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { type Answering, bodyInParts, WebServer } from "../support/network/web_server.ts";

const CONTENT = pseudoRandomBytes(3_000_000, 5);
const SMALL = pseudoRandomBytes(500_000, 6);
const FILES = { "/big": CONTENT, "/small": SMALL };
const MINUTE_MS = 60_000;

interface Asked {
  path?: string;
  offset?: number;
  length?: number;
  fileLength?: number;
  patienceMs?: number;
  signal?: AbortSignal;
}

/** Fetches from `server` and returns all bytes. */
async function get(server: WebServer, asked: Asked = {}): Promise<Uint8Array> {
  const { path = "/big", offset = 100_000, length = 300_000 } = asked;
  const fileLength = asked.fileLength ?? (path === "/small" ? SMALL : CONTENT).length;
  const range = { url: server.origin + path, offset, length, fileLength };
  const signal = asked.signal ?? new AbortController().signal;
  const parts: Uint8Array[] = [];
  using client = new HttpClient(AddressScope.machine);
  for await (const part of fetchRange(client, range, signal, asked.patienceMs)) {
    parts.push(part.slice());
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** What is wrong with a server that answers so. */
async function faultOf(answering: Answering, asked: Asked = {}): Promise<WebSeedError> {
  await using server = new WebServer(FILES, answering);
  return await assertRejects(() => get(server, asked), WebSeedError);
}

const status = (code: number, headers: Record<string, string> = {}): Answering => () =>
  new Response("a page for people", { status: code, headers });

Deno.test("a range of a file is what was asked for, byte for byte", async () => {
  await using server = new WebServer(FILES);
  assertEquals(await get(server), CONTENT.subarray(100_000, 400_000));
  assertEquals(server.requests, [{ path: "/big", range: [100_000, 399_999] }]);
  using client = new HttpClient(AddressScope.machine);
  await probe(
    client,
    { url: `${server.origin}/big`, fileLength: CONTENT.length },
    AbortSignal.timeout(9000),
  );
});

Deno.test("a server without ranges will do for small files, and for no others", async () => {
  const whole: Answering = ({ path }) =>
    new Response(bodyInParts(path === "/big" ? CONTENT : SMALL, 50_000));
  await using server = new WebServer(FILES, whole);
  assertEquals(await get(server, { path: "/small" }), SMALL.subarray(100_000, 400_000));
  const fault = await assertRejects(() => get(server), WebSeedError);
  assertEquals(fault.message, "gives whole files only, no ranges of bytes");
  assert(fault.isHopeless);
});

Deno.test("a file of another length is not the file", async () => {
  const another = { fileLength: 2_000_000 };
  assertEquals((await faultOf(() => undefined, another)).message, "has a file of another length");
  const whole: Answering = () => new Response(new Uint8Array(10));
  assertEquals((await faultOf(whole)).message, "has a file of another length");
  assertEquals((await faultOf(status(416))).message, "has a file of another length");
});

Deno.test("other bytes than asked for are not taken", async () => {
  const ranges = [
    "bytes 0-299999/3000000",
    "bytes 100000-300000/3000000",
    "bytes 100000-399999",
    "",
    "chapters 1-2/3",
  ];
  for (const range of ranges) {
    const wrong: Answering = () =>
      new Response(new Uint8Array(300_000), { status: 206, headers: { "content-range": range } });
    assertEquals((await faultOf(wrong)).message, "sends other parts than asked for", range);
  }
});

Deno.test("an answer that ends early or breaks off is a fault", async () => {
  const headers = { "content-range": "bytes 100000-399999/3000000" };
  const short: Answering = () =>
    new Response(bodyInParts(CONTENT, 10_000, 100_000), { status: 206, headers });
  assertEquals((await faultOf(short)).message, "sends less than it should");
  const broken: Answering = () => {
    let parts = 0;
    const body = new ReadableStream({
      pull: (controller) =>
        ++parts < 5 ? controller.enqueue(new Uint8Array(1000)) : controller.error("broken"),
    });
    return new Response(body, { status: 206, headers });
  };
  assertEquals((await faultOf(broken)).message, "broke off while it was sending");
});

Deno.test("what is beyond the range is not taken either", async () => {
  const headers = { "content-range": "bytes 100000-399999/3000000" };
  await using server = new WebServer(
    FILES,
    () => new Response(bodyInParts(CONTENT.subarray(100_000), 64_000), { status: 206, headers }),
  );
  assertEquals(await get(server), CONTENT.subarray(100_000, 400_000));
});

Deno.test("the name of the range unit may be written in any case", async () => {
  for (const unit of ["Bytes", "BYTES", "bytes "]) {
    const answering: Answering = () =>
      new Response(CONTENT.slice(100_000, 400_000), {
        status: 206,
        headers: { "content-range": `${unit} 100000-399999/3000000` },
      });
    await using server = new WebServer(FILES, answering);
    assertEquals(await get(server), CONTENT.subarray(100_000, 400_000), unit);
  }
});

Deno.test("what is wrong with one file says nothing about the others", async () => {
  for (const code of [400, 403, 404, 410, 414, 416]) {
    assert(await faultOf(status(code)) instanceof MissingFileError, `${code}`);
  }
  assert(await faultOf(() => undefined, { fileLength: 5 }) instanceof MissingFileError);
  for (const code of [401, 407, 429, 500, 503]) {
    assert(!(await faultOf(status(code)) instanceof MissingFileError), `${code}`);
  }
});

Deno.test("a refusal is told by its number; what only people can mend is left alone for long", async () => {
  for (const code of [401, 403, 404, 410]) {
    const fault = await faultOf(status(code));
    assert(fault.message.startsWith(`answers ${code}`), fault.message);
    assertEquals([fault.isHopeless, fault.waitMs], [true, 5 * MINUTE_MS]);
  }
  for (const code of [500, 502, 504]) {
    const fault = await faultOf(status(code));
    assertEquals([fault.isHopeless, fault.waitMs], [false, undefined]);
  }
});

Deno.test("a busy server is left alone for as long as it says, within bounds", async () => {
  const waitOf = async (code: number, value?: string) =>
    (await faultOf(status(code, value === undefined ? {} : { "retry-after": value }))).waitMs!;
  assertEquals(await waitOf(503), 30_000);
  assertEquals(await waitOf(503, "7"), 7000);
  assertEquals(await waitOf(429, "0"), 1000);
  assertEquals(await waitOf(429, "99999999"), 60 * MINUTE_MS);
  assertEquals(await waitOf(503, "soon"), 30_000);
  assertEquals(await waitOf(503, "Wed, 21 Oct 2015 07:28:00 GMT"), 1000);
  const date = await waitOf(503, new Date(Date.now() + 10 * MINUTE_MS).toUTCString());
  assert(date > 9 * MINUTE_MS && date <= 10 * MINUTE_MS, `${date}`);
});

Deno.test("redirects are followed, but not in circles and not to anything but the web", async () => {
  const to = (location: string): Answering => ({ path }) =>
    path === "/big" ? new Response(null, { status: 302, headers: { location } }) : undefined;
  await using server = new WebServer({ ...FILES, "/there": CONTENT }, to("/there"));
  assertEquals(await get(server), CONTENT.subarray(100_000, 400_000));
  assertEquals(server.requests[1], { path: "/there", range: [100_000, 399_999] });
  assertEquals((await faultOf(to("/big"))).message, "redirects in circles");
  for (const location of ["file:///etc/passwd", "data:,x", "ftp://127.0.0.1/", "http://a:b@h/"]) {
    const { message } = await faultOf(to(location));
    assertEquals(message, "redirects to where nothing can be had", location);
  }
});

Deno.test("a server that is silent, or sends a byte now and then, is given up", async () => {
  const message = "does not answer, or hardly sends anything";
  const silent = Promise.withResolvers<Response>();
  const mute = await faultOf(() => silent.promise, { patienceMs: 100 });
  silent.resolve(new Response());
  assertEquals(mute.message, message);
  const headers = { "content-range": "bytes 100000-399999/3000000" };
  const drip: Answering = () => {
    let timer: ReturnType<typeof setInterval>;
    const body = new ReadableStream({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue(new Uint8Array(1)), 20);
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body, { status: 206, headers });
  };
  assertEquals((await faultOf(drip, { patienceMs: 300 })).message, message);
});

Deno.test("the time that the reader takes does not count against the server", async () => {
  await using server = new WebServer(FILES);
  const range = {
    url: `${server.origin}/big`,
    offset: 0,
    length: 2_000_000,
    fileLength: 3_000_000,
  };
  let bytes = 0;
  using client = new HttpClient(AddressScope.machine);
  for await (const part of fetchRange(client, range, new AbortController().signal, 1000)) {
    if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 1200));
    bytes += part.length;
  }
  assertEquals(bytes, 2_000_000);
});

Deno.test("a server that is not there, and one that is left early, leave nothing behind", async () => {
  const gone = new WebServer(FILES);
  await gone[Symbol.asyncDispose]();
  const fault = await assertRejects(() => get(gone), WebSeedError);
  assertEquals([fault.message, fault.waitMs], ["cannot be reached", undefined]);
  await using server = new WebServer(FILES);
  const stop = new AbortController();
  const range = {
    url: `${server.origin}/big`,
    offset: 0,
    length: 3_000_000,
    fileLength: 3_000_000,
  };
  using client = new HttpClient(AddressScope.machine);
  for await (const _ of fetchRange(client, range, stop.signal)) break;
  const reading = fetchRange(client, range, stop.signal);
  await reading.next();
  stop.abort(new Error("enough"));
  await assertRejects(() => Array.fromAsync(reading), Error, "enough");
});
