/**
 * The command line of the simulator.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { parseRate, parseSize } from "../../lib/cli/text/units.ts";
import { OptionError } from "../../lib/errors.ts";
import type { Scenario } from "./simulation.ts";

/** Options with a value: the default and the meaning. */
const VALUES = {
  "peers": ["100", "leechers; one seeder besides"],
  "size": ["64M", "bytes of the file"],
  "piece-size": ["256K", "bytes of a piece"],
  "up": ["5M", "bytes per second every peer can send"],
  "down": ["0", "bytes per second every peer can receive; 0: any number"],
  "seeder-up": ["", "bytes per second the seeder can send; default as --up"],
  "latency": ["5", "milliseconds from any peer to any other, one way"],
  "seed": ["1", "of all chance: one seed, one result"],
  "spread": ["1x", "half of the leechers send so many times slower than --up"],
  "slow": ["0", "share of leechers that send at a hundredth of their rate"],
  "free-riders": ["0", "share of leechers that serve nobody"],
  "corrupt": ["0", "share of leechers whose data is wrong"],
  "arrivals": ["0", "leechers come evenly over so many seconds"],
  "crashes": ["0", "share of leechers that are killed at some time before the bound"],
  "tracker-loss": ["0", "share of the tracker's answers that get lost"],
  "interval": ["60", "seconds between announces, once the swarm has formed"],
  "answers": ["50", "peers in an answer of the tracker"],
  "connections": ["100", "most connections of a peer"],
  "slots": ["4", "peers that a peer serves at once, at first"],
  "socket-buffer": ["4M", "most bytes that the system buffers for a connection"],
  "batch": ["32K", "bytes of file data written at once, at least"],
  "grain": ["1", "milliseconds that pass between two looks of a program at its sockets"],
  "patience": ["50", "multiples of the bound after which it is given up"],
} as const;

const SWITCHES = {
  "departures": "leechers are gone as soon as they have everything",
  "late-joiner": "the last leecher comes when half of the bound has passed",
  "no-super-seed": "the seeder shows all it has from the beginning",
  "no-pex": "peers do not tell each other of peers",
  "scaling": "10, 30, 100, 300, 1000 and 3000 leechers, as a table",
  "trace": "what happens in each of forty stretches of the bound",
  "json": "figures as JSON",
  "help": "this text",
} as const;

/** The parsed command line. */
export interface Request {
  readonly scenario: Scenario;
  readonly switches: ReadonlySet<keyof typeof SWITCHES>;
}

/** The help text. */
export function helpText(): string {
  const lines = [
    ...Object.entries(VALUES).map(([name, [value, meaning]]) =>
      `  --${name.padEnd(15)} ${meaning}${value === "" ? "" : ` (${value})`}`
    ),
    ...Object.entries(SWITCHES).map(([name, meaning]) => `  --${name.padEnd(15)} ${meaning}`),
  ];
  return `deno task simulate [options]\n\n${lines.join("\n")}`;
}

/**
 * Parses the command line.
 *
 * @throws {OptionError} that says what is wrong with it
 */
export function parseRequest(args: string[]): Request {
  const flags = parseArgs(args, {
    string: Object.keys(VALUES),
    boolean: Object.keys(SWITCHES),
    default: Object.fromEntries(Object.entries(VALUES).map(([name, [value]]) => [name, value])),
    unknown: (flag) => {
      throw new OptionError(`unknown argument ${flag}`);
    },
  });
  const text = (name: keyof typeof VALUES) => String(flags[name]);
  const is = (name: string) => flags[name] === true;
  const switches = new Set(Object.keys(SWITCHES).filter(is) as (keyof typeof SWITCHES)[]);
  return { scenario: scenarioOf(text, is), switches };
}

function scenarioOf(
  text: (name: keyof typeof VALUES) => string,
  is: (name: keyof typeof SWITCHES) => boolean,
): Scenario {
  const rate = (name: keyof typeof VALUES) => atLeast(0, name, text(name), parseRate(text(name)));
  const size = (name: keyof typeof VALUES) => atLeast(1, name, text(name), parseSize(text(name)));
  const number = (name: keyof typeof VALUES, least = 0) =>
    atLeast(least, name, text(name), Number(text(name).replace(/x$/, "")));
  const share = (name: keyof typeof VALUES) => shareOf(name, text(name));
  return {
    seed: number("seed"),
    peers: number("peers", 1),
    bytes: size("size"),
    pieceLength: size("piece-size"),
    up: rate("up"),
    down: rate("down") || Infinity,
    seederUp: rate(text("seeder-up") === "" ? "up" : "seeder-up"),
    spread: number("spread", 1),
    latencyMs: number("latency"),
    maxConnections: number("connections", 1),
    uploadSlots: number("slots", 1),
    socketBufferBytes: size("socket-buffer"),
    leastBatchBytes: size("batch"),
    superSeed: !is("no-super-seed"),
    peerExchange: !is("no-pex"),
    slotMs: number("grain", 0.01),
    arrivalSeconds: number("arrivals"),
    departures: is("departures"),
    crashes: share("crashes"),
    lateJoiner: is("late-joiner"),
    freeRiders: share("free-riders"),
    corrupt: share("corrupt"),
    slow: share("slow"),
    trackerLoss: share("tracker-loss"),
    trackerIntervalSeconds: number("interval", 1),
    peersPerAnswer: number("answers", 1),
    patience: number("patience", 1),
  };
}

function atLeast(least: number, name: string, text: string, value: number | undefined): number {
  if (value === undefined || !(value >= least)) {
    throw new OptionError(`--${name} cannot be ${text}`);
  }
  return value;
}

/** "0.2" or "20%". */
function shareOf(name: string, text: string): number {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(value >= 0 && value <= 1)) throw new OptionError(`--${name} is a share from 0 to 1`);
  return value;
}
