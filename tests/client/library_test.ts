/**
 * The library as others use it in their programs.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  catalogue,
  createTorrent,
  ExitCode,
  findByName,
  Leecher,
  listTorrent,
  NetworkError,
  OptionError,
  Seeder,
  ShoalError,
  Tracker,
  verifyFile,
} from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  addressOf,
  EventLog,
  leechFrom,
  LOCAL,
  makeOrigin,
  seed,
  withinReason,
} from "../support/clients/library.ts";

const MIB = 2 ** 20;

Deno.test("a file is shared, fetched and known to be intact in three lines", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, MIB + 1);
  const quiet = { ...LOCAL, cache: false, embeddedTracker: false };

  await using seeder = await Seeder.start(path, quiet);
  await using leecher = await Leecher.start(seeder.magnet, { ...LOCAL, out: temp.join("a") + "/" });
  const { path: copy } = await leecher.complete;

  assertEquals(await Deno.readFile(copy), bytes);
});

Deno.test("a tracker, a seeder and a leecher by name", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, MIB);
  await using tracker = await Tracker.listen({ ...LOCAL, intervalSeconds: 1 });
  const trackers = [`udp://127.0.0.1:${tracker.addr.port}`];
  const log = new EventLog();
  await using seeder = await seed(path, { trackers, onEvent: log.listener });
  await log.until("tracker", ({ ok }) => ok);
  const [entry, ...others] = await findByName("data.bin", trackers);
  assertEquals(others, []);
  assertEquals([entry!.v2Hash, entry!.length, entry!.seeders], [seeder.torrent.v2Hash, MIB, 1]);
  assertEquals(await catalogue(trackers), [entry!]);
  await using leeching = await leechFrom("data.bin", { trackers, out: temp.join("copy") + "/" });
  const result = await leeching.complete();
  assertEquals(await Deno.readFile(result.path), bytes);
  assertEquals([result.bytes, result.verifiedBy], [MIB, "SHA-256"]);
  assertEquals(result.sources.map(({ address, bytes }) => [address, bytes]), [
    [addressOf(seeder), MIB],
  ]);
});

Deno.test("events tell the whole story, in order", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 4 * 32_768);
  await using seeder = await seed(path, { pieceLength: 32_768 });
  const { v1Hash, v2Hash } = seeder.torrent;
  await using leeching = await leechFrom(seeder.magnet, { out: temp.join("copy") + "/" });
  await leeching.complete();
  const { log } = leeching;
  const types = [...new Set(log.all.map(({ type }) => type))];
  assertEquals(types, ["listening", "peer", "metadata", "piece", "complete"]);
  assertEquals(log.of("listening"), [{ type: "listening", port: leeching.leecher.port }]);
  const [metadata] = log.of("metadata");
  assertEquals(metadata, {
    type: "metadata",
    name: "data.bin",
    bytes: 4 * 32_768,
    v1Hash: v1Hash!,
    v2Hash: v2Hash!,
  });
  assertEquals(log.of("piece").map(({ piece }) => piece).sort(), [0, 1, 2, 3]);
  assert(log.of("piece").every(({ from }) => from.length === 1 && from[0] === addressOf(seeder)));
  assertEquals(log.of("peer").slice(0, 2).map(({ state }) => state), ["connecting", "connected"]);
});

Deno.test("a listener that was taken away hears nothing more", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using seeder = await seed(path);
  const [kept, gone] = [new EventLog(), new EventLog()];
  seeder.on(kept.listener);
  seeder.on(gone.listener)();
  await using leeching = await leechFrom(seeder.magnet, { out: temp.join("copy") + "/" });
  await leeching.complete();
  await kept.until("peer", ({ state }) => state === "connected");
  assertEquals(gone.all, []);
});

Deno.test("figures add up, before, during and after", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 2 * MIB);
  await using seeder = await seed(path, { pieceLength: 65_536, uploadLimit: 4 * MIB });
  const before = seeder.stats();
  assertEquals([before.name, before.state, before.haveBytes], ["data.bin", "seeding", 2 * MIB]);
  assertEquals([before.pieces, before.havePieces, before.uploadedBytes], [32, 32, 0]);
  await using leeching = await leechFrom(seeder.magnet, { out: temp.join("copy") + "/" });
  const { leecher } = leeching;
  assertEquals([leecher.stats().totalBytes, leecher.torrent], [0, undefined]);
  await leeching.log.until("piece", () => true, 8);
  const during = leecher.stats();
  assertEquals([during.state, during.totalBytes, during.pieces], ["downloading", 2 * MIB, 32]);
  assertEquals(during.haveBytes, during.havePieces * 65_536);
  assert(during.havePieces >= 8 && during.downloadedBytes >= during.haveBytes);
  assertEquals(during.peers.connected, 1);
  assertEquals(during.connections.length, 1);
  assertEquals(during.connections[0]!.address, addressOf(seeder));
  assertEquals(during.connections[0]!.progress, 1);
  assert(during.downloadRate > 0 && during.etaSeconds! > 0);
  await leeching.complete();
  const after = leecher.stats();
  assertEquals([after.state, after.haveBytes, after.havePieces], ["seeding", 2 * MIB, 32]);
  assertEquals([after.downloadedBytes, after.wastedBytes], [2 * MIB, 0]);
  assertEquals(seeder.stats().uploadedBytes, 2 * MIB);
  assertEquals(leecher.torrent?.v2Hash, seeder.torrent.v2Hash);
  await leecher.close();
  assertEquals(leecher.stats().state, "stopped");
});

Deno.test("closing in the middle stops everything, and the next one goes on", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 2 * MIB);
  await using seeder = await seed(path, { pieceLength: 65_536, uploadLimit: 4 * MIB });
  const options = { ...LOCAL, out: temp.join("copy") + "/" };
  {
    await using leeching = await leechFrom(seeder.magnet, options);
    await leeching.log.until("piece", () => true, 4);
    await leeching.leecher.close();
    const error = await assertRejects(() => leeching.leecher.complete, ShoalError);
    assertEquals(error.exitCode, ExitCode.interrupted);
    await leeching.leecher.done;
  }
  await using leeching = await leechFrom(seeder.magnet, options);
  await leeching.log.until("resumed", ({ haveBytes }) => haveBytes >= 4 * 65_536);
  assertEquals(await Deno.readFile((await leeching.complete()).path), bytes);
});

Deno.test("a signal ends a leecher with its reason, whenever it comes", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using seeder = await seed(path, { uploadLimit: MIB });
  const out = temp.join("copy") + "/";
  const reason = new Error("I have changed my mind");
  const early = new AbortController();
  early.abort(reason);
  const started = Leecher.start(seeder.magnet, { ...LOCAL, out, signal: early.signal });
  assertEquals(await started.catch((error) => error), reason);
  const middle = new AbortController();
  await using leeching = await leechFrom(seeder.magnet, { out, signal: middle.signal });
  await leeching.log.until("piece");
  middle.abort(reason);
  assertEquals(await leeching.leecher.complete.catch((error) => error), reason);
  assertEquals(await leeching.leecher.done.catch((error) => error), reason);
});

Deno.test("a signal ends a seeder", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  const stop = new AbortController();
  await using seeder = await seed(path, { signal: stop.signal });
  stop.abort();
  await withinReason(seeder.done, () => "the seeder goes on");
  assertEquals(seeder.stats().state, "stopped");
});

Deno.test("a signal that comes while the first tracker is asked keeps a seeder from starting", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  const reason = new Error("I have changed my mind");
  const stop = new AbortController();
  const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const asked = silent.receive().then(() => stop.abort(reason));
  const trackers = [`udp://127.0.0.1:${(silent.addr as Deno.NetAddr).port}`];
  const started = Seeder.start(path, { ...LOCAL, cache: false, trackers, signal: stop.signal });
  assertEquals(await started.catch((error) => error), reason);
  await asked;
  silent.close();
});

Deno.test("a leecher that shall exit is done when it is complete", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using seeder = await seed(path);
  const options = { out: temp.join("copy") + "/", exit: true };
  await using leeching = await leechFrom(seeder.magnet, options);
  await leeching.complete();
  await withinReason(leeching.leecher.done, () => "the leecher goes on");
});

Deno.test("a leecher seeds on until it is closed, to others and while it still downloads", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 2 * MIB);
  const seeder = await seed(path, { pieceLength: 32_768, uploadLimit: MIB / 2 });
  try {
    await using first = await leechFrom(seeder.magnet, { out: temp.join("first") + "/" });
    await first.log.until("piece", () => true, 4);
    // The second knows the first alone, which has only begun.
    await using second = await leechFrom(seeder.torrent.v2Hash!, {
      out: temp.join("second") + "/",
      peers: [addressOf(first.leecher)],
    });
    await second.log.until("piece");
    assert(first.leecher.stats().havePieces < 64, "the first was complete before the second began");
    await Promise.all([first.complete(), second.complete()]);
    await seeder.close();
    await using third = await leechFrom(seeder.torrent.v1Hash!, {
      out: temp.join("third") + "/",
      peers: [addressOf(second.leecher)],
    });
    const result = await third.complete();
    assertEquals(await Deno.readFile(result.path), bytes);
    assertEquals(result.sources.map(({ address }) => address), [addressOf(second.leecher)]);
  } finally {
    await seeder.close();
  }
});

Deno.test("what a torrent holds is listed, and a file is held against it", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100_000);
  await using seeder = await seed(path, { pieceLength: 16_384 });
  const torrent = await listTorrent(seeder.magnet, LOCAL);
  assertEquals([torrent.name, torrent.length, torrent.pieceCount], ["data.bin", 100_000, 7]);
  const out = join(path, "..");
  assertEquals(await verifyFile(seeder.magnet, { ...LOCAL, out }), {
    ok: true,
    path,
    badPieces: 0,
    pieces: 7,
    badFiles: [],
    files: 1,
  });
  await Deno.truncate(path, 20_000);
  assertEquals((await verifyFile(seeder.magnet, { ...LOCAL, out })).badPieces, 6);
});

Deno.test("a description that nobody gives is waited for as long as one likes", async () => {
  const hash = "0123456789abcdef0123456789abcdef01234567";
  const options = { ...LOCAL, peers: ["127.0.0.1:9"], timeoutSeconds: 0.3 };
  const error = await assertRejects(() => listTorrent(hash, options), NetworkError);
  assertEquals(error.exitCode, ExitCode.timeout);
  const stop = new AbortController();
  const listed = listTorrent(hash, { ...LOCAL, peers: ["127.0.0.1:9"], signal: stop.signal });
  stop.abort(new Error("enough"));
  assertEquals((await assertRejects(() => listed)).message, "enough");
});

Deno.test("a listTorrent that was never wanted looks for nothing", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const hash = "0123456789abcdef0123456789abcdef01234567";
  const listed = listTorrent(hash, { ...LOCAL, peers: ["127.0.0.1:9"], signal });
  assertEquals(await withinReason(listed.catch((error) => error), () => "it looks on"), reason);
});

Deno.test("options that make no sense are refused before anything is done", async () => {
  const hash = "0123456789abcdef0123456789abcdef01234567";
  await assertRejects(() => Leecher.start(hash, { ...LOCAL, checksum: "md5=1" }), OptionError);
  await assertRejects(() => Leecher.start(hash, { ...LOCAL, peers: ["nowhere"] }), OptionError);
  await assertRejects(() => createTorrent("/dev/null", { pieceLength: 3 }), OptionError);
  await assertRejects(
    () => Leecher.start(hash, { ...LOCAL, trackers: ["udp://h"] }),
    OptionError,
  );
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100);
  await assertRejects(() => seed(path, { trackers: ["h:1"] }), OptionError);
});
