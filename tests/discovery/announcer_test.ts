import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { HostPort } from "../../lib/codec/address.ts";
import type { AnnounceClient } from "../../lib/discovery/announce_target.ts";
import { Announcer, type AnnouncerOptions } from "../../lib/discovery/announcer.ts";
import {
  type AnnounceAnswer,
  type AnnounceParams,
  type AskOptions,
  TrackerErrorResponse,
  TrackerTimeoutError,
} from "../../lib/discovery/tracker_client.ts";
import type { TrackerStatus } from "../../lib/discovery/tracker_status.ts";
import { NetworkError, OptionError } from "../../lib/errors.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";

const URL = "udp://tracker.example:6969";
const V1 = { infoHash: pseudoRandomBytes(20, 1), v2: false };
const V2 = { infoHash: pseudoRandomBytes(20, 2), v2: true };
const ANSWER: AnnounceAnswer = { intervalSeconds: 60, seeders: 1, leechers: 2, peers: [] };

/** A tracker that answers what a test wants, and notes what it is told. */
class ScriptedTracker implements AnnounceClient {
  readonly heard: AnnounceParams[] = [];
  readonly giveUps: (number | undefined)[] = [];
  closed = 0;
  respond: (params: AnnounceParams, signal: AbortSignal) => Promise<AnnounceAnswer> = () =>
    Promise.resolve(ANSWER);

  announce(params: AnnounceParams, options: AskOptions = {}): Promise<AnnounceAnswer> {
    this.heard.push(params);
    this.giveUps.push(options.giveUpSeconds);
    return this.respond(params, options.signal!);
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  get events(): string[] {
    return this.heard.map((params) => params.event);
  }
}

function silence(): Promise<never> {
  return Promise.reject(new TrackerTimeoutError(`tracker ${URL} does not answer`, false));
}

function setUp(options: Partial<AnnouncerOptions> = {}) {
  const clock = new FakeClock();
  const trackers = new Map<string, ScriptedTracker>();
  const peers: { addresses: HostPort[]; by: string; viaV2: boolean; url: string }[] = [];
  const statuses: TrackerStatus[] = [];
  for (const url of (options.tiers ?? [[URL]]).flat()) trackers.set(url, new ScriptedTracker());
  const start = () =>
    new Announcer({
      tiers: [[URL]],
      swarms: [V1],
      peerId: new Uint8Array(20),
      port: 6881,
      progress: () => ({ uploadedBytes: 1, downloadedBytes: 2, leftBytes: 3 }),
      onPeers: ({ peers: addresses, by }, viaV2, url) => peers.push({ addresses, by, viaV2, url }),
      onStatus: (status) => statuses.push(status),
      clock,
      clientFor: (url) => trackers.get(url)!,
      random: () => 0.5,
      ...options,
    });
  return { clock, trackers, tracker: trackers.get(URL)!, peers, statuses, start };
}

Deno.test("a torrent is announced as started, then at the tracker's interval, then as stopped", async () => {
  const { clock, tracker, statuses, start } = setUp();
  const announcer = start();
  await clock.advance(125);
  assertEquals(tracker.events, ["started", "none", "none"]);
  await announcer.close();
  assertEquals(tracker.events, ["started", "none", "none", "stopped"]);
  assertStrictEquals(tracker.heard.at(-1)!.numWant, 0);
  assertStrictEquals(tracker.closed, 1);
  assertStrictEquals(new Set(tracker.heard.map((params) => params.key)).size, 1);
  assertEquals(statuses.length, 3);
  assertEquals(statuses[0], {
    url: URL,
    ok: true,
    seeders: 1,
    leechers: 2,
    peers: 0,
    intervalSeconds: 60,
    nextInSeconds: 60,
  });
});

Deno.test("a hybrid is announced in both swarms, and peers come with the swarm they are of", async () => {
  const { clock, tracker, peers, statuses, start } = setUp({ swarms: [V1, V2] });
  const addresses = [{ host: "10.0.0.1", port: 1 }];
  const by = "10.0.0.9";
  tracker.respond = () => Promise.resolve({ ...ANSWER, peers: [{ by, peers: addresses }] });
  await using _announcer = start();
  await clock.advance(1);
  assertEquals(tracker.heard.map((params) => params.infoHash), [V1.infoHash, V2.infoHash]);
  assertEquals(peers, [
    { addresses, by, viaV2: false, url: URL },
    { addresses, by, viaV2: true, url: URL },
  ]);
  assertEquals(statuses.map((status) => status.peers), [2]);
});

Deno.test("completed is announced at once and exactly once", async () => {
  const { clock, tracker, start } = setUp();
  await using announcer = start();
  await clock.advance(10);
  announcer.completed();
  announcer.completed();
  await clock.advance(0);
  assertEquals(tracker.events, ["started", "completed"]);
  await clock.advance(60);
  announcer.completed();
  await clock.advance(60);
  assertEquals(tracker.events, ["started", "completed", "none", "none"]);
});

Deno.test("completed before the tracker has heard of the start follows the start", async () => {
  const { clock, tracker, statuses, start } = setUp();
  await using announcer = start();
  announcer.completed();
  await clock.advance(30);
  assertEquals(tracker.events, ["started", "completed"]);
  assertStrictEquals(statuses.length, 1);
});

Deno.test("completed while an announce is under way is announced after it", async () => {
  const { clock, tracker, start } = setUp();
  const first = Promise.withResolvers<AnnounceAnswer>();
  tracker.respond = () => first.promise;
  await using announcer = start();
  await settled();
  announcer.completed();
  tracker.respond = () => Promise.resolve(ANSWER);
  first.resolve(ANSWER);
  await clock.advance(0);
  assertEquals(tracker.events, ["started", "completed"]);
});

Deno.test("completed is repeated until the tracker has heard it, in each swarm on its own", async () => {
  const { clock, tracker, statuses, start } = setUp({ swarms: [V1, V2] });
  await using announcer = start();
  await clock.advance(10);
  tracker.respond = (params) =>
    params.infoHash === V1.infoHash ? Promise.resolve(ANSWER) : silence();
  announcer.completed();
  await clock.advance(3);
  tracker.respond = () => Promise.resolve(ANSWER);
  await clock.advance(10);
  const eventsOf = (infoHash: Uint8Array) =>
    tracker.heard.filter((params) => params.infoHash === infoHash).map((params) => params.event);
  assertEquals(eventsOf(V1.infoHash), ["started", "completed", "none", "none"]);
  assertEquals(eventsOf(V2.infoHash), ["started", "completed", "completed", "completed"]);
  assertEquals(statuses.map((status) => status.nextInSeconds), [60, 2, 4, 60]);
});

Deno.test("a silent tracker is tried again after 2, 4, 8 and at most 60 seconds, and the user is told", async () => {
  const { clock, tracker, statuses, start } = setUp();
  tracker.respond = silence;
  const announcer = start();
  await clock.advance(200);
  assertEquals(statuses.map((status) => status.nextInSeconds), [2, 4, 8, 16, 32, 60, 60, 60]);
  assertEquals(statuses[0], {
    url: URL,
    ok: false,
    error: `tracker ${URL} does not answer, next try in 2 s`,
    fault: { code: "tracker-silent", sentence: `tracker ${URL} does not answer` },
    nextInSeconds: 2,
  });
  assertEquals(tracker.giveUps.slice(0, 4), [3, 6, 12, 15]);
  assertEquals(new Set(tracker.events), new Set(["started"]));
  const before = tracker.heard.length;
  await announcer.close();
  assertStrictEquals(tracker.heard.length, before, "it never heard of us: no goodbye");
});

Deno.test("how a tracker fails has a name: silent, refuses, or anything else", async () => {
  const faults = [
    [new TrackerTimeoutError("silence", false), "tracker-silent"],
    [new TrackerErrorResponse(URL, "not here"), "tracker-refuses"],
    [new NetworkError("nonsense"), "tracker-fails"],
  ] as const;
  for (const [error, code] of faults) {
    const { clock, tracker, statuses, start } = setUp();
    tracker.respond = () => Promise.reject(error);
    await using _announcer = start();
    await clock.advance(1);
    assertEquals(statuses.map(({ fault }) => fault), [{ code, sentence: error.message }]);
  }
});

Deno.test("a tracker that comes back is announced to as before", async () => {
  const { clock, tracker, statuses, start } = setUp();
  tracker.respond = silence;
  await using _announcer = start();
  await clock.advance(5);
  tracker.respond = () => Promise.resolve(ANSWER);
  await clock.advance(5);
  assertEquals(tracker.events, ["started", "started", "started"]);
  await clock.advance(60);
  assertEquals(tracker.events, ["started", "started", "started", "none"]);
  assertEquals(statuses.map((status) => status.ok), [false, false, true, true]);
});

Deno.test("tries of many are spread over time", async () => {
  const next: (number | undefined)[] = [];
  for (const random of [0, 0.999]) {
    const { clock, tracker, statuses, start } = setUp({ random: () => random });
    tracker.respond = silence;
    await using _announcer = start();
    await clock.advance(62);
    next.push(statuses.at(-1)!.nextInSeconds);
  }
  assert(next[0] !== next[1], JSON.stringify(next));
});

Deno.test("more peers can be asked for, though not every moment", async () => {
  const { clock, tracker, start } = setUp();
  await using announcer = start();
  await clock.advance(20);
  announcer.announceNow();
  await clock.advance(0);
  assertStrictEquals(tracker.heard.length, 2);
  announcer.announceNow();
  announcer.announceNow();
  await clock.advance(4.9);
  assertStrictEquals(tracker.heard.length, 2);
  await clock.advance(0.2);
  assertStrictEquals(tracker.heard.length, 3);
  await clock.advance(59);
  assertStrictEquals(tracker.heard.length, 3);
});

Deno.test("a new address of our own is announced soon, to a tracker that is looked up anew", async () => {
  const clients: ScriptedTracker[] = [];
  const { clock, start } = setUp({
    clientFor: () => {
      const client = new ScriptedTracker();
      clients.push(client);
      return client;
    },
  });
  const announcer = start();
  await clock.advance(20);
  announcer.addressChanged();
  await clock.advance(1);
  assertEquals(clients.map(({ events }) => events), [["started"], ["none"]]);
  assertEquals(clients.map(({ closed }) => closed), [1, 0]);
  announcer.addressChanged();
  await announcer.close();
  assertEquals(clients.at(-1)!.events, ["none", "stopped"]);
});

Deno.test("a tracker's interval is taken within bounds", async () => {
  for (const [asked, taken] of [[0, 1], [1, 1], [1800, 1800], [2 ** 32 - 1, 3600]] as const) {
    const { clock, tracker, statuses, start } = setUp();
    tracker.respond = () => Promise.resolve({ ...ANSWER, intervalSeconds: asked });
    await using _announcer = start();
    await clock.advance(0.5);
    assertEquals(statuses.map((status) => status.intervalSeconds), [taken]);
  }
});

Deno.test("each announce tells how far the transfer is and what is hosted by then", async () => {
  let left = 100;
  const { clock, tracker, start } = setUp({
    progress: () => ({ uploadedBytes: 5, downloadedBytes: 100 - left, leftBytes: left }),
    hosted: () => left === 0 ? { name: "a.iso", length: 100 } : undefined,
    numWant: () => left === 0 ? 0 : 30,
  });
  await using announcer = start();
  await clock.advance(1);
  left = 0;
  announcer.completed();
  await clock.advance(1);
  const told = tracker.heard.map(({ event, downloadedBytes, leftBytes, numWant, hosted }) => [
    event,
    downloadedBytes,
    leftBytes,
    numWant,
    hosted?.name,
  ]);
  assertEquals(told, [["started", 0, 100, 30, undefined], ["completed", 100, 0, 0, "a.iso"]]);
});

Deno.test("trackers fail and answer independently of each other", async () => {
  const other = "udp://other.example:6969";
  const { clock, trackers, statuses, start } = setUp({ tiers: [[URL], [other], [URL]] });
  trackers.get(other)!.respond = silence;
  await using _announcer = start();
  await clock.advance(1);
  assertEquals(statuses.map(({ url, ok }) => [url, ok]), [[URL, true], [other, false]]);
  assertStrictEquals(trackers.get(URL)!.heard.length, 1, "a tracker named twice is one");
});

Deno.test("a tracker that is not a UDP one is reported and left alone", async () => {
  const statuses: TrackerStatus[] = [];
  const { clock, start } = setUp({
    tiers: [["http://tracker.example/announce"]],
    clientFor: () => {
      throw new OptionError("only udp:// trackers are supported so far");
    },
    onStatus: (status) => statuses.push(status),
  });
  await using _announcer = start();
  await clock.advance(1000);
  assertEquals(statuses, [{
    url: "http://tracker.example/announce",
    ok: false,
    error: "only udp:// trackers are supported so far",
    fault: { code: "tracker-fails", sentence: "only udp:// trackers are supported so far" },
  }]);
});

const SECOND = "udp://second.example:6969";
const THIRD = "udp://third.example:6969";

Deno.test("within a tier one tracker is announced to; another stands in while it is silent", async () => {
  const { clock, trackers, statuses, start } = setUp({ tiers: [[URL, SECOND]], random: () => 0.9 });
  const [first, second] = [trackers.get(URL)!, trackers.get(SECOND)!];
  const announcer = start();
  await clock.advance(61);
  assertEquals([first.events, second.events], [["started", "none"], []]);
  first.respond = silence;
  await clock.advance(60);
  assertEquals(second.events, ["started"]);
  assertEquals(statuses.slice(2), [
    {
      url: URL,
      ok: false,
      error: `tracker ${URL} does not answer, trying ${SECOND} instead`,
      fault: { code: "tracker-silent", sentence: `tracker ${URL} does not answer` },
    },
    { ...statuses[0]!, url: SECOND },
  ]);
  first.respond = () => Promise.resolve(ANSWER);
  await clock.advance(120);
  assertEquals(second.events, ["started", "none", "none"], "who answered moved to the front");
  assertStrictEquals(first.heard.length, 3);
  await announcer.close();
  assertEquals([first.events.at(-1), second.events.at(-1)], ["stopped", "stopped"]);
});

Deno.test("a tier is shuffled once, so that its trackers share the load", async () => {
  let firsts = 0;
  for (const random of [() => 0, () => 0.99]) {
    const { clock, trackers, start } = setUp({ tiers: [[URL, SECOND]], random });
    await using _announcer = start();
    await clock.advance(200);
    assertEquals([...trackers.values()].map(({ heard }) => heard.length).sort(), [0, 4]);
    if (trackers.get(URL)!.heard.length > 0) firsts++;
  }
  assertStrictEquals(firsts, 1);
});

Deno.test("every tier is announced to at once, and a completed download is told to each", async () => {
  const { clock, trackers, start } = setUp({ tiers: [[URL, SECOND], [THIRD]], random: () => 0.9 });
  trackers.get(URL)!.respond = silence;
  await using announcer = start();
  await clock.advance(1);
  announcer.completed();
  await clock.advance(0);
  assertEquals([URL, SECOND, THIRD].map((url) => trackers.get(url)!.events), [
    ["started"],
    ["started", "completed"],
    ["started", "completed"],
  ]);
});

Deno.test("one tracker at a time: a later tier is asked when the ones before are silent", async () => {
  const { clock, trackers, start } = setUp({
    tiers: [[URL], [SECOND], [THIRD]],
    oneAtATime: true,
  });
  trackers.get(URL)!.respond = silence;
  await using _announcer = start();
  await clock.advance(1);
  const events = () => [URL, SECOND, THIRD].map((url) => trackers.get(url)!.events);
  assertEquals(events(), [["started"], ["started"], []]);
  trackers.get(URL)!.respond = () => Promise.resolve(ANSWER);
  await clock.advance(60);
  assertEquals(events(), [["started", "started"], ["started"], []], "tiers keep their order");
});

Deno.test("when a whole tier is silent it is tried again later, one tracker after the other", async () => {
  const { clock, trackers, statuses, start } = setUp({
    tiers: [[URL, SECOND]],
    random: () => 0.5,
  });
  for (const tracker of trackers.values()) tracker.respond = silence;
  await using _announcer = start();
  await clock.advance(5);
  assertEquals(statuses.map(({ nextInSeconds }) => nextInSeconds), [undefined, 2, undefined, 4]);
  assertEquals([...trackers.values()].map(({ heard }) => heard.length), [2, 2]);
});

Deno.test("one of a tier that is no UDP tracker is reported once and passed over", async () => {
  const http = "http://tracker.example/announce";
  const answering = new ScriptedTracker();
  const { clock, statuses, start } = setUp({
    tiers: [[http, URL]],
    random: () => 0.9,
    clientFor: (url) => {
      if (url === http) throw new OptionError("only udp:// trackers are supported so far");
      return answering;
    },
  });
  await using _announcer = start();
  await clock.advance(121);
  assertEquals(statuses.map(({ url, ok }) => [url, ok]), [
    [http, false],
    [URL, true],
    [URL, true],
    [URL, true],
  ]);
});

Deno.test("while peers are few a tracker is asked again soon, at growing distances", async () => {
  let few = true;
  const { clock, tracker, start } = setUp({ wantsPeers: () => few });
  tracker.respond = () => Promise.resolve({ ...ANSWER, intervalSeconds: 10 });
  const times: number[] = [];
  const startMs = clock.nowMs();
  const announcer = start();
  for (let count = 0; clock.nowMs() < startMs + 36_000; await clock.advance(0.5)) {
    if (tracker.heard.length > count) times.push((clock.nowMs() - startMs) / 1000);
    count = tracker.heard.length;
    few = times.length < 5;
  }
  await announcer.close();
  assertEquals(times, [0.5, 1, 3, 7, 15, 25, 35]);
});

Deno.test("a tracker that wants to be asked rarely is not asked every second for more peers", async () => {
  for (const [intervalSeconds, most] of [[1800, 3], [60, 25], [5, 121]] as const) {
    const { clock, tracker, start } = setUp({ wantsPeers: () => true });
    tracker.respond = () => Promise.resolve({ ...ANSWER, intervalSeconds });
    await using announcer = start();
    for (let i = 0; i < 60; i++) {
      await clock.advance(2);
      announcer.announceNow();
    }
    const asked = tracker.heard.length;
    assert(asked <= most && asked >= most / 3, `${asked} times`);
  }
});

Deno.test("saying goodbye to a tracker that has fallen silent takes two seconds at most", async () => {
  const { clock, tracker, start } = setUp();
  const announcer = start();
  await clock.advance(1);
  tracker.respond = (_, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const startMs = clock.nowMs();
  let closedMs = Infinity;
  const closed = announcer.close().then(() => closedMs = clock.nowMs());
  await clock.advance(10);
  await closed;
  assertStrictEquals(closedMs - startMs, 2000);
  assertStrictEquals(tracker.closed, 1);
});

/** Never answers, like a tracker whose answers get lost. */
function never(_: AnnounceParams, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** Answers after `seconds`, unless it is given up before. */
function slowly(clock: FakeClock, seconds: number) {
  return async (_: AnnounceParams, signal: AbortSignal) => {
    await clock.sleep(1000 * seconds, signal);
    signal.throwIfAborted();
    return ANSWER;
  };
}

Deno.test("closing in the middle of the first announce gives that up, and says goodbye: it may have been heard", async () => {
  const { clock, tracker, statuses, start } = setUp();
  tracker.respond = never;
  const announcer = start();
  await settled();
  const closed = announcer.close();
  await clock.advance(3);
  await closed;
  await announcer.close();
  assertEquals([tracker.events, statuses, tracker.closed], [["started", "stopped"], [], 1]);
});

Deno.test("a tracker that took a connection and then was silent hears goodbye, one that did not does not", async () => {
  for (const connected of [true, false]) {
    const { clock, tracker, start } = setUp();
    tracker.respond = () => Promise.reject(new TrackerTimeoutError("silence", connected));
    const announcer = start();
    await clock.advance(1);
    await announcer.close();
    assertEquals(tracker.events, connected ? ["started", "stopped"] : ["started"]);
  }
});

Deno.test("a download that is complete when its announcer closes is told first, in every swarm, then the goodbye", async () => {
  const { clock, tracker, start } = setUp({ swarms: [V1, V2] });
  const announcer = start();
  await clock.advance(10);
  announcer.completed();
  await announcer.close();
  for (const { infoHash } of [V1, V2]) {
    const told = tracker.heard.filter((params) => params.infoHash === infoHash);
    assertEquals(told.map(({ event }) => event), ["started", "completed", "stopped"]);
  }
  assertStrictEquals(tracker.closed, 1);
});

Deno.test("a download that was over before the tracker answered its start is told in order", async () => {
  const { clock, tracker, start } = setUp();
  tracker.respond = never;
  const announcer = start();
  await settled();
  announcer.completed();
  tracker.respond = slowly(clock, 0.5);
  const closed = announcer.close();
  await clock.advance(5);
  await closed;
  assertEquals(tracker.events, ["started", "started", "completed", "stopped"]);
});

Deno.test("completed that is on its way when the announcer closes is told again, and goodbye comes last", async () => {
  const { clock, tracker, start } = setUp();
  const announcer = start();
  await clock.advance(10);
  tracker.respond = slowly(clock, 0.5);
  announcer.completed();
  await clock.advance(0.1);
  const closed = announcer.close();
  await clock.advance(5);
  await closed;
  assertEquals(tracker.events, ["started", "completed", "completed", "stopped"]);
});

Deno.test("a download that is complete keeps its announcer from closing for five seconds at most", async () => {
  const { clock, tracker, start } = setUp();
  const announcer = start();
  await clock.advance(10);
  tracker.respond = never;
  announcer.completed();
  const startMs = clock.nowMs();
  let closedMs = Infinity;
  const closed = announcer.close().then(() => closedMs = clock.nowMs());
  await clock.advance(20);
  await closed;
  assertStrictEquals(closedMs - startMs, 5000);
  assertStrictEquals(tracker.closed, 1);
});
