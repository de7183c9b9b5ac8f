/**
 * Ten torrents for one client, each with another foreign program or another way to connect: who exchanges
 * what, and how.
 * @module
 */

import { type ForeignProgram, versionOf } from "../../../support/foreign.ts";
import {
  type LibtorrentOptions,
  LibtorrentPeer,
  type TorrentFormat,
} from "../../../support/libtorrent.ts";
import { Aria2 } from "./aria2.ts";
import {
  FOREIGN_CLIENTS,
  type ForeignClient,
  type ForeignPeer,
  type Handed,
  type Place,
} from "./foreign_clients.ts";
import { magnetLink } from "./shoal.ts";

/** A foreign program that is told how to connect, and then begins. */
type Begin = (torrent: Handed, place: Place) => Promise<ForeignPeer>;

/** A torrent of the client, and the foreign program on its other side. */
export interface TenthPart {
  readonly program: ForeignProgram;
  /** As people call the program. */
  readonly name: string;
  /** How it tells its name to peers. */
  readonly tells: RegExp;
  readonly format: TorrentFormat;
  /** What it does: it downloads from us, or we from it. */
  readonly does: "downloads from Shoal" | "seeds to Shoal";
  /** What it asks of connections. */
  readonly connections: string;
  /** Its processes: each has a folder of its own when it downloads. */
  readonly begin: readonly Begin[];
}

const PLAIN = { encryption: "disabled" } as const;
const FORCED = { encryption: "forced" } as const;
const RC4 = { encryption: "rc4" } as const;

function named(name: string, tells: RegExp) {
  const client = FOREIGN_CLIENTS.find((one) => one.name === name)!;
  return { client, who: { program: client.program, name, tells } };
}

const libtorrent = named("libtorrent", /^libtorrent/).who;
const transmission = named("Transmission", /^Transmission/);
const aria2 = named("aria2", /^aria2/).who;
const rtorrent = named("rTorrent", /^(libTorrent|rTorrent)/);

const libtorrentLeech =
  (link: (torrent: Handed) => string, how: Pick<LibtorrentOptions, "encryption">): Begin =>
  (torrent, place) => LibtorrentPeer.leech(link(torrent), { ...place, ...how });

const libtorrentSeed = (how: Pick<LibtorrentOptions, "encryption">): Begin => ({ path }, place) =>
  LibtorrentPeer.seed(path, { ...place, ...how });

/** The program insists on encryption. */
const strictLeech = (client: ForeignClient): Begin => ({ path }, place) =>
  client.leech(path, { ...place, requiresEncryption: true });
const strictSeed = (client: ForeignClient): Begin => ({ path }, place) =>
  client.seed(path, { ...place, requiresEncryption: true });

const DOWNLOADS = "downloads from Shoal";
const SEEDS = "seeds to Shoal";

/** The ten torrents. */
export const TEN_TORRENTS: readonly TenthPart[] = [
  {
    ...libtorrent,
    ...{ format: "v2", does: DOWNLOADS, connections: "plain" },
    begin: [libtorrentLeech(({ path }) => path, PLAIN)],
  },
  {
    ...libtorrent,
    ...{ format: "hybrid", does: DOWNLOADS, connections: "encrypted, by v1 and by v2 hash" },
    begin: [
      libtorrentLeech(({ v1 }) => magnetLink({ v1: v1! }), FORCED),
      libtorrentLeech(({ v2 }) => magnetLink({ v2: v2! }), FORCED),
    ],
  },
  {
    ...libtorrent,
    ...{ format: "hybrid", does: SEEDS, connections: "plain", begin: [libtorrentSeed(PLAIN)] },
  },
  {
    ...libtorrent,
    ...{ format: "v2", does: SEEDS, connections: "RC4 to the end", begin: [libtorrentSeed(RC4)] },
  },
  {
    ...transmission.who,
    ...{ format: "v1", does: DOWNLOADS, connections: "encrypted" },
    begin: [strictLeech(transmission.client)],
  },
  {
    ...transmission.who,
    ...{ format: "v1", does: SEEDS, connections: "encrypted" },
    begin: [strictSeed(transmission.client)],
  },
  {
    ...aria2,
    ...{ format: "v1", does: DOWNLOADS, connections: "RC4 to the end" },
    begin: [
      ({ path }, place) => Promise.resolve(Aria2.leech(path, { ...place, requiresRc4: true })),
    ],
  },
  {
    ...aria2,
    ...{ format: "v1", does: SEEDS, connections: "encrypted" },
    begin: [({ path }, place) => Aria2.seed(path, { ...place, requiresEncryption: true })],
  },
  {
    ...rtorrent.who,
    ...{ format: "hybrid", does: DOWNLOADS, connections: "RC4 to the end" },
    begin: [strictLeech(rtorrent.client)],
  },
  {
    ...rtorrent.who,
    ...{ format: "v1", does: SEEDS, connections: "RC4 to the end" },
    begin: [strictSeed(rtorrent.client)],
  },
];

/** The head of the table in docs/compatibility.md. */
export const TABLE_HEAD = "| program | torrent | what it does | connections |";

/** The row of a torrent in the table. */
export function tableRow({ program, name, format, does, connections }: TenthPart): string {
  return `| ${name} ${versionOf(program)} | ${format} | ${does} | ${connections} |`;
}
