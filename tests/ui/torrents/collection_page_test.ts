/**
 * The page of a client over real HTTP: when there is a list, and what is sent of it.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertThrows } from "@std/assert";
import type { TransferSnapshot } from "../../../lib/ui/snapshot.ts";
import { CollectionPage } from "../../../lib/ui/torrents/collection_page.ts";
import type { ListSnapshot } from "../../../lib/ui/torrents/list_snapshot.ts";
import { MAX_WATCHED, WatchedTorrents } from "../../../lib/ui/torrents/watched_torrents.ts";
import { WatchedTransfer } from "../../../lib/ui/watched_transfer.ts";
import { servePage } from "../../../mod.ts";
import { EventFollower } from "../../support/page/event_source.ts";
import { details } from "../../support/page/page_fixtures.ts";
import { FakeClient, mixedClient } from "../../support/page/fake_torrents.ts";
import { serveClient } from "../../support/page/torrent_list.ts";

const PIECES = { count: 4, inFlight: [], has: () => true, availability: () => 1 };

async function stateOf(url: string, query = "") {
  const answer = await fetch(new URL(`/api/state${query}`, url));
  return await answer.json() as TransferSnapshot | ListSnapshot;
}

Deno.test("one torrent has the page that it would have alone; with a second there is a list", async () => {
  const client = new FakeClient();
  const only = client.seed("a.iso");
  only.facts = details({ pieces: PIECES });
  await using page = await serveClient(client);
  const state = await stateOf(page.url) as TransferSnapshot;
  assertEquals([state.program, state.name, state.listed], ["seeder", "a.iso", undefined]);
  await using events = await EventFollower.open(page.url);
  assertEquals((await events.map(() => true)).pieces, 4);

  const second = client.download("b.iso", 0.5);
  const list = await events.list(({ rows }) => rows.length === 2);
  assert(list.isWhole);
  client.close(second);
  const closedMs = performance.now();
  const again = await events.state<TransferSnapshot>(({ program }) => program === "seeder");
  assertEquals(again.name, "a.iso");
  assertLess(performance.now() - closedMs, 4000, "it had to wait for a sign of life");
  assertEquals((await events.map(() => true)).pieces, 4);
});

Deno.test("each torrent has a page of its own, which knows the way back", async () => {
  const client = mixedClient(2);
  client.torrents[1]!.facts = details({ pieces: PIECES });
  await using page = await serveClient(client);
  const state = await stateOf(page.url, "?torrent=2") as TransferSnapshot;
  assertEquals([state.program, state.name], ["leecher", "llama-3-70b-weights.safetensors"]);
  assertEquals(state.listed, { id: 2, of: 6 });
  await using events = await EventFollower.open(page.url, "?torrent=2");
  await events.map(({ pieces }) => pieces === 4);
  assertEquals(client.torrents[0]!.detailedLooks, 1, "nobody looks at the first one's details");
  for (
    const query of ["", "?torrent=99", "?torrent=0", "?torrent=-1", "?torrent=x", "?torrent=1e9"]
  ) {
    assertEquals((await stateOf(page.url, query)).program, "client", query);
  }
  client.close(client.torrents[1]!);
  const { gone, rows } = await events.list(() => true);
  assertEquals([gone, rows.length], [[], 5], "when it goes, its page gets the list");
});

Deno.test("what changes in the list is sent, and only that", async () => {
  const client = mixedClient(200);
  await using page = await serveClient(client);
  await using events = await EventFollower.open(page.url);
  const whole = await events.list(() => true);
  assertEquals([whole.isWhole, whole.rows.length], [true, 204]);
  const [first] = client.torrents;
  first!.figures = { ...first!.figures, haveBytes: first!.figures.totalBytes * 0.9 };
  const seventh = client.torrents[6]!;
  client.close(seventh);
  const news = await events.list(() => true);
  assertEquals([news.isWhole, news.rows.map(({ id }) => id), news.gone], [false, [1], [7]]);
  assertEquals(news.rows[0]!.progress, 0.9);
  assertEquals(news.counts.seeding, 200);
});

Deno.test("before the first torrent is there, its page says how far hashing is", async () => {
  const client = new FakeClient();
  await using page = await serveClient(client);
  assertEquals((await stateOf(page.url)).sentence, "no torrents");
  client.tell(1, { type: "hashing", doneBytes: 1, totalBytes: 4 });
  const state = await stateOf(page.url) as TransferSnapshot;
  assertEquals([state.program, state.sentence], ["seeder", "hashing the file, 25%"]);
  client.tell(2, { type: "hashing", doneBytes: 1, totalBytes: 4 });
  assertEquals((await stateOf(page.url)).sentence, "preparing 2, 25%");
  client.seed("a.iso");
  client.tell(1, { type: "listening", port: 6881 });
  assertEquals((await stateOf(page.url)).sentence, "1 seeding, preparing 1, 25%");
  client.seed("b.iso");
  assertEquals((await stateOf(page.url)).sentence, "2 seeding");
});

Deno.test("however many are under preparation, a look at the page asks for the torrents a few times", async () => {
  const client = new FakeClient();
  await using page = await serveClient(client);
  for (let id = 1; id <= 1000; id++) {
    client.tell(id, { type: "hashing", doneBytes: 0, totalBytes: 1 });
  }
  const torrents = Array.from({ length: 1000 }, (_, i) => client.seed(`${i}.iso`));
  let reads = 0;
  Object.defineProperty(client, "torrents", { get: () => (reads++, torrents) });
  assertEquals((await stateOf(page.url)).sentence, "1000 seeding");
  assert(reads < 10, `${reads} times`);
});

Deno.test("the page of a torrent that has failed says why, as long as it is listed", async () => {
  const client = mixedClient(1);
  await using page = await serveClient(client);
  await stateOf(page.url);
  const [torrent] = client.torrents;
  torrent!.fail(new Error("no space left on the disk"));
  client.close(torrent!);
  const list = await stateOf(page.url) as ListSnapshot;
  assertEquals(list.counts.failed, 1);
  const state = await stateOf(page.url, "?torrent=1") as TransferSnapshot;
  assertEquals([state.name, state.sentence, state.tone, state.peers], [
    torrent!.figures.name,
    "failed: no space left on the disk",
    "bad",
    [],
  ]);
  client.download(torrent!.figures.name, 0.5);
  await stateOf(page.url);
  assertEquals((await stateOf(page.url, "?torrent=1")).program, "client");
});

Deno.test("what is heard of the client as a whole is news of every torrent", () => {
  const client = new FakeClient();
  for (const name of ["a.iso", "b.iso"]) client.seed(name);
  const page = new CollectionPage("seeder", client);
  const sentences = () => {
    const list = page.view().snapshot({ search: "" }) as ListSnapshot;
    return list.rows.map(({ sentence }) => sentence);
  };
  assertEquals(sentences(), Array(2).fill("sharing: no peers connected"));
  for (const torrent of client.torrents) torrent.facts = details({ reachable: false });
  client.tell("all", { type: "reach", port: 6881, reachable: false, tracker: "udp://x" });
  for (const sentence of sentences()) assertMatch(sentence, /port 6881 unreachable/);
  page.close();
});

Deno.test("chunks that failed their check are marked on the page of their torrent", () => {
  const client = mixedClient(1);
  client.torrents[0]!.facts = details({ pieces: { ...PIECES, has: () => false } });
  const page = new CollectionPage("leecher", client);
  const marks = () => atob(page.view().map({ search: "", torrent: 1 })!.state);
  assertEquals(marks(), "\0\0\0\0");
  client.tell(1, { type: "pieceFailed", piece: 2, from: [] });
  client.tell(2, { type: "pieceFailed", piece: 1, from: [] });
  assertEquals(marks(), "\0\0\x02\0");
  page.close();
  assertEquals(client.listeners, 0);
});

Deno.test(`at most ${MAX_WATCHED} torrents are watched at a time`, () => {
  const watched = new WatchedTorrents(() => false);
  for (let id = 1; id <= MAX_WATCHED + 1; id++) {
    watched.watch(id, () => new WatchedTransfer("seeder"));
  }
  assert(!watched.has(1) && watched.has(2) && watched.has(MAX_WATCHED + 1));
  watched.close();
});

Deno.test("a page shows one client, and a tracker's page shows none", async () => {
  await using page = await servePage({ program: "leecher" });
  const client = mixedClient(1);
  page.show(client);
  assertThrows(() => page.show(client.torrents[0] as never), TypeError, "several torrents already");
  const other = new FakeClient();
  page.show(other);
  assertEquals([client.listeners, other.listeners], [0, 1]);
  await using tracker = await servePage({ program: "tracker" });
  assertThrows(() => tracker.show(client), TypeError, "tracker");
});
