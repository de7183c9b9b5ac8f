/**
 * libtorrent, the library of qBittorrent and Deluge, driven by a Python script.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { versionOf } from "../../support/foreign.ts";
import { LibtorrentPeer } from "../../support/libtorrent.ts";
import { processStats } from "../measure/process_stats.ts";
import type { Contender } from "./contender.ts";

/** Shoal connects without encryption; otherwise only libtorrent would pay for key exchanges. */
const PLAIN = { encryption: "disabled" } as const;

export const libtorrent: Contender = {
  name: "libtorrent",
  advice: "apt-get install python3-libtorrent",
  version() {
    const version = versionOf("libtorrent");
    const text = `libtorrent ${version} (Debian's python3-libtorrent)`;
    return Promise.resolve(version === undefined ? undefined : text);
  },
  async seed({ path, torrent }, { port, timeoutMs }) {
    const options = { folder: dirname(path), port, timeoutMs, ...PLAIN };
    const peer = await LibtorrentPeer.seed(await torrent("hybrid"), options);
    return {
      figures: () => processStats(peer.program.pid),
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    };
  },
  async leech({ path, torrent }, { port, peers, folder, timeoutMs }) {
    const options = { folder, port, peers: [...peers], ...PLAIN };
    const peer = await LibtorrentPeer.leech(await torrent("hybrid"), options);
    return {
      finished: peer.finished(timeoutMs).then(() => join(folder, basename(path))),
      figures: () => processStats(peer.program.pid),
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    };
  },
};
