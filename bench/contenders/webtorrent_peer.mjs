/**
 * One WebTorrent peer as a process:
 *
 *     node webtorrent_peer.mjs HOME seed|leech FILE.torrent FOLDER PORT [HOST:PORT...]
 *
 * HOME is where webtorrent is installed. It prints "ready" when it seeds and "done" when it is complete,
 * and runs until it is killed. It connects only to the given peers, and accepts incoming connections.
 */

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import process from "node:process";

const [home, role, torrentFile, folder, port, ...peers] = process.argv.slice(2);
const WebTorrent = createRequire(`${home}/`)("webtorrent");

const client = new WebTorrent({
  dht: false,
  lsd: false,
  tracker: false,
  utp: false,
  torrentPort: Number(port),
});
client.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});

// The file is the seeder's own, so it does not have to check it first.
const options = { path: folder, skipVerify: role === "seed" };
const torrent = client.add(readFileSync(torrentFile), options);
torrent.on("infoHash", () => {
  for (const peer of peers) torrent.addPeer(peer);
});
torrent.on("done", () => console.log(role === "seed" ? "ready" : "done"));
