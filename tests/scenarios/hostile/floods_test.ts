/**
 * Peers that flood, trickle or come back without end, over real sockets: whoever is honest gets the file
 * all the same, and the flood costs its sender the connection.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { concat } from "../../../lib/codec/bytes.ts";
import { encodeMessage, type Message } from "../../../lib/codec/wire/message.ts";
import { encodePex } from "../../../lib/codec/wire/pex.ts";
import { OurExtension } from "../../../lib/peer/extension/extended_handshake.ts";
import type { Script } from "../../../support/scripted_peer.ts";
import { TempFolder } from "../../../support/temp.ts";
import { beside, farewell } from "../../support/clients/beside.ts";
import { addressOf, leechFrom, makeOrigin, seed } from "../../support/clients/library.ts";

const MIB = 2 ** 20;

/** The same messages without end. */
function endless(...messages: Message[]): Script {
  const once = messages.map((message) => encodeMessage(message));
  const many = concat(...Array.from({ length: 500 }, () => concat(...once)));
  return {
    async afterHandshake(speak) {
      for (;;) await speak.write(many);
    },
  };
}

const FLOODS: [what: string, messages: Message[]][] = [
  ["haves of one piece", [{ type: "have", piece: 3 }]],
  ["claims to have everything and nothing", [{ type: "haveAll" }, { type: "haveNone" }]],
  ["turns of choking", [{ type: "unchoke" }, { type: "choke" }]],
];

for (const [what, messages] of FLOODS) {
  Deno.test(`endless ${what} cost their sender the connection`, () =>
    beside(endless(...messages), ({ told }) => {
      // Which of the two depends on whether the metadata has come from the good peer by then.
      assertMatch(farewell(told), /^(says the same again and again|announces pieces without end)/);
    }));
}

Deno.test("endless lists of peers cost their sender the connection", () =>
  beside(
    endless({
      type: "extended",
      id: OurExtension.exchange,
      payload: encodePex({ added: [{ host: "127.0.0.9", port: 9, flags: 0 }], dropped: [] }),
    }),
    ({ told, all }) => {
      assertMatch(farewell(told), /^sends lists of peers without end/);
      const named = all.filter((event) => event.type === "peer" && event.address === "127.0.0.9:9");
      assert(named.length <= 3, `it was tried ${named.length / 2} times`);
    },
  ));

Deno.test("endless hash requests cost their sender the connection", () =>
  beside(
    endless({
      type: "hashRequest",
      root: new Uint8Array(32),
      baseLayer: 0,
      index: 0,
      length: 8192,
      proofLayers: 0,
    }),
    ({ told }) => assertMatch(farewell(told), /^keeps asking for hashes|does not read/),
  ));

Deno.test("a seeder whose bytes trickle, one in a while, holds up nobody", () =>
  beside({
    async afterHandshake(speak) {
      await speak.send({ type: "haveAll" });
      await speak.send({ type: "unchoke" });
      // The beginning of a block, a byte every 50 ms: it would take a quarter of an hour.
      await speak.write(Uint8Array.of(0, 0, 0x40, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0));
      for (;;) {
        await speak.pause(50);
        await speak.write(Uint8Array.of(1));
      }
    },
  }, ({ told }) => assertEquals(told.map(({ state }) => state), ["connecting", "connected"])));

Deno.test("a host that connects without end is let in so often only, and who is in gets the file", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  await using seeder = await seed(origin.path, { uploadLimit: MIB / 2 });
  const { port } = seeder;
  await using leeching = await leechFrom(seeder.magnet, {
    out: await temp.folder("copy"),
    peers: [addressOf(seeder)],
  });
  await leeching.log.until("piece", () => true);
  let greeted = 0;
  let turnedAway = 0;
  const { info } = seeder.torrent.metainfo;
  const visit = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const greeting = new Uint8Array(68);
    greeting[0] = 19;
    greeting.set(new TextEncoder().encode("BitTorrent protocol"), 1);
    greeting.set(info.v1Hash!, 28);
    greeting.set(crypto.getRandomValues(new Uint8Array(20)), 48);
    const answered = await conn.write(greeting)
      .then(() => conn.read(new Uint8Array(68)))
      .catch(() => null);
    if (answered === null) turnedAway++;
    else greeted++;
    conn.close();
  };
  for (let i = 0; i < 45; i++) await Promise.all(Array.from({ length: 10 }, visit));
  assert(greeted >= 300, `only ${greeted} were let in`);
  assert(turnedAway > 0, `all ${greeted} were let in`);
  const { bytes } = await leeching.complete();
  assertEquals(bytes, MIB);
});
