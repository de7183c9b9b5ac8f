/**
 * Strangers who want all of a client that holds many torrents: its connections, its handshakes, its page.
 * @module
 */

import net from "node:net";
import { writePseudoRandomFile } from "../../support/content.ts";
import { ShoalSeeder } from "../support/clients/shoal.ts";
import { type Arena, type Attack, Meter, pause, secondsText } from "./arena.ts";
import { AttackingPeer } from "./attacking_peer.ts";

const TORRENTS = 1000;
const MIB = 2 ** 20;
const KEEP_ALIVE = new Uint8Array(4);
const SOON_SECONDS = 20;
const MANY_SECONDS = 120;

interface Many {
  readonly seeder: ShoalSeeder;
  readonly port: number;
  /** Of the torrents besides the one that an honest user wants. */
  readonly infoHashes: readonly string[];
}

/** A seeder of a file that an honest user wants, and of a thousand small ones. */
async function start(arena: Arena, ...args: string[]): Promise<Many> {
  const path = arena.folder.join("shared.bin");
  await writePseudoRandomFile(path, 8 * MIB, 1);
  const others: string[] = [];
  for (let i = 1; i < TORRENTS; i++) others.push(await arena.folder.file(`${i}.txt`, `file ${i}`));
  const seeder = await ShoalSeeder.start(path, [...others, "--no-tracker", ...args]);
  arena.use(seeder);
  const every = { from: "stdout", nth: TORRENTS, timeoutMs: 1000 * MANY_SECONDS } as const;
  await seeder.program.line(/^magnet:/, every);
  const hashOf = (link: string) => /urn:btih:([0-9a-f]{40})/.exec(link)![1]!;
  const infoHashes = seeder.program.stdout.slice(1).map(hashOf);
  return { seeder, port: Number(seeder.address.split(":")[1]), infoHashes };
}

function download(arena: Arena, { magnet, address }: ShoalSeeder): Promise<number | undefined> {
  return arena.honestDownload(magnet, "--peer", address);
}

function crowd(name: string, story: string, addresses: readonly string[]): Attack {
  return {
    name,
    story,
    async run(arena) {
      const { seeder, port, infoHashes } = await start(arena);
      const held: AttackingPeer[] = [];
      for (const [i, infoHash] of infoHashes.entries()) {
        const from = addresses[i % addresses.length]!;
        const peer = await AttackingPeer.connect({ port, infoHash, from }).catch(() => undefined);
        if (peer === undefined) continue;
        held.push(peer);
        await peer.say({ type: "interested" });
      }
      const alive = setInterval(() => held.forEach((peer) => void peer.write(KEEP_ALIVE)), 5000);
      await pause(5);
      const before = held.filter((peer) => peer.isOpen).length;
      const seconds = await download(arena, seeder);
      clearInterval(alive);
      for (const peer of held) peer[Symbol.dispose]();
      const measured = `${before} of ${held.length} connections are held; an honest download of ` +
        `another torrent takes ${secondsText(seconds)}`;
      return { holds: before <= 500 && seconds !== undefined && seconds < SOON_SECONDS, measured };
    },
  };
}

/** Connects, says this, and hangs up when the other side does. */
function knock(port: number, from: string, words: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: "127.0.0.1", port, localAddress: from });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("connect", () => socket.write(words));
    socket.on("data", () => socket.destroy());
  });
}

function handshakes(name: string, story: string, words: () => Uint8Array): Attack {
  return {
    name,
    story,
    async run(arena) {
      const { seeder, port } = await start(arena);
      const stop = new AbortController();
      let knocks = 0;
      const knocking = Array.from({ length: 32 }, async (_, n) => {
        for (; !stop.signal.aborted; knocks++) {
          await knock(port, `127.0.${5 + n % 4}.${1 + knocks % 250}`, words());
        }
      });
      await pause(5);
      const meter = await Meter.start(seeder.program);
      const knocksBefore = knocks;
      const seconds = await download(arena, seeder);
      const { cpuSeconds, seconds: took, moreMebibytes } = await meter.read();
      const perSecond = (knocks - knocksBefore) / took;
      stop.abort();
      await Promise.all(knocking);
      const measured = `${perSecond.toFixed(0)} of them a second; the seeder uses ` +
        `${(100 * cpuSeconds / took).toFixed(0)} % of a core and ${moreMebibytes.toFixed(0)} MiB ` +
        `more; an honest download takes ${secondsText(seconds)}`;
      return { holds: (seconds ?? Infinity) < SOON_SECONDS && moreMebibytes < 200, measured };
    },
  };
}

const subscribers: Attack = {
  name: "subscribers",
  story:
    "Three hundred browsers follow the page of every torrent and the list; most of them read nothing.",
  async run(arena) {
    const { seeder } = await start(arena, "--ui", "127.0.0.1:0");
    const [page] = await seeder.program.line(/http:\/\/127\.0\.0\.1:\d+\//, { from: "stderr" });
    const meter = await Meter.start(seeder.program);
    const { hostname, port } = new URL(page);
    const sockets = Array.from({ length: 300 }, (_, n) => {
      const socket = net.connect({ host: hostname, port: Number(port) });
      const query = n % 3 === 0 ? "" : `?torrent=${1 + n % TORRENTS}`;
      socket.on("error", () => {});
      socket.write(`GET /api/events${query} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
      return n % 10 === 0 ? socket.resume() : socket.pause();
    });
    await pause(10);
    const state = performance.now();
    const answer = await fetch(new URL("/api/state", page));
    await answer.body?.cancel();
    const stateSeconds = (performance.now() - state) / 1000;
    const seconds = await download(arena, seeder);
    const { cpuSeconds, seconds: took, moreMebibytes } = await meter.read();
    for (const socket of sockets) socket.destroy();
    const measured = `the list is there in ${secondsText(stateSeconds)}; the seeder uses ` +
      `${(100 * cpuSeconds / took).toFixed(0)} % of a core and ${moreMebibytes.toFixed(0)} MiB ` +
      `more; an honest download takes ${secondsText(seconds)}`;
    const isQuick = stateSeconds < 5 && (seconds ?? Infinity) < SOON_SECONDS;
    return { holds: answer.status === 200 && isQuick && moreMebibytes < 200, measured };
  },
};

function madeUpHandshake(): Uint8Array {
  const words = crypto.getRandomValues(new Uint8Array(68));
  words.set(new TextEncoder().encode("\x13BitTorrent protocol"));
  return words;
}

/** All of them. */
export const againstClients: readonly Attack[] = [
  crowd(
    "one-host-everywhere",
    "One host takes a connection of each of a thousand torrents.",
    ["127.0.0.66"],
  ),
  crowd(
    "crowd-everywhere",
    "A thousand hosts of four networks take a connection of each of a thousand torrents.",
    Array.from({ length: 1000 }, (_, n) => `127.0.${5 + n % 4}.${1 + Math.floor(n / 4)}`),
  ),
  handshakes(
    "unknown-handshakes",
    "A thousand hosts ask for torrents that are not there, as fast as they can.",
    madeUpHandshake,
  ),
  handshakes(
    "encrypted-handshakes",
    "A thousand hosts begin encrypted handshakes, as fast as they can.",
    () => crypto.getRandomValues(new Uint8Array(96)),
  ),
  subscribers,
];
