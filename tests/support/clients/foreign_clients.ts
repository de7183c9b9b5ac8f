/**
 * Foreign programs behind one face: each downloads a torrent and seeds on, or seeds what is there.
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { ForeignProgram } from "../../../support/foreign.ts";
import {
  type LibtorrentOptions,
  LibtorrentPeer,
  type TorrentFormat,
} from "../../../support/libtorrent.ts";
import { TempFolder } from "../../../support/temp.ts";
import { Aria2 } from "./aria2.ts";
import { RTorrent } from "./rtorrent.ts";
import { magnetLink } from "./shoal.ts";
import { Transmission } from "./transmission.ts";

/** A foreign program at work on one torrent. */
export interface ForeignPeer extends AsyncDisposable {
  /** `host:port` where it accepts connections. */
  readonly address: string;
  /** Returns once it has everything, verified; it is all on disk once the program has ended. */
  finished(timeoutMs?: number): Promise<void>;
}

export interface Place {
  /** Folder that holds the content, or is to hold it. */
  readonly folder: string;
  /** Where the program may keep files of its own. */
  readonly temp: TempFolder;
  readonly trackers?: string[];
  /** The address to be at; 127.0.0.1 by default. */
  readonly host?: string;
  /** Takes part in no connection whose handshake is not encrypted. */
  readonly requiresEncryption?: boolean;
}

/** A torrent as it is handed to a foreign program. */
export interface Handed {
  /** Path of the .torrent. */
  readonly path: string;
  /** Info-hashes in hex. */
  readonly v1?: string;
  readonly v2?: string;
}

/** What a program cannot do with torrents of one format. */
export interface Inability {
  /** Completes "it …". */
  readonly because: string;
  /** Shows that this is so. */
  check(torrent: Handed, temp: TempFolder): Promise<void>;
}

/** A foreign program as the tests see it. */
export interface ForeignClient {
  readonly program: ForeignProgram;
  /** As people call it. */
  readonly name: string;
  /** The formats it takes no part in, and why. */
  readonly cannot: Readonly<Partial<Record<TorrentFormat, Inability>>>;
  /** What else is to be known of it, by format. */
  readonly remarks: Readonly<Partial<Record<TorrentFormat, string>>>;
  /** Whether it makes the empty files of a folder. */
  readonly makesEmptyFiles: boolean;
  /** Whether padding is files to it, without which it cannot seed. */
  readonly wantsPadding: boolean;
  /** How long it may take to ask a peer for anything, once connected. */
  readonly hesitationSeconds: number;
  /** Paths, below the folder it downloads to, of files of its own. */
  readonly leavesBehind?: RegExp;
  /** The hashes of a link that it takes. */
  linkHashes(torrent: Handed): { v1?: string; v2?: string };
  /** Shows that it does not take a link with all hashes of a torrent, if it does not. */
  checkFullLink?(torrent: Handed, temp: TempFolder): Promise<void>;
  /** Downloads `what` (the path of a .torrent, or a magnet link) and seeds it from then on. */
  leech(what: string, place: Place): Promise<ForeignPeer>;
  /** Seeds from complete content; returns once it has checked that. */
  seed(torrent: string, place: Place): Promise<ForeignPeer>;
}

const libtorrent: ForeignClient = {
  program: "libtorrent",
  name: "libtorrent",
  cannot: {},
  remarks: {},
  makesEmptyFiles: true,
  wantsPadding: false,
  hesitationSeconds: 0,
  linkHashes: (torrent) => torrent,
  leech: (what, place) => LibtorrentPeer.leech(what, libtorrentOptions(place)),
  seed: (torrent, place) => LibtorrentPeer.seed(torrent, libtorrentOptions(place)),
};

const transmission: ForeignClient = {
  program: "transmission",
  name: "Transmission",
  cannot: {
    hybrid: transmissionRefuses("calls the .torrent corrupt"),
    v2: transmissionRefuses("knows BitTorrent v1 only"),
  },
  remarks: { v1: "makes no empty files" },
  makesEmptyFiles: false,
  wantsPadding: false,
  hesitationSeconds: 13, // it decides every ten seconds whose blocks it wants
  linkHashes: (torrent) => torrent,
  leech: (what, place) => added(() => Transmission.start(place.folder, place), what),
  seed: (torrent, place) => seeding(() => Transmission.start(place.folder, place), torrent),
};

const aria2: ForeignClient = {
  program: "aria2",
  name: "aria2",
  cannot: {
    hybrid: {
      because: "takes it for another torrent",
      async check({ path, v1 }) {
        const hash = await Aria2.infoHash(path);
        assert(hash !== undefined);
        assertNotEquals(hash, v1);
      },
    },
    v2: {
      because: "knows BitTorrent v1 only",
      check: async ({ path }) => assertEquals(await Aria2.infoHash(path), undefined),
    },
  },
  remarks: {},
  makesEmptyFiles: true,
  wantsPadding: false,
  hesitationSeconds: 0,
  linkHashes: (torrent) => torrent,
  leech: (what, place) => Promise.resolve(Aria2.leech(what, place)),
  seed: (torrent, place) => Aria2.seed(torrent, place),
};

const rtorrent: ForeignClient = {
  program: "rtorrent",
  name: "rTorrent",
  cannot: {
    v2: {
      because: "knows BitTorrent v1 only",
      check: async ({ path }, temp) => assertEquals(await takenByRTorrent(path, temp), []),
    },
  },
  remarks: {
    hybrid: "keeps padding as files in `.pad`; takes links with the v1 hash alone",
  },
  makesEmptyFiles: true,
  wantsPadding: true,
  hesitationSeconds: 0,
  leavesBehind: /^[0-9A-F]{40}\.meta$|^[^/]+\/\.pad\//,
  linkHashes: ({ v1 }) => ({ v1: v1! }),
  async checkFullLink(torrent, temp) {
    if (torrent.v2 === undefined) return;
    assertEquals(await takenByRTorrent(magnetLink(torrent), temp), []);
  },
  leech: (what, place) => added(() => RTorrent.start(place.folder, place), what),
  seed: (torrent, place) => seeding(() => RTorrent.start(place.folder, place), torrent),
};

/** The programs that tests exchange files with. */
export const FOREIGN_CLIENTS: readonly ForeignClient[] = [
  libtorrent,
  transmission,
  aria2,
  rtorrent,
];

function libtorrentOptions({ requiresEncryption, ...place }: Place): LibtorrentOptions {
  return { ...place, ...(requiresEncryption && { encryption: "forced" }) };
}

/** A program that is given its torrents once it runs. */
interface Daemon extends ForeignPeer {
  add(what: string): Promise<void>;
}

async function added<T extends Daemon>(start: () => Promise<T>, what: string): Promise<T> {
  const daemon = await start();
  try {
    await daemon.add(what);
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

async function seeding<T extends Daemon>(start: () => Promise<T>, torrent: string): Promise<T> {
  const daemon = await added(start, torrent);
  try {
    await daemon.finished();
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

function transmissionRefuses(because: string): Inability {
  return {
    because,
    async check({ path }, temp) {
      await using daemon = await Transmission.start(temp.path);
      await assertRejects(() => daemon.add(path), Error, "invalid or corrupt torrent file");
    },
  };
}

/** The info-hashes that rTorrent makes of a .torrent or link: none when it cannot read it. */
async function takenByRTorrent(what: string, temp: TempFolder): Promise<string[]> {
  await using daemon = await RTorrent.start(temp.path);
  await daemon.add(what);
  return await daemon.torrents();
}
