import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { hex } from "../../lib/codec/bytes.ts";
import {
  decodeRequest,
  encodeResponse,
  type FoundEntry,
  type HostedFile,
} from "../../lib/codec/discovery/udp_tracker.ts";
import { catalogue, findByName, NotFoundYetError } from "../../lib/discovery/find_by_name.ts";
import { findWithRetries } from "../../lib/discovery/find_with_retries.ts";
import { UdpTrackerClient } from "../../lib/discovery/tracker_client.ts";
import { ExitCode, NetworkError, OptionError } from "../../lib/errors.ts";
import { Tracker } from "../../lib/tracker/server.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { FakeClock, settled, withClock } from "../support/fake_clock.ts";
import { FakeTracker } from "../support/network/udp_peer.ts";
import { INFO_HASH, OTHER_INFO_HASH, PEER_ID } from "../support/vectors/tracker_vectors.ts";

const V2_HASH = pseudoRandomBytes(32, 1);
const DISK: HostedFile = { name: "disk.iso", length: 700, v2Hash: V2_HASH };

function urlOf(tracker: Tracker): string {
  return `udp://127.0.0.1:${tracker.addr.port}`;
}

/** Announces a seeder to a tracker. */
async function host(tracker: Tracker, infoHash: Uint8Array, hosted: HostedFile, port = 6881) {
  await using client = new UdpTrackerClient(urlOf(tracker));
  const progress = { uploadedBytes: 0, downloadedBytes: 0, leftBytes: 0 };
  const about = { infoHash, peerId: PEER_ID, port, key: 1, numWant: 0, hosted, ...progress };
  await client.announce({ event: "started", ...about });
}

/** A tracker that gives out connection ids and answers all else as a test says. */
function trackerThat(
  answer: (transactionId: number) => Uint8Array[],
): FakeTracker {
  return new FakeTracker((packet) => {
    const request = decodeRequest(packet);
    if (request === undefined) return [];
    const { transactionId } = request;
    if (request.type !== "connect") return answer(transactionId);
    return [encodeResponse({ type: "connect", transactionId, connectionId: new Uint8Array(8) })];
  });
}

function foundAnswer(transactionId: number, entries: FoundEntry[], total = entries.length) {
  return encodeResponse({ type: "find", transactionId, total, entries });
}

/** Moves the clock until a promise is rejected; why it was. */
async function failureOf(clock: FakeClock, promise: Promise<unknown>): Promise<NetworkError> {
  let failure: unknown;
  let settled = false;
  promise.catch((error) => failure = error).finally(() => settled = true);
  while (!settled) await clock.advance(0.25);
  assert(failure instanceof NetworkError, `${failure}`);
  return failure;
}

Deno.test("a file is found by its name, with both hashes of a hybrid", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  await host(tracker, INFO_HASH, DISK);
  await host(tracker, V2_HASH.slice(0, 20), DISK);
  assertEquals(await findByName("disk.iso", [urlOf(tracker)]), [{
    name: "disk.iso",
    length: 700,
    v1Hash: hex(INFO_HASH),
    v2Hash: hex(V2_HASH),
    seeders: 1,
    leechers: 0,
    trackers: [urlOf(tracker)],
  }]);
});

Deno.test("what several trackers know is one list", async () => {
  await using first = await Tracker.listen({ port: 0 });
  await using second = await Tracker.listen({ port: 0 });
  await host(first, INFO_HASH, DISK);
  await host(second, V2_HASH.slice(0, 20), DISK);
  await host(second, V2_HASH.slice(0, 20), DISK, 6882);
  await host(second, OTHER_INFO_HASH, { name: "disk.iso", length: 700 });
  const entries = await findByName("disk.iso", [urlOf(first), urlOf(second), urlOf(first)]);
  assertStrictEquals(entries.length, 2, "a hybrid, and another torrent of that name");
  assertEquals([entries[0]!.v1Hash, entries[0]!.seeders], [hex(INFO_HASH), 2]);
  assertEquals(new Set(entries[0]!.trackers), new Set([urlOf(first), urlOf(second)]));
  assertEquals([entries[1]!.v1Hash, entries[1]!.trackers], [hex(OTHER_INFO_HASH), [urlOf(second)]]);
});

Deno.test("a name nobody hosts is told from a tracker that cannot say", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  await host(tracker, INFO_HASH, DISK);
  const error = await assertRejects(() => findByName("Disk.iso", [urlOf(tracker)]), NetworkError);
  assertStrictEquals(error.exitCode, ExitCode.notFound);
  assert(error.message.startsWith(`nobody hosts "Disk.iso" at ${urlOf(tracker)};`), error.message);
});

Deno.test("a tracker that refuses to find is said not to know how", async () => {
  await using tracker = trackerThat((transactionId) => [
    encodeResponse({ type: "error", transactionId, message: "unknown action" }),
  ]);
  const error = await assertRejects(() => findByName("a", [tracker.url]), NetworkError);
  assertStrictEquals(error.exitCode, ExitCode.network);
  assert(error.message.includes("cannot look up names"), error.message);
  assert(error.message.endsWith("it says: unknown action"), error.message);
});

Deno.test("a tracker that connects but ignores find is said not to know how", async () => {
  const clock = new FakeClock();
  await using tracker = trackerThat(() => []);
  const finding = findByName("a", [tracker.url], withClock({ clock, giveUpSeconds: 6 }));
  await tracker.hasReceived(2);
  const error = await failureOf(clock, finding);
  assertStrictEquals(error.exitCode, ExitCode.network);
  assert(error.message.includes("cannot look up names"), error.message);
});

Deno.test("a tracker that says nothing at all is said to be silent", async () => {
  const clock = new FakeClock();
  await using tracker = new FakeTracker(() => []);
  for (const ask of [findByName.bind(null, "a"), catalogue]) {
    const error = await failureOf(
      clock,
      ask([tracker.url], withClock({ clock, giveUpSeconds: 6 })),
    );
    assertEquals([error.exitCode, error.message], [
      ExitCode.network,
      `tracker ${tracker.url} does not answer`,
    ]);
  }
});

Deno.test("the user hears of silent trackers when those that answer know nothing", async () => {
  const clock = new FakeClock();
  await using silent = new FakeTracker(() => []);
  await using tracker = await Tracker.listen({ port: 0 });
  const finding = findByName(
    "a",
    [urlOf(tracker), silent.url],
    withClock({ clock, giveUpSeconds: 6 }),
  );
  // One has answered, so only the other is still waited for.
  while (tracker.stats().finds === 0 || clock.alarms.length > 1) await settled();
  const error = await failureOf(clock, finding);
  assertStrictEquals(error.exitCode, ExitCode.notFound);
  assert(error.message.includes("nobody hosts"), error.message);
  assert(error.message.endsWith(`tracker ${silent.url} does not answer`), error.message);
});

Deno.test("a silent tracker does not keep what another has found", async () => {
  const clock = new FakeClock();
  await using silent = new FakeTracker(() => []);
  await using tracker = await Tracker.listen({ port: 0 });
  await host(tracker, INFO_HASH, DISK);
  const finding = findByName(
    "disk.iso",
    [silent.url, urlOf(tracker)],
    withClock({ clock, giveUpSeconds: 6 }),
  );
  await clock.hasAlarmIn(0.8);
  await clock.advance(0.8);
  assertStrictEquals((await finding).length, 1);
});

Deno.test("entries that were not asked for or cannot be shown are dropped", async () => {
  const entry = { v1Hash: INFO_HASH, length: 1, seeders: 1, leechers: 0 };
  await using tracker = trackerThat((transactionId) => [
    foundAnswer(transactionId, [
      { ...entry, name: "other" },
      { ...entry, name: "wanted", length: 2 ** 60 },
      { ...entry, name: "wanted\u001b[2J" },
      { ...entry, name: "wanted" },
    ]),
  ]);
  const entries = await findByName("wanted", [tracker.url]);
  assertEquals(entries.map(({ name, length }) => [name, length]), [["wanted", 1]]);
});

Deno.test("the whole catalogue is read, however many packets it takes", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  const url = urlOf(tracker);
  assertEquals(await catalogue([url]), []);
  const names = Array.from({ length: 60 }, (_, i) => `${i}`.padStart(60, "x"));
  for (const [i, name] of names.entries()) {
    await host(tracker, pseudoRandomBytes(20, i), { name, length: i });
  }
  const entries = await catalogue([url, url]);
  assertEquals(entries.map((entry) => entry.name).sort(), names.sort());
});

Deno.test("a catalogue that claims to be endless is given up", async () => {
  let pages = 0;
  await using tracker = trackerThat((transactionId) => {
    pages++;
    const entries = Array.from({ length: 15 }, (_, i) => ({
      v1Hash: INFO_HASH,
      length: i,
      seeders: 0,
      leechers: 0,
      name: "x",
    }));
    return [foundAnswer(transactionId, entries, 2 ** 32 - 1)];
  });
  assertStrictEquals((await catalogue([tracker.url])).length, 15);
  assert(pages > 1000 && pages < 1500, `${pages}`);
});

Deno.test("a look-up without a sensible name or tracker is refused", async () => {
  const url = "udp://127.0.0.1:6969";
  for (const name of ["", "a\nb", "x".repeat(256)]) {
    await assertRejects(() => findByName(name, [url]), OptionError, "1 to 255 bytes");
  }
  await assertRejects(() => findByName("a", []), OptionError, "looked up at a tracker");
  await assertRejects(() => catalogue(["http://a/announce"]), OptionError, "only udp://");
});

Deno.test("a look-up can be given up", async () => {
  await using tracker = new FakeTracker(() => []);
  const controller = new AbortController();
  const finding = findByName("a", [tracker.url], { signal: controller.signal });
  await tracker.hasReceived(1);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => finding, RangeError, "enough");
});

Deno.test("a name is looked up again at a tracker that was started anew, until its seeder is back", async () => {
  const before = await Tracker.listen({ port: 0 });
  const { port } = before.addr;
  await host(before, INFO_HASH, DISK);
  await before.close();
  await using tracker = await Tracker.listen({ port });
  const clock = new FakeClock();
  const told: string[] = [];
  const finding = findWithRetries("disk.iso", [urlOf(tracker)], {
    clock,
    onWaiting: (sentence) => told.push(sentence),
  });
  await clock.hasAlarmIn(2);
  await clock.advance(2);
  await clock.hasAlarmIn(2);
  await host(tracker, INFO_HASH, DISK);
  await clock.advance(2);
  assertEquals((await finding).map(({ v1Hash }) => v1Hash), [hex(INFO_HASH)]);
  assertEquals(told, [
    `nobody hosts "disk.iso" at ${urlOf(tracker)} yet, which was started moments ago: ` +
    "those who used it before come back within 15 s, so it is asked again until then",
  ]);
});

Deno.test("of a wrong name it is said so once a tracker's peers have had the time to come back", async () => {
  const clock = new FakeClock();
  await using tracker = await Tracker.listen(withClock({ port: 0, clock }));
  const failure = () => assertRejects(() => findByName("a", [urlOf(tracker)]), NetworkError);
  const early = await failure();
  assert(early instanceof NotFoundYetError);
  assertEquals([early.settlesInSeconds, early.exitCode], [15, ExitCode.notFound]);
  await clock.advance(14);
  assert(await failure() instanceof NotFoundYetError);
  await clock.advance(1);
  const late = await failure();
  assertEquals([late instanceof NotFoundYetError, late.exitCode], [false, ExitCode.notFound]);
  assert(late.message.includes("check the name"), late.message);
});

Deno.test("entries come in the order that trackers give them, whatever numbers are claimed", async () => {
  const entry = { name: "a", length: 1, leechers: 0 };
  const entries = [
    { ...entry, v1Hash: INFO_HASH, seeders: 1 },
    { ...entry, v1Hash: OTHER_INFO_HASH, seeders: 5000 },
  ];
  await using tracker = trackerThat((transactionId) => [foundAnswer(transactionId, entries)]);
  const found = await findByName("a", [tracker.url]);
  assertEquals(found.map(({ seeders }) => seeders), [1, 5000]);
});
