/**
 * The rooms of the library: what each is, whom it may use, and what it must never know. The test of the
 * architecture holds the code to this table, and docs/architecture.md shows it.
 * @module
 */

/** A folder below `lib/`, without the folders in it. */
export interface Room {
  /** What it is, in one sentence. */
  readonly is: string;
  /** What it must never know. */
  readonly neverKnows: string;
  /** The rooms it may use. Everybody may use `errors.ts`. A name stands for the folders below it too. */
  readonly uses: readonly string[];
  /** It has no clock, no chance and no outside world. */
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
    neverKnows: "who sends it, and why",
    uses: ["codec"],
    isPure: true,
  },
  "codec/discovery": {
    is: "packets of UDP trackers and of local service discovery",
    neverKnows: "sockets",
    uses: ["codec"],
    isPure: true,
  },
  "store": {
    is: "which bytes of which file a piece is, and which pieces are here",
    neverKnows: "peers and disks",
    uses: ["codec"],
    isPure: true,
  },
  "peer/connection": {
    is: "one peer: its states, what we know of it, what it owes us",
    neverKnows: "other peers",
    uses: ["codec", "store"],
    isPure: true,
  },
  "peer/peers": {
    is: "whom we know, dial, admit, limit and ban",
    neverKnows: "pieces on their way",
    uses: ["codec", "peer/connection"],
    isPure: true,
  },
  "peer/upload": {
    is: "whom to serve, and what others are told of our pieces",
    neverKnows: "what we want ourselves",
    uses: ["codec", "store", "peer/connection", "peer/peers"],
    isPure: true,
  },
  "peer/download": {
    is: "which block to ask of whom",
    neverKnows: "what a hash is",
    uses: ["codec", "store", "peer/connection", "peer/upload"],
    isPure: true,
  },
  "peer/verify": {
    is: "hashes from peers and for them, and who sent wrong data",
    neverKnows: "how a hash is computed of a file",
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
    is: "who has what, in typed arrays",
    neverKnows: "packets",
    uses: ["codec"],
    isPure: true,
  },
  "tracker/core": {
    is: "the tracker as a function of packets",
    neverKnows: "sockets, the time",
    uses: ["codec", "tracker/tables"],
    isPure: true,
  },
  "runtime": {
    is: "clock, permissions, interfaces, name look-up: what Deno and the system give",
    neverKnows: "BitTorrent",
    uses: ["codec", "deno.json"],
  },
  "net": {
    is: "sockets of peers: dialling, listening, handshakes, limits",
    neverKnows: "which torrent it serves, beyond its hashes",
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
  "discovery": {
    is: "finding peers: announces, look-ups by name, local service discovery",
    neverKnows: "what becomes of the peers",
    uses: ["codec", "runtime"],
  },
  "tracker": {
    is: "the tracker program: sockets, options, the allow list on disk",
    neverKnows: "torrents on this machine",
    uses: ["codec", "runtime", "net", "discovery", "tracker"],
  },
  "session": {
    is: "one torrent alive: it drives the swarm and does what it says",
    neverKnows: "where the torrent came from",
    uses: ["codec", "store", "peer", "runtime", "net", "disk", "discovery"],
  },
  "client/create": {
    is: "making torrents of files and folders",
    neverKnows: "peers",
    uses: ["codec", "store", "runtime", "disk"],
  },
  "client": {
    is: "what an embedder uses: seeder, leecher, list, verify",
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
    is: "the page: its server and what it shows",
    neverKnows: "terminals",
    uses: ["codec", "peer", "runtime", "discovery", "tracker", "session", "client", "ui"],
  },
  "ui/page": {
    is: "what runs in the browser",
    neverKnows: "Deno",
    uses: ["ui"],
  },
  "cli/text": {
    is: "words, quantities and sentences for people",
    neverKnows: "whether there is a terminal",
    uses: ["codec", "mod.ts"],
  },
  "cli/command_line": {
    is: "options, their help, and what of the library they set",
    neverKnows: "what a program does with them",
    uses: ["codec", "runtime", "cli/text"],
  },
  "cli/terminal": {
    is: "what a terminal shows while a transfer runs",
    neverKnows: "how it is started",
    uses: ["cli/text", "mod.ts"],
  },
  "cli/output": {
    is: "what goes to standard output: results and JSON events",
    neverKnows: "the network",
    uses: ["codec", "runtime", "cli/text", "cli/command_line", "cli/terminal", "mod.ts"],
  },
  "cli": {
    is: "the frame of the three programs: start, signals, exit codes",
    neverKnows: "protocols",
    uses: ["codec", "runtime", "disk", "ui", "cli", "mod.ts", "deno.json"],
  },
};

/** What `mod.ts` gives away comes from here. */
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
  if (used === user || used === "errors.ts" || used === "std.d.ts") return true;
  const uses = user === "mod.ts" ? FACE : ROOMS[user]?.uses ?? [];
  return uses.some((room) => used === room || used.startsWith(`${room}/`));
}
