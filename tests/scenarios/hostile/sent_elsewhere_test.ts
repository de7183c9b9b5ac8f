/** Trackers that send a leecher where it should not go, over real sockets. @module */

import { assertEquals } from "@std/assert";
import { decodeRequest, encodeResponse } from "../../../lib/codec/discovery/udp_tracker.ts";
import { TempFolder } from "../../../support/temp.ts";
import { leechFrom, makeOrigin, seed } from "../../support/clients/library.ts";
import { FakeTracker } from "../../support/network/udp_peer.ts";

/** An IPv4 address and a port as trackers write them. */
function compact(ip: string, port: number): number[] {
  return [...ip.split(".").map(Number), port >> 8, port & 255];
}

/** A tracker that gives the first of these lists at its first announce, and so on; the last one stays. */
function trackerOf(lists: readonly (readonly number[])[]): FakeTracker {
  let announces = 0;
  return new FakeTracker((packet) => {
    const request = decodeRequest(packet);
    if (request === undefined) return [];
    const { type, transactionId } = request;
    if (type === "connect") {
      return [encodeResponse({ type, transactionId, connectionId: new Uint8Array(8) })];
    }
    if (type !== "announce") return [];
    const peers = Uint8Array.from(lists[Math.min(announces++, lists.length - 1)]!);
    const counts = { intervalSeconds: 1, seeders: 1, leechers: 1 };
    return [encodeResponse({ type, transactionId, ...counts, peers })];
  });
}

Deno.test("a tracker that hands on made-up addresses does not make a leecher knock at its own machine", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 300_000);
  await using seeder = await seed(origin.path);
  using service = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const guests: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const guest of service) guests.push(guest);
  })();
  const { port } = service.addr as Deno.NetAddr;
  await using tracker = trackerOf([
    [...compact("127.0.0.1", port), ...compact("224.0.0.1", 80), ...compact("0.0.0.1", 80)],
    compact("127.0.0.1", seeder.port), // it is on this machine itself, so this is believed
  ]);
  const torrent = seeder.torrent.withTrackers([tracker.url]);
  const path = await temp.file("a.torrent", new Uint8Array(torrent.toBytes()));
  await using leeching = await leechFrom(path, { out: await temp.folder("out") });
  await leeching.complete(20_000);
  service.close();
  await accepting.catch(() => {});
  assertEquals(guests.length, 0);
});
