/**
 * The list of torrents: what its rows say, what has changed since when, and what it costs.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ShoalError } from "../../../mod.ts";
import { MAX_FAILED, MAX_ROWS, TorrentList } from "../../../lib/ui/torrents/torrent_list.ts";
import { connection, details } from "../../support/page/page_fixtures.ts";
import { FakeClient, mixedClient } from "../../support/page/fake_torrents.ts";

const NOBODY = { known: 0, connecting: 0, connected: 0, away: 0, banned: 0 };
const ONE_PEER = { ...NOBODY, known: 1, connected: 1 };

/** A list that has been looked at once. */
function listOf(client: FakeClient): TorrentList {
  const list = new TorrentList(client);
  list.refresh();
  return list;
}

/** What has changed since this revision, by number. */
function news(list: TorrentList, revision: number) {
  list.refresh();
  const { rows, gone, isWhole } = list.since(revision);
  return { rows: rows.map(({ id }) => id), gone: [...gone], isWhole };
}

/** Lets the failure of a torrent become known. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("each torrent has a row that says how far it is and why it waits", () => {
  const { rows, counts, sentence, tone, isWhole } = listOf(mixedClient(2)).since();
  assert(isWhole);
  assertEquals(rows.map(({ id, group, tone }) => [id, group, tone]), [
    [1, "downloading", "work"],
    [2, "downloading", "work"],
    [3, "waiting", "wait"],
    [4, "seeding", "good"],
    [5, "seeding", "good"],
    [6, "seeding", "good"],
  ]);
  assertEquals(rows[0]!.progress, 0.43);
  assertEquals(rows[0]!.etaSeconds, Math.ceil(0.57 * 400 / 5));
  assertEquals(rows[2]!.sentence, "waiting: peer 10.0.0.7:6881 does not answer");
  assertEquals(counts, { failed: 0, waiting: 1, downloading: 2, seeding: 3 });
  assertEquals(tone, "wait", "it is not green while one waits");
  assertEquals(
    sentence,
    '1 waiting, 2 downloading, 3 seeding: see "lab-image-2026.qcow2": peer 10.0.0.7:6881 does not answer',
  );
});

Deno.test("all is well only when nothing waits, fails or has a notice", async () => {
  const client = new FakeClient();
  assertEquals([listOf(client).since().sentence, listOf(client).since().tone], [
    "no torrents",
    "wait",
  ]);
  const seeder = client.seed("a.iso");
  const list = listOf(client);
  assertEquals([list.since().sentence, list.since().tone], ["1 seeding", "good"]);
  seeder.facts = details({ trackers: [{ url: "udp://x", ok: false }] });
  list.note({ type: "tracker", url: "udp://x", ok: false, torrent: 1 });
  list.refresh();
  assertEquals(list.since().tone, "wait");
  assert(list.since().sentence.startsWith("1 seeding, 1 of them with a notice: "));
  const leecher = client.download("b.iso", 0.5);
  list.refresh();
  leecher.fail(new Error("the disk is full"));
  client.close(leecher);
  await settled();
  list.refresh();
  assertEquals(list.since().tone, "bad");
  assertEquals(list.since().sentence, '1 failed, 1 seeding: see "b.iso": the disk is full');
});

Deno.test("what is being prepared is counted, with how far it is", () => {
  const client = new FakeClient();
  const list = listOf(client);
  list.refresh({ count: 2, doneBytes: 30, totalBytes: 100 });
  assertEquals([list.since().sentence, list.since().tone], ["preparing 2, 30%", "work"]);
});

Deno.test("a reader gets what has changed since its revision, and nothing else", () => {
  const client = mixedClient(3);
  const list = listOf(client);
  const first = list.revision;
  assertEquals(news(list, first), { rows: [], gone: [], isWhole: false });
  assertEquals(list.revision, first, "nothing new is no revision");

  const [debian, llama] = client.torrents;
  debian!.figures = { ...debian!.figures, haveBytes: debian!.figures.totalBytes / 2 };
  assertEquals(news(list, first), { rows: [1], gone: [], isWhole: false });
  const second = list.revision;
  client.close(llama!);
  client.seed("new.iso");
  assertEquals(news(list, second), { rows: [8], gone: [2], isWhole: false });
  assertEquals(news(list, first), { rows: [1, 8], gone: [2], isWhole: false });
  assertEquals(list.since().rows.map(({ id }) => id), [1, 3, 4, 5, 6, 7, 8]);
});

Deno.test("who has missed too many departures gets the whole list", () => {
  const client = new FakeClient();
  const list = listOf(client);
  for (let i = 0; i < 1001; i++) client.seed(`${i}`);
  list.refresh();
  const { revision } = list;
  client.torrents = [];
  client.seed("last");
  assertEquals(news(list, revision), { rows: [1002], gone: [], isWhole: true });
});

Deno.test("a thousand idle torrents are not looked at", () => {
  const client = new FakeClient();
  for (let i = 0; i < 1000; i++) client.seed(`${i}`);
  const busy = client.seed("busy", { peers: ONE_PEER, connections: [connection()] });
  const list = listOf(client);
  const looks = () => client.torrents.reduce((sum, torrent) => sum + torrent.looks, 0);
  const detailed = () => client.torrents.reduce((sum, torrent) => sum + torrent.detailedLooks, 0);
  const [before, detailedBefore, ofBusy] = [looks(), detailed(), busy.looks];
  for (let i = 0; i < 10; i++) list.refresh();
  assertEquals(busy.looks - ofBusy, 10, "who has connections may send at any time");
  assertEquals(looks() - before, 10);
  assertEquals(detailed() - detailedBefore, 0);

  const idle = client.torrents[7]!;
  idle.figures = { ...idle.figures, peers: ONE_PEER, connections: [connection()] };
  assertEquals(news(list, list.revision).rows, [], "nothing was said");
  list.note({ type: "peer", address: "10.0.0.7:6881", state: "connected", torrent: 8 });
  assertEquals(news(list, list.revision).rows, [8]);
  assertEquals(detailed() - detailedBefore, 0);
  list.note({ type: "tracker", url: "udp://x", ok: true, torrent: 8 });
  list.refresh();
  assertEquals(detailed() - detailedBefore, 1);
});

Deno.test("while its data is checked, the row says how far that is", () => {
  const client = new FakeClient();
  client.download("a.iso", 0, { state: "checking", downloadRate: 0 });
  const list = listOf(client);
  list.note({ type: "hashing", doneBytes: 1, totalBytes: 4, torrent: 1 });
  list.refresh();
  const [row] = list.since().rows;
  assertEquals([row!.progress, row!.sentence], [0.25, "checking what is on disk, 25%"]);
});

Deno.test("what has failed stays in the list, until it is tried again", async () => {
  const client = new FakeClient();
  const list = listOf(client);
  const first = client.download("a.iso", 0.5);
  const stopped = client.download("b.iso", 0.5);
  list.refresh();
  first.fail(new Error("no space left"));
  stopped.fail(new ShoalError("interrupted", { code: "interrupted" }));
  client.torrents = [];
  await settled();
  list.refresh();
  const [row, ...others] = list.since().rows;
  assertEquals([row!.name, row!.sentence, row!.group, row!.peers], [
    "a.iso",
    "failed: no space left",
    "failed",
    0,
  ]);
  assertEquals(others, []);
  const { looks } = first;
  list.refresh();
  assertEquals(first.looks, looks);
  client.download("a.iso", 0.6);
  list.refresh();
  assertEquals(list.since().rows.map(({ id, group }) => [id, group]), [[3, "downloading"]]);
});

Deno.test(`of the failed ones the last ${MAX_FAILED} are kept`, async () => {
  const client = new FakeClient();
  const list = listOf(client);
  for (let i = 0; i < MAX_FAILED + 2; i++) client.download(`${i}`, 0);
  list.refresh();
  for (const torrent of client.torrents) torrent.fail(new Error("no"));
  await settled();
  client.torrents = [];
  list.refresh();
  const { rows } = list.since();
  assertEquals([rows.length, rows[0]!.name], [MAX_FAILED, "2"]);
});

Deno.test(`at most ${MAX_ROWS} rows are sent, and all are counted`, () => {
  const client = new FakeClient();
  for (let i = 0; i < MAX_ROWS + 1; i++) client.seed(`${i}`);
  const list = listOf(client);
  const { revision } = list;
  assertEquals([list.since().rows.length, list.since().counts.seeding], [MAX_ROWS, MAX_ROWS + 1]);
  client.close(client.torrents[0]!);
  list.refresh();
  const { rows, isWhole } = list.since(revision);
  assertEquals([rows.at(-1)!.name, isWhole], [`${MAX_ROWS}`, true]);
});

Deno.test("an empty file is complete, and a link's size is unknown", () => {
  const client = new FakeClient();
  client.seed("empty", { totalBytes: 0, haveBytes: 0, pieces: 0, havePieces: 0 });
  client.download("link", 0, { state: "metadata", totalBytes: 0, haveBytes: 0, pieces: 0 });
  const progress = listOf(client).since().rows.map((row) => row.progress);
  assertEquals(progress, [1, undefined]);
});
