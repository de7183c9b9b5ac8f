/**
 * Pages of real transfers and of a real tracker, in this process.
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Snapshot, TrackerSnapshot, TransferSnapshot } from "../../lib/ui/snapshot.ts";
import { Leecher, servePage, Tracker } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, leechFrom, LOCAL, makeOrigin, seed } from "../support/clients/library.ts";
import { EventFollower } from "../support/page/event_source.ts";

const MIB = 2 ** 20;
const HASH = "0123456789abcdef0123456789abcdef01234567";

async function stateOf<T extends Snapshot>(url: string, query = ""): Promise<T> {
  return await (await fetch(new URL(`/api/state${query}`, url))).json();
}

Deno.test("a download is seen from its first to its last piece, with the result at the end", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 8 * MIB);
  await using seeder = await seed(path, { uploadLimit: 4 * MIB, pieceLength: MIB / 4 });
  await using page = await servePage({ program: "leecher" });
  await using events = await EventFollower.open(page.url);
  assertEquals((await events.state<TransferSnapshot>(() => true)).sentence, "starting");
  const peers = [addressOf(seeder)];
  await using leeching = await leechFrom(seeder.magnet, { peers, out: await temp.folder("to") });
  page.show(leeching.leecher);

  const half = await events.state<TransferSnapshot>(({ havePieces }) => havePieces > 0);
  assertEquals([half.state, half.sentence, half.tone], [
    "downloading",
    "downloading from 1 peer",
    "work",
  ]);
  assertEquals([half.totalBytes, half.pieces, half.name], [bytes.length, 32, "data.bin"]);
  assertEquals(half.path, temp.join("to", "data.bin"));
  const [peer] = half.peers;
  assertEquals([peer!.address, peer!.state, peer!.badPieces], [peers[0], "connected", 0]);
  assert(peer!.progress > 0 && peer!.flags.includes("serves us"));
  const map = await events.map(({ verified }) => atob(verified).includes("\xff"));
  assertEquals([map.pieces, map.cells, map.perCell], [32, 32, 1]);
  // It is not told of all that the seeder has: that wants to spread different pieces.
  assert([...atob(map.availability)].every((cell) => cell <= "\x01"));

  await leeching.complete();
  const end = await events.state<TransferSnapshot>(({ result }) => result !== undefined);
  assertEquals([end.state, end.tone, end.havePieces], ["seeding", "good", 32]);
  assertMatch(end.sentence, /^complete, SHA-256 verified; seeding/);
  assertMatch(end.result!.v2Root!, /^[0-9a-f]{64}$/);
  assertEquals(end.result!.sources.map(({ address, bytes }) => [address, bytes]), [
    [peers[0], bytes.length],
  ]);
  assert(end.history.peakDown > 0);
  assertEquals(new URL(end.link).searchParams.getAll("x.pe"), [addressOf(leeching.leecher)]);
  await using again = await EventFollower.open(page.url);
  const full = await again.map(() => true);
  assertEquals(full.verified, btoa("\xff".repeat(32)));
});

Deno.test("before the metadata is there the page says what is waited for, and has a link already", async () => {
  await using temp = await TempFolder.create();
  await using page = await servePage({ program: "leecher" });
  const what = `magnet:?xt=urn:btih:${HASH}&dn=some.iso`;
  const trackers = ["udp://127.0.0.1:9"]; // nobody is there
  await using leecher = await Leecher.start(what, { ...LOCAL, trackers, out: temp.path });
  page.show(leecher);
  const state = await stateOf<TransferSnapshot>(page.url);
  assertEquals([state.state, state.name, state.pieces, state.totalBytes], [
    "metadata",
    "some.iso",
    0,
    0,
  ]);
  assertEquals([state.peers, state.path, state.result], [[], undefined, undefined]);
  assertMatch(state.link, new RegExp(HASH));
  await using events = await EventFollower.open(page.url);
  const waiting = await events.state<TransferSnapshot>(({ tone }) => tone === "wait");
  assertMatch(waiting.sentence, /^waiting: \S/);
  const row = ({ trackers: [tracker] }: TransferSnapshot) => tracker?.ok === false;
  const { trackers: [tracker] } = await events.state<TransferSnapshot>(row);
  assertMatch(tracker!.sentence, /^tracker udp:\/\/127\.0\.0\.1:9 does not answer$/);
  assert(tracker!.nextSeconds !== undefined);
});

Deno.test("a seeder's page shows how far hashing is, and then whom it serves until when", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 2 * MIB);
  await using page = await servePage({ program: "seeder" });
  page.onEvent({ type: "hashing", doneBytes: 3, totalBytes: 4 });
  const hashing = await stateOf<TransferSnapshot>(page.url);
  assertEquals([hashing.state, hashing.sentence], ["hashing", "hashing the file, 75%"]);
  assertEquals([hashing.haveBytes, hashing.totalBytes], [3, 4]);

  await using seeder = await seed(path, { untilCopies: 20, onEvent: page.onEvent });
  page.show(seeder);
  await using leeching = await leechFrom(seeder.magnet, {
    peers: [addressOf(seeder)],
    out: await temp.folder("to"),
  });
  await using events = await EventFollower.open(page.url);
  const state = await events.state<TransferSnapshot>(({ stop }) => /^1 of/.test(stop!.sentence));
  assertEquals(state.stop?.sentence, "1 of 20 complete");
  await leeching.complete();
  assertEquals(state.uploadedBytes, 2 * MIB);
  assertEquals(state.link, seeder.magnet);
  assertMatch(state.sentence, /^sharing: /);
});

Deno.test("a seeder's page says that the tracker refuses, in the tracker's words", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 1000);
  const allowFile = await temp.file("allowed", `${HASH}\n`);
  await using tracker = await Tracker.listen({ host: "127.0.0.1", port: 0, allowFile });
  await using page = await servePage({ program: "seeder" });
  const url = `udp://127.0.0.1:${tracker.addr.port}`;
  await using seeder = await seed(path, { trackers: [url], onEvent: page.onEvent });
  page.show(seeder);
  await using events = await EventFollower.open(page.url);
  const isRefused = ({ trackers }: TransferSnapshot) => trackers[0]?.ok === false;
  const { sentence, tone, trackers } = await events.state<TransferSnapshot>(isRefused);
  const refusal = `tracker ${url} refuses: this tracker does not serve this torrent`;
  assertEquals(trackers[0]!.sentence, refusal);
  assertEquals([sentence.split(", so", 1)[0], tone], [`sharing: ${refusal}`, "wait"]);
});

Deno.test("a tracker's page lists what is shared, finds it by name, and calls the roll", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB, { name: "Lecture 7.pdf" });
  await using page = await servePage({ program: "tracker" });
  assertEquals((await stateOf<TrackerSnapshot>(page.url)).tone, "wait");
  await using tracker = await Tracker.listen({ host: "127.0.0.1", port: 0, intervalSeconds: 1 });
  page.show(tracker);
  const trackers = [`udp://127.0.0.1:${tracker.addr.port}`];
  await using seeder = await seed(path, { trackers });
  await using leeching = await leechFrom(seeder.magnet, { trackers, out: await temp.folder("to") });
  await leeching.complete();

  await using events = await EventFollower.open(page.url, "?q=lecture");
  const isOver = ({ swarms }: TrackerSnapshot) => swarms[0]?.seeders === 2;
  const found = await events.state<TrackerSnapshot>(isOver);
  assertEquals([found.total, found.swarms.length, found.url], [1, 1, trackers[0]]);
  assertEquals(found.swarms[0], {
    hash: seeder.torrent.v2Hash!,
    name: "Lecture 7.pdf",
    size: MIB,
    seeders: 2,
    leechers: 0,
    completed: 1,
  });
  const { hash } = found.swarms[0]!;
  const { selected } = await stateOf<TrackerSnapshot>(page.url, `?swarm=${hash}`);
  assertEquals([selected!.hash, selected!.rollCall], [hash, "1 of 1 complete"]);
  assertEquals(
    selected!.peers.map(({ address }) => address).sort(),
    [addressOf(seeder), addressOf(leeching.leecher)].sort(),
  );
  assertEquals(selected!.peers.map(({ client }) => client), ["Shoal 0.1.0", "Shoal 0.1.0"]);
  assertEquals((await stateOf<TrackerSnapshot>(page.url, "?q=nothing")).total, 0);
});

Deno.test("a page shows only what it was made for, and closes without ending what it showed", async () => {
  await using tracker = await Tracker.listen({ host: "127.0.0.1", port: 0 });
  const page = await servePage({ program: "tracker" });
  page.show(tracker);
  await page.close();
  await page.close();
  assertEquals(tracker.stats().peers, 0);
  await using other = await servePage({ program: "leecher" });
  assertThrows(() => other.show(tracker), TypeError, "leecher");
});
