import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { fromHex, hex } from "../../lib/codec/bytes.ts";
import { decodeResponse, encodeRequest, peersOf } from "../../lib/codec/discovery/udp_tracker.ts";
import { UdpTrackerClient } from "../../lib/discovery/tracker_client.ts";
import { NetworkError, OptionError } from "../../lib/errors.ts";
import { Tracker, type TrackerEvent } from "../../lib/tracker/server.ts";
import { TempFolder } from "../../support/temp.ts";
import { FakeClock, withClock } from "../support/fake_clock.ts";
import { networkTest } from "../support/network/network.ts";
import { RawClient } from "../support/network/udp_peer.ts";
import {
  INFO_HASH,
  OTHER_INFO_HASH,
  PEER_ID,
  REQUESTS,
  STARTED,
} from "../support/vectors/tracker_vectors.ts";

const CONNECT = fromHex(REQUESTS[0]!.hex);
const FAMILIES = [["127.0.0.1", 4], ["::1", 6]] as const;

const LEECHER = {
  infoHash: INFO_HASH,
  peerId: PEER_ID,
  port: 6881,
  key: 1,
  event: "started",
  numWant: -1,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 5,
} as const;

function urlOf(tracker: Tracker, host = "127.0.0.1"): string {
  return `udp://${host.includes(":") ? `[${host}]` : host}:${tracker.addr.port}`;
}

async function connect(client: RawClient): Promise<Uint8Array> {
  const answer = decodeResponse(await client.ask(CONNECT), 4);
  assert(answer.type === "connect");
  return answer.connectionId;
}

Deno.test("a tracker answers over IPv4 and IPv6 on one port", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  for (const [host, family] of FAMILIES) {
    using client = new RawClient(host, tracker.addr.port);
    const connectionId = await connect(client);
    const packet = await client.ask(encodeRequest({ ...STARTED, connectionId }));
    const answer = decodeResponse(packet, family);
    assert(answer.type === "announce");
    assertEquals([answer.intervalSeconds, answer.leechers, answer.peers.length], [5, 1, 0]);
    using other = new RawClient(host, tracker.addr.port);
    const asker = { ...STARTED, connectionId: await connect(other), port: 6882 };
    const more = decodeResponse(await other.ask(encodeRequest(asker)), family);
    assert(more.type === "announce");
    assertEquals(peersOf(more.peers, family), [{ host, port: 6881 }]);
  }
  assertEquals([tracker.stats().peers, tracker.stats().torrents], [4, 1]);
});

Deno.test({
  name: "a tracker answers from the address it was asked at",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using tracker = await Tracker.listen({ port: 0 });
    const { port } = tracker.addr;
    const own = Deno.networkInterfaces().filter(({ address, family }) =>
      family === "IPv4" && address !== "127.0.0.1"
    );
    const client = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
    for (const hostname of ["127.0.0.1", "127.0.1.1", ...own.map(({ address }) => address)]) {
      await client.send(CONNECT, { transport: "udp", hostname, port });
      const [, from] = await client.receive();
      assertEquals(from, { transport: "udp", hostname, port });
    }
    client.close();
  },
});

networkTest(
  "a tracker listens on addresses that come after it, and lets go of those that went",
  async (network) => {
    const run = (script: string, ...args: string[]) =>
      network.start(Deno.execPath(), [
        "run",
        "-A",
        fromFileUrl(new URL(script, import.meta.url)),
        ...args,
      ]);
    await using tracker = run("../../tracker.ts", "-p", "7969");
    await tracker.line(/listening on/);
    await using asker = run(
      "../support/tracker/ask_tracker.ts",
      "7969",
      "10.77.0.1",
      "10.77.0.9",
      "fd77::9",
    );
    await network.run("ip link add lan type veth peer name end && ip link set end up");
    await network.run("ip link set lan up && ip addr add 10.77.0.1/24 dev lan");
    await network.run("ip addr add 10.77.0.9/24 dev lan && ip addr add fd77::9/64 dev lan nodad");
    // The client's own address is the first of the network, and the answer must not come from there.
    for (const address of ["10.77.0.1", "10.77.0.9", "fd77::9"]) {
      await asker.line(new RegExp(`^${address} answers from ${address}$`), { from: "stdout" });
    }
    await network.run("ip addr del 10.77.0.9/24 dev lan");
    await network.run("while ss -uln | grep -q 10.77.0.9; do sleep 0.05; done");
    await network.run("ip addr add 10.77.0.9/24 dev lan");
    await using again = run("../support/tracker/ask_tracker.ts", "7969", "10.77.0.9");
    await again.line(/^10\.77\.0\.9 answers from 10\.77\.0\.9$/, { from: "stdout" });
  },
);

Deno.test("a tracker bound to one address answers there", async () => {
  for (const [host] of FAMILIES) {
    await using tracker = await Tracker.listen({ port: 0, host });
    assertStrictEquals(tracker.addr.host, host);
    await using client = new UdpTrackerClient(urlOf(tracker, host));
    assertStrictEquals((await client.announce(LEECHER)).leechers, 1);
  }
});

Deno.test("bad packets of any length and sends that fail do not stop a tracker", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  using client = new RawClient("127.0.0.1", tracker.addr.port);
  for (const { hex: bytes } of REQUESTS.slice(1)) {
    for (let length = 0; length < bytes.length; length += 6) {
      await client.send(fromHex(bytes.slice(0, length)));
    }
  }
  await client.send(new Uint8Array(60_000));
  // Answers to sockets that are gone are refused by the system.
  for (let i = 0; i < 20; i++) {
    using gone = new RawClient("127.0.0.1", tracker.addr.port);
    await gone.send(CONNECT);
  }
  for (;;) {
    const answer = decodeResponse(await client.ask(CONNECT), 4);
    if (answer.type === "connect") break;
  }
  const { refused, ignored } = tracker.stats();
  assert(refused > 15 && ignored > 100, JSON.stringify(tracker.stats()));
});

Deno.test("a tracker forgets a silent peer on its own", async () => {
  const clock = new FakeClock();
  await using tracker = await Tracker.listen(withClock({ port: 0, clock, intervalSeconds: 10 }));
  const events: TrackerEvent[] = [];
  tracker.on((event) => events.push(event));
  await using client = new UdpTrackerClient(urlOf(tracker));
  await client.announce(LEECHER);
  await clock.advance(25);
  assertStrictEquals(tracker.stats().peers, 1);
  await clock.advance(2);
  assertStrictEquals(tracker.stats().peers, 0);
  const about = { infoHash: hex(INFO_HASH), host: "127.0.0.1", port: 6881, seeder: false };
  assertEquals(events, [{ type: "joined", ...about }, { type: "expired", ...about }]);
});

Deno.test("a listener that was taken away hears nothing more", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  let count = 0;
  const off = tracker.on(() => count++);
  await using client = new UdpTrackerClient(urlOf(tracker));
  await client.announce(LEECHER);
  off();
  await client.announce({ ...LEECHER, event: "stopped" });
  assertStrictEquals(count, 1);
});

Deno.test("a tracker with a list of torrents follows changes of the list", async () => {
  await using folder = await TempFolder.create();
  const allowFile = folder.join("allowed.txt");
  const clock = new FakeClock();
  await Deno.writeTextFile(allowFile, `# one\n${hex(INFO_HASH)}\n`);
  await using tracker = await Tracker.listen(withClock({ port: 0, clock, allowFile }));
  const warnings = Promise.withResolvers<string>();
  tracker.on((event) => event.type === "warning" && warnings.resolve(event.message));
  await using client = new UdpTrackerClient(urlOf(tracker));
  const other = { ...LEECHER, infoHash: OTHER_INFO_HASH };
  await client.announce(LEECHER);
  await assertRejects(() => client.announce(other), NetworkError, "does not serve this torrent");

  await Deno.writeTextFile(allowFile, "not a hash at all\n");
  while (await Promise.race([warnings.promise, clock.advance(1)]) === undefined);
  assert((await warnings.promise).includes("line 1 is not an info-hash"));
  await client.announce(LEECHER);

  await Deno.writeTextFile(allowFile, `${hex(OTHER_INFO_HASH)}\n`);
  for (;;) {
    await clock.advance(1);
    try {
      await client.announce(other);
      break;
    } catch (error) {
      assert(error instanceof NetworkError);
    }
  }
  await assertRejects(() => client.announce(LEECHER), NetworkError, "does not serve");
});

Deno.test("a tracker that cannot start says why", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  const { port } = tracker.addr;
  for (const host of [undefined, "0.0.0.0"]) {
    const options = host === undefined ? { port } : { port, host };
    await assertRejects(() => Tracker.listen(options), NetworkError, `UDP port ${port} is taken`);
  }
  const cases: [Parameters<typeof Tracker.listen>[0], string][] = [
    [{ host: "192.0.2.77" }, "does not have the address"],
    [{ host: "localhost" }, "listens on an IP address"],
    [{ externalIp: "example.com" }, "not an IP address"],
    [{ port: 70_000 }, "a port is a number"],
    [{ intervalSeconds: 0 }, "the interval"],
    [{ intervalSeconds: 60, peerTtlSeconds: 59 }, "one interval at least"],
    [{ maxPeers: -1 }, "whole number"],
    [{ allowFile: "/nonexistent/list" }, "cannot be read"],
  ];
  for (const [options, sentence] of cases) {
    await assertRejects(() => Tracker.listen({ port: 0, ...options }), OptionError, sentence);
  }
});

Deno.test("a signal closes a tracker, and closing twice is fine", async () => {
  const controller = new AbortController();
  const tracker = await Tracker.listen({ port: 0, signal: controller.signal });
  controller.abort();
  await tracker.done;
  await tracker.close();
  await assertRejects(() => Tracker.listen({ port: 0, signal: controller.signal }), DOMException);
});
