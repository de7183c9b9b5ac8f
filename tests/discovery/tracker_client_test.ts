import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { concat, hex, utf8, viewOf } from "../../lib/codec/bytes.ts";
import {
  decodeRequest,
  encodeResponse,
  type TrackerRequest,
  type TrackerResponse,
} from "../../lib/codec/discovery/udp_tracker.ts";
import {
  TrackerErrorResponse,
  TrackerTimeoutError,
  UdpTrackerClient,
} from "../../lib/discovery/tracker_client.ts";
import { isAsNear } from "../../lib/discovery/udp_transactions.ts";
import { NetworkError, OptionError } from "../../lib/errors.ts";
import { resolveHost } from "../../lib/runtime/resolve_host.ts";
import { Tracker } from "../../lib/tracker/server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeTracker } from "../support/network/udp_peer.ts";
import { INFO_HASH, OTHER_INFO_HASH, PEER_ID } from "../support/vectors/tracker_vectors.ts";

const PARAMS = {
  infoHash: INFO_HASH,
  peerId: PEER_ID,
  port: 6881,
  key: 7,
  event: "started",
  numWant: 20,
  uploadedBytes: 1,
  downloadedBytes: 2,
  leftBytes: 3,
} as const;

/** A tracker of which a test only writes the answers that are not the usual ones. */
function trackerThat(
  respond: (request: TrackerRequest, connectionId: Uint8Array) => (TrackerResponse | Uint8Array)[],
): FakeTracker {
  let connections = 0;
  return new FakeTracker((packet) => {
    const request = decodeRequest(packet);
    if (request === undefined) return [];
    const connectionId = new Uint8Array(8).fill(connections + 1);
    if (request.type === "connect") connections++;
    return respond(request, connectionId).map((answer) =>
      answer instanceof Uint8Array ? answer : encodeResponse(answer)
    );
  });
}

function connectAnswer(request: TrackerRequest, connectionId: Uint8Array): TrackerResponse {
  return { type: "connect", transactionId: request.transactionId, connectionId };
}

function announceAnswer(request: TrackerRequest, seeders = 1): TrackerResponse {
  const { transactionId } = request;
  const peers = Uint8Array.of(10, 0, 0, 1, 0, 80);
  return { type: "announce", transactionId, intervalSeconds: 60, leechers: 0, seeders, peers };
}

function typesOf(tracker: FakeTracker): string[] {
  return tracker.received.map((packet) => decodeRequest(packet)?.type ?? "none");
}

/** Moves the clock until a promise is settled. */
async function whileWaiting<T>(
  clock: FakeClock,
  promise: Promise<T>,
): Promise<PromiseSettledResult<T>> {
  let result: PromiseSettledResult<T> | undefined;
  const settling = Promise.allSettled([promise]).then(([outcome]) => result = outcome);
  while (result === undefined) await clock.advance(0.25);
  await settling;
  return result;
}

Deno.test("a client announces and gets peers, over IPv4 and IPv6", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  for (const host of ["127.0.0.1", "[::1]"]) {
    await using client = new UdpTrackerClient(`udp://${host}:${tracker.addr.port}/announce`);
    await client.announce({ ...PARAMS, leftBytes: 0 });
    const answer = await client.announce({ ...PARAMS, port: 6882 });
    const by = host.replace(/[[\]]/g, "");
    const peers = [{ by, peers: [{ host: by, port: 6881 }] }];
    assertEquals(answer, { intervalSeconds: 5, seeders: 1, leechers: 1, peers });
    assertEquals(await client.scrape([INFO_HASH, OTHER_INFO_HASH]), [
      { seeders: 1, completed: 0, leechers: 1 },
      { seeders: 0, completed: 0, leechers: 0 },
    ]);
  }
});

Deno.test("a client tells its label, and is told who has the torrent, page by page", async () => {
  await using tracker = await Tracker.listen({ host: "127.0.0.1", port: 0 });
  await using client = new UdpTrackerClient(`udp://127.0.0.1:${tracker.addr.port}`);
  for (let port = 1; port <= 70; port++) {
    const hosted = { name: "a.iso", length: 100, label: `pc${port}` };
    await client.announce({ ...PARAMS, port, leftBytes: 50, hosted });
  }
  const [first] = await client.who(INFO_HASH, 0);
  const [second] = await client.who(INFO_HASH, first!.machines.length);
  assertEquals([first!.total, first!.recipients, first!.expected], [70, 70, 0]);
  const seen = [...first!.machines, ...second!.machines];
  assertEquals(new Set(seen.map(({ label }) => label)).size, 70);
  assertEquals([seen[0]!.state, seen[0]!.progress], ["downloading", 0.5]);
  assertEquals((await client.who(OTHER_INFO_HASH, 0))[0]!.total, 0);
});

Deno.test("a client finds a tracker by its host name", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  await using client = new UdpTrackerClient(`udp://localhost:${tracker.addr.port}`);
  assertStrictEquals((await client.announce(PARAMS)).leechers, 1);
});

Deno.test("one connection id serves many announces, also those made at the same time", async () => {
  await using tracker = trackerThat((request, id) =>
    request.type === "connect" ? [connectAnswer(request, id)] : [announceAnswer(request)]
  );
  await using client = new UdpTrackerClient(tracker.url);
  await Promise.all([1, 2, 3].map(() => client.announce(PARAMS)));
  await client.announce(PARAMS);
  assertEquals(typesOf(tracker), ["connect", "announce", "announce", "announce", "announce"]);
});

Deno.test("a connection id is not used for longer than a minute", async () => {
  const clock = new FakeClock();
  await using tracker = trackerThat((request, id) =>
    request.type === "connect" ? [connectAnswer(request, id)] : [announceAnswer(request)]
  );
  await using client = new UdpTrackerClient(tracker.url, { clock });
  await client.announce(PARAMS);
  await clock.advance(60);
  await client.announce(PARAMS);
  assertEquals(typesOf(tracker), ["connect", "announce", "connect", "announce"]);
});

Deno.test("a tracker that was restarted costs one more exchange", async () => {
  let restarted = false;
  await using tracker = trackerThat((request, id) => {
    if (request.type === "connect") return [connectAnswer(request, id)];
    assert(request.type === "announce");
    const { transactionId } = request;
    if (restarted && request.connectionId[0] === 1) {
      return [{ type: "error", transactionId, message: "bad connection id" }];
    }
    return [announceAnswer(request)];
  });
  await using client = new UdpTrackerClient(tracker.url);
  await client.announce(PARAMS);
  restarted = true;
  await Promise.all([client.announce(PARAMS), client.announce(PARAMS)]);
  assertEquals(typesOf(tracker).filter((type) => type === "connect").length, 2);
  assertEquals(tracker.received.length, 7);
});

Deno.test("a restarted tracker that says nothing to an old connection id costs one second", async () => {
  const clock = new FakeClock();
  let restarted = false;
  await using tracker = trackerThat((request, id) => {
    if (request.type === "connect") return [connectAnswer(request, id)];
    assert(request.type === "announce");
    return restarted && request.connectionId[0] === 1 ? [] : [announceAnswer(request)];
  });
  await using client = new UdpTrackerClient(tracker.url, { clock });
  await client.announce(PARAMS);
  restarted = true;
  const again = client.announce(PARAMS);
  await tracker.hasReceived(3);
  await clock.hasAlarmIn(1);
  await clock.advance(1);
  assertStrictEquals((await again).seeders, 1);
  assertEquals(typesOf(tracker), ["connect", "announce", "announce", "connect", "announce"]);
});

Deno.test("a lost packet is sent again after 1, 2 and 4 seconds", async () => {
  const clock = new FakeClock();
  const sentMs: number[] = [];
  const startMs = clock.nowMs();
  await using tracker = trackerThat((request, id) => {
    sentMs.push(clock.nowMs() - startMs);
    return sentMs.length === 4
      ? [connectAnswer(request, id)]
      : sentMs.length > 4
      ? [announceAnswer(request)]
      : [];
  });
  await using client = new UdpTrackerClient(tracker.url, { clock });
  const answer = client.announce(PARAMS);
  for (const [count, seconds] of [[1, 1], [2, 2], [3, 4]] as const) {
    await tracker.hasReceived(count);
    await clock.hasAlarmIn(seconds);
    await clock.advance(seconds);
  }
  assertStrictEquals((await answer).seeders, 1);
  assertEquals(sentMs, [0, 1000, 3000, 7000, 7000]);
});

Deno.test("a tracker that never answers is given up after the time allowed", async () => {
  for (const [options, seconds] of [[{}, 15], [{ giveUpSeconds: 3 }, 3]] as const) {
    const clock = new FakeClock();
    const startMs = clock.nowMs();
    await using tracker = trackerThat(() => []);
    await using client = new UdpTrackerClient(tracker.url, { clock });
    const result = await whileWaiting(clock, client.announce(PARAMS, options));
    assert(result.status === "rejected");
    assertInstanceOf(result.reason, TrackerTimeoutError);
    assertStrictEquals(result.reason.message, `tracker ${tracker.url} does not answer`);
    assertStrictEquals(result.reason.connected, false);
    assertStrictEquals(Math.round((clock.nowMs() - startMs) / 1000), seconds);
  }
});

Deno.test("silence after a connection tells that the tracker is there", async () => {
  const clock = new FakeClock();
  await using tracker = trackerThat((request, id) =>
    request.type === "connect" ? [connectAnswer(request, id)] : []
  );
  await using client = new UdpTrackerClient(tracker.url, { clock });
  const asking = client.find("a", { giveUpSeconds: 3 });
  await tracker.hasReceived(2);
  const result = await whileWaiting(clock, asking);
  assert(result.status === "rejected");
  assertInstanceOf(result.reason, TrackerTimeoutError);
  assertStrictEquals(result.reason.connected, true);
});

Deno.test("a tracker's refusal is told in its words, made safe to print", async () => {
  const message = "go \u001b[2Jaway\n" + "!".repeat(300);
  await using tracker = trackerThat((request, id) =>
    request.type === "connect"
      ? [connectAnswer(request, id)]
      : [{ type: "error", transactionId: request.transactionId, message }]
  );
  await using client = new UdpTrackerClient(tracker.url);
  const error = await assertRejects(() => client.announce(PARAMS), TrackerErrorResponse);
  assertStrictEquals(error.reason, `go [2Jaway${"!".repeat(190)}…`);
  assertStrictEquals(error.message, `tracker ${tracker.url} refuses: ${error.reason}`);
});

Deno.test("packets with a foreign transaction id are passed over", async () => {
  await using tracker = trackerThat((request, id) => {
    if (request.type === "connect") return [connectAnswer(request, id)];
    const foreign = announceAnswer({ ...request, transactionId: request.transactionId ^ 1 }, 66);
    return [foreign, new Uint8Array(3), announceAnswer(request, 5)];
  });
  await using client = new UdpTrackerClient(tracker.url);
  assertStrictEquals((await client.announce(PARAMS)).seeders, 5);
});

/** A socket of 127.0.0.1 that is asked, and one of 127.0.0.2 with the same port, that answers. */
function twoAddresses(): { asked: Deno.DatagramConn; other: Deno.DatagramConn; port: number } {
  const asked = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = asked.addr as Deno.NetAddr;
  return {
    asked,
    other: Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.2", port }),
    port,
  };
}

const onLinux = { ignore: Deno.build.os !== "linux" }; // which has all of 127.0.0.0/8

Deno.test("a tracker may answer from another of its addresses", onLinux, async () => {
  const { asked, other, port } = twoAddresses();
  await using client = new UdpTrackerClient(`udp://127.0.0.1:${port}`);
  const asking = client.announce(PARAMS, { giveUpSeconds: 5 });
  const [hello, from] = await asked.receive();
  await other.send(encodeResponse(connectAnswer(decodeRequest(hello)!, new Uint8Array(8))), from);
  const [announce] = await asked.receive();
  await other.send(encodeResponse(announceAnswer(decodeRequest(announce)!, 4)), from);
  assertStrictEquals((await asking).seeders, 4);
  asked.close();
  other.close();
});

Deno.test("for a tracker that is near nobody farther away can answer", () => {
  const byReach = [["127.0.1.1", "::1"], ["10.9.0.2", "172.17.0.1", "fd00::1"], ["8.8.8.8"]];
  for (const [asked, askedHosts] of byReach.entries()) {
    for (const [answering, hosts] of byReach.entries()) {
      const believed = hosts.flatMap((host) => askedHosts.map((other) => isAsNear(host, other)));
      assertEquals(believed, believed.map(() => answering <= asked));
    }
  }
  const nobody = ["fe80::1", "224.0.0.1", "0.0.0.0"];
  assertEquals(nobody.map((host) => isAsNear(host, "8.8.8.8")), [false, false, false]);
});

Deno.test(
  "who guesses at transaction ids from another address is soon not heard any more",
  onLinux,
  async () => {
    const clock = new FakeClock();
    const { asked, other, port } = twoAddresses();
    await using client = new UdpTrackerClient(`udp://127.0.0.1:${port}`, { clock });
    const asking = client.announce(PARAMS, { giveUpSeconds: 1 });
    const [hello, from] = await asked.receive();
    const request = decodeRequest(hello)!;
    const guess = (offset: number) => {
      const transactionId = (request.transactionId + offset) >>> 0;
      return encodeResponse(connectAnswer({ ...request, transactionId }, new Uint8Array(8)));
    };
    for (let offset = 1; offset <= 64; offset++) await other.send(guess(offset), from);
    await other.send(guess(0), from);
    const result = await whileWaiting(clock, asking);
    assertStrictEquals(result.status, "rejected", "the right guess came too late");
    asked.close();
    other.close();
  },
);

Deno.test("an answer from another port than the one asked does not count", async () => {
  const clock = new FakeClock();
  const other = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const asked = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = asked.addr as Deno.NetAddr;
  await using client = new UdpTrackerClient(`udp://127.0.0.1:${port}`, { clock });
  const asking = client.announce(PARAMS, { giveUpSeconds: 1 });
  const [packet, from] = await asked.receive();
  const request = decodeRequest(packet)!;
  await other.send(encodeResponse(connectAnswer(request, new Uint8Array(8))), from);
  const result = await whileWaiting(clock, asking);
  assertStrictEquals(result.status, "rejected");
  asked.close();
  other.close();
});

Deno.test("answers that make no sense are errors, not results", async () => {
  const nonsense: ((request: TrackerRequest) => TrackerResponse | Uint8Array)[] = [
    (request) => concat(encodeResponse(announceAnswer(request)), Uint8Array.of(1)),
    (request) => encodeResponse(announceAnswer(request)).subarray(0, 19),
    (request) => connectAnswer(request, new Uint8Array(8)),
    (request) => {
      const packet = new Uint8Array(20);
      viewOf(packet).setUint32(0, 77);
      viewOf(packet).setUint32(4, request.transactionId);
      return packet;
    },
  ];
  for (const answer of nonsense) {
    await using tracker = trackerThat((request, id) =>
      request.type === "connect" ? [connectAnswer(request, id)] : [answer(request)]
    );
    await using client = new UdpTrackerClient(tracker.url);
    await assertRejects(() => client.announce(PARAMS), NetworkError, "something that is no answer");
  }
});

Deno.test("a scrape answered with too few swarms is an error", async () => {
  await using tracker = trackerThat((request, id) =>
    request.type === "connect"
      ? [connectAnswer(request, id)]
      : [{ type: "scrape", transactionId: request.transactionId, swarms: [] }]
  );
  await using client = new UdpTrackerClient(tracker.url);
  await assertRejects(() => client.scrape([INFO_HASH]), NetworkError, "too few swarms");
});

Deno.test("the tracker is told its path and what is hosted", async () => {
  await using tracker = trackerThat((request, id) =>
    request.type === "connect" ? [connectAnswer(request, id)] : [announceAnswer(request)]
  );
  await using client = new UdpTrackerClient(`${tracker.url}/x?key=1`);
  const v2Hash = new Uint8Array(32).fill(0xab);
  await client.announce({ ...PARAMS, hosted: { name: "a b.iso", length: 9, v2Hash } });
  const request = decodeRequest(tracker.received[1]!);
  assert(request?.type === "announce");
  assertStrictEquals(request.urlData, `/x?key=1&dn=a%20b.iso&xl=9&btmh=1220${"ab".repeat(32)}`);
  assertEquals(hex(request.peerId), hex(utf8("-XX0100-abcdefghijkl")));
  const { uploadedBytes, downloadedBytes, leftBytes, port, key, numWant, event } = request;
  assertEquals(
    { ...PARAMS, uploadedBytes, downloadedBytes, leftBytes, port, key, numWant, event },
    PARAMS,
  );
});

Deno.test("a host name that nobody knows is said to be unknown", async () => {
  await using client = new UdpTrackerClient("udp://no-such-host.invalid:6969");
  const error = await assertRejects(() => client.announce(PARAMS), NetworkError);
  assertStrictEquals(
    error.message,
    'the host name "no-such-host.invalid" of tracker udp://no-such-host.invalid:6969 cannot be resolved',
  );
});

Deno.test("a tracker of the family that the local address is not of cannot be reached", async () => {
  await using client = new UdpTrackerClient("udp://127.0.0.1:6969", { localHost: "::1" });
  await assertRejects(() => client.announce(PARAMS), TrackerTimeoutError, "cannot be reached");
});

Deno.test("only udp:// trackers are talked to", () => {
  let refused = 0;
  for (const url of ["http://tracker.example/announce", "tracker.example:6969", "udp://host"]) {
    try {
      new UdpTrackerClient(url);
    } catch (error) {
      assertInstanceOf(error, OptionError);
      refused++;
    }
  }
  assertStrictEquals(refused, 3);
});

Deno.test("a question can be given up, and a closed client answers none", async () => {
  const clock = new FakeClock();
  await using tracker = trackerThat(() => []);
  const client = new UdpTrackerClient(tracker.url, { clock });
  const controller = new AbortController();
  const aborted = client.announce(PARAMS, { signal: controller.signal });
  await tracker.hasReceived(1);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => aborted, RangeError, "enough");
  const closed = client.announce(PARAMS);
  await tracker.hasReceived(2);
  const closing = client.close();
  await assertRejects(() => closed, NetworkError, "is closed");
  await closing;
  await assertRejects(() => client.announce(PARAMS), NetworkError, "is closed");
});

/** A tracker on 127.0.0.1, and one on the same port of ::1, as one host has them. */
function dualTracker(
  respond: (request: TrackerRequest, family: 4 | 6) => TrackerResponse[],
): { port: number; dispose: () => Promise<void> } {
  const answer = (family: 4 | 6) => (packet: Uint8Array) => {
    const request = decodeRequest(packet);
    return request === undefined ? [] : respond(request, family).map(encodeResponse);
  };
  const first = new FakeTracker(answer(4));
  const second = new FakeTracker(answer(6), "::1", first.port);
  return {
    port: first.port,
    dispose: async () => {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

const BOTH = ["::1", "127.0.0.1", "127.0.0.2"];

Deno.test("a tracker with addresses of both families is asked over both", async () => {
  const tracker = dualTracker((request, family) => {
    if (request.type === "connect") return [connectAnswer(request, new Uint8Array(8))];
    const { transactionId } = request;
    const peers = new Uint8Array(family === 4 ? 6 : 18).fill(family);
    const seeders = family;
    return [{
      type: "announce",
      transactionId,
      intervalSeconds: 10 * family,
      leechers: 1,
      seeders,
      peers,
    }];
  });
  const resolve = () => Promise.resolve(BOTH);
  await using client = new UdpTrackerClient(`udp://both.test:${tracker.port}`, { resolve });
  const answer = await client.announce(PARAMS);
  assertEquals([answer.intervalSeconds, answer.seeders, answer.leechers], [40, 6, 1]);
  assertEquals(answer.peers.flatMap(({ peers }) => peers).map(({ host }) => host).sort(), [
    "4.4.4.4",
    "606:606:606:606:606:606:606:606",
  ]);
  await tracker.dispose();
});

Deno.test("a family over which the tracker is silent is not waited for long", async () => {
  const clock = new FakeClock();
  const tracker = dualTracker((request, family) => {
    if (family === 6) return [];
    if (request.type === "connect") return [connectAnswer(request, new Uint8Array(8))];
    return [announceAnswer(request, 9)];
  });
  const resolve = () => Promise.resolve(BOTH);
  await using client = new UdpTrackerClient(`udp://both.test:${tracker.port}`, { resolve, clock });
  const asking = client.announce(PARAMS);
  await clock.hasAlarmIn(0.3);
  await clock.advance(0.3);
  assertStrictEquals((await asking).seeders, 9);
  await tracker.dispose();
});

Deno.test(
  "of a name's addresses those that are dead are passed over, and not asked first again",
  onLinux,
  async () => {
    const clock = new FakeClock();
    await using tracker = trackerThat((request, id) =>
      request.type === "connect" ? [connectAnswer(request, id)] : [announceAnswer(request, 7)]
    );
    const resolve = () => Promise.resolve(["127.0.0.98", "127.0.0.99", "127.0.0.1"]);
    const url = `udp://three.test:${tracker.port}`;
    await using client = new UdpTrackerClient(url, { resolve, clock });
    const asking = client.announce(PARAMS, { giveUpSeconds: 3 });
    for (let address = 1; address <= 2; address++) {
      await clock.hasAlarmIn(0.3);
      await clock.advance(0.3);
    }
    assertStrictEquals((await asking).seeders, 7);
    assertStrictEquals((await client.announce(PARAMS)).seeders, 7, "without any time passing");
  },
);

Deno.test(
  "when the address that answered dies, the others are asked within the same question",
  onLinux,
  async () => {
    const clock = new FakeClock();
    let dead = false;
    const answers = (request: TrackerRequest, seeders: number) =>
      request.type === "connect"
        ? connectAnswer(request, new Uint8Array(8))
        : announceAnswer(request, seeders);
    await using first = trackerThat((request) => dead ? [] : [answers(request, 1)]);
    const spare = new FakeTracker(
      (packet) => [encodeResponse(answers(decodeRequest(packet)!, 2))],
      "127.0.0.2",
      first.port,
    );
    const resolve = () => Promise.resolve(["127.0.0.1", "127.0.0.2"]);
    const url = `udp://two.test:${first.port}`;
    await using client = new UdpTrackerClient(url, { resolve, clock });
    assertStrictEquals((await client.announce(PARAMS)).seeders, 1);
    assertStrictEquals(spare.received.length, 0, "nobody needs it yet");
    dead = true;
    const result = await whileWaiting(clock, client.announce(PARAMS, { giveUpSeconds: 4 }));
    assert(result.status === "fulfilled");
    assertStrictEquals(result.value.seeders, 2);
    await spare[Symbol.asyncDispose]();
  },
);

Deno.test("a name with a dot at its end is the same name", async () => {
  assertEquals(await resolveHost("localhost."), await resolveHost("localhost"));
});

Deno.test("a tracker that fell silent is looked up again, so it may move", async () => {
  const clock = new FakeClock();
  await using tracker = trackerThat((request, id) =>
    request.type === "connect" ? [connectAnswer(request, id)] : [announceAnswer(request)]
  );
  const answers = [["127.0.0.99"], ["127.0.0.1"], []];
  const resolve = () => Promise.resolve(answers.shift()!);
  const url = `udp://moving.test:${tracker.port}`;
  await using client = new UdpTrackerClient(url, { resolve, clock });
  const silent = await whileWaiting(clock, client.announce(PARAMS, { giveUpSeconds: 1 }));
  assertStrictEquals(silent.status, "rejected");
  assertStrictEquals((await client.announce(PARAMS)).seeders, 1);
  assertStrictEquals((await client.announce(PARAMS)).seeders, 1);
  assertStrictEquals(answers.length, 1);
});

Deno.test("a name service that does not answer is given up like a tracker", async () => {
  const clock = new FakeClock();
  const resolve = () => new Promise<never>(() => {});
  await using client = new UdpTrackerClient("udp://slow.test:1", { resolve, clock });
  const result = await whileWaiting(clock, client.announce(PARAMS, { giveUpSeconds: 2 }));
  assert(result.status === "rejected" && result.reason instanceof NetworkError);
  assert(result.reason.message.includes("cannot be resolved"));
});
