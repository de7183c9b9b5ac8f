/** Getting files from web servers, alone and beside peers. @module */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { join } from "@std/path";
import type { LeecherOptions } from "../../mod.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  addressOf,
  EventLog,
  leechFrom,
  type Leeching,
  makeOrigin,
  type Origin,
  seed,
  torrentOf,
  withinReason,
} from "../support/clients/library.ts";
import { digestsOf, makeTree } from "../support/folders.ts";
import { type Answering, WebServer } from "../support/network/web_server.ts";

const MIB = 2 ** 20;

/** A file on disk, its torrent on disk, and a web server that has it as `/data.bin`. */
class WebSeedHarness implements AsyncDisposable {
  private constructor(
    readonly temp: TempFolder,
    readonly origin: Origin,
    readonly server: WebServer,
    readonly torrentPath: string,
  ) {}

  static async of(
    length: number,
    answering?: Answering,
    options: Parameters<typeof torrentOf>[1] = {},
  ): Promise<WebSeedHarness> {
    const temp = await TempFolder.create();
    const origin = await makeOrigin(temp, length);
    const server = new WebServer({ "/data.bin": origin.bytes }, answering);
    const webSeeds = [`${server.origin}/`];
    const torrent = await torrentOf(origin.path, { pieceLength: 65_536, webSeeds, ...options });
    const torrentPath = await temp.file("data.torrent", new Uint8Array(torrent.toBytes()));
    return new WebSeedHarness(temp, origin, server, torrentPath);
  }

  /** Begins to get the file. */
  async leech(options: LeecherOptions = {}): Promise<Leeching> {
    const out = await this.temp.folder("copy");
    return await leechFrom(this.torrentPath, { out, exit: true, trackers: [], ...options });
  }

  /** Asserts that the file is there as it should be. */
  async assertSame(): Promise<void> {
    assert(equal(await Deno.readFile(this.temp.join("copy", "data.bin")), this.origin.bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.temp[Symbol.asyncDispose]();
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

for (const format of ["v1", "v2", "hybrid"] as const) {
  Deno.test(`a web seed alone is enough for a ${format} torrent`, async () => {
    await using bench = await WebSeedHarness.of(5 * MIB + 12_345, undefined, { format });
    await using leeching = await bench.leech();
    const { sources } = await leeching.complete();
    await bench.assertSame();
    const address = `${bench.server.origin}/`;
    assertEquals(sources, [{ address, client: "web seed", bytes: bench.origin.bytes.length }]);
    assertEquals(leeching.leecher.stats().wastedBytes, 0);
    const states = leeching.log.of("peer").map(({ address, state }) => ({ address, state }));
    assertEquals(states.slice(0, 2), [
      { address, state: "connecting" },
      { address, state: "connected" },
    ]);
  });
}

Deno.test("blocks are fetched in long ranges, each byte once, few at a time", async () => {
  await using bench = await WebSeedHarness.of(16 * MIB, undefined, { pieceLength: 2 * MIB });
  await using leeching = await bench.leech();
  await leeching.complete();
  const { dataRequests, open } = bench.server;
  const bytes = dataRequests.reduce((sum, { range }) => sum + range![1] - range![0] + 1, 0);
  assertEquals(bytes, 16 * MIB);
  assert(dataRequests.length < 100, `${dataRequests.length} requests for 1024 blocks`);
  assert(open.most <= 4, `${open.most} at once`);
});

Deno.test("web seeds of a magnet link and of the user are used beside peers", async () => {
  await using bench = await WebSeedHarness.of(4 * MIB);
  await using seeder = await seed(bench.origin.path, {
    pieceLength: 65_536,
    uploadLimit: 100_000, // too slow to matter
    webSeeds: [`${bench.server.origin}/data.bin`],
  });
  assertMatch(seeder.magnet, /&ws=http%3A%2F%2F127\.0\.0\.1%3A\d+%2Fdata\.bin/);
  const common = { exit: true, peers: [addressOf(seeder)] };
  const out = await bench.temp.folder("copy");
  await using byLink = await leechFrom(seeder.magnet, { ...common, out });
  const { sources } = await byLink.complete();
  await bench.assertSame();
  assertEquals(sources[0]!.address, `${bench.server.origin}/data.bin`);
  const bare = seeder.magnet.replace(/&ws=[^&]*/, "");
  const webSeeds = [`${bench.server.origin}/`];
  await using byUser = await leechFrom(bare, {
    ...common,
    webSeeds,
    out: bench.temp.join("2") + "/",
  });
  assertEquals((await byUser.complete()).sources[0]!.address, webSeeds[0]);
});

Deno.test("a web seed and a peer share the work", async () => {
  const slowly: Answering = async (_, honest) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return honest();
  };
  await using bench = await WebSeedHarness.of(8 * MIB, slowly);
  await using seeder = await seed(bench.origin.path, { pieceLength: 65_536, uploadLimit: 4 * MIB });
  await using leeching = await bench.leech({ peers: [addressOf(seeder)] });
  const { sources } = await leeching.complete();
  await bench.assertSame();
  for (const { bytes, address } of sources) assertGreater(bytes, MIB, address);
  assertEquals(sources.length, 2);
});

Deno.test("a folder comes file by file, by percent-encoded paths, without its pads", async () => {
  await using temp = await TempFolder.create();
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    "a file.txt": pseudoRandomBytes(100_000, 1),
    "empty.txt": new Uint8Array(),
    "größe 50%.bin": pseudoRandomBytes(300_001, 2),
    "sub #1/deep/c?.bin": pseudoRandomBytes(70_000, 3),
    "z.bin": pseudoRandomBytes(5, 4),
  };
  const served: Record<string, Uint8Array> = {};
  await temp.folder("My Folder/sub #1/deep");
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.writeFile(temp.join("My Folder", ...path.split("/")), bytes);
    served[`/x/My%20Folder/${path.split("/").map(encodeURIComponent).join("/")}`] = bytes;
  }
  await using server = new WebServer(served);
  for (const format of ["v1", "hybrid", "v2"] as const) {
    const torrent = await torrentOf(temp.join("My Folder"), {
      format,
      pieceLength: 32_768,
      webSeeds: [`${server.origin}/x`],
    });
    const path = await temp.file(`${format}.torrent`, new Uint8Array(torrent.toBytes()));
    const out = await temp.folder(format);
    await using leeching = await leechFrom(path, { out, exit: true });
    const { bytes } = await leeching.complete();
    assertEquals(bytes, 470_006);
    for (const [path, bytes] of Object.entries(files)) {
      assert(equal(await Deno.readFile(join(out, "My Folder", ...path.split("/"))), bytes), path);
    }
  }
  assert(server.requests.every(({ path }) => path in served && !path.endsWith("empty.txt")));
});

Deno.test("a web seed with corrupt data is banned, and another one takes over", async () => {
  await using bench = await WebSeedHarness.of(2 * MIB);
  const corrupt = bench.origin.bytes.slice();
  corrupt[MIB]! ^= 1;
  await using liar = new WebServer({ "/data.bin": corrupt });
  // The torrent's own web seed comes second.
  const webSeeds = [`${liar.origin}/data.bin`];
  await using leeching = await bench.leech({ webSeeds });
  await leeching.complete();
  await bench.assertSame();
  const { log } = leeching;
  const banned = log.of("peer").filter(({ state }) => state === "banned");
  for (const { address, reason } of banned) {
    assertEquals(address, webSeeds[0]);
    assertMatch(reason!, /^sent corrupt data/);
  }
  assertEquals(log.of("pieceFailed").length > 0, banned.length > 0);
});

Deno.test("with a corrupt web seed alone, what is right stays, and the wait says what is needed", async () => {
  await using bench = await WebSeedHarness.of(
    MIB,
    ({ range }, honest) =>
      range![0] <= 500_000 && range![1] >= 500_000
        ? honest().arrayBuffer().then((buffer) => {
          new Uint8Array(buffer)[500_000 - range![0]]! ^= 1;
          return new Response(buffer, { status: 206, headers: honest().headers });
        })
        : undefined,
  );
  await using leeching = await bench.leech();
  const { reason } = await leeching.log.until("stalled");
  assertMatch(reason, /^another seeder is needed, http:\/\/127\.0\.0\.1:\d+\/ sent corrupt data/);
});

Deno.test("a web server that breaks off is come back to, and goes on where it stopped", async () => {
  let broken = 0;
  await using bench = await WebSeedHarness.of(4 * MIB, ({ range }, honest) => {
    if (range![1] === 0 || broken >= 2) return undefined;
    broken++;
    const { headers } = honest();
    const last = range![0] + 40_000;
    let at = range![0];
    const body = new ReadableStream({
      pull(controller) {
        if (at >= last) return controller.error("the server died");
        controller.enqueue(bench.origin.bytes.slice(at, at += 20_000));
      },
    });
    return new Response(body, { status: 206, headers });
  });
  await using leeching = await bench.leech();
  await leeching.complete();
  await bench.assertSame();
  const away = leeching.log.of("peer").filter(({ state }) => state === "away");
  assertMatch(away[0]!.reason!, /broke off|sends less/);
});

Deno.test("a web server that lacks the file is told of once, and does not stop the others", async () => {
  await using bench = await WebSeedHarness.of(2 * MIB);
  await using empty = new WebServer({});
  const webSeeds = [`${empty.origin}/missing.bin`];
  await using leeching = await bench.leech({ webSeeds });
  await leeching.complete();
  await bench.assertSame();
  assertEquals(leeching.log.of("warning").map(({ message }) => message), [
    `the web seed ${webSeeds[0]} answers 404 Not Found`,
  ]);
  assertEquals(empty.requests.length, 1);
});

Deno.test("a busy web server is left alone until the time it names", async () => {
  await using bench = await WebSeedHarness.of(
    MIB,
    (_request, _honest, number) =>
      number === 1
        ? new Response(null, { status: 503, headers: { "retry-after": "2" } })
        : undefined,
  );
  const sinceMs = performance.now();
  await using leeching = await bench.leech();
  await leeching.log.until("peer", ({ state }) => state === "away");
  assertEquals(bench.server.requests.length, 1);
  await leeching.complete();
  assertGreater(performance.now() - sinceMs, 2000);
});

Deno.test("a finished leecher asks no web server any more, and one that begins so none at all", async () => {
  await using bench = await WebSeedHarness.of(MIB);
  await using first = await bench.leech({ exit: false });
  await first.complete();
  const { length } = bench.server.requests;
  const log = new EventLog();
  await using again = await bench.leech({ onEvent: log.listener });
  await again.complete();
  assertEquals(log.of("peer"), []);
  assertEquals(bench.server.requests.length, length);
});

Deno.test("a download limit holds for web seeds too", async () => {
  await using bench = await WebSeedHarness.of(3 * MIB);
  await using leeching = await bench.leech({ downloadLimit: 1.5 * MIB });
  const startMs = performance.now();
  await leeching.complete();
  const seconds = (performance.now() - startMs) / 1000;
  assert(seconds > 1.8 && seconds < 3.5, `${seconds} s`);
});

Deno.test("nothing of a web seed is left when a leecher is stopped in the middle", async () => {
  await using bench = await WebSeedHarness.of(8 * MIB);
  await using leeching = await bench.leech({ downloadLimit: MIB });
  await leeching.log.until("piece");
  await leeching.leecher.close();
  assertEquals(leeching.leecher.stats().state, "stopped");
});

for (const kind of ["is not there", "is another one"]) {
  Deno.test(`a file that ${kind} on the web server is the only one that does not come from there`, async () => {
    await using temp = await TempFolder.create();
    const sizes = { "a.bin": 300_000, "b.bin": 70_000, "c.bin": 300_000 };
    const path = await makeTree(temp, "set", sizes);
    const files: Record<string, Uint8Array> = {};
    for (const name of ["a.bin", "c.bin"]) {
      files[`/set/${name}`] = await Deno.readFile(join(path, name));
    }
    if (kind === "is another one") files["/set/b.bin"] = new Uint8Array(1000);
    await using server = new WebServer(files);
    const torrent = await torrentOf(path, {
      format: "v1",
      pieceLength: 16_384,
      webSeeds: [`${server.origin}/`],
    });
    const torrentPath = await temp.file("set.torrent", new Uint8Array(torrent.toBytes()));
    await using seeder = await seed(path, { format: "v1", pieceLength: 16_384 });
    const leech = (options: LeecherOptions) =>
      leechFrom(torrentPath, { exit: true, trackers: [], ...options });
    await using alone = await leech({ out: await temp.folder("alone") });
    const warning = await alone.log.until("warning");
    assertMatch(
      warning.message,
      /^the web seed \S+ (answers 404|has a file of another).* "b.bin"; /,
    );
    await withinReason(
      (async () => {
        // Pieces of a.bin and c.bin that have nothing of b.bin in them.
        while (alone.log.of("piece").length < 35) {
          await alone.log.until("piece", () => true, alone.log.of("piece").length + 1);
        }
      })(),
      () => JSON.stringify(alone.log.all.slice(-20)),
    );
    const asked = server.requests.filter(({ path }) => path === "/set/b.bin").length;
    assert(asked >= 1 && asked <= 4, "at most once by each of the requests under way");
    assertEquals(alone.log.of("peer").at(-1)!.state, "connected");
    alone.leecher.close();
    await using both = await leech({
      out: await temp.folder("both"),
      peers: [addressOf(seeder)],
    });
    await both.complete();
    assertEquals(await digestsOf(temp.join("both", "set")), await digestsOf(path));
  });
}

Deno.test("a web server that lacks many files of a folder gives the others, on one connection", async () => {
  await using temp = await TempFolder.create();
  const names = Array.from({ length: 24 }, (_, i) => `${i}.bin`);
  const sizes = Object.fromEntries(names.map((name) => [name, 20_000]));
  const path = await makeTree(temp, "set", sizes);
  const files: Record<string, Uint8Array> = {};
  for (const name of names.filter((_, i) => i % 2 === 0)) {
    files[`/set/${name}`] = await Deno.readFile(join(path, name));
  }
  await using server = new WebServer(files);
  const options = { pieceLength: 16_384, webSeeds: [`${server.origin}/`] };
  const torrent = await torrentOf(path, options);
  const torrentPath = await temp.file("set.torrent", new Uint8Array(torrent.toBytes()));
  const out = await temp.folder("copy");
  await using leeching = await leechFrom(torrentPath, { out, exit: true, trackers: [] });
  await leeching.log.until("piece", () => true, 24);
  assertEquals(leeching.log.of("peer").map(({ state }) => state), ["connecting", "connected"]);
});

/** A folder of four files and its torrent on disk, and a web server with some other versions of them. */
async function mirrorOf(temp: TempFolder, different: readonly string[], format: "v1" | "hybrid") {
  const names = ["a.bin", "b.bin", "c.bin", "d.bin"];
  const path = await makeTree(
    temp,
    "set",
    Object.fromEntries(names.map((name) => [name, 200_000])),
  );
  const files: Record<string, Uint8Array> = {};
  for (const name of names) {
    const bytes = await Deno.readFile(join(path, name));
    // Another build: the same length, and hardly a byte where it was.
    files[`/set/${name}`] = different.includes(name) ? bytes.map((byte) => byte ^ 0x55) : bytes;
  }
  const server = new WebServer(files);
  const options = { format, pieceLength: 16_384, webSeeds: [`${server.origin}/`] };
  const torrent = await torrentOf(path, options);
  const torrentPath = await temp.file("set.torrent", new Uint8Array(torrent.toBytes()));
  return { path, server, torrentPath };
}

for (const format of ["v1", "hybrid"] as const) {
  Deno.test(`a ${format} folder's web seed with another version of a file gives all others`, async () => {
    await using temp = await TempFolder.create();
    const { path, server, torrentPath } = await mirrorOf(temp, ["b.bin"], format);
    await using _server = server;
    const leech = (options: LeecherOptions) =>
      leechFrom(torrentPath, { exit: true, trackers: [], ...options });
    await using alone = await leech({ out: await temp.folder("alone") });
    // Of 49 pieces in v1, and of 52 in a hybrid, b.bin has a part in 13.
    const most = (format === "v1" ? 49 : 52) - 13;
    await alone.log.until("piece", () => true, most);
    const warning = await alone.log.until("warning");
    assertMatch(
      warning.message,
      /^the web seed \S+ has other data than the torrent for "[ab].bin"/,
    );
    assertEquals(alone.log.of("peer").at(-1)!.state, "connected");
    const { wastedBytes } = alone.leecher.stats();
    assert(wastedBytes <= 13 * 16_384, `of b.bin nothing is fetched twice: ${wastedBytes}`);
    await alone.leecher.close();
    await using seeder = await seed(path, { format, pieceLength: 16_384 });
    const both = { out: await temp.folder("both"), peers: [addressOf(seeder)] };
    await using together = await leech(both);
    await together.complete();
    assertEquals(await digestsOf(temp.join("both", "set")), await digestsOf(path));
    assertEquals(together.log.of("peer").filter(({ state }) => state === "banned"), []);
  });
}

Deno.test("a web seed with other versions of several files is dropped", async () => {
  await using temp = await TempFolder.create();
  const { server, torrentPath } = await mirrorOf(
    temp,
    ["a.bin", "b.bin", "d.bin"],
    "hybrid",
  );
  await using _server = server;
  const out = await temp.folder("copy");
  await using leeching = await leechFrom(torrentPath, { out, exit: true, trackers: [] });
  const { address } = await leeching.log.until("peer", ({ state }) => state === "banned");
  assertEquals(address, `${server.origin}/`);
  const { reason } = await leeching.log.until("stalled");
  assertMatch(reason, /^another seeder is needed, \S+ sent corrupt data/);
});
