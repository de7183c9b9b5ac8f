/**
 * The command line of the seeder: options, argument, examples.
 *
 * Each option's key is its name in the library, so that the values can be passed on.
 *
 * @module
 */

import { generalOptions, jsonOption, type Program } from "./flags.ts";
import { choice, copies, flag, ipAddress, many, one, powerOfTwo, text } from "./options.ts";
import { onDone, seedingOptions, transferOptions, webSeeds } from "./shared_options.ts";

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
    help: "stop seeding when N other peers have everything; all: all that the tracker expects",
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
    ["deno run -A seeder.ts file.iso", "shares the file, with a tracker that it finds or hosts"],
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
