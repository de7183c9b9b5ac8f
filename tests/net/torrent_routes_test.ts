/**
 * Which torrent a handshake is for: found in a table, however many there are.
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { fromLatin1, writeUint32 } from "../../lib/codec/bytes.ts";
import { hashedInfoHash } from "../../lib/codec/wire/mse_keys.ts";
import { type RoutedTorrent, TorrentRoutes } from "../../lib/net/torrent_routes.ts";
import { InfoHashes } from "../../lib/peer/connection/info_hashes.ts";

const permissions = "none";
const OUR_ID = fromLatin1("-SO0100-000000000000");

function hashOf(nth: number, length: 20 | 32): Uint8Array {
  const hash = new Uint8Array(length).fill(length);
  writeUint32(hash, 0, nth);
  return hash;
}

/** Routes to so many hybrid torrents. */
function routesTo(count: number) {
  const routes = new TorrentRoutes<RoutedTorrent>();
  const torrents = Array.from({ length: count }, (_, nth): RoutedTorrent => {
    const hashes = { v1Hash: hashOf(nth, 20), v2Hash: hashOf(nth, 32) };
    return { infoHashes: new InfoHashes(hashes, OUR_ID) };
  });
  for (const torrent of torrents) routes.set(torrent);
  return { routes, torrents };
}

function handshakeFor(infoHash: Uint8Array) {
  return { infoHash, extensions: true, fast: true, dht: false, v2Upgrade: false };
}

Deno.test("among a thousand torrents each is found by either hash, in plain and disguised", {
  permissions,
}, () => {
  const { routes, torrents } = routesTo(1000);
  for (const torrent of torrents) {
    for (const infoHash of torrent.infoHashes.all) {
      assertEquals(routes.infoHashOf(hashedInfoHash(infoHash)), infoHash);
      const found = routes.find(handshakeFor(infoHash));
      assertEquals(found?.torrent, torrent);
      assertEquals(found?.handshake.infoHash, infoHash);
    }
  }
  routes.delete(torrents[7]!);
  for (const infoHash of torrents[7]!.infoHashes.all) {
    assertEquals(routes.infoHashOf(hashedInfoHash(infoHash)), undefined);
    assertEquals(routes.find(handshakeFor(infoHash)), undefined);
  }
});

/** Counts the info-hashes that a look-up looks at. */
function looksAmong(count: number): number {
  const { routes, torrents } = routesTo(count);
  let looks = 0;
  for (const torrent of torrents) {
    const { infoHashes } = torrent;
    Object.defineProperty(torrent, "infoHashes", { get: () => (looks++, infoHashes) });
  }
  const wanted = [0, count >> 1, count - 1, count].map((nth) => hashOf(nth, 20));
  for (const infoHash of wanted) {
    routes.infoHashOf(hashedInfoHash(infoHash));
    routes.find(handshakeFor(infoHash));
  }
  return looks / wanted.length;
}

Deno.test(
  "a handshake looks at the torrent it is for, not at ten thousand others",
  { permissions },
  () => {
    for (const count of [1, 10_000]) assertLess(looksAmong(count), 2, `among ${count}`);
  },
);
