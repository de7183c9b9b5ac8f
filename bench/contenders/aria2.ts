/**
 * aria2, which supports v1 torrents only. The only way it finds peers that stays on this machine is a
 * tracker, so each leecher gets its own HTTP tracker with a fixed answer.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { parseHostPort } from "../../lib/codec/address.ts";
import { encode } from "../../lib/codec/bencode.ts";
import type { Bencode } from "../../lib/codec/bencode_value.ts";
import { concat } from "../../lib/codec/bytes.ts";
import { versionOf } from "../../support/foreign.ts";
import { Program } from "../../support/process.ts";
import { processStats } from "../measure/process_stats.ts";
import type { Contender, Seat } from "./contender.ts";

export const aria2: Contender = {
  name: "aria2",
  advice: "apt-get install aria2",
  version() {
    const version = versionOf("aria2");
    return Promise.resolve(version === undefined ? undefined : `aria2 ${version}`);
  },
  async seed({ path, torrent }, seat) {
    // The file is the seeder's own, so it does not have to check it first.
    const program = start(await torrent("v1"), dirname(path), seat, "--bt-seed-unverified=true");
    try {
      await program.line(/BitTorrent: listening on TCP port/, { timeoutMs: seat.timeoutMs });
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return {
      figures: () => processStats(program.pid),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  },
  async leech({ path, torrent }, { peers, folder, ...seat }) {
    const file = await torrent("v1");
    const tracker = answerWith(peers);
    const url = `http://127.0.0.1:${tracker.addr.port}/announce`;
    // aria2 runs the hook with the download's number, its number of files and their path. Its own message
    // about completion is hard to find among a line for every block.
    const hook = "--on-bt-download-complete=echo";
    const program = start(file, folder, seat, `--bt-tracker=${url}`, hook);
    const line = program.line(/^[0-9a-f]{16} 1 \//, { timeoutMs: seat.timeoutMs });
    return {
      finished: line.then(() => join(folder, basename(path))),
      figures: () => processStats(program.pid),
      async [Symbol.asyncDispose]() {
        await program[Symbol.asyncDispose]();
        await tracker.shutdown();
      },
    };
  },
};

function start(torrent: string, folder: string, { port }: Seat, ...extra: string[]): Program {
  const words =
    "--no-conf --interface=127.0.0.1 --disable-ipv6=true --enable-dht=false --bt-enable-lpd=false " +
    "--enable-peer-exchange=false --file-allocation=none --seed-ratio=0.0 --summary-interval=0 " +
    "--show-console-readout=false --console-log-level=notice --enable-color=false";
  const place = [`--listen-port=${port}`, `--dir=${folder}`];
  return Program.start("aria2c", [...words.split(" "), ...place, ...extra, torrent]);
}

/** A tracker that returns these peers to every client (BEP 3, BEP 23). */
function answerWith(peers: readonly string[]): Deno.HttpServer<Deno.NetAddr> {
  const compact = peers.map((address) => {
    const { host, port } = parseHostPort(address)!;
    return new Uint8Array([...host.split(".").map(Number), port >> 8, port & 0xff]);
  });
  const answer = encode(
    new Map<string, Bencode>([["interval", 1800], ["peers", concat(...compact)]]),
  );
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, () => new Response(new Uint8Array(answer)));
}
