/** To which web servers a stranger can send us. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { AddressScope, type SourceScope } from "../../lib/codec/address_scope.ts";
import { HttpClient } from "../../lib/net/http_client.ts";
import { WebSeedError } from "../../lib/net/http_errors.ts";

/** A server on 127.0.0.1 that keeps in mind what it was asked, and redirects as its paths say. */
class Asked implements AsyncDisposable {
  readonly urls: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(redirects: Record<string, (port: number) => string> = {}) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      this.urls.push(request.url);
      const to = redirects[new URL(request.url).pathname];
      return to === undefined
        ? new Response("here")
        : new Response(null, { status: 302, headers: { location: to(this.port) } });
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** What names mean. */
const NAMES: Record<string, string[]> = {
  "inside.example": ["127.0.0.1"],
  "mixed.example": ["203.0.113.9", "127.0.0.1"],
  "router.example": ["192.168.1.1"],
  "mapped.example": ["::ffff:127.0.0.1"],
  "many.example": ["224.0.0.1"],
  "nowhere.example": ["0.0.0.0"],
  "link.example": ["169.254.169.254"],
  "localhost": ["127.0.0.1"],
};

async function ask(url: string, from: SourceScope, resolve = lookUp): Promise<string> {
  using client = new HttpClient(from, resolve);
  const { response } = await client.get(new URL(url), {}, AbortSignal.timeout(5000));
  return await response.text();
}

const lookUp = (host: string) => Promise.resolve(NAMES[host] ?? []);

async function refused(url: string, from: SourceScope): Promise<void> {
  await assertRejects(() => ask(url, from), WebSeedError, "strangers send nobody", url);
}

Deno.test("a stranger's name is judged by what it means, not by how it is spelled", async () => {
  await using server = new Asked();
  const at = (host: string) => `http://${host}:${server.port}/x`;
  for (const from of [AddressScope.machine, AddressScope.site, AddressScope.world]) {
    for (const name of ["inside", "mapped", "many", "nowhere"]) {
      await refused(at(`${name}.example`), from);
    }
  }
  for (const name of ["router", "link"]) await refused(at(`${name}.example`), AddressScope.world);
  for (
    const host of ["127.0.0.1", "127.1", "0x7f000001", "[::1]", "[::ffff:7f00:1]", "localhost"]
  ) {
    await refused(at(host), AddressScope.site);
    await refused(at(host), AddressScope.world);
  }
  assertEquals(server.urls, []);
});

Deno.test("who is as near may name this machine, but gives no orders to it", async () => {
  await using server = new Asked();
  const at = (host: string) => `http://${host}:${server.port}/x`;
  assertEquals(await ask(at("127.0.0.1"), AddressScope.machine), "here");
  assertEquals(await ask(at("localhost"), AddressScope.machine), "here");
  await refused(`${at("127.0.0.1")}?cmd=reboot`, AddressScope.machine);
  await refused("http://192.168.1.1/x?cmd=reboot", AddressScope.machine);
  await refused("http://127.0.0.1:22/", AddressScope.machine);
  assertEquals(server.urls.length, 2);
});

Deno.test("the user may name any server", async () => {
  await using server = new Asked();
  assertEquals(await ask(`http://inside.example:${server.port}/x?y`, "user"), "here");
  assertEquals(
    server.urls,
    [`http://inside.example:${server.port}/x?y`],
    "and asks it by its name",
  );
});

Deno.test("every redirect is judged anew, from where it comes", async () => {
  await using server = new Asked({
    "/order": (port) => `http://127.0.0.1:${port}/x?cmd=reboot`,
    "/name": (port) => `http://inside.example:${port}/secret`,
    "/multicast": () => "http://224.0.0.1/",
    "/fine": (port) => `http://127.0.0.1:${port}/x`,
  });
  const origin = `http://127.0.0.1:${server.port}`;
  for (const path of ["/order", "/name", "/multicast"]) {
    await refused(origin + path, AddressScope.machine);
  }
  await refused(`${origin}/multicast`, "user");
  assertEquals(await ask(`${origin}/fine`, AddressScope.machine), "here");
  assertEquals(server.urls.filter((url) => /secret|cmd/.test(url)), []);
});

Deno.test("a name that means something else a moment later is asked where it was judged", async () => {
  await using server = new Asked();
  let times = 0;
  // What was looked up is kept: there is no second answer to fall for.
  const changing = () => Promise.resolve(++times === 1 ? ["127.0.0.1"] : ["192.0.2.1"]);
  const url = `http://rebinding.example:${server.port}/x`;
  assertEquals(await ask(url, "user", changing), "here");
  assertEquals(times, 1);
});

Deno.test("of a name's addresses those are asked that may be, one after the other", async () => {
  await using server = new Asked();
  const resolve = () => Promise.resolve(["127.0.0.2", "127.0.0.1"]);
  assertEquals(await ask(`http://two.example:${server.port}/x`, "user", resolve), "here");
  // By HTTPS the name itself is asked: then all of them have to be.
  await refused("https://mixed.example/", AddressScope.world);
});
