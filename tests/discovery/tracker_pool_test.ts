/**
 * The sockets of a tracker, shared by all torrents that announce there.
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { AnnounceClient } from "../../lib/discovery/announce_target.ts";
import {
  type AnnounceAnswer,
  type AnnounceParams,
  TrackerTimeoutError,
} from "../../lib/discovery/tracker_client.ts";
import { TrackerPool } from "../../lib/discovery/tracker_pool.ts";
import { OptionError } from "../../lib/errors.ts";

const URL = "udp://10.0.0.2:6969";
const ANSWER: AnnounceAnswer = { intervalSeconds: 60, seeders: 1, leechers: 2, peers: [] };

/** A tracker that answers when told to. */
class PatientTracker implements AnnounceClient {
  readonly asked: PromiseWithResolvers<AnnounceAnswer>[] = [];
  isClosed = false;

  announce(): Promise<AnnounceAnswer> {
    const asked = Promise.withResolvers<AnnounceAnswer>();
    this.asked.push(asked);
    return asked.promise;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function setUp() {
  const made: PatientTracker[] = [];
  const clientFor = () => {
    const tracker = new PatientTracker();
    made.push(tracker);
    return tracker;
  };
  return { made, pool: new TrackerPool({ clientFor }) };
}

function announce(client: AnnounceClient, signal?: AbortSignal): Promise<AnnounceAnswer> {
  return client.announce({} as AnnounceParams, signal ? { signal } : {});
}

Deno.test("torrents share the sockets of a tracker; the last one to leave closes them", async () => {
  const { made, pool } = setUp();
  const one = pool.clientFor(URL);
  const two = pool.clientFor(URL);
  pool.clientFor("udp://10.0.0.3:6969");
  assertEquals(made.length, 2);
  await one.close();
  await one.close();
  assertEquals(made[0]!.isClosed, false);
  await two.close();
  assertEquals(made[0]!.isClosed, true);
  pool.clientFor(URL);
  assertEquals(made.length, 3);
});

Deno.test("a thousand announces at once go out a few at a time, in their order", async () => {
  const { made, pool } = setUp();
  const client = pool.clientFor(URL);
  const answers = Array.from({ length: 1000 }, () => announce(client));
  const { asked } = made[0]!;
  const most = asked.length;
  assert(most > 1 && most <= 64, `${most} at once`);
  for (let i = 0; i < 1000; i++) {
    asked[i]!.resolve({ ...ANSWER, seeders: i });
    assertEquals((await answers[i]!).seeders, i);
    assert(asked.length <= i + 1 + most);
  }
});

Deno.test("while a tracker is silent, those who wait for their turn hear it at once", async () => {
  const { made, pool } = setUp();
  const client = pool.clientFor(URL);
  const answers = Array.from({ length: 1000 }, () => announce(client));
  const silence = new TrackerTimeoutError("silent", false);
  const under = made[0]!.asked.length;
  for (const asked of made[0]!.asked) asked.reject(silence);
  const outcomes = await Promise.allSettled(answers);
  assert(outcomes.every((outcome) => outcome.status === "rejected" && outcome.reason === silence));
  assertEquals(made[0]!.asked.length, under);
});

Deno.test("a torrent that ends while it waits for its turn leaves the line", async () => {
  const { made, pool } = setUp();
  const client = pool.clientFor(URL);
  const ended = new AbortController();
  const before = Array.from({ length: 64 }, () => announce(client));
  const waiting = announce(client, ended.signal);
  const after = announce(client);
  ended.abort(new Error("ended"));
  await assertRejects(() => waiting, Error, "ended");
  await assertRejects(() => announce(client, ended.signal), Error, "ended");
  for (const asked of made[0]!.asked) asked.resolve(ANSWER);
  await Promise.all(before);
  made[0]!.asked[64]!.resolve(ANSWER);
  assertEquals(await after, ANSWER);
  assertEquals(made[0]!.asked.length, 65);
});

Deno.test("at a new address of this machine torrents get new sockets, and the old ones serve until they are left", async () => {
  const { made, pool } = setUp();
  const old = pool.clientFor(URL);
  pool.renew();
  const fresh = pool.clientFor(URL);
  assertEquals(made.length, 2);
  await old.close();
  assertEquals([made[0]!.isClosed, made[1]!.isClosed], [true, false]);
  pool.clientFor(URL);
  assertEquals(made.length, 2);
  await fresh.close();
  assertEquals(made[1]!.isClosed, false);
});

Deno.test("a URL that is not a UDP tracker's is refused when it is asked for", () => {
  assertThrows(() => new TrackerPool().clientFor("http://10.0.0.2/announce"), OptionError);
});
