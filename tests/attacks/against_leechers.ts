/**
 * Strangers who know nothing of a torrent but its hash, and want that nobody gets it.
 * @module
 */

import { dictOf, encode } from "../../lib/codec/bencode.ts";
import { concat, utf8 } from "../../lib/codec/bytes.ts";
import { decodeMetadataMessage } from "../../lib/codec/wire/extension.ts";
import type { Message } from "../../lib/codec/wire/message.ts";
import { OurExtension } from "../../lib/peer/extension/extended_handshake.ts";
import { ShoalTracker, startLeecher } from "../support/clients/shoal.ts";
import { type Arena, type Attack, secondsText } from "./arena.ts";
import { AttackingPeer } from "./attacking_peer.ts";

/** The number under which the attackers want metadata messages. */
const THEIR_ID = 5;
const LIES = 3300;
const DRIPPING = 40;
const DRIP_MS = 3500;

function claim(metadataSize: number): Message {
  const handshake = dictOf({ m: dictOf({ ut_metadata: THEIR_ID }), metadata_size: metadataSize });
  return { type: "extended", id: 0, payload: encode(handshake) };
}

function part(piece: number, totalSize: number, bytes: Uint8Array): Message {
  const head = encode(dictOf({ msg_type: 1, piece, total_size: totalSize }));
  return { type: "extended", id: OurExtension.metadata, payload: concat(head, bytes) };
}

/** The part of the metadata it was asked for last, if it was. */
function askedFor(peer: AttackingPeer): number | undefined {
  for (let message = peer.next(); message !== undefined; message = peer.next()) {
    if (message.type !== "extended" || message.id !== THEIR_ID) continue;
    const request = decodeMetadataMessage(message.payload);
    if (request.type === "request") return request.piece;
  }
  return undefined;
}

/** A leecher with a bare hash and a tracker, attacked until an honest seeder has been there for a while. */
async function attacked(
  arena: Arena,
  attack: (target: { port: number; infoHash: string }, signal: AbortSignal) => Promise<string>,
  isLater: boolean,
) {
  const tracker = arena.use(await ShoalTracker.start());
  const hidden = await arena.seeder(2);
  const infoHash = hidden.hashes.v1!;
  const out = arena.folder.join("copy/");
  const leecher = arena.use(startLeecher(infoHash, out, ["-t", tracker.url]));
  const [, port] = await leecher.line(/listening on TCP port (\d+)/);
  const stop = new AbortController();
  const attacking = attack({ port: Number(port), infoHash }, stop.signal);
  if (isLater) await attacking;
  const startMs = performance.now();
  await arena.seeder(2, "-t", tracker.url);
  const code = await leecher.exit(60_000).catch(() => undefined);
  const seconds = code === 0 ? (performance.now() - startMs) / 1000 : undefined;
  stop.abort();
  const measured = `${await attacking}; with an honest seeder at the tracker it takes ` +
    secondsText(seconds);
  return { holds: seconds !== undefined && seconds < 40, measured };
}

const lies: Attack = {
  name: "metadata-lies",
  story: "Five hundred addresses lie about the metadata 3,300 times before an honest seeder comes.",
  run: (arena) =>
    attacked(arena, async (target) => {
      let told = 0;
      for (let n = 0; n < LIES; n++) {
        const from = `127.0.${1 + Math.floor(n / 250) % 2}.${1 + n % 250}`;
        using peer = await AttackingPeer.connect({ ...target, from }).catch(() => undefined);
        if (peer === undefined) continue;
        await peer.say(claim(1));
        let asked: number | undefined;
        await peer.until(() => (asked ??= askedFor(peer)) !== undefined);
        await peer.say(part(0, 1, utf8("x")));
        await peer.until(() => false);
        told++;
      }
      return `${told} lies`;
    }, true),
};

const drips: Attack = {
  name: "dripped-metadata",
  story: "Forty connections claim 16 MiB of metadata and give a part every few seconds.",
  run: (arena) =>
    attacked(arena, async (target, signal) => {
      const size = 16 * 2 ** 20;
      let given = 0;
      const drip = async () => {
        using peer = await AttackingPeer.connect({ ...target, from: "127.0.0.66" })
          .catch(() => undefined);
        if (peer === undefined) return;
        await peer.say(claim(size));
        while (peer.isOpen && !signal.aborted) {
          const asked = askedFor(peer);
          await new Promise((resolve) => setTimeout(resolve, asked === undefined ? 50 : DRIP_MS));
          if (asked === undefined) continue;
          await peer.say(part(asked, size, new Uint8Array(16_384)));
          given++;
        }
      };
      await Promise.all(Array.from({ length: DRIPPING }, drip));
      return `${given} parts of something else`;
    }, false),
};

/** All of them. */
export const againstLeechers: readonly Attack[] = [lies, drips];
