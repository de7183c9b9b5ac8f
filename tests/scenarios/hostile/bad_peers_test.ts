/**
 * Seeders that misbehave, each in its own way: what a user gets is the right file all the same, from
 * whoever is honest.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { concat } from "../../../lib/codec/bytes.ts";
import { type Script, ScriptedPeer } from "../../../support/scripted_peer.ts";
import { TempFolder } from "../../../support/temp.ts";
import { assertSame, beside, farewell } from "../../support/clients/beside.ts";
import {
  addressOf,
  leechFrom,
  makeOrigin,
  seed,
  torrentOf,
} from "../../support/clients/library.ts";
import { startLeecher } from "../../support/clients/shoal.ts";
import {
  claimsFourGiB,
  corrupts,
  endlessBlocks,
  endlessGarbage,
  endlessUnknownMessages,
  wrongLengths,
} from "../../support/peer/misbehaviour.ts";

const FORMATS = ["v1", "v2", "hybrid"] as const;
const MIB = 2 ** 20;

for (const format of FORMATS) {
  Deno.test(`a seeder of corrupt ${format} blocks is banned and the file comes from the other`, () =>
    beside(corrupts, ({ bad, told, all }) => {
      assert(bad.blocksSent > 0);
      const banned = told.find(({ state }) => state === "banned");
      assertMatch(banned?.reason ?? "", /^sent corrupt data \(piece \d+\)/);
      const failed = all.filter((event) => event.type === "pieceFailed");
      assert(failed.length > 0);
      const dials = told.filter(({ state }) => state === "connecting");
      assertEquals(dials.length, 1, "a banned peer was dialled again");
    }, { format }));
}

Deno.test("a corrupting seeder among good ones is named on stderr, and the file is identical", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 4 * MIB);
  const options = { pieceLength: 32_768, uploadLimit: 4 * MIB };
  await using first = await seed(origin.path, options);
  await using second = await seed(origin.path, options);
  const script = { ...corrupts, client: "Liar 6.6.6" };
  await using bad = new ScriptedPeer(first.torrent, origin.bytes, script);
  const folder = await temp.folder("copy");
  const peers = [bad.address, addressOf(first), addressOf(second)];
  const args = peers.flatMap((address) => ["--peer", address]);
  await using leecher = startLeecher(first.magnet, folder, args);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertSame(await Deno.readFile(join(folder, "data.bin")), origin);
  const named = `warning: banned ${bad.address} (Liar 6.6.6): sent corrupt data (piece `;
  const bans = leecher.stderr.filter((line) => line.startsWith("warning: banned"));
  assertEquals(bans.map((line) => line.startsWith(named)), [true], bans.join("\n"));
  const guilty = /^warning: chunk \d+ from .* is corrupt; getting it again$/;
  assert(leecher.stderr.some((line) => guilty.test(line) && line.includes(bad.address)));
  assertMatch(leecher.stderr.join("\n"), /\nfrom 2 sources:\n/);
  assert(!leecher.stderr.some((line) => line.startsWith(`  ${bad.address}`)));
});

Deno.test("a seeder of blocks of a wrong length loses its connection", () =>
  beside(wrongLengths, ({ told }) => {
    assertMatch(farewell(told), /^sent (16383|0) bytes at \d+\+\d+, never asked/);
  }));

Deno.test("a message that claims 4 GiB costs its sender the connection at once", () =>
  beside(claimsFourGiB, ({ told }) => {
    assertMatch(farewell(told), /a message cannot be 4294967295 bytes long/);
  }));

Deno.test("endless garbage costs its sender the connection", () =>
  beside(endlessGarbage, ({ told }) => {
    assertMatch(farewell(told), /cannot be \d+ bytes long/);
  }));

Deno.test("endless messages of an unknown kind keep nobody from the file", () =>
  beside(endlessUnknownMessages, ({ told }) => {
    assertEquals(told.map(({ state }) => state), ["connecting", "connected"]);
  }));

Deno.test("endless blocks that nobody asked for cost their sender the connection", () =>
  beside(endlessBlocks, ({ told }) => {
    assertMatch(farewell(told), /keeps sending blocks that nobody asked for|never asked/);
  }, { length: 3 * MIB }));

Deno.test("a seeder that accepts and says nothing keeps nobody from the file", () =>
  beside({ mute: true }, ({ bad }) => assertEquals(bad.connections, 1)));

Deno.test("a seeder that shakes hands and says nothing more keeps nobody from the file", () =>
  beside({ afterHandshake: () => Promise.resolve() }, ({ told }) => {
    assertEquals(told.filter(({ state }) => state === "connected").length, 1);
  }));

Deno.test("a seeder that never gives a turn keeps nobody from the file", () =>
  beside({ keepsChoking: true }, ({ bad }) => assertEquals(bad.requests, 0)));

Deno.test("a seeder that takes requests and never answers holds up nobody for long", () =>
  beside({ block: () => undefined }, ({ bad }) => assert(bad.requests > 0)));

Deno.test("a seeder of another torrent is left", () =>
  beside({
    greeting: (_theirs, honest) => {
      honest.fill(0xaa, 28, 48);
      return honest;
    },
  }, ({ told }) => assertMatch(farewell(told), /answered for another torrent/)));

Deno.test("something that speaks another protocol is left", () =>
  beside({
    greeting: () => new TextEncoder().encode(`HTTP/1.1 400 Bad Request\r\n${"x".repeat(80)}`),
  }, ({ told }) => assertMatch(farewell(told), /does not speak the BitTorrent protocol/)));

Deno.test("a list of pieces of a wrong length costs its sender the connection", () =>
  beside({ claims: [{ type: "bitfield", bits: new Uint8Array(3) }] }, ({ told }) => {
    assertMatch(farewell(told), /bitfield/);
  }));

Deno.test("a piece that does not exist costs its announcer the connection", () =>
  beside({ claims: [{ type: "have", piece: 1_000_000 }] }, ({ told }) => {
    assertMatch(farewell(told), /names piece 1000000, which does not exist/);
  }));

Deno.test("a seeder that claims to have everything and refuses everything holds up nobody", () =>
  beside({
    async request({ piece, begin, length }, speak) {
      await speak.send({ type: "reject", piece, begin, length });
      return true;
    },
  }, ({ bad }) => assert(bad.requests > 0)));

/** Only a seeder that follows `script`: the leecher has the link, and leaves it for `reason`. */
async function alone(script: Script, reason: RegExp, format: "v1" | "v2" | "hybrid" = "hybrid") {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  const torrent = await torrentOf(origin.path, { format, pieceLength: 32_768 });
  await using bad = new ScriptedPeer(torrent, origin.bytes, script);
  const out = await temp.folder("copy");
  await using leeching = await leechFrom(torrent.magnet(), { out, peers: [bad.address] });
  const left = await leeching.log.until("peer", ({ state }) => /away|banned/.test(state));
  assertMatch(left.reason ?? "", reason);
  assertEquals(leeching.log.of("piece"), []);
}

Deno.test("a description that does not match the info-hash costs its sender the connection", () =>
  alone({
    metadata: (_piece, honest) => {
      const bytes = honest.slice();
      bytes[bytes.length - 2]! ^= 1;
      return bytes;
    },
  }, /^sent metadata that does not match the info-hash/));

Deno.test("a description shorter than announced costs its sender the connection", () =>
  alone(
    { metadataSize: (honest) => honest + 5 },
    /^metadata piece 0 of \d+ bytes is not all there/,
  ));

Deno.test("hashes that do not lead to the file's root cost their sender the connection", () =>
  alone(
    {
      hashes: (_request, honest) =>
        honest && concat(honest.subarray(32, 64), honest.subarray(0, 32), honest.subarray(64)),
    },
    /^sent hashes that do not lead to the root/,
    "v2",
  ));

Deno.test("a seeder that sends one byte at a time is served from all the same", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 40_000);
  const torrent = await torrentOf(origin.path);
  await using slow = new ScriptedPeer(torrent, origin.bytes, { bytesPerWrite: 1 });
  await using leeching = await leechFrom(torrent.magnet(), {
    out: await temp.folder("copy"),
    peers: [slow.address],
  });
  assertSame(await Deno.readFile((await leeching.complete()).path), origin);
});

Deno.test("a seeder that hangs up every 30 blocks is called again until the file is there", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  const torrent = await torrentOf(origin.path);
  await using fickle = new ScriptedPeer(torrent, origin.bytes, { closesAfterBlocks: 30 });
  await using leeching = await leechFrom(torrent.magnet(), {
    out: await temp.folder("copy"),
    peers: [fickle.address],
  });
  assertSame(await Deno.readFile((await leeching.complete()).path), origin);
  assertEquals(fickle.connections, 3);
});
