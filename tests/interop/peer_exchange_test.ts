/**
 * libtorrent and Shoal tell each other of peers.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { foreignTest } from "../../support/foreign.ts";
import { createWithLibtorrent, LibtorrentPeer } from "../../support/libtorrent.ts";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { magnetLink, ShoalSeeder } from "../support/clients/shoal.ts";

const NAME = "data.bin";
const MIB = 2 ** 20;

async function makeFile(temp: TempFolder, bytes: number) {
  const folder = await temp.folder("origin");
  const path = join(folder, NAME);
  return { folder, path, sha256: await writePseudoRandomFile(path, bytes, bytes) };
}

/** A Shoal leecher that stays; its address. */
async function startStaying(what: string, folder: string, peer: string, args: string[] = []) {
  const words = ["--peer", peer, "-o", folder, "--host", "127.0.0.1", "-p", "0", "-v", ...args];
  const program = Program.shoal("leecher", [what, ...words]);
  const [, port] = await program.line(/listening on TCP port (\d+)/, { from: "stderr" });
  return { program, address: `127.0.0.1:${port}` };
}

foreignTest("libtorrent finds a second seeder through ours", ["libtorrent"], async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp, MIB);
  const nobody = `udp://127.0.0.1:${freePort()}`;
  // Slow, so that libtorrent is not done before we have told it of anybody.
  await using seeder = await ShoalSeeder.start(path, ["-t", nobody, "--upload-limit", "150K"]);
  const link = magnetLink(seeder.hashes);
  const second = await startStaying(link, await temp.folder("second"), seeder.address);
  await using program = second.program;
  await program.line(/complete, SHA-256 verified/, { from: "stderr" });
  const folder = await temp.folder("copy");
  await using peer = await LibtorrentPeer.leech(link, { folder, peers: [seeder.address] });
  await peer.finished();
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
  const connected = new Set(peer.events("connected").map((event) => event.peer));
  // Both were told of each other: which of them dials is a matter of who is first.
  assert(connected.has(seeder.address), `${[...connected]}`);
  assertEquals(connected.size, 2);
  assertEquals(peer.events("peer-error"), []);
});

foreignTest("two of our leechers find each other through libtorrent", ["libtorrent"], async () => {
  await using temp = await TempFolder.create();
  const { folder, path } = await makeFile(temp, 4 * MIB);
  const torrent = join(folder, "data.torrent");
  await createWithLibtorrent(path, torrent, { format: "hybrid" });
  await using seeder = await LibtorrentPeer.seed(torrent, { folder });
  const slow = ["--download-limit", "500K"];
  const start = async (name: string) =>
    await startStaying(torrent, await temp.folder(name), seeder.address, slow);
  const [one, two] = [await start("one"), await start("two")];
  await using first = one.program;
  await using second = two.program;
  // Each has a part from the seeder and a part from the other.
  const sources = [first, second].map((leecher) =>
    leecher.line(/^from 2 sources:$/, { from: "stderr" })
  );
  await Promise.all(sources);
});
