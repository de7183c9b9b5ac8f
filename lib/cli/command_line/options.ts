/**
 * The definition of a command line option: its names, its help, and how its text becomes a value.
 *
 * A program's options are one table; parsing, environment variables and help text all follow from it.
 *
 * @module
 */

import { isIp, parseHostPort } from "../../codec/address.ts";
import { parseTrackerUrl } from "../../codec/discovery/tracker_url.ts";
import { parseSelection } from "../../codec/torrent/magnet.ts";
import { webUrl } from "../../codec/torrent/web_seed_url.ts";
import { parseRate, parseSize } from "../text/units.ts";

const MAX_PORT = 65_535;

/** Returned by a reader for a text that is not a valid value. */
export const unfit: unique symbol = Symbol("unfit");

/** Parses a value's text; `expects` completes the sentence "--port takes …". */
interface Reader<T> {
  /** What is accepted, with its article: `a whole number from 0 to 65535`. */
  readonly expects: string;
  /** An empty text is a value. */
  readonly mayBeEmpty?: true;
  /** The value; {@link unfit}; or `undefined` for a text that means "as if the option were not given". */
  read(text: string): T | typeof unfit | undefined;
}

/** One option. `T` is the type of its value in {@link Values}. */
export interface Option<T> {
  /** The long name without dashes, also the source of the environment variable's name. */
  readonly flag: string;
  /** The one-letter name without its dash. */
  readonly short?: string;
  /** The value's placeholder in the help, such as `URL`; absent for a switch. */
  readonly value?: string;
  /** One line of help. */
  readonly help: string;
  /** May be given several times, and all values count. Otherwise the last one counts. */
  readonly repeatable: boolean;
  /** Can be set by an environment variable. */
  readonly environment: boolean;
  /** Fits a single argument of the program. */
  readonly isForOne?: boolean;
  /** Its value is a path, in which spaces and commas separate nothing. */
  readonly isPath?: boolean;
  /** An empty text is a value on the command line. */
  readonly mayBeEmpty?: true;
  /** What is accepted: see {@link Reader.expects}. */
  readonly expects: string;
  /** Parses the given texts, at least one; see {@link Reader.read}. */
  readAll(texts: readonly string[]): T | typeof unfit | undefined;
}

/** The options of a program, by their names in the code. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values of the options in `T`; an option that was not given is absent. */
export type Values<T extends OptionTable> = {
  [K in keyof T]?: T[K] extends Option<infer V> ? V : never;
};

/** The names of an option, and its help. */
interface Naming {
  /** See {@link Option.flag}. */
  flag: string;
  /** See {@link Option.short}. */
  short?: string;
  /** See {@link Option.value}. */
  value: string;
  /** See {@link Option.help}. */
  help: string;
  /** See {@link Option.isForOne}. */
  isForOne?: true;
  /** See {@link Option.isPath}. */
  isPath?: true;
}

/** An option with one value. */
export function one<T>(naming: Naming, reader: Reader<T>): Option<T> {
  return {
    ...naming,
    repeatable: false,
    environment: true,
    expects: reader.expects,
    ...(reader.mayBeEmpty && { mayBeEmpty: true }),
    readAll: (texts) => reader.read(texts.at(-1)!),
  };
}

/** An option that may be repeated; its value is the list of all its values. */
export function many<T>(naming: Naming, reader: Reader<T>): Option<T[]> {
  return {
    ...naming,
    repeatable: true,
    environment: true,
    expects: reader.expects,
    readAll(texts) {
      const values: T[] = [];
      for (const text of texts) {
        const value = reader.read(text);
        if (value === unfit) return unfit;
        if (value !== undefined) values.push(value);
      }
      return values;
    },
  };
}

/** A switch: it takes no value, and yields `meaning` when given. */
export function flag<T extends boolean = true>(
  naming: Omit<Naming, "value">,
  { meaning = true as T, environment = true }: { meaning?: T; environment?: boolean } = {},
): Option<T> {
  return {
    ...naming,
    repeatable: false,
    environment,
    expects: "1 or 0",
    readAll: (texts) => {
      const text = texts.at(-1)!.toLowerCase();
      if (/^(1|true|yes|on)$/.test(text)) return meaning;
      return /^(0|false|no|off)$/.test(text) ? undefined : unfit;
    },
  };
}

/** A switch whose value is how often it is given, at most `most`. */
export function level(naming: Omit<Naming, "value">, most: number): Option<number> {
  return {
    ...naming,
    repeatable: true,
    environment: true,
    expects: `a whole number from 0 to ${most}`,
    readAll: (texts) => {
      const words = { true: "1", yes: "1", on: "1", false: "0", no: "0", off: "0" };
      const times = texts.map((given) => words[given.toLowerCase() as keyof typeof words] ?? given);
      if (!times.every((given) => /^\d$/.test(given))) return unfit;
      const sum = times.reduce((total, given) => total + Number(given), 0);
      return sum === 0 ? undefined : Math.min(sum, most);
    },
  };
}

/** Any text. */
export const text: Reader<string> = { expects: "a text", read: (given) => given };

/** Any text, or none. */
export const textOrNone: Reader<string> = { ...text, mayBeEmpty: true };

/** A number of machines, or `all` that are expected. */
export const copies: Reader<number | "all"> = {
  expects: "a whole number from 1 to 1000000, or all",
  read: (given) => given.toLowerCase() === "all" ? "all" : integer(1, 1_000_000).read(given)!,
};

/** One of a few words. */
export function choice<T extends string>(...words: readonly T[]): Reader<T> {
  return {
    expects: `one of ${words.join(", ")}`,
    read: (given) => words.find((word) => word === given.toLowerCase()) ?? unfit,
  };
}

/** `on` or `off`. */
export const onOff: Reader<boolean> = {
  expects: "on or off",
  read: (given) => /^on$/i.test(given) ? true : /^off$/i.test(given) ? false : unfit,
};

/** A whole number from `least` to `most`, both included. */
export function integer(least: number, most: number): Reader<number> {
  return {
    expects: `a whole number from ${least} to ${most}`,
    read(given) {
      const n = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
      return n >= least && n <= most ? n : unfit;
    },
  };
}

/** A decimal number of `unit`, multiplied by `factor` (60 makes seconds of minutes). */
export function amount(unit: string, { factor = 1, zero = true } = {}): Reader<number> {
  return {
    expects: `a number of ${unit}${zero ? "" : " above 0"}`,
    read(given) {
      const n = /^\d{1,12}(\.\d{1,9})?$/.test(given) ? Number(given) * factor : NaN;
      return n > 0 || (zero && n === 0) ? n : unfit;
    },
  };
}

/** A rate in bytes per second with K, M or G; 0 lifts the limit. */
export const rate: Reader<number> = {
  expects: "a rate in bytes per second such as 500K or 2M, or 0 for no limit",
  read(given) {
    const bytes = parseRate(given);
    return bytes === undefined ? unfit : bytes || undefined;
  },
};

/** A size of at least `least` bytes; `shown` is how people write that. */
export function sizeFrom(least: number, shown: string): Reader<number> {
  return {
    expects: `a size from ${shown} on, such as 96M`,
    read(given) {
      const bytes = parseSize(given);
      return bytes === undefined || bytes < least ? unfit : bytes;
    },
  };
}

/** A size that is a power of two from `least` to `most` bytes, or `auto`. */
export function powerOfTwo(least: number, most: number, expects: string): Reader<number> {
  return {
    expects,
    read(given) {
      if (given.toLowerCase() === "auto") return undefined;
      const bytes = parseSize(given);
      if (bytes === undefined || bytes < least || bytes > most) return unfit;
      return Number.isInteger(Math.log2(bytes)) ? bytes : unfit;
    },
  };
}

/** A UDP tracker's URL. Throws an OptionError that says what is wrong with an invalid one. */
export const udpTracker: Reader<string> = {
  expects: "the URL of a UDP tracker, udp://host:port",
  read: (given) => parseTrackerUrl(given).url,
};

/** The URL of a web server that has the files (BEP 19). */
export const webSeed: Reader<string> = {
  expects: "an http or https URL without a password in it",
  read: (given) => webUrl(given)?.href ?? unfit,
};

/** A peer's address: host, colon, port, with brackets around an IPv6 address. */
export const hostPort: Reader<string> = {
  expects: "HOST:PORT, with an IPv6 address in brackets",
  read: (given) => parseHostPort(given) ? given.trim() : unfit,
};

/** Where to serve the page: an address of this machine and a port, 0 for any, or one of two words. */
export const pageAddress: Reader<"auto" | "off" | { host: string; port: number }> = {
  expects: "HOST:PORT with an IP address, auto or off",
  read(given) {
    const word = given.trim().toLowerCase();
    if (word === "auto" || word === "off") return word;
    const match = /^(?:\[([^\[\]]+)\]|([^:\[\]]+)):(\d{1,5})$/.exec(word);
    const host = match?.[1] ?? match?.[2] ?? "";
    const port = Number(match?.[3]);
    const isBindable = host === "localhost" || isIp(host);
    return isBindable && port <= MAX_PORT ? { host, port } : unfit;
  },
};

/** An IP address, not a name. */
export const ipAddress: Reader<string> = {
  expects: "an IP address",
  read: (given) => isIp(given) ? given : unfit,
};

/** A SHA-256 checksum as `sha-256=HEX`. */
export const checksum: Reader<string> = {
  expects: "sha-256= and 64 hexadecimal digits",
  read: (given) => /^sha-256=[0-9a-f]{64}$/i.test(given) ? given.toLowerCase() : unfit,
};

/** File numbers such as `0,2-4`. */
export const selection: Reader<number[]> = {
  expects: "numbers of files and ranges of them, such as 0,2-4",
  read(given) {
    try {
      return parseSelection(given);
    } catch {
      return unfit;
    }
  },
};
