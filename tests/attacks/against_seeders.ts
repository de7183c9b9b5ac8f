/**
 * Strangers who want a seeder for themselves, or want it busy.
 * @module
 */

import { concat, fromHex } from "../../lib/codec/bytes.ts";
import { encodeMessage, type Message } from "../../lib/codec/wire/message.ts";
import { OurExtension } from "../../lib/peer/extension/extended_handshake.ts";
import { Torrent } from "../../mod.ts";
import type { ShoalSeeder } from "../support/clients/shoal.ts";
import { type Arena, type Attack, Meter, pause, secondsText } from "./arena.ts";
import { AttackingPeer } from "./attacking_peer.ts";

const KEEP_ALIVE = new Uint8Array(4);
const BLOCK: Message = { type: "request", piece: 0, begin: 0, length: 16_384 };
/** An honest download of a few MiB takes about a second here, and gets some more on a busy machine. */
const SOON_SECONDS = 15;

function target(seeder: ShoalSeeder): { port: number; infoHash: string } {
  return { port: Number(seeder.address.split(":")[1]), infoHash: seeder.hashes.v1! };
}

const slowTakers: Attack = {
  name: "slow-takers",
  story: "Three peers ask a seeder for one block a second and take nothing that it offers them.",
  async run(arena) {
    const seeder = await arena.seeder(16, "-s", "256K");
    const stop = new AbortController();
    const peers = await Promise.all(
      [71, 72, 73].map((n) => AttackingPeer.connect({ ...target(seeder), from: `127.0.0.${n}` })),
    );
    const asking = peers.map(async (peer) => {
      using _ = peer;
      await peer.say({ type: "interested" });
      while (!stop.signal.aborted && peer.isOpen) {
        await peer.say(BLOCK);
        await pause(1);
      }
    });
    await pause(1);
    const seconds = await arena.honestDownload(seeder.magnet, "--peer", seeder.address);
    stop.abort();
    await Promise.all(asking);
    const measured = `an honest download of 16 MiB takes ${secondsText(seconds)}`;
    return { holds: seconds !== undefined && seconds < 30, measured };
  },
};

const flips: Attack = {
  name: "flips",
  story: "A peer of a torrent with 32,768 pieces takes one back and gets it again, 55,000 times.",
  async run(arena) {
    const seeder = await arena.seeder(512, "-s", "16K");
    using peer = await AttackingPeer.connect({ ...target(seeder), from: "127.0.0.66" });
    await peer.say({ type: "haveAll" }, { type: "interested" });
    const dontHave: Message = {
      type: "extended",
      id: OurExtension.dontHave,
      payload: Uint8Array.of(0, 0, 0, 7),
    };
    const turn = concat(encodeMessage(dontHave), encodeMessage({ type: "have", piece: 7 }));
    const turns = concat(...Array.from({ length: 55_000 }, () => turn));
    const meter = await Meter.start(seeder.program);
    const writing = peer.write(turns);
    const seconds = await arena.honestDownload(seeder.magnet, "--peer", seeder.address, "--list");
    await writing;
    const { cpuSeconds } = await meter.read();
    const measured = `${cpuSeconds.toFixed(1)} s of CPU; meanwhile a look at the torrent takes ` +
      secondsText(seconds);
    return { holds: cpuSeconds < 3 && seconds !== undefined && seconds < SOON_SECONDS, measured };
  },
};

/** A hash request for so many hashes of the only file. */
async function hashRequest(arena: Arena, seeder: ShoalSeeder, length: number): Promise<Message> {
  const path = arena.folder.join("shared.torrent");
  await Deno.stat(path).catch(() => {
    throw new Error("the seeder was to write its .torrent");
  });
  const torrent = Torrent.parse(await Deno.readFile(path));
  const { root } = torrent.metainfo.info.files[0]!;
  if (root === undefined || seeder.hashes.v2 === undefined) throw new Error("no v2 hashes");
  return { type: "hashRequest", root, baseLayer: 0, index: 0, length, proofLayers: 0 };
}

const unreadAnswers: Attack = {
  name: "unread-answers",
  story: "A hundred connections of one host ask for hashes and read none of them.",
  async run(arena) {
    const torrentFile = arena.folder.join("shared.torrent");
    const seeder = await arena.seeder(128, "-s", "16K", "-o", torrentFile);
    const request = encodeMessage(await hashRequest(arena, seeder, 8192));
    const meter = await Meter.start(seeder.program);
    const connect = () =>
      AttackingPeer.connect({ ...target(seeder), from: "127.0.0.66", isDeaf: true })
        .catch(() => undefined);
    const peers = await Promise.all(Array.from({ length: 100 }, connect));
    const requests = concat(...Array.from({ length: 60 }, () => request));
    for (const peer of peers) peer?.write(requests);
    await pause(15);
    for (const peer of peers) peer?.[Symbol.dispose]();
    const { moreMebibytes } = await meter.read();
    const measured = `${moreMebibytes.toFixed(0)} MiB more at the peak`;
    return { holds: moreMebibytes < 200, measured };
  },
};

const hashRequests: Attack = {
  name: "hash-requests",
  story: "One host asks for 8,192 hashes again and again, and comes back when it is sent away.",
  async run(arena) {
    const torrentFile = arena.folder.join("shared.torrent");
    const seeder = await arena.seeder(128, "-s", "16K", "-o", torrentFile);
    const alone = await arena.honestDownload(seeder.magnet, "--peer", seeder.address);
    const request = await hashRequest(arena, seeder, 8192);
    const stop = new AbortController();
    const ask = async () => {
      while (!stop.signal.aborted) {
        using peer = await AttackingPeer.connect({ ...target(seeder), from: "127.0.0.66" })
          .catch(() => undefined);
        if (peer === undefined) {
          await pause(0.05);
          continue;
        }
        while (peer.isOpen && !stop.signal.aborted) {
          const before = peer.receivedBytes;
          await peer.say(...Array.from({ length: 20 }, () => request));
          await peer.until(() => peer.receivedBytes > before);
          while (peer.next() !== undefined);
        }
      }
    };
    const asking = [ask(), ask()];
    await pause(1);
    const beside = await arena.honestDownload(seeder.magnet, "--peer", seeder.address);
    stop.abort();
    await Promise.all(asking);
    const measured = `an honest download takes ${secondsText(beside)}, alone ${secondsText(alone)}`;
    return { holds: alone !== undefined && (beside ?? Infinity) < 4 * alone + 2, measured };
  },
};

/** Takes places from addresses in turn and keeps them; then an honest leecher comes. */
async function takePlaces(arena: Arena, addresses: readonly string[]) {
  const seeder = await arena.seeder(4);
  const connect = (n: number) =>
    AttackingPeer.connect({ ...target(seeder), from: addresses[n % addresses.length]! })
      .catch(() => undefined);
  const peers = [];
  for (let n = 0; n < 130; n++) peers.push(await connect(n));
  const held = peers.filter((peer) => peer !== undefined);
  for (const peer of held) await peer.say({ type: "interested" });
  const alive = setInterval(() => held.forEach((peer) => void peer.write(KEEP_ALIVE)), 5000);
  await pause(12); // they are no newcomers any more
  const seconds = await arena.honestDownload(seeder.magnet, "--peer", seeder.address);
  clearInterval(alive);
  const left = held.filter((peer) => peer.isOpen).length;
  for (const peer of held) peer[Symbol.dispose]();
  const measured = `the attacker had ${held.length} places and keeps ${left}; ` +
    `an honest download takes ${secondsText(seconds)}`;
  return { holds: seconds !== undefined && seconds < 30, measured };
}

const placesOfOneHost: Attack = {
  name: "places-of-one-host",
  story: "One host takes every place of a seeder.",
  run: (arena) => takePlaces(arena, ["127.0.0.66"]),
};

const placesOfOneNetwork: Attack = {
  name: "places-of-one-network",
  story: "Forty hosts of one network take every place of a seeder.",
  run: (arena) => takePlaces(arena, Array.from({ length: 40 }, (_, n) => `127.0.5.${1 + n}`)),
};

const FLOODS: Readonly<Record<string, Uint8Array>> = {
  "requests": encodeMessage(BLOCK),
  "keep-alives": KEEP_ALIVE,
  "cancels": encodeMessage({ ...BLOCK, type: "cancel" }),
  "extended-handshakes": encodeMessage({
    type: "extended",
    id: 0,
    payload: new TextEncoder().encode("d1:md11:ut_metadatai5eee"),
  }),
  "unknown-messages": concat(fromHex("000003e963"), new Uint8Array(1000)),
};

function flood(kind: string, message: Uint8Array): Attack {
  return {
    name: `flood-of-${kind}`,
    story: `Three connections send ${kind.replace("-", " ")} as fast as the line takes them.`,
    async run(arena) {
      const seeder = await arena.seeder(64, "-s", "256K");
      const alone = await arena.honestDownload(seeder.magnet, "--peer", seeder.address);
      const many = concat(...Array.from({ length: 262_144 / message.length | 0 }, () => message));
      const stop = new AbortController();
      const peers = await Promise.all(
        [71, 72, 73].map((n) => AttackingPeer.connect({ ...target(seeder), from: `127.0.0.${n}` })),
      );
      const flooding = peers.map(async (peer) => {
        using _ = peer;
        while (peer.isOpen && !stop.signal.aborted) {
          await peer.write(many);
          while (peer.next() !== undefined);
        }
      });
      await pause(1);
      const beside = await arena.honestDownload(seeder.magnet, "--peer", seeder.address);
      stop.abort();
      await Promise.all(flooding);
      const measured = `an honest download takes ${secondsText(beside)}, alone ${
        secondsText(alone)
      }`;
      return { holds: alone !== undefined && (beside ?? Infinity) < 10 * alone, measured };
    },
  };
}

/** All of them. */
export const againstSeeders: readonly Attack[] = [
  slowTakers,
  flips,
  unreadAnswers,
  hashRequests,
  placesOfOneHost,
  placesOfOneNetwork,
  ...Object.entries(FLOODS).map(([kind, message]) => flood(kind, message)),
];
