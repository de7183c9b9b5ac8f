/**
 * The command line of the tracker: options, argument, examples.
 *
 * Each option's key is its name in the library, so that the values can be passed on.
 *
 * @module
 */

import { generalOptions, jsonOption, type Program } from "./flags.ts";
import { flag, integer, ipAddress, one, text } from "./options.ts";
import { host, port, ui } from "./shared_options.ts";

const SECONDS_PER_DAY = 86_400;

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
    ["deno run -A tracker.ts -v --expect lab.txt", "says which machines of the list lack a file"],
  ],
  interrupted: "stopped before it was listening",
};
