/**
 * Turns a command line and the environment into validated values, using a program's table of options.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { OptionError } from "../../errors.ts";
import { unreadVariables } from "../../runtime/permissions.ts";
import { foreign } from "../text/terminal_text.ts";
import {
  choice,
  flag,
  level,
  one,
  type Option,
  type OptionTable,
  unfit,
  type Values,
} from "./options.ts";
import { nearest } from "./suggest.ts";

/** A program as its user sees it: everything that parsing and help need. */
export interface Program<T extends OptionTable> {
  /** `seeder`; error messages start with it. */
  readonly name: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** Its argument, if it takes one. */
  readonly argument?: {
    /** `PATH` */
    readonly name: string;
    /** What it accepts, for the help. */
    readonly help: string;
    /** The error message when it is missing. */
    readonly missing: string;
    /** The option, by its name in the code, that makes the argument optional. */
    readonly unless?: string;
  };
  /** The error message when there is one argument too many; absent if there may be several. */
  readonly surplus?: (argument: string) => string;
  readonly options: T;
  /** Example command lines and what they do. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** The message when the user stops the program before its work is done. */
  readonly interrupted: string;
}

/** The result of parsing a command line. */
export type CommandLine<T extends OptionTable> =
  | { type: "help" }
  | { type: "version" }
  | { type: "run"; arguments: string[]; options: Values<T> };

/** The options of every program; {@link parseCommandLine} handles help and version itself. */
export const generalOptions = {
  progress: one({
    flag: "progress",
    value: "FORM",
    help: "live or lines (default: auto, live on a terminal)",
  }, choice("auto", "live", "lines")),
  quiet: flag({ flag: "quiet", short: "q", help: "print results and errors only" }),
  verbose: level({
    flag: "verbose",
    short: "v",
    help: "print what happens, and the stack of a bug; twice (-vv): each chunk too",
  }, 2),
  help: flag({ flag: "help", short: "h", help: "print this text" }, { environment: false }),
  version: flag({ flag: "version", short: "V", help: "print the version" }, { environment: false }),
};

/** The option of programs that emit events for other programs. */
export const jsonOption = {
  json: flag({
    flag: "json",
    help: "print what happens as JSON, one event a line, and no results",
  }),
};

/** The most arguments: each of them is a torrent, with memory and files of its own. */
const MOST_ARGUMENTS = 10_000;

/** The prefix of all options' environment variables. */
const ENVIRONMENT_PREFIX = "SHOAL_";

/** The environment variable of an option: `upload-limit` is `SHOAL_UPLOAD_LIMIT`. */
export function environmentName(option: Option<unknown>): string {
  return `${ENVIRONMENT_PREFIX}${option.flag.toUpperCase().replaceAll("-", "_")}`;
}

/** Why a program's options are not read from the environment; `undefined` if they are. */
export function environmentUnread({ options }: { options: OptionTable }): string | undefined {
  const readable = Object.values(options).filter(({ environment }) => environment);
  return unreadVariables(readable.map(environmentName), `${ENVIRONMENT_PREFIX}*`);
}

/**
 * Parses a command line.
 *
 * @param args the words after the program's name
 * @param environment the value of an environment variable; empty counts as not set
 * @throws OptionError with one sentence for an unknown option, a bad value, a missing or surplus argument,
 * or an option for a single argument when there are several
 */
export function parseCommandLine<T extends OptionTable>(
  program: Program<T>,
  args: readonly string[],
  environment: (name: string) => string | undefined,
): CommandLine<T> {
  const options = Object.values(program.options);
  const unknown: { word: string; key: string }[] = [];
  const words: string[] = [];
  const parsed = parseArgs(expandShort(joinOddValues(args, options), options), {
    string: options.filter(takesValue).map((option) => option.flag),
    collect: options.filter((option) => takesValue(option) || option.repeatable)
      .map((option) => option.flag),
    boolean: options.filter((option) => !takesValue(option)).map((option) => option.flag),
    alias: aliases(options),
    // If `_` were declared a string, parseArgs would read `--_` as an option; otherwise it reads "1e3" as a
    // number.
    unknown: (word, key) => {
      if (key === undefined) words.push(word);
      else unknown.push({ word, key });
      return false;
    },
  });
  if (parsed["help"] === true) return { type: "help" };
  if (parsed["version"] === true) return { type: "version" };
  if (unknown[0] !== undefined) throw unknownOption(unknown[0].word, unknown[0].key, options);
  const values = readOptions(program.options, parsed, environment);
  const given = [...words, ...parsed._.map(String)];
  requireFitting(program, values, given);
  return { type: "run", options: values, arguments: given };
}

function takesValue(option: Option<unknown>): boolean {
  return option.value !== undefined;
}

function aliases(options: readonly Option<unknown>[]): Record<string, string> {
  const byFlag: Record<string, string> = {};
  for (const { flag, short } of options) if (short !== undefined) byFlag[flag] = short;
  return byFlag;
}

/**
 * Joins a negative number or an empty word to the option before it. parseArgs would read the number as an
 * option, and the empty word as an argument; joined, the option's reader judges them.
 */
function joinOddValues(args: readonly string[], options: readonly Option<unknown>[]): string[] {
  const joined: string[] = [];
  const end = args.indexOf("--");
  for (const [i, word] of args.entries()) {
    const before = joined.at(-1) ?? "";
    const option = options.find(({ flag, short }) =>
      before === `--${flag}` || before === `-${short}`
    );
    const isValue = option !== undefined && takesValue(option) && /^-\.?\d|^$/.test(word);
    if (isValue && (end === -1 || i < end)) joined.splice(-1, 1, `--${option.flag}=${word}`);
    else joined.push(word);
  }
  return joined;
}

/**
 * Splits `-ofile` into an option and its value for parseArgs (which would read `-o -f -i …`), and refuses
 * `--quiet=no`, which it would read as yes.
 */
function expandShort(args: readonly string[], options: readonly Option<unknown>[]): string[] {
  const end = args.indexOf("--");
  return args.map((word, i) => {
    if (end !== -1 && i >= end) return word;
    const attached = /^-([A-Za-z])=?(.+)$/s.exec(word);
    const option = options.find((candidate) => candidate.short === attached?.[1]);
    if (attached && option && takesValue(option)) return `--${option.flag}=${attached[2]}`;
    const assigned = /^--([^=]+)=/.exec(word)?.[1];
    const known = options.find((candidate) => candidate.flag === assigned);
    if (known && !takesValue(known)) throw new OptionError(`--${known.flag} takes no value`);
    return word;
  });
}

function unknownOption(
  word: string,
  key: string,
  options: readonly Option<unknown>[],
): OptionError {
  const isShort = /^-[^-]/.test(word);
  const shown = isShort ? `-${key}` : word.split("=")[0]!;
  const guess = isShort
    ? guessShort(key, options)
    : `--${nearest(shown.replace(/^-+/, ""), options.map((option) => option.flag))}`;
  return new OptionError(
    `there is no option ${foreign(shown)}; the nearest is ${guess}, and -h lists them all`,
  );
}

function guessShort(letter: string, options: readonly Option<unknown>[]): string {
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  const twin = options.find((option) => option.short === other);
  return twin ? `-${other}` : `--${nearest(letter, options.map((option) => option.flag))}`;
}

function readOptions<T extends OptionTable>(
  table: T,
  parsed: Record<string, unknown>,
  environment: (name: string) => string | undefined,
): Values<T> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    const given = fromArguments(option, parsed[option.flag]) ??
      fromEnvironment(option, environment);
    if (given === undefined) continue;
    const value = readAll(option, given);
    if (value === unfit) {
      const shown = given.texts.map((text) => `"${foreign(text)}"`).join(" and ");
      throw new OptionError(`${given.source} takes ${option.expects}, not ${shown}`);
    }
    if (value !== undefined) values[key] = value;
  }
  return values as Values<T>;
}

/**
 * The value of an option. If its reader throws an error of its own, that error names the environment
 * variable the value came from.
 */
function readAll(option: Option<unknown>, { source, texts }: Given): unknown {
  try {
    return option.readAll(texts);
  } catch (error) {
    if (!(error instanceof OptionError) || !source.startsWith("SHOAL_")) throw error;
    throw new OptionError(`${source}: ${error.message}`, { cause: error });
  }
}

interface Given {
  source: string;
  texts: string[];
}

function fromArguments(option: Option<unknown>, parsed: unknown): Given | undefined {
  const source = `--${option.flag}`;
  if (parsed === true) return { source, texts: ["1"] };
  if (!Array.isArray(parsed) || parsed.length === 0) return undefined;
  if (!takesValue(option)) return { source, texts: parsed.map(() => "1") };
  const texts = parsed.map(String);
  if (texts.includes("") && !option.mayBeEmpty) {
    throw new OptionError(
      `${source} needs a value: ${option.expects} (write ${source}=VALUE when it begins with a dash)`,
    );
  }
  return { source, texts };
}

function fromEnvironment(
  option: Option<unknown>,
  environment: (name: string) => string | undefined,
): Given | undefined {
  if (!option.environment) return undefined;
  const source = environmentName(option);
  const text = environment(source)?.trim();
  if (!text) return undefined;
  const isList = option.repeatable && !option.isPath;
  return { source, texts: isList ? text.split(/[\s,]+/).filter(Boolean) : [text] };
}

/** @throws OptionError when the number of arguments does not fit the program or an option */
function requireFitting<T extends OptionTable>(
  { name, argument, surplus, options }: Program<T>,
  values: Values<T>,
  words: readonly string[],
): void {
  const extra = surplus && words[argument ? 1 : 0];
  if (extra !== undefined) throw new OptionError(surplus!(foreign(extra)));
  if (argument === undefined) return;
  const isReplaced = argument.unless !== undefined && argument.unless in values;
  if (words.length === 0 ? !isReplaced : words.includes("")) {
    throw new OptionError(argument.missing);
  }
  if (words.length > MOST_ARGUMENTS) {
    throw new OptionError(`at most ${MOST_ARGUMENTS} at a time: ${words.length} were given`);
  }
  if (words.length === 1 && !isReplaced) return;
  const single = Object.keys(values).find((key) => options[key]!.isForOne);
  if (single === undefined) return;
  throw new OptionError(
    `--${
      options[single]!.flag
    } fits one ${argument.name} only, and there may be several: leave it out, ` +
      `or start another ${name} for that one`,
  );
}
