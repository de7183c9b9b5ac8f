/**
 * The command line of the leecher: options, argument, examples.
 *
 * Each option's key is its name in the library, so that the values can be passed on.
 *
 * @module
 */

import { generalOptions, jsonOption, type Program } from "./flags.ts";
import { amount, checksum, flag, hostPort, many, one, selection, text } from "./options.ts";
import { onDone, seedingOptions, transferOptions, webSeeds } from "./shared_options.ts";

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
