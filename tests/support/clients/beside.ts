/**
 * A leecher between one honest seeder and one that misbehaves.
 * @module
 */

import { assert } from "@std/assert";
import type { TransferEvent } from "../../../mod.ts";
import { type Script, ScriptedPeer } from "../../../support/scripted_peer.ts";
import { TempFolder } from "../../../support/temp.ts";
import { addressOf, leechFrom, makeOrigin, type Origin, seed, torrentOf } from "./library.ts";

const MIB = 2 ** 20;

type PeerEvent = Extract<TransferEvent, { type: "peer" }>;

/** One honest seeder and one that follows `script`; the leecher knows both. */
export async function beside(
  script: Script | ((content: Uint8Array) => Script),
  check: (outcome: { bad: ScriptedPeer; told: PeerEvent[]; all: TransferEvent[] }) => void,
  { format = "hybrid", length = MIB + 1, pieceLength = 32_768 } = {} as {
    format?: "v1" | "v2" | "hybrid";
    length?: number;
    pieceLength?: number;
  },
): Promise<void> {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, length);
  const torrent = await torrentOf(origin.path, { format, pieceLength });
  const wanted = typeof script === "function" ? script(origin.bytes) : script;
  await using bad = new ScriptedPeer(torrent, origin.bytes, wanted);
  // Slow enough that the other one gets to show what it is.
  await using good = await seed(origin.path, {
    format,
    pieceLength,
    uploadLimit: 2 * MIB,
  });
  const file = await temp.file("a.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  await using leeching = await leechFrom(file, {
    out: await temp.folder("copy"),
    peers: [bad.address, addressOf(good)],
  });
  const { path, sources } = await leeching.complete();
  assertSame(await Deno.readFile(path), origin);
  assert(sources.some(({ address }) => address === addressOf(good)));
  const told = leeching.log.of("peer").filter(({ address }) => address === bad.address);
  check({ bad, told, all: leeching.log.all });
}

/** The copy is the original. */
export function assertSame(copy: Uint8Array, origin: Origin): void {
  assert(equal(copy, origin.bytes), "the copy differs from the original");
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Why the connection to the scripted peer ended, the first time it did. */
export function farewell(told: PeerEvent[]): string {
  return told.find(({ state }) => /away|banned/.test(state))?.reason ?? "it never ended";
}
