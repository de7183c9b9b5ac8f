/**
 * What Shoal and a foreign program do with each other. Every copy is compared with the original by the
 * SHA-256 of each file.
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import { type Seeder, type Torrent, Tracker } from "../../../mod.ts";
import type { TorrentFormat } from "../../../support/libtorrent.ts";
import { TempFolder } from "../../../support/temp.ts";
import { digestsOf, makeTree, type Tree } from "../folders.ts";
import type { ForeignClient, Handed } from "./foreign_clients.ts";
import { leechFrom, LOCAL, makeOrigin, seed, torrentOf } from "./library.ts";
import { magnetLink } from "./shoal.ts";
import type { Exchanged } from "./swarm_members.ts";
import { onTwoMachines } from "./two_machines.ts";

export type Shape = "file" | "folder";

const PIECE_LENGTH = 65_536;
/** The last piece is one byte. And it is more than a super-seeder promises to the first who asks. */
const FILE_LENGTH = 6 * 2 ** 20 + 1;
const EMPTY_FILE = "deep/empty";
const LARGE_FILE = "日本語/ファイル.dat";
/** Names in other scripts, an empty file, files within one piece and across several. */
const FOLDER: Tree = {
  "readme.txt": 3,
  "Größe/Übersicht.pdf": 100_001,
  [LARGE_FILE]: 2_100_000,
  "deep/er/still/🐟.bin": 3_900_001,
  "deep/er/one block": 16_384,
  "deep/one piece": PIECE_LENGTH,
  [EMPTY_FILE]: 0,
  ".hidden": 20_000,
};
/** Transmission decides every ten seconds whose blocks it wants. */
const PATIENCE_MS = 60_000;

/** Something to share with a foreign program, and where the copies go. */
export interface Stage {
  readonly client: ForeignClient;
  readonly format: TorrentFormat;
  readonly temp: TempFolder;
  /** The file or folder, alone in its folder. */
  readonly content: string;
  /** SHA-256 of each file. */
  readonly digests: Map<string, string>;
  /** URL of the tracker. */
  readonly tracker: string;
}

/** An exchange, on a stage that is set for it alone. */
export type Exchange = (stage: Stage) => Promise<void>;

/** Sets the stage, carries out the exchange, and removes everything. */
export async function exchange(
  what: Exchange,
  client: ForeignClient,
  format: TorrentFormat,
  shape: Shape,
): Promise<void> {
  await using temp = await TempFolder.create();
  await using server = await Tracker.listen({ ...LOCAL, intervalSeconds: 1 });
  const content = shape === "file"
    ? (await makeOrigin(temp, FILE_LENGTH)).path
    : await makeTree(temp, join("origin", "photos"), FOLDER);
  const digests = await digestsOf(dirname(content));
  const tracker = `udp://127.0.0.1:${server.addr.port}`;
  await what({ client, format, temp, content, digests, tracker });
}

/** The foreign program downloads from our seeder. */
export async function foreignDownloads(stage: Stage): Promise<void> {
  const { path } = await hand(stage, await makeTorrent(stage));
  await using _seeder = await startSeeder(stage);
  await getFromUs(stage, path);
}

/** We download from the foreign program. */
export async function weDownload(stage: Stage): Promise<void> {
  const torrent = await makeTorrent(stage);
  const { path } = await hand(stage, torrent);
  await getFromForeign(stage, torrent, path, path);
}

/** Given a link, the foreign program downloads from our seeder, and we download from it. */
export async function byLink(stage: Stage): Promise<void> {
  const torrent = await makeTorrent(stage);
  const handed = await hand(stage, torrent);
  await stage.client.checkFullLink?.(handed, stage.temp);
  await using _seeder = await startSeeder(stage);
  await Promise.all([
    getFromUs(stage, magnetLink(stage.client.linkHashes(handed), [stage.tracker])),
    getFromForeign(stage, torrent, handed.path, magnetLink(handed)),
  ]);
}

/**
 * One swarm: to our seeder and our leecher comes the foreign program, which has a part already. It and the
 * leecher give to each other what they have and what they get.
 */
export async function oneSwarm(stage: Stage): Promise<void> {
  const { temp, client, content, format } = stage;
  const theirs = await temp.folder("theirs");
  await copyPart(content, theirs);
  const plan = {
    content,
    temp,
    format,
    pieceLength: PIECE_LENGTH,
    // Slow enough for the foreign program to take part before all is over.
    bytesPerSecond: Math.ceil(FILE_LENGTH / (6 + 1.25 * client.hesitationSeconds)),
    client: client.name,
    theirs: [theirs],
    ours: await temp.folder("ours"),
  };
  await onTwoMachines(plan, async (_seeder, members) => {
    const [line] = await members.line(/^\{.*/, { from: "stdout", timeoutMs: PATIENCE_MS });
    const { fromForeign, toForeign } = JSON.parse(line) as Exchanged;
    assertGreater(fromForeign, 0, `our leecher got nothing from ${client.name}`);
    assertGreater(toForeign, 0, `${client.name} got nothing from our leecher`);
    assertEquals(await members.exit(), 0);
  });
  await Promise.all([checkOurs(stage), checkTheirs(stage)]);
}

/** Shows that the program takes no part in torrents of this format. */
export async function isUnable(stage: Stage): Promise<void> {
  const { client, format, temp } = stage;
  await client.cannot[format]!.check(await hand(stage, await makeTorrent(stage)), temp);
}

async function getFromUs(stage: Stage, what: string): Promise<void> {
  const { client, temp, tracker } = stage;
  const folder = await temp.folder("theirs");
  {
    await using peer = await client.leech(what, { folder, temp, trackers: [tracker] });
    await peer.finished(PATIENCE_MS);
  } // only once it has ended, everything is sure to be on disk
  await checkTheirs(stage);
}

/** Gets `what` from the foreign program, which seeds the .torrent at `path`. */
async function getFromForeign(
  stage: Stage,
  torrent: Torrent,
  path: string,
  what: string,
): Promise<void> {
  const { client, temp, content } = stage;
  if (client.wantsPadding) await writePadding(torrent, content);
  await using peer = await client.seed(path, { folder: dirname(content), temp });
  const out = await temp.folder("ours");
  await using leeching = await leechFrom(what, { out, peers: [peer.address] });
  await leeching.complete();
  await checkOurs(stage);
}

/** Copies about a third of the file or folder into a folder. */
async function copyPart(content: string, folder: string): Promise<void> {
  const isFolder = (await Deno.stat(content)).isDirectory;
  const name = isFolder ? join(basename(content), LARGE_FILE) : basename(content);
  const bytes = await Deno.readFile(join(dirname(content), name));
  await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
  await Deno.writeFile(join(folder, name), isFolder ? bytes : bytes.subarray(0, FILE_LENGTH / 3));
}

function optionsOf({ format, tracker }: Stage) {
  return { format, trackers: [tracker], pieceLength: PIECE_LENGTH };
}

function startSeeder(stage: Stage): Promise<Seeder> {
  return seed(stage.content, optionsOf(stage));
}

function makeTorrent(stage: Stage): Promise<Torrent> {
  return torrentOf(stage.content, optionsOf(stage));
}

/** Writes the .torrent. */
async function hand({ temp }: Stage, torrent: Torrent): Promise<Handed> {
  const path = await temp.file("a.torrent", new Uint8Array(torrent.toBytes()));
  const { v1Hash: v1, v2Hash: v2 } = torrent;
  return { path, ...(v1 && { v1 }), ...(v2 && { v2 }) };
}

/** Makes files of a torrent's padding. */
async function writePadding({ metainfo }: Torrent, content: string): Promise<void> {
  for (const { path, length, pad } of metainfo.info.files) {
    if (!pad) continue;
    const place = join(content, ...path);
    await Deno.mkdir(dirname(place), { recursive: true });
    await Deno.writeFile(place, new Uint8Array(length));
  }
}

async function checkOurs({ temp, digests }: Stage): Promise<void> {
  assertEquals(await digestsOf(temp.join("ours")), digests);
}

/** What it got is the original, with nothing beside it but what the program is known to leave there. */
async function checkTheirs({ temp, client, content, digests }: Stage): Promise<void> {
  const copied = await digestsOf(temp.join("theirs"));
  for (const path of copied.keys()) if (client.leavesBehind?.test(path)) copied.delete(path);
  const expected = new Map(digests);
  if (!client.makesEmptyFiles) expected.delete(join(basename(content), EMPTY_FILE));
  assertEquals(copied, expected);
}
