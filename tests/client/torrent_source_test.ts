/**
 * What the user names, and what becomes of it.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { resolveSource, webSeedUrls } from "../../lib/client/torrent_source.ts";
import { AddressScope } from "../../lib/codec/address_scope.ts";
import { hex } from "../../lib/codec/bytes.ts";
import { assumedTracker } from "../../lib/discovery/advertised_address.ts";
import { DiskError } from "../../lib/errors.ts";
import {
  MagnetError,
  NetworkError,
  OptionError,
  Torrent,
  TorrentError,
  Tracker,
} from "../../mod.ts";
import { formulaBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, EventLog, seed, torrentOf } from "../support/clients/library.ts";

const V1 = "0123456789abcdef0123456789abcdef01234567";
const V2 = V1 + V1.slice(16);

Deno.test("an info-hash is looked for on this machine's tracker, unless somebody else is named", async () => {
  const v1 = await resolveSource(V1.toUpperCase(), {});
  assertEquals([hex(v1.v1Hash!), v1.v2Hash, v1.metainfo], [V1, undefined, undefined]);
  assertEquals([v1.trackers, v1.assumesTracker, v1.peers], [[[assumedTracker()]], true, []]);
  const v2 = await resolveSource(V2, { trackers: ["udp://t.example:1"] });
  assertEquals([v2.v1Hash, hex(v2.v2Hash!)], [undefined, V2]);
  assertEquals([v2.trackers, v2.assumesTracker], [[["udp://t.example:1"]], undefined]);
  const direct = await resolveSource(V1, { peers: ["10.0.0.1:6881", "[2001:db8::1]:6882"] });
  assertEquals(direct.trackers, []);
  assertEquals(direct.peers, [
    { host: "10.0.0.1", port: 6881 },
    { host: "2001:db8::1", port: 6882 },
  ]);
});

Deno.test("a link's trackers and peers come after those that were named, each once", async () => {
  const link =
    `magnet:?xt=urn:btih:${V1}&tr=udp%3A%2F%2Fa%3A1&tr=udp%3A%2F%2Fb%3A1&x.pe=10.0.0.9:1`;
  const source = await resolveSource(link, {
    trackers: ["udp://c:1", "udp://a:1"],
    peers: ["10.0.0.1:1"],
  });
  assertEquals(source.trackers, [["udp://c:1"], ["udp://a:1"], ["udp://b:1"]]);
  assertEquals(source.peers.map(({ host }) => host), ["10.0.0.1", "10.0.0.9"]);
});

Deno.test("peers are known by their addresses; who has none is left out of a link, and named otherwise", async () => {
  const link = `magnet:?xt=urn:btih:${V1}&x.pe=localhost:5&x.pe=no-such-host.invalid:6`;
  const { peers } = await resolveSource(link, {});
  assertEquals(
    peers.every(({ host, port }) => /^(127\.0\.0\.1|::1)$/.test(host) && port === 5),
    true,
  );
  assertEquals(peers.length > 0, true);
  await assertRejects(
    () => resolveSource(V1, { peers: ["no-such-host.invalid:6"] }),
    NetworkError,
    "the host of the peer no-such-host.invalid cannot be found: check its name",
  );
  await assertRejects(() => resolveSource(V1, { peers: ["10.0.0.7"] }), OptionError, "host:port");
});

Deno.test("a torrent file brings its description along", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", formulaBytes(100_000));
  const torrent = (await torrentOf(path)).withTrackers(["udp://t.example:1"]);
  const file = await temp.file("a.TORRENT", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  const source = await resolveSource(file, {});
  assertEquals([source.name, source.trackers], ["data.bin", [["udp://t.example:1"]]]);
  assertEquals(source.metainfo?.info.totalLength, 100_000);
  assertEquals([hex(source.v1Hash!), hex(source.v2Hash!)], [torrent.v1Hash, torrent.v2Hash]);
});

Deno.test("a private torrent without a tracker is not announced on this machine's", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", formulaBytes(100_000));
  const torrent = await torrentOf(path, { private: true });
  const file = await temp.file("a.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  assertEquals((await resolveSource(file, {})).trackers, []);
});

Deno.test("a name is asked for, and the tracker that knew it is used", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await Tracker.listen({ host: "127.0.0.1", port: 0 });
  const url = `udp://127.0.0.1:${tracker.addr.port}`;
  const path = await temp.file("lecture.torrent", formulaBytes(100_000));
  const log = new EventLog();
  await using seeder = await seed(path, { trackers: [url], onEvent: log.listener });
  await log.until("tracker", ({ ok }) => ok);
  const asked: string[] = [];
  // A name may look like a torrent file that is not here.
  const source = await resolveSource("lecture.torrent", {
    trackers: [url],
    onLookup: (name) => asked.push(name),
  });
  assertEquals([asked, source.name], [["lecture.torrent"], "lecture.torrent"]);
  assertEquals([hex(source.v1Hash!), hex(source.v2Hash!)], [
    seeder.torrent.v1Hash,
    seeder.torrent.v2Hash,
  ]);
  assertEquals([source.trackers, source.metainfo], [[[url]], undefined]);
  assertEquals(addressOf(seeder).startsWith("127.0.0.1:"), true);
});

Deno.test("what is nearly an info-hash is no name", async () => {
  for (const length of [32, 39, 41, 63, 65, 128]) {
    await assertRejects(
      () => resolveSource("a".repeat(length), {}),
      MagnetError,
      `this has ${length}`,
    );
  }
});

Deno.test("what is far too large for a torrent file is not read", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("huge.torrent", "");
  await Deno.truncate(path, 2 ** 33);
  await assertRejects(() => resolveSource(path, {}), TorrentError, "is it the file itself?");
});

Deno.test("looking for something can be given up", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  stop.abort(reason);
  for (const what of ["a name", "http://127.0.0.1:9/a.torrent"]) {
    const error = await assertRejects(() =>
      resolveSource(what, { trackers: ["udp://127.0.0.1:9"], signal: stop.signal })
    );
    assertEquals(error, reason, what);
  }
});

Deno.test("a torrent file that is not here is said so, and not looked up as a name", async () => {
  const asked: string[] = [];
  const error = await assertRejects(
    () => resolveSource("gone.torrent", { onLookup: (name) => asked.push(name) }),
    DiskError,
    "there is no file gone.torrent here: check its name",
  );
  assertEquals([error.exitCode, asked], [3, []]);
  const named = { trackers: ["udp://127.0.0.1:9"], signal: AbortSignal.timeout(60_000) };
  const both = await assertRejects(() => resolveSource("gone.torrent", named), NetworkError);
  assertEquals(
    both.message.startsWith("there is no file gone.torrent here, and as a name: "),
    true,
  );
  const folder = await Deno.makeTempDir({ suffix: ".torrent" });
  await assertRejects(() => resolveSource(folder, {}), TorrentError, "is a folder");
  await Deno.remove(folder);
});

Deno.test("a torrent file may be named by its file URL, and have any name where its path is given", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", formulaBytes(100_000));
  const bytes = new Uint8Array((await torrentOf(path)).toBytes());
  const file = await temp.file("a b.torrent", bytes);
  assertEquals((await resolveSource(toFileUrl(file).href, {})).name, "data.bin");
  assertEquals((await resolveSource(await temp.file("download", bytes), {})).name, "data.bin");
});

Deno.test("links and info-hashes are known with spaces, quotes and escapes around them", async () => {
  const link = `magnet:?xt=urn:btih:${V1}&amp;dn=x&amp;x.pe=10.0.0.9:1`;
  for (const text of [` ${link}\n`, `<${link}>`, `magnet link: "${link}"`]) {
    const { v1Hash, peers, name } = await resolveSource(text, {});
    assertEquals([hex(v1Hash!), peers, name], [V1, [{ host: "10.0.0.9", port: 1 }], "x"]);
  }
  assertEquals(hex((await resolveSource(` ${V1} `, {})).v1Hash!), V1);
  const base32 = await resolveSource("AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH", {});
  assertEquals(hex(base32.v1Hash!), V1);
});

Deno.test("a web seed with a password in it is not asked, and said so without the password", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", formulaBytes(100_000));
  const { metainfo } = await torrentOf(path);
  const webSeeds = ["http://me:secret@h/a", "http://h/b"];
  const bytes = new Torrent({ ...metainfo, webSeeds }).toBytes();
  const warnings: string[] = [];
  const source = await resolveSource(await temp.file("a.torrent", new Uint8Array(bytes)), {
    onWarning: (message) => warnings.push(message),
  });
  assertEquals(source.webSeeds, ["http://h/b"]);
  assertEquals(warnings, [
    "the web seed http://h/a is not asked: it has a name and a password in it, which Shoal does not send",
  ]);
});

Deno.test("web seeds are judged by how near they are who name them", async () => {
  const link = `magnet:?xt=urn:btih:${V1}&ws=http://h/a`;
  const source = await resolveSource(link, { webSeeds: ["http://h/b"] });
  assertEquals(webSeedUrls(source), [
    { url: "http://h/b", from: "user" },
    { url: "http://h/a", from: AddressScope.machine },
  ]);
  assertEquals(webSeedUrls({ ...source, scope: AddressScope.world })[1]!.from, AddressScope.world);
});

Deno.test("a torrent whose trackers all speak HTTP is said so once, and others are asked", async () => {
  const link = `magnet:?xt=urn:btih:${V1}&tr=http://t.example/announce&tr=wss://u.example`;
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  assertEquals((await resolveSource(link, { onWarning })).trackers, [[assumedTracker()]]);
  assertEquals(warnings, [
    "the torrent's trackers (http://t.example/announce) speak HTTP, and Shoal asks UDP trackers only",
  ]);
  const mixed = await resolveSource(`${link}&tr=udp://v.example:1`, { onWarning });
  const named = await resolveSource(link, { onWarning, trackers: ["udp://w.example:1"] });
  assertEquals([mixed.trackers, named.trackers], [[["udp://v.example:1"]], [[
    "udp://w.example:1",
  ]]]);
  assertEquals(warnings.length, 1);
});

Deno.test("whoever seeds a torrent file is told how to seed what it describes", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", formulaBytes(100_000));
  const bytes = new Uint8Array((await torrentOf(path)).toBytes());
  const log = new EventLog();
  const file = await temp.file("data.torrent", bytes);
  await using _ = await seed(file, { onEvent: log.listener });
  const { message } = await log.until("warning");
  assertEquals(
    message.startsWith(`${file} is shared as a file like any other; to seed the "data.bin"`),
    true,
  );
  const other = await seed(await temp.file("no.torrent", "just text"), { onEvent: log.listener });
  await other.close();
  assertEquals(log.of("warning").length, 1);
});
