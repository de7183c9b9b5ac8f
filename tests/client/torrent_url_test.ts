/** A .torrent by its URL, from servers that do what they like. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { resolveSource } from "../../lib/client/torrent_source.ts";
import { fetchTorrent } from "../../lib/client/torrent_url.ts";
import { concat, utf8 } from "../../lib/codec/bytes.ts";
import { ExitCode, type ShoalError, TorrentError } from "../../lib/errors.ts";
import { V1_INFO } from "../support/vectors/wire_vectors.ts";

const FILE = concat(utf8("d4:info"), V1_INFO, utf8("e"));
const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=x`;
const MIB = 1024 * 1024;

/** A server that writes these bytes to whoever connects, a part at a time, and then does as told. */
class RawServer implements AsyncDisposable {
  readonly url: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;
  heads: string[] = [];
  written = 0;

  constructor(
    readonly parts: () => Iterable<string | Uint8Array>,
    readonly atEnd: "close" | "wait" = "close",
  ) {
    this.url = `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}/a.torrent`;
    this.#serving = this.#serve();
  }

  async #serve(): Promise<void> {
    const running: Promise<void>[] = [];
    for await (const conn of this.#listener) running.push(this.#answer(conn));
    await Promise.all(running);
  }

  async #answer(conn: Deno.Conn): Promise<void> {
    this.#conns.add(conn);
    try {
      const head = new Uint8Array(4096);
      const length = await conn.read(head) ?? 0;
      this.heads.push(new TextDecoder().decode(head.subarray(0, length)));
      for (const part of this.parts()) {
        const bytes = typeof part === "string" ? utf8(part) : part;
        for (let at = 0; at < bytes.length;) {
          at += await conn.write(bytes.subarray(at));
        }
        this.written += bytes.length;
      }
      if (this.atEnd === "close") conn.close();
    } catch {
      // The client has left, or the test is over.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch { /* closed already */ }
    }
    await this.#serving;
  }
}

const head = (...lines: string[]) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");

/** How fetching from such a server fails: the exit code and the sentence, without the URL. */
async function failureOf(
  parts: () => Iterable<string | Uint8Array>,
  atEnd?: "close" | "wait",
): Promise<[number, string]> {
  await using server = new RawServer(parts, atEnd);
  const error = await assertRejects(() => fetchTorrent(server.url, undefined, 300)) as ShoalError;
  assert(error.message.startsWith(`${server.url} `), error.message);
  return [error.exitCode, error.message.slice(server.url.length + 1)];
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const body = new Response(new Uint8Array(bytes)).body!;
  const packed = body.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

Deno.test("a torrent file comes from a URL, compressed or not, with a length or without", async () => {
  const packed = await gzip(FILE);
  const answers: (string | Uint8Array)[][] = [
    [head(`Content-Length: ${FILE.length}`), FILE],
    [head("Connection: close"), FILE],
    [head("Content-Encoding: gzip", `Content-Length: ${packed.length}`), packed],
  ];
  for (const answer of answers) {
    await using server = new RawServer(() => answer);
    const fetched = await fetchTorrent(server.url);
    assert("torrent" in fetched);
    assertEquals(fetched.torrent, FILE);
  }
});

Deno.test("an answer that is cut, stalled or badly compressed is the server's fault", async () => {
  const cut = [head("Content-Length: 5000"), "d4:info"];
  assertEquals(await failureOf(() => cut), [
    ExitCode.network,
    "broke off while it was sending: try again",
  ]);
  const stalled = "does not answer, or hardly sends anything: try again later";
  assertEquals(await failureOf(() => cut, "wait"), [ExitCode.timeout, stalled]);
  assertEquals(await failureOf(() => [], "wait"), [ExitCode.timeout, stalled]);
  const chunks = [head("Transfer-Encoding: chunked"), "7\r\nd4:info\r\nzzzz\r\nx"];
  assertEquals((await failureOf(() => chunks))[0], ExitCode.network);
  const packed = (await gzip(new Uint8Array(100_000).fill(0x64))).slice(0, -20);
  for (const bytes of [utf8("notgzip!!!"), packed]) {
    const bad = [head("Content-Encoding: gzip", `Content-Length: ${bytes.length}`), bytes];
    const [code, sentence] = await failureOf(() => bad);
    assertEquals(code, ExitCode.network);
    assert(sentence.includes("badly compressed"), sentence);
  }
  assertEquals(await failureOf(() => [head("Content-Length: 0")]), [
    ExitCode.network,
    "sends nothing: check the address",
  ]);
});

Deno.test("a body without end, or one that unpacks without end, is left at its cap", async () => {
  const endless = function* () {
    yield head("Connection: close") + "d";
    while (true) yield new Uint8Array(65_536);
  };
  await using server = new RawServer(endless);
  await assertRejects(() => fetchTorrent(server.url), TorrentError, "too large");
  assert(server.written < 80 * MIB, `${server.written}`);
  const bomb = await gzip(new Uint8Array(65 * MIB).fill(0x64));
  const packed = [head("Content-Encoding: gzip", `Content-Length: ${bomb.length}`), bomb];
  const [code, sentence] = await failureOf(() => packed);
  assertEquals([code, sentence], [
    ExitCode.badTorrent,
    "is too large for a torrent file: is it the file itself?",
  ]);
  const told = [head("Content-Length: 99999999999"), "d4:info"];
  assertEquals((await failureOf(() => told, "wait"))[1], sentence);
});

Deno.test("what is no torrent file shows at its first byte, and is left at once", async () => {
  const page = [head("Content-Length: 50000000"), "\n <!DOCTYPE html><html>"];
  const [code, sentence] = await failureOf(() => page, "wait");
  assertEquals(code, ExitCode.badTorrent);
  assert(sentence.startsWith("is a web page, not a torrent file"), sentence);
  const zeros = [head("Content-Length: 50000000"), new Uint8Array(1000)];
  assertEquals(await failureOf(() => zeros, "wait"), [
    ExitCode.badTorrent,
    "is not a torrent file: check the address",
  ]);
});

Deno.test("a refusal is told by its number, and what is gone by its exit code", async () => {
  const codeOf = (status: string) =>
    failureOf(() => [`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`]);
  assertEquals(await codeOf("404 Not Found"), [ExitCode.notFound, "answers 404 Not Found"]);
  assertEquals((await codeOf("410 Gone"))[0], ExitCode.notFound);
  assertEquals((await codeOf("500 Oh"))[0], ExitCode.network);
  const [code, sentence] = await codeOf("401 Unauthorized");
  assertEquals(code, ExitCode.network);
  assert(sentence.includes("name and password"), sentence);
});

Deno.test("a URL that redirects to a magnet link, or gives one as text, is that link", async () => {
  const redirect = `HTTP/1.1 302 Found\r\nLocation: ${MAGNET}\r\nContent-Length: 0\r\n\r\n`;
  for (const answer of [redirect, head(`Content-Length: ${MAGNET.length + 1}`) + `${MAGNET}\n`]) {
    await using server = new RawServer(() => [answer]);
    assertEquals((await resolveSource(server.url, {})).v1Hash, new Uint8Array(20).fill(0xab));
  }
  const elsewhere = ["file:///etc/hostname", "ftp://h/x", "data:,d4:info", "http://a:b@h/"];
  for (const location of elsewhere) {
    const answer = `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
    assertEquals((await failureOf(() => [answer]))[1], "redirects to where nothing can be had");
  }
});

Deno.test("a name and a password go to the server that they were typed for, and are not shown", async () => {
  await using server = new RawServer(() => ["HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"]);
  const url = server.url.replace("//", "//me:secret@");
  const error = await assertRejects(() => fetchTorrent(url), Error, "answers 403");
  assert(!error.message.includes("secret"), error.message);
  assert(/authorization: Basic bWU6c2VjcmV0/i.test(server.heads[0]!), server.heads[0]);
});
