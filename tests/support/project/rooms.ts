/**
 * The rooms of the library: what each is, the rooms it may use, and what it must never know. The
 * test of the architecture holds the code to this table, and docs/architecture.md shows the same table.
 * @module
 */

/** A folder below `lib/`, without the folders in it. */
export interface Room {
  /** What it is, in one sentence. */
  readonly is: string;
  /** What it must never know. */
  readonly neverKnows: string;
  /** The rooms it may use, besides `errors.ts` and `error_codes.ts`. A name stands for the folders below it too. */
  readonly uses: readonly string[];
  /** It uses no clock, no random numbers and nothing outside the program. */
  readonly isPure?: boolean;
}

/** From the ground up: a room uses rooms above its own line only. */
export const ROOMS: Readonly<Record<string, Room>> = {
  "codec": {
    is: "bytes, hashes, addresses and bencoding",
    neverKnows: "what a message is for",
    uses: [],
    isPure: true,
  },
  "codec/torrent": {
    is: "metainfo, file lists, magnet links, Merkle trees",
    neverKnows: "where the files are",
    uses: ["codec"],
    isPure: true,
  },
  "codec/wire": {
    is: "what peers send each other: handshakes, messages, extensions, encryption",
    neverKnows: "who sends a message, and why",
    uses: ["codec"],
    isPure: true,
  },
  "codec/discovery": {
    is: "packets of UDP trackers and of the local network",
    neverKnows: "sockets",
    uses: ["codec"],
    isPure: true,
  },
  "store": {
    is: "the bytes and files that a piece covers, and the pieces that are here",
    neverKnows: "peers and disks",
    uses: ["codec"],
    isPure: true,
  },
  "peer/connection": {
    is: "one peer: its state, its pieces, the requests it owes us",
    neverKnows: "other peers",
    uses: ["codec", "store"],
    isPure: true,
  },
  "peer/peers": {
    is: "the peers of a torrent: known, dialled, admitted, limited, banned",
    neverKnows: "pieces under way",
    uses: ["codec", "peer/connection"],
    isPure: true,
  },
  "peer/upload": {
    is: "choosing the peers to serve, and telling peers of our pieces",
    neverKnows: "the pieces we want ourselves",
    uses: ["codec", "store", "peer/connection", "peer/peers"],
    isPure: true,
  },
  "peer/download": {
    is: "choosing the next block and the peer to request it from",
    neverKnows: "hashes",
    uses: ["codec", "store", "peer/connection", "peer/upload"],
    isPure: true,
  },
  "peer/verify": {
    is: "hashes from peers and for peers, and finding the sender of wrong data",
    neverKnows: "how a file is read and hashed",
    uses: ["codec", "store", "peer/connection"],
    isPure: true,
  },
  "peer/extension": {
    is: "the extension protocol: metadata and peer exchange",
    neverKnows: "pieces",
    uses: ["codec", "peer/connection", "peer/peers", "peer/upload"],
    isPure: true,
  },
  "peer": {
    is: "one torrent's swarm: events in, actions out",
    neverKnows: "sockets, disks, the time",
    uses: ["codec", "store", "peer"],
    isPure: true,
  },
  "tracker/tables": {
    is: "swarms and their peers, in typed arrays",
    neverKnows: "packets",
    uses: ["codec"],
    isPure: true,
  },
  "tracker/roll": {
    is: "the machines behind the peers: who has a torrent, gets it, had it, should have it",
    neverKnows: "packets",
    uses: ["codec", "tracker/tables"],
    isPure: true,
  },
  "tracker/core": {
    is: "the tracker as a function of packets",
    neverKnows: "sockets, the time",
    uses: ["codec", "tracker/tables", "tracker/roll"],
    isPure: true,
  },
  "runtime": {
    is: "clock, permissions, interfaces, name look-up: the services of Deno and the system",
    neverKnows: "BitTorrent",
    uses: ["codec", "deno.json"],
  },
  "net": {
    is: "sockets of peers: dialling, listening, handshakes, limits",
    neverKnows: "more of a torrent than its hashes",
    uses: ["codec", "peer", "runtime"],
  },
  "net/web_seed": {
    is: "web servers as if they were peers",
    neverKnows: "the session",
    uses: ["codec", "store", "peer", "runtime", "net"],
  },
  "disk": {
    is: "reading, writing and hashing, on threads of their own",
    neverKnows: "peers",
    uses: ["codec", "store", "runtime"],
  },
  "disk/download": {
    is: "an unfinished download on disk: names, resume data, the lock",
    neverKnows: "where the data comes from",
    uses: ["codec", "store", "runtime", "disk"],
  },
  "discovery/local": {
    is: "the local network by multicast: announces, and names and trackers asked for",
    neverKnows: "trackers' requests",
    uses: ["codec", "runtime"],
  },
  "discovery": {
    is: "finding peers: announces, look-ups by name",
    neverKnows: "connections to those peers",
    uses: ["codec", "runtime", "discovery"],
  },
  "tracker": {
    is: "the tracker program: sockets, options, the administrator's lists on disk",
    neverKnows: "torrents on this machine",
    uses: ["codec", "runtime", "net", "discovery", "tracker"],
  },
  "session": {
    is: "one torrent alive: it feeds events to the swarm and carries out its actions",
    neverKnows: "where the torrent came from",
    uses: ["codec", "store", "peer", "runtime", "net", "disk", "discovery"],
  },
  "client/create": {
    is: "making torrents of files and folders",
    neverKnows: "peers",
    uses: ["codec", "store", "runtime", "disk"],
  },
  "client/watch": {
    is: "what is in a watched folder, and what becomes of it",
    neverKnows: "torrents",
    uses: ["codec", "runtime", "disk"],
  },
  "client": {
    is: "seeder, leecher, list, verify: the library as its users see it",
    neverKnows: "terminals",
    uses: [
      "codec",
      "store",
      "peer",
      "runtime",
      "net",
      "disk",
      "discovery",
      "tracker",
      "session",
      "client",
    ],
  },
  "ui": {
    is: "the page: its server and its snapshots",
    neverKnows: "terminals",
    uses: ["codec", "peer", "runtime", "discovery", "tracker", "session", "client", "ui"],
  },
  "ui/torrents": {
    is: "the page of a client: the list of its torrents, and what has changed in it",
    neverKnows: "HTTP",
    uses: ["runtime", "session", "ui"],
  },
  "ui/page": {
    is: "the part of the page that runs in the browser",
    neverKnows: "Deno",
    uses: ["ui"],
  },
  "cli/text": {
    is: "words, quantities and sentences for people",
    neverKnows: "terminals",
    uses: ["codec", "mod.ts"],
  },
  "cli/command_line": {
    is: "options, their help, and the library options they set",
    neverKnows: "what a program does with options",
    uses: ["codec", "runtime", "cli/text"],
  },
  "cli/terminal": {
    is: "the display of a running transfer on a terminal",
    neverKnows: "command lines",
    uses: ["cli/text", "mod.ts"],
  },
  "cli/output": {
    is: "standard output: results and JSON events",
    neverKnows: "the network",
    uses: ["codec", "runtime", "cli/text", "cli/command_line", "cli/terminal", "mod.ts"],
  },
  "cli": {
    is: "the frame of the three programs: start, signals, exit codes",
    neverKnows: "protocols",
    uses: ["codec", "runtime", "disk", "ui", "cli", "mod.ts", "deno.json"],
  },
  "cli/many": {
    is: "a seeder or a leecher with several torrents",
    neverKnows: "protocols",
    uses: ["codec", "runtime", "disk", "cli", "mod.ts"],
  },
};

/** The exports of `mod.ts` come from here. */
export const FACE: readonly string[] = [
  "codec",
  "store",
  "peer",
  "runtime",
  "discovery",
  "tracker",
  "session",
  "client",
  "ui",
];

/** Whether a file of one room may import a file of another. */
export function mayUse(user: string, used: string): boolean {
  if (used === user || used === "errors.ts" || used === "error_codes.ts" || used === "std.d.ts") {
    return true;
  }
  const uses = user === "mod.ts" ? FACE : ROOMS[user]?.uses ?? [];
  return uses.some((room) => used === room || used.startsWith(`${room}/`));
}
