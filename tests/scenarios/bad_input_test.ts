/**
 * What a user gets who names something that is not there, not what it should be, or not theirs: one
 * sentence that says what to do, and an exit code to go by.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { TempFolder } from "../../support/temp.ts";
import { failure, leech, ShoalSeeder, ShoalTracker } from "../support/clients/shoal.ts";
import { startBound } from "../support/programs/privileges.ts";

const LOCAL = ["--host", "127.0.0.1", "-p", "0"];
const V1 = "0123456789abcdef0123456789abcdef01234567";

function seederFails(path: string, code: number, args: string[] = []): Promise<string> {
  return failure("seeder", [path, "--no-cache", ...LOCAL, ...args], code);
}

function leecherFails(what: string, code: number, args: string[] = []): Promise<string> {
  return failure("leecher", [what, ...LOCAL, ...args], code);
}

Deno.test("a file that is not there cannot be shared: exit 3", async () => {
  await using temp = await TempFolder.create();
  const path = temp.join("missing.iso");
  assertEquals(await seederFails(path, 3), `${path} does not exist: check the path`);
});

Deno.test("a folder without files cannot be shared: exit 17", async () => {
  await using temp = await TempFolder.create();
  await temp.folder("empty");
  assertEquals(
    await seederFails(temp.path, 17),
    `${temp.path} holds no files: there is nothing to share`,
  );
});

Deno.test("a device is no file: exit 17", async () => {
  assertEquals(await seederFails("/dev/null", 17), "/dev/null is neither a file nor a folder");
});

Deno.test("a file that may not be read cannot be shared: exit 17", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("secret.bin", "secret");
  await Deno.chmod(path, 0);
  await using seeder = startBound("seeder", [path, "--no-cache", ...LOCAL]);
  assertEquals(await seeder.exit(), 17);
  assertEquals(
    seeder.stderr.at(-1),
    `seeder: no permission for ${path}: check who may read and write it`,
  );
});

for (const format of ["v1", "v2", "hybrid"]) {
  Deno.test(`an empty ${format} file is shared and fetched like any other`, async () => {
    await using temp = await TempFolder.create();
    const path = await temp.file("empty.txt", "");
    const torrent = temp.join("empty.torrent");
    await using tracker = await ShoalTracker.start();
    const args = ["--format", format, "-t", tracker.url, "-o", torrent];
    await using seeder = await ShoalSeeder.start(path, args);
    await seeder.program.line(/^tracker \S+ answers: 1 seeder/);
    const sources = [seeder.magnet, torrent, "empty.txt"];
    for (const [i, what] of sources.entries()) {
      const copy = await leech(what, await temp.folder(`copy${i}`), ["-t", tracker.url]);
      assertEquals((await Deno.stat(copy)).size, 0);
      assertEquals(await Array.fromAsync(Deno.readDir(join(copy, "..")), ({ name }) => name), [
        "empty.txt",
      ]);
    }
  });
}

Deno.test("a port asked for by hand that is taken is an error: exit 6", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.txt", "a");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = `${listener.addr.port}`;
  const sentence = `port ${port} is taken by another program: choose another with --port`;
  const at = ["--host", "127.0.0.1", "-p", port];
  assertEquals(await failure("seeder", [path, "--no-cache", ...at], 6), sentence);
  assertEquals(await failure("leecher", [V1, ...at], 6), sentence);
});

Deno.test("a tracker whose port is taken says so: exit 6", async () => {
  await using tracker = await ShoalTracker.start();
  const port = new URL(tracker.url.replace("udp:", "http:")).port;
  const sentence = await failure("tracker", ["--host", "127.0.0.1", "-p", port], 6);
  assertMatch(sentence, new RegExp(`port ${port} is (taken|in use)`));
});

Deno.test("an address of another machine cannot be listened on: exit 6", async () => {
  const sentence = await failure("leecher", [V1, "--host", "192.0.2.77", "-p", "0"], 6);
  assertEquals(
    sentence,
    "cannot listen on 192.0.2.77 port 0: is that an address of this machine?",
  );
});

const BAD_LINKS: [string, RegExp][] = [
  ["magnet:?dn=file.iso", /info-hash|xt/],
  ["magnet:?xt=urn:btih:1234", /40|info-hash/],
  [`magnet:?xt=urn:btmh:1220${V1}`, /64|btmh|info-hash/],
  ["magnet:?xt=urn:ed2k:abcdef", /info-hash|xt/],
  [
    V1.slice(1),
    /^an info-hash has 40 hex digits \(v1\) or 64 \(v2\), and this has 39: copy it anew$/,
  ],
  [`${V1}0`, /^an info-hash has 40 hex digits \(v1\) or 64 \(v2\), and this has 41: copy it anew$/],
];

for (const [link, sentence] of BAD_LINKS) {
  Deno.test(`a link that cannot be read is refused: exit 27, ${link}`, async () => {
    assertMatch(await leecherFails(link, 27), sentence);
  });
}

Deno.test("a file that is no torrent is refused: exit 26", async () => {
  await using temp = await TempFolder.create();
  const contents: [string, RegExp][] = [
    ["", /not a torrent file/],
    ["<html>not found</html>", /not a torrent file/],
    ["d8:announce3:abce", /not a torrent file.*no info/],
    ["d4:infod6:lengthi-5e4:name1:a12:piece lengthi16384e6:pieces0:ee", /length/],
    ["d4:infod6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces5:01234ee", /piece/],
  ];
  for (const [i, [content, sentence]] of contents.entries()) {
    const path = await temp.file(`${i}.torrent`, content);
    assertMatch(await leecherFails(path, 26), sentence);
    assertMatch(await leecherFails(path, 26, ["--list"]), sentence);
  }
});

Deno.test("a torrent file that is not there is told from a name: exit 3", async () => {
  await using temp = await TempFolder.create();
  const path = temp.join("missing.torrent");
  assertEquals(await leecherFails(path, 3), `${path} does not exist: check the path`);
});

Deno.test("a torrent file that may not be read is refused: exit 17", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("secret.torrent", "d4:infodee");
  await Deno.chmod(path, 0);
  await using leecher = startBound("leecher", [path, ...LOCAL]);
  assertEquals(await leecher.exit(), 17);
  assertMatch(leecher.stderr.at(-1)!, /no permission for .*secret\.torrent/);
});

Deno.test("a torrent's address that leads nowhere is told: exit 6, or 3 when it is not there", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      new Response(url.endsWith("big") ? new Uint8Array(65 * 2 ** 20) : "gone", {
        status: url.endsWith("big") ? 200 : 404,
      }),
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  try {
    assertEquals(
      await leecherFails(`${base}/a.torrent`, 3),
      `${base}/a.torrent answers 404 Not Found`,
    );
    assertMatch(await leecherFails(`${base}/big`, 26), /too large for a torrent file/);
  } finally {
    await server.shutdown();
  }
  assertEquals(
    await leecherFails(`${base}/a.torrent`, 6),
    `${base}/a.torrent cannot be reached: check the address`,
  );
});

Deno.test("a torrent at an address is fetched like a file", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.txt", "the content");
  const torrent = temp.join("a.torrent");
  await using seeder = await ShoalSeeder.start(path, ["-o", torrent, "-t", "udp://127.0.0.1:9"]);
  const bytes = await Deno.readFile(torrent);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(bytes),
  );
  try {
    const url = `http://127.0.0.1:${server.addr.port}/any/name`;
    const copy = await leech(url, await temp.folder("copy"), ["--peer", seeder.address]);
    assertEquals(await Deno.readTextFile(copy), "the content");
  } finally {
    await server.shutdown();
  }
});

Deno.test("a peer that is no address is refused before anything is done: exit 28", async () => {
  assertMatch(await leecherFails(V1, 28, ["--peer", "10.0.0.7"]), /--peer takes HOST:PORT/);
});

Deno.test("a tracker that is no address is refused before anything is done: exit 28", async () => {
  assertMatch(await leecherFails(V1, 28, ["-t", "10.0.0.7:6969"]), /write udp:\/\/host:6969/);
  assertMatch(await leecherFails(V1, 28, ["-t", "http://h/announce"]), /only udp/);
});

Deno.test("a peer may be named by its host name", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.txt", "the content");
  await using seeder = await ShoalSeeder.start(path, ["-t", "udp://127.0.0.1:9"]);
  const peer = seeder.address.replace("127.0.0.1", "localhost");
  const copy = await leech(seeder.hashes.v1!, await temp.folder("copy"), ["--peer", peer]);
  assertEquals(await Deno.readTextFile(copy), "the content");
});

Deno.test("a peer whose host nobody knows is an error: exit 6", async () => {
  assertEquals(
    await leecherFails(V1, 6, ["--peer", "no-such-host.invalid:6881"]),
    "the host of the peer no-such-host.invalid cannot be found: check its name",
  );
});

Deno.test("nothing is left behind by what failed", async () => {
  await using temp = await TempFolder.create();
  const out = await temp.folder("out");
  await leecherFails("magnet:?xt=urn:btih:1234", 27, ["-o", out]);
  assertEquals(await Array.fromAsync(Deno.readDir(out)), []);
  assert(!(await Array.fromAsync(Deno.readDir(temp.path))).some(({ name }) => name !== "out"));
});
