/**
 * A swarm that speaks IPv6: trackers, links and peers.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Tracker } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { leechFrom, makeOrigin, seed, torrentOf } from "../support/clients/library.ts";

const IPV6 = { host: "::1", port: 0 } as const;
const LENGTH = 700_000;

/** A torrent's link without anybody's address but its trackers'. */
async function linkTo(path: string, trackers: string[]): Promise<string> {
  return (await torrentOf(path)).magnet({ trackers });
}

Deno.test("a tracker, a seeder and a leecher meet over IPv6", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, LENGTH);
  await using tracker = await Tracker.listen(IPV6);
  const trackers = [`udp://[::1]:${tracker.addr.port}`];
  await using seeder = await seed(path, { ...IPV6, trackers });
  const link = await linkTo(path, trackers);
  await using leeching = await leechFrom(link, { ...IPV6, exit: true, out: temp.join("copy/") });
  const result = await leeching.complete();
  assertEquals(await Deno.readFile(result.path), bytes);
  assertEquals(result.sources.map(({ address }) => address), [`[::1]:${seeder.port}`]);
  assertEquals(tracker.stats().torrents, 1, "a hybrid is one torrent");
});

Deno.test("a link with an IPv6 address leads to its seeder", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, LENGTH);
  await using seeder = await seed(path, IPV6);
  assertMatch(seeder.magnet, /&x\.pe=(\[|%5B)(::|%3A%3A)1(\]|%5D)(:|%3A)\d+/i);
  await using leeching = await leechFrom(seeder.magnet, { ...IPV6, out: temp.join("copy/") });
  assertEquals(await Deno.readFile((await leeching.complete()).path), bytes);
});

Deno.test("a seeder serves IPv4 and IPv6 on one port, and a tracker tells each its own", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, LENGTH);
  await using tracker = await Tracker.listen({ port: 0 });
  const { port } = tracker.addr;
  const both = [`udp://127.0.0.1:${port}`, `udp://[::1]:${port}`];
  await using seeder = await seed(path, { host: "::", trackers: both });
  for (const [url, host] of [[both[0]!, "127.0.0.1"], [both[1]!, "::1"]] as const) {
    const link = await linkTo(path, [url]);
    const out = temp.join(`copy-${host.length}/`);
    await using leeching = await leechFrom(link, { host, port: 0, exit: true, out });
    const { path: copy, sources } = await leeching.complete();
    assertEquals(await Deno.readFile(copy), bytes);
    assertEquals(sources.length, 1);
    assert(sources[0]!.address.endsWith(`:${seeder.port}`), sources[0]!.address);
    assertEquals(sources[0]!.address.startsWith("["), host === "::1");
  }
});
