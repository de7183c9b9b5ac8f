/**
 * The close look at a transfer: the link it makes for others.
 * @module
 */

import { assertEquals } from "@std/assert";
import { linkOf } from "../../lib/client/share_link.ts";
import type { Source } from "../../lib/client/torrent_source.ts";
import { parseMagnet } from "../../lib/codec/torrent/magnet.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeOrigin, torrentOf } from "../support/clients/library.ts";

const TRACKERS = [
  "udp://127.0.0.1:6969",
  "udp://10.0.0.2:6969",
  "udp://[::1]:6969",
  "not a tracker",
];
const OWN = { host: "10.0.0.9", port: 6881 };

function source(more: Partial<Source> = {}): Source {
  return { v1Hash: new Uint8Array(20), trackers: [TRACKERS], peers: [], webSeeds: [], ...more };
}

Deno.test("a link for others names the trackers they can reach, and the downloader itself", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 1000, { name: "a.iso" });
  const { metainfo } = await torrentOf(path);
  const link = parseMagnet(linkOf(source(), metainfo, OWN));
  assertEquals(link.trackers.includes("udp://127.0.0.1:6969"), false);
  assertEquals(link.trackers.includes("udp://10.0.0.2:6969"), true);
  assertEquals([link.name, link.length, link.peers], ["a.iso", 1000, [OWN]]);
  assertEquals([link.v1Hash, link.v2Hash], [metainfo.info.v1Hash, metainfo.info.v2Hash]);
  const local = parseMagnet(linkOf(source(), metainfo, { host: "127.0.0.1", port: 1 }));
  assertEquals(local.trackers.includes("udp://127.0.0.1:6969"), true);
});

Deno.test("of a private torrent, and of one not known yet, it names nobody", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 1000);
  const { metainfo } = await torrentOf(path, { private: true });
  assertEquals(parseMagnet(linkOf(source(), metainfo, OWN)).peers, []);
  const unknown = parseMagnet(linkOf(source({ name: "x.iso" }), undefined, OWN));
  assertEquals([unknown.peers, unknown.name, unknown.length], [[], "x.iso", undefined]);
});
