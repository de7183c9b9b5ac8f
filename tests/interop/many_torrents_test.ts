/**
 * One client with ten torrents at once, each with another foreign program: all through one port.
 * docs/compatibility.md has the table.
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import { equalBytes, fromHex, fromLatin1 } from "../../lib/codec/bytes.ts";
import type { Handshake } from "../../lib/codec/wire/handshake.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { closeQuietly, dialHandshake } from "../../lib/net/handshake.ts";
import { Client, type ClientTorrent, Leecher, Tracker } from "../../mod.ts";
import { foreignTest } from "../../support/foreign.ts";
import { TempFolder } from "../../support/temp.ts";
import type { ForeignPeer, Handed } from "../support/clients/foreign_clients.ts";
import { LOCAL, makeOrigin, withinReason } from "../support/clients/library.ts";
import {
  TABLE_HEAD,
  tableRow,
  TEN_TORRENTS,
  type TenthPart,
} from "../support/clients/ten_torrents.ts";
import { documentText } from "../support/project/document.ts";

const LENGTH = 1_000_000;
const PIECE_LENGTH = 32_768;
/** So little that nobody is done before all are connected. */
const HELD_BACK = { uploadLimit: 1, downloadLimit: 1 } as const;
const FREE = { uploadLimit: 0, downloadLimit: 0 } as const;
/** Transmission decides every ten seconds whose blocks it wants, and eleven programs share the machine. */
const PATIENCE_MS = 120_000;

/** What is held against a peer that announces its pieces too often. */
const FLOOD = "says the same again and again";

/** One of the ten torrents at work. */
interface Exchange {
  readonly part: TenthPart;
  readonly torrent: ClientTorrent;
  readonly handed: Handed;
  /** The foreign processes. */
  readonly peers: readonly ForeignPeer[];
  /** The original, and the folders of the copies. */
  readonly path: string;
  readonly copies: readonly string[];
}

foreignTest(
  "a client exchanges ten torrents at once with four programs through one port, encrypted too",
  ["libtorrent", "transmission", "aria2", "rtorrent"],
  async () => {
    await using temp = await TempFolder.create();
    await using server = await Tracker.listen({ ...LOCAL, intervalSeconds: 1 });
    const trackers = [`udp://127.0.0.1:${server.addr.port}`];
    await using client = await Client.start({
      ...LOCAL,
      ...HELD_BACK,
      ...{ trackers, embeddedTracker: false, localDiscovery: false },
    });
    const farewells = new Set<string>();
    client.on((event) => void (event.type === "peer" && farewells.add(event.reason ?? "")));
    let all: Exchange[];
    {
      await using programs = new AsyncDisposableStack();
      const stage = { temp, client, trackers, programs };
      all = await Promise.all(TEN_TORRENTS.map((part, i) => begin(stage, part, i)));
      assertEquals(client.torrents.length, 10);
      assertEquals(new Set(client.torrents.map(({ port }) => port)), new Set([client.port]));
      const isConnected = ({ torrent, peers }: Exchange) =>
        torrent.stats().connections.length >= peers.length;
      await until(client, () => all.every(isConnected), () => describe(all));
      for (const { handed } of all) await findsOnlyItsTorrent(client.port, handed);
      client.setLimits(FREE);
      await Promise.all(all.map(finished));
    } // what foreign programs have written is sure to be on disk once they have ended
    for (const one of all) await isIntact(one);
    assert(!farewells.has(FLOOD), "an honest program was hung up on");
    await hasTable(all.map(({ part }) => tableRow(part)));
  },
);

/** What all ten have in common. */
interface Stage {
  readonly temp: TempFolder;
  readonly client: Client;
  readonly trackers: string[];
  /** Ends the foreign programs. */
  readonly programs: AsyncDisposableStack;
}

/** Lets both sides begin with the torrent. */
async function begin(stage: Stage, part: TenthPart, nth: number): Promise<Exchange> {
  const { temp, client, trackers } = stage;
  const scene = await temp.folder(`${nth}`);
  const { path } = await makeOrigin(temp, LENGTH + nth, { name: `${nth}.bin`, seed: nth + 1 });
  const how = { format: part.format, trackers, pieceLength: PIECE_LENGTH };
  const seeder = await client.seed(path, { ...how, cache: false });
  const { torrent: made } = seeder;
  const handed = {
    path: await temp.file(`${nth}.torrent`, new Uint8Array(made.toBytes())),
    ...(made.v1Hash && { v1: made.v1Hash }),
    ...(made.v2Hash && { v2: made.v2Hash }),
  };
  if (part.does === "downloads from Shoal") {
    const copies = part.begin.map((_, i) => join(scene, `theirs ${i}`));
    const peers = await beginForeign(stage, part, handed, copies);
    return { part, torrent: seeder, handed, peers, path, copies };
  }
  await seeder.close(); // the same torrent comes back as a download
  const peers = await beginForeign(stage, part, handed, part.begin.map(() => dirname(path)));
  const addresses = peers.map(({ address }) => address);
  const torrent = await client.download(handed.path, { out: `${scene}/`, peers: addresses });
  return { part, torrent, handed, peers, path, copies: [scene] };
}

/** Starts the processes of the foreign program, each with its folder. */
function beginForeign(
  { temp, trackers, programs }: Stage,
  part: TenthPart,
  handed: Handed,
  folders: readonly string[],
): Promise<ForeignPeer[]> {
  return Promise.all(part.begin.map(async (one, i) => {
    const folder = folders[i]!;
    await Deno.mkdir(folder, { recursive: true });
    return programs.use(await one(handed, { folder, temp, trackers }));
  }));
}

/** Resolves once it holds; the events of the client tell when to look. */
async function until(client: Client, holds: () => boolean, why: () => string): Promise<void> {
  let changed = Promise.withResolvers<void>();
  const stop = client.on(() => changed.resolve());
  try {
    while (!holds()) {
      await withinReason(changed.promise, why, PATIENCE_MS);
      changed = Promise.withResolvers();
    }
  } finally {
    stop();
  }
}

/** Whoever comes for a torrent is answered for that one, encrypted or not; for one not here with silence. */
async function findsOnlyItsTorrent(port: number, { v1, v2 }: Handed): Promise<void> {
  const hashes = [v1, v2].filter((hash) => hash !== undefined);
  for (const infoHash of hashes.map((hash) => fromHex(hash).subarray(0, 20))) {
    const absent = infoHash.with(19, infoHash[19]! ^ 1);
    for (const encrypted of [false, true]) {
      assertEquals((await greet(port, infoHash, encrypted)).infoHash, infoHash);
      await assertRejects(() => greet(port, absent, encrypted), ProtocolError, "hung up");
    }
  }
}

/** The answer to a handshake from a stranger. */
async function greet(port: number, infoHash: Uint8Array, encrypted: boolean): Promise<Handshake> {
  const features = { extensions: true, fast: true, dht: false, v2Upgrade: false };
  const ours = { infoHash, peerId: fromLatin1("-XX0001-stranger0000"), ...features };
  const { signal } = new AbortController();
  const { conn, handshake } = await dialHandshake(LOCAL.host, port, ours, encrypted, signal);
  closeQuietly(conn);
  return handshake;
}

/** Resolves when whoever downloads has everything, and has it from whom it should. */
async function finished(one: Exchange): Promise<void> {
  const { torrent, peers, part } = one;
  if (!(torrent instanceof Leecher)) {
    await Promise.all(peers.map((peer) => peer.finished(PATIENCE_MS)));
    assert(torrent.stats().uploadedBytes >= LENGTH, describe([one]));
    return;
  }
  const { sources } = await withinReason(torrent.complete, () => describe([one]), PATIENCE_MS);
  for (const { client = "" } of sources) assertMatch(client, part.tells);
  assertEquals(sources.length, peers.length);
}

/** Every copy has the bytes of the original. */
async function isIntact({ path, copies }: Exchange): Promise<void> {
  const original = await Deno.readFile(path);
  for (const folder of copies) {
    const copy = await Deno.readFile(join(folder, basename(path)));
    assert(equalBytes(copy, original), `${folder} does not hold what was sent`);
  }
}

/** Prints the table, which the document has as well. */
async function hasTable(rows: readonly string[]): Promise<void> {
  console.error(`\n${[TABLE_HEAD, ...rows].join("\n")}\n`);
  const document = await documentText("docs/compatibility.md");
  const lines = document.split("\n").map((line) => line.replaceAll(/ +/g, " "));
  assert(lines.includes(TABLE_HEAD));
  // A machine may have other versions than those that the document names.
  const known = rows.filter((row) => lines.some((line) => line.startsWith(programOf(row))));
  for (const row of known) assert(lines.includes(row), `the document does not have ${row}`);
}

/** The first cell. */
function programOf(row: string): string {
  return row.slice(0, row.indexOf("|", 1) + 1);
}

/** What the torrents do, for a failure message. */
function describe(all: readonly Exchange[]): string {
  return all.map(({ part, torrent, peers }) => {
    const { state, connections, uploadedBytes, haveBytes } = torrent.stats();
    const clients = connections.map(({ client, flags }) => `${client} ${flags}`);
    const row = `${tableRow(part)} ${state} ${haveBytes} ${uploadedBytes} [${clients}]`;
    return `${row} of ${peers.length}`;
  }).join("\n");
}
