/**
 * Options that several programs have.
 *
 * @module
 */

import {
  amount,
  integer,
  many,
  one,
  onOff,
  pageAddress,
  rate,
  text,
  textOrNone,
  udpTracker,
  webSeed,
} from "./options.ts";

const SECONDS_PER_MINUTE = 60;

/** A port number; 0 for any. */
export const port = integer(0, 65_535);

/** `--host` */
export const host = one(
  { flag: "host", value: "ADDR", help: "address to listen on (default: all, IPv4 and IPv6)" },
  text,
);

/** `--ui` */
export const ui = one({
  flag: "ui",
  value: "HOST:PORT",
  help: "serve the web page there; or auto, or off (default: auto, a local port if on a terminal)",
}, pageAddress);

/** Options that the seeder and the leecher share. */
export const transferOptions = {
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
    {
      flag: "max-peers",
      value: "N",
      help: "keep at most N connections for each torrent (default: 100)",
    },
    integer(1, 65_535),
  ),
  ui,
};

/** `--web-seed` */
export function webSeeds(help: string) {
  return many({ flag: "web-seed", value: "URL", help }, webSeed);
}

/** The limits that end seeding. */
export const seedingOptions = {
  seedTimeSeconds: one(
    { flag: "seed-time", value: "MIN", help: "stop seeding after MIN minutes" },
    amount("minutes", { factor: SECONDS_PER_MINUTE }),
  ),
  seedRatio: one(
    { flag: "seed-ratio", value: "R", help: "stop seeding after sending R times the size" },
    amount("times the size"),
  ),
};

/** `--on-done` */
export function onDone(help: string) {
  return one({ flag: "on-done", value: "CMD", help }, text);
}
