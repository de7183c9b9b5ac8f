/**
 * A tracker that dials its peers back, over real sockets.
 * @module
 */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { UdpTrackerClient } from "../../lib/discovery/tracker_client.ts";
import { Tracker } from "../../lib/tracker/server.ts";
import { FakeClock, withClock } from "../support/fake_clock.ts";
import { INFO_HASH, PEER_ID } from "../support/vectors/tracker_vectors.ts";

const PEER = {
  infoHash: INFO_HASH,
  peerId: PEER_ID,
  key: 1,
  event: "started",
  numWant: 0,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 0,
} as const;

function urlOf(tracker: Tracker, host = "127.0.0.1"): string {
  return `udp://${host.includes(":") ? `[${host}]` : host}:${tracker.addr.port}`;
}

/** A TCP port that nobody listens on. */
function closedPort(hostname: string): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** The tracker's answer, once it has one. */
async function reachOf(client: UdpTrackerClient, port: number): Promise<string> {
  for (;;) {
    const reach = await client.reach(port);
    if (reach !== "unknown") return reach;
  }
}

Deno.test("who listens is reachable and who does not is not, over IPv4 and IPv6", async () => {
  for (const host of ["127.0.0.1", "::1"]) {
    await using tracker = await Tracker.listen({ port: 0, checkPorts: true });
    await using client = new UdpTrackerClient(urlOf(tracker, host));
    using listener = Deno.listen({ hostname: host, port: 0 });
    const open = (listener.addr as Deno.NetAddr).port;
    const shut = closedPort(host);
    for (const port of [open, shut]) await client.announce({ ...PEER, port });
    assertEquals(await reachOf(client, open), "reachable");
    assertEquals(await reachOf(client, shut), "unreachable");
    using visitor = await listener.accept();
    assertEquals(visitor.remoteAddr.hostname, host);
    assertEquals(await visitor.read(new Uint8Array(1)), null, "it hangs up without a word");
    const seen = tracker.members("82a78d717fa1d94cbb9a488bfbc6a102881234f4");
    assertEquals(seen.map(({ reachable }) => reachable).sort(), [false, true]);
  }
});

Deno.test("without checkPorts nobody is dialled, and the question is answered all the same", async () => {
  await using tracker = await Tracker.listen({ port: 0 });
  await using client = new UdpTrackerClient(urlOf(tracker));
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await client.announce({ ...PEER, port });
  assertEquals(await client.reach(port), "unknown");
  using marker = await Deno.connect({ port });
  using visitor = await listener.accept();
  assertEquals((visitor.remoteAddr as Deno.NetAddr).port, (marker.localAddr as Deno.NetAddr).port);
});

Deno.test({
  name: "a thousand peers that come at once are dialled five a second",
  ignore: Deno.build.os !== "linux", // where each of them can have an address of its own
  async fn() {
    const clock = new FakeClock();
    await using tracker = await Tracker.listen(withClock({ port: 0, checkPorts: true, clock }));
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    for (let i = 0; i < 1000; i++) {
      const localHost = `127.1.${i >> 8}.${i & 255}`;
      await using client = new UdpTrackerClient(urlOf(tracker), { localHost });
      await client.announce({ ...PEER, port });
    }
    assertEquals(tracker.stats().peers, 1000);
    await clock.advance(10);
    await tracker.close();
    using marker = await Deno.connect({ port });
    const own = (marker.localAddr as Deno.NetAddr).port;
    const visitors = new Set<string>();
    for (;;) {
      using visitor = await listener.accept();
      const { hostname, port: from } = visitor.remoteAddr as Deno.NetAddr;
      if (hostname === "127.0.0.1" && from === own) break;
      visitors.add((visitor.localAddr as Deno.NetAddr).hostname);
    }
    assertLessOrEqual(visitors.size, 51);
    assert(visitors.size >= 16, `${visitors.size}`);
    assert([...visitors].every((host) => host.startsWith("127.1.")));
  },
});
