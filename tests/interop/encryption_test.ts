/**
 * Programs that encrypt their handshakes: those that insist on it, and libtorrent, which by itself tries
 * it first.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { foreignTest } from "../../support/foreign.ts";
import { LibtorrentPeer } from "../../support/libtorrent.ts";
import { TempFolder } from "../../support/temp.ts";
import { exchange, foreignDownloads, weDownload } from "../support/clients/exchanges.ts";
import {
  FOREIGN_CLIENTS,
  type ForeignClient,
  type Place,
} from "../support/clients/foreign_clients.ts";
import { magnetLink, ShoalSeeder } from "../support/clients/shoal.ts";

/** The same program, told to take part in no connection that is not encrypted. */
function insisting(client: ForeignClient): ForeignClient {
  const strict = (place: Place): Place => ({ ...place, requiresEncryption: true });
  return {
    ...client,
    leech: (what, place) => client.leech(what, strict(place)),
    seed: (torrent, place) => client.seed(torrent, strict(place)),
  };
}

for (const client of FOREIGN_CLIENTS) {
  const { name, program } = client;
  foreignTest(
    `${name} insists on encryption, gets from us, and we get from it`,
    [program],
    async () => {
      const strict = insisting(client);
      const both = [foreignDownloads, weDownload];
      await Promise.all(both.map((what) => exchange(what, strict, "v1", "file")));
    },
  );
}

for (const encryption of ["enabled", "forced"] as const) {
  foreignTest(
    `libtorrent with encryption ${encryption} is let in the first time it knocks`,
    ["libtorrent"],
    async () => {
      await using temp = await TempFolder.create();
      const path = temp.join("data.bin");
      const sha256 = await writePseudoRandomFile(path, 1_000_000, 1);
      await using seeder = await ShoalSeeder.start(path, ["--no-tracker"]);
      const { v1 = "", v2 = "" } = seeder.hashes;
      for (const hashes of [{ v1 }, { v2 }]) {
        const folder = await temp.folder(Object.keys(hashes).join());
        const options = { folder, peers: [seeder.address], encryption };
        await using peer = await LibtorrentPeer.leech(magnetLink(hashes), options);
        await peer.finished();
        assertEquals(await sha256OfFile(join(folder, "data.bin")), sha256);
        // A seeder is of no more use to it then; it has hung up on none before.
        const { reason } = await peer.event("disconnected");
        assertMatch(`${reason}`, /torrent finished/);
      }
    },
  );
}
