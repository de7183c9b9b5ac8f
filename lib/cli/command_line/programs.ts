/**
 * The command lines of the three programs: options, arguments, examples.
 *
 * Each option's key is its name in the library, so that the values can be passed on.
 *
 * @module
 */

import { generalOptions, jsonOption, type Program } from "./flags.ts";
import {
  amount,
  checksum,
  choice,
  copies,
  flag,
  hostPort,
  integer,
  ipAddress,
  many,
  one,
  onOff,
  pageAddress,
  powerOfTwo,
  rate,
  selection,
  text,
  textOrNone,
  udpTracker,
  webSeed,
} from "./options.ts";

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_MINUTE = 60;
const port = integer(0, 65_535);

const host = one(
  { flag: "host", value: "ADDR", help: "address to listen on (default: all, IPv4 and IPv6)" },
  text,
);

const ui = one({
  flag: "ui",
  value: "HOST:PORT",
  help: "serve the web page there; or auto, or off (default: auto, a local port if on a terminal)",
}, pageAddress);

/** Options that the seeder and the leecher share. */
const transferOptions = {
  trackers: many({
    flag: "tracker",
    short: "t",
    value: "URL",
    help: "announce to this tracker, udp://host:port; may be repeated",
  }, udpTracker),
  port: one({
    flag: "port",
    short: "p",
    value: "N",
    help: "TCP port, 0 for any (default: 6881, or the next free one)",
  }, port),
  host,
  localDiscovery: one({
    flag: "local-discovery",
    value: "on|off",
    help: "find others and be found on the local network (default: on, unless --host is loopback)",
  }, onOff),
  label: one({
    flag: "label",
    value: "TEXT",
    help: "this machine's name for trackers on private addresses, '' for none (default: host name)",
  }, textOrNone),
  uploadLimit: one(
    { flag: "upload-limit", value: "RATE", help: "send at most RATE bytes per second" },
    rate,
  ),
  downloadLimit: one(
    { flag: "download-limit", value: "RATE", help: "receive at most RATE bytes per second" },
    rate,
  ),
  maxPeers: one(
    { flag: "max-peers", value: "N", help: "keep at most N connections (default: 100)" },
    integer(1, 65_535),
  ),
  ui,
};

function webSeeds(help: string) {
  return many({ flag: "web-seed", value: "URL", help }, webSeed);
}

const seedingOptions = {
  seedTimeSeconds: one(
    { flag: "seed-time", value: "MIN", help: "stop seeding after MIN minutes" },
    amount("minutes", { factor: SECONDS_PER_MINUTE }),
  ),
  seedRatio: one(
    { flag: "seed-ratio", value: "R", help: "stop seeding after sending R times the size" },
    amount("times the size"),
  ),
};

function onDone(help: string) {
  return one({ flag: "on-done", value: "CMD", help }, text);
}

const seederOptions = {
  ...transferOptions,
  watch: many({
    flag: "watch",
    value: "DIR",
    help: "share what is in DIR, and what comes, changes and goes; may be repeated",
    isPath: true,
  }, text),
  format: one(
    { flag: "format", value: "F", help: "hybrid, v1 or v2 (default: hybrid)" },
    choice("hybrid", "v1", "v2"),
  ),
  pieceLength: one({
    flag: "piece-size",
    short: "s",
    value: "SIZE",
    help: "chunk size, a power of two, 16K to 16M (default: auto)",
  }, powerOfTwo(2 ** 14, 2 ** 24, "auto or a power of two from 16K to 16M, such as 512K")),
  name: one({
    flag: "name",
    short: "n",
    value: "NAME",
    help: "share under this name",
    isForOne: true,
  }, text),
  comment: one(
    { flag: "comment", short: "c", value: "TEXT", help: "comment to put into the torrent" },
    text,
  ),
  private: flag({ flag: "private", help: "find peers through the given trackers only" }),
  torrentFile: one({
    flag: "torrent",
    short: "o",
    value: "FILE",
    help: "also write the .torrent file",
    isForOne: true,
  }, text),
  webSeeds: webSeeds(
    "add a web server that has the files to the link and the .torrent; may be repeated",
  ),
  ...seedingOptions,
  untilCopies: one({
    flag: "until-copies",
    value: "N",
    help: "stop seeding when N other peers have everything, or all that the tracker expects",
  }, copies),
  onDone: onDone("run this program when a limit ends the seeding; no arguments, no shell"),
  announceIp: one(
    { flag: "announce-ip", value: "IP", help: "address at which other machines reach this one" },
    ipAddress,
  ),
  embeddedTracker: flag<false>(
    { flag: "no-tracker", help: "without -t: use no tracker and host none" },
    { meaning: false },
  ),
  cache: flag<false>(
    { flag: "no-cache", help: "hash the files again, even if their hashes are cached" },
    { meaning: false },
  ),
  ...jsonOption,
  ...generalOptions,
};

const leecherOptions = {
  ...transferOptions,
  out: one(
    {
      flag: "out",
      short: "o",
      value: "PATH",
      help: "folder or file to write to; a new folder ends in / (default: here)",
    },
    text,
  ),
  select: one({
    flag: "select",
    value: "0,2-4",
    help: "get only these files of a folder; --list shows the numbers",
    isForOne: true,
  }, selection),
  peers: many({
    flag: "peer",
    value: "HOST:PORT",
    help: "also connect to this peer; may be repeated",
  }, hostPort),
  webSeeds: webSeeds("also get data from this web server; may be repeated"),
  exit: flag({ flag: "exit", short: "e", help: "exit when complete instead of seeding" }),
  ...seedingOptions,
  onDone: onDone("run this program when the download is complete; no arguments, no shell"),
  verify: flag({ flag: "verify", help: "only check the files on disk" }),
  list: flag({ flag: "list", help: "only list the files of the torrent" }),
  who: flag({ flag: "who", help: "only list the machines that have it, as the tracker tells" }),
  checksum: one({
    flag: "checksum",
    value: "sha-256=HEX",
    help: "the finished file must have this checksum",
    isForOne: true,
  }, checksum),
  timeoutSeconds: one(
    { flag: "timeout", value: "S", help: "give up after S seconds" },
    amount("seconds", { zero: false }),
  ),
  stallTimeoutSeconds: one(
    { flag: "stall-timeout", value: "S", help: "give up when no data arrives for S seconds" },
    amount("seconds", { zero: false }),
  ),
  overwrite: flag({ flag: "overwrite", help: "replace an existing file that has other content" }),
  ...jsonOption,
  ...generalOptions,
};

const trackerOptions = {
  port: one(
    { flag: "port", short: "p", value: "N", help: "UDP port, 0 for any (default: 6969)" },
    port,
  ),
  host,
  intervalSeconds: one(
    {
      flag: "interval",
      value: "S",
      help: "seconds between announces; fewer while a swarm is young (default: 60)",
    },
    integer(1, SECONDS_PER_DAY),
  ),
  peerTtlSeconds: one({
    flag: "peer-ttl",
    value: "S",
    help: "forget a peer that is silent for S seconds (default: 2.5 intervals)",
  }, integer(1, 7 * SECONDS_PER_DAY)),
  maxPeers: one(
    { flag: "max-peers", value: "N", help: "put at most N peers into one answer (default: 50)" },
    integer(1, 200),
  ),
  externalIp: one(
    {
      flag: "external-ip",
      value: "IP",
      help: "give others this address for peers on this machine",
    },
    ipAddress,
  ),
  allowFile: one({
    flag: "allow",
    value: "FILE",
    help: "serve only the info-hashes in FILE, which is reread when it changes",
  }, text),
  hidden: flag({
    flag: "hidden",
    help: "do not answer when machines of the local network look for a tracker or a name",
  }),
  expectFile: one({
    flag: "expect",
    value: "FILE",
    help: "the machines in FILE should have everything; it is reread when it changes",
  }, text),
  checkPorts: flag({
    flag: "check-ports",
    help: "connect once to each new peer, and tell the peer if that fails",
  }),
  ui,
  ...jsonOption,
  ...generalOptions,
};

/** `tracker` */
export const trackerProgram: Program<typeof trackerOptions> = {
  name: "tracker",
  summary: "tells peers which other peers have a file, over UDP",
  surplus: (word) => `the tracker takes no argument, but "${word}" was given; see -h`,
  options: trackerOptions,
  examples: [
    ["deno task tracker", "listens on UDP port 6969, for IPv4 and IPv6"],
    ["deno run -A tracker.ts -p 7000 --interval 30", "another port, and peers announce more often"],
  ],
  interrupted: "stopped before it was listening",
};

/** `seeder PATH...` */
export const seederProgram: Program<typeof seederOptions> = {
  name: "seeder",
  summary: "shares files and folders with all machines that have their links",
  argument: {
    name: "PATH",
    help: "the file or folder to share; several are shared each for itself",
    missing:
      "which file or folder? Give its path, as in: deno run -A seeder.ts file.iso (-h explains all)",
    unless: "watch",
  },
  options: seederOptions,
  examples: [
    ["deno run -A seeder.ts file.iso", "shares the file, and hosts a tracker if none runs here"],
    ["deno run -A seeder.ts photos/ a.iso b.iso", "shares a folder as a whole, and two files"],
    [
      "deno run -A seeder.ts --watch images/",
      "shares each file and folder in there, now and later",
    ],
    [
      "deno run -A seeder.ts -t udp://10.0.0.2:6969 file.iso",
      "announces the file to a tracker on another machine",
    ],
    [
      "deno run -A seeder.ts --upload-limit 2M -o file.torrent file.iso",
      "sends at most 2 MiB per second and writes a .torrent file",
    ],
  ],
  interrupted:
    "interrupted before everything was ready to share, run the same command to start again",
};

/** `leecher WHAT...` */
export const leecherProgram: Program<typeof leecherOptions> = {
  name: "leecher",
  summary: "gets files and folders from all peers that have them, verifies them, then shares them",
  argument: {
    name: "WHAT",
    help: "magnet link, .torrent file or its URL, info-hash, or a file name; or several of them",
    missing:
      "what shall I get? Give a magnet link, a .torrent file, an info-hash or a file name, " +
      "as in: deno run -A leecher.ts file.iso (-h explains all)",
  },
  options: leecherOptions,
  examples: [
    ["deno run -A leecher.ts file.iso", "by name, on the local network or this machine's tracker"],
    ["deno run -A leecher.ts -t udp://10.0.0.2:6969 file.iso", "by name, from another tracker"],
    ["deno run -A leecher.ts -e -o /data 'magnet:?xt=...'", "into /data, exits when complete"],
    ["deno run -A leecher.ts -e a.iso b.iso photos", "three at once, exits when all are complete"],
    [
      "deno run -A leecher.ts --select 0,2-4 photos.torrent",
      "some files of a folder; --list shows their numbers",
    ],
    ["deno run -A leecher.ts --verify file.torrent", "checks the file on disk"],
    ["deno run -A leecher.ts --who file.iso", "lists the machines that have it"],
  ],
  interrupted: "interrupted, run the same command to continue",
};
