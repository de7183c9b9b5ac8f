/**
 * The hashes of a v2 piece's blocks, with libtorrent: ours are its own, and with those that it gives a
 * spoiled piece is mended.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { foreignTest } from "../../support/foreign.ts";
import { LibtorrentPeer } from "../../support/libtorrent.ts";
import { type Script, ScriptedPeer } from "../../support/scripted_peer.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, leechFrom, makeOrigin, seed, torrentOf } from "../support/clients/library.ts";
import { HashAsker } from "../support/peer/hash_asker.ts";

const MIB = 2 ** 20;
const BLOCKS = 16;
const OPTIONS = { format: "v2", pieceLength: BLOCKS * 16_384 } as const;

/** A v2 torrent of seventeen pieces, the last of one byte, and what is needed to seed it. */
async function stage(temp: TempFolder) {
  const origin = await makeOrigin(temp, 4 * MIB + 1);
  const torrent = await torrentOf(origin.path, OPTIONS);
  const file = await temp.file("a.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  const libtorrent = await LibtorrentPeer.seed(file, { folder: join(origin.path, "..") });
  return { origin, torrent, file, libtorrent };
}

foreignTest(
  "asked for the hashes of blocks we answer as libtorrent does, hash for hash",
  ["libtorrent"],
  async () => {
    await using temp = await TempFolder.create();
    const { origin, torrent, libtorrent } = await stage(temp);
    await using _ = libtorrent;
    await using seeder = await seed(origin.path, OPTIONS);
    const { v2Hash, files } = torrent.metainfo.info;
    using theirs = await HashAsker.connect(libtorrent.address, v2Hash!);
    using ours = await HashAsker.connect(addressOf(seeder), v2Hash!);
    let answers = 0;
    // For a piece that failed libtorrent asks with seven layers of proof, we ask with none.
    for (const piece of [0, 7, 16]) {
      for (const proofLayers of [0, 3, 7, 8, 9]) {
        for (const [baseLayer, index, length] of [[0, 0, 16], [0, 4, 4], [2, 0, 4], [3, 0, 2]]) {
          const first = piece * (BLOCKS >> baseLayer!) + index!;
          const range = { baseLayer: baseLayer!, index: first, length: length!, proofLayers };
          const [one, other] = await Promise.all([
            theirs.ask(files[0]!.root!, range),
            ours.ask(files[0]!.root!, range),
          ]);
          assertEquals(other, one, JSON.stringify(range));
          if (one.type === "hashes") answers++;
        }
      }
    }
    assertEquals(answers, 36, "the others are refused, by both");
  },
);

/** Passes connections on to `address`, and what is sent only once `until` has resolved. */
function gateTo(address: string, until: Promise<void>): AsyncDisposable & { address: string } {
  const [hostname, port] = address.split(":");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pass = async (near: Deno.TcpConn) => {
    await until;
    const far = await Deno.connect({ hostname: hostname!, port: Number(port) });
    const both = [near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)];
    await Promise.allSettled(both); // either side may hang up
  };
  const running: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const near of listener) running.push(pass(near));
  })();
  return {
    address: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(running);
    },
  };
}

/** The fourth block of every piece is wrong, and hashes are not given. */
function spoiler(onSpoiled: () => void): Script {
  return {
    block({ begin }, honest) {
      if (begin !== 3 * 16_384) return honest;
      onSpoiled();
      const bytes = honest.slice();
      bytes[0]! ^= 1;
      return bytes;
    },
    hashes: () => undefined,
  };
}

foreignTest(
  "a piece that somebody spoiled is mended with the hashes of blocks that libtorrent gives",
  ["libtorrent"],
  async () => {
    await using temp = await TempFolder.create();
    const { origin, torrent, file, libtorrent } = await stage(temp);
    await using _ = libtorrent;
    const spoiled = Promise.withResolvers<void>();
    await using bad = new ScriptedPeer(torrent, origin.bytes, spoiler(spoiled.resolve));
    await using good = gateTo(libtorrent.address, spoiled.promise);
    await using leeching = await leechFrom(file, {
      out: await temp.folder("copy"),
      peers: [bad.address, good.address],
    });
    await leeching.complete();
    // More pieces may fail at once than hashes are asked for; of those, all who had a part are named.
    const failed = leeching.log.of("pieceFailed").map(({ from }) => from);
    assert(failed.every((from) => from.includes(bad.address)), JSON.stringify(failed));
    assert(failed.some((from) => from.length === 1), JSON.stringify(failed));
    const banned = leeching.log.of("peer").filter(({ state }) => state === "banned");
    assertEquals(banned.map(({ address }) => address), [bad.address]);
  },
);
