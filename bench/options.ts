/**
 * The command line of `deno task bench`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { CONTENDERS } from "./contenders/all.ts";
import { parseSize } from "./measure/table.ts";

/** In the order in which they are printed. */
export const TABLES = [
  "1-1",
  "4-1",
  "1-4",
  "memory",
  "start",
  "idle",
  "many",
  "many-shares",
  "page",
  "create",
  "tracker",
] as const;

export type TableName = typeof TABLES[number];

/** Names that stand for several tables. */
const GROUPS: Record<string, readonly TableName[]> = { transfer: ["1-1", "4-1", "1-4"] };

const NAMES = CONTENDERS.map(({ name }) => name.toLowerCase());

export interface Options {
  tables: readonly TableName[];
  rounds: number;
  bytes: number;
  /** Small files besides the big one; 0: no folder. */
  smallFiles: number;
  /** Names of programs in lower case; default: all. */
  only?: string[];
  keepGoing: boolean;
}

/** @throws Error with a sentence for the user */
export function parseOptions(args: readonly string[]): Options {
  const flags = parseArgs([...args], {
    string: ["size", "runs", "only", "folder", "_"],
    boolean: ["strict"],
    default: { size: "1G", runs: "5", folder: "0" },
    unknown: (word, flag) => {
      if (flag !== undefined) throw new Error(`unknown option ${word}`);
      return true;
    },
  });
  const text = (flag: string) => flags[flag]?.toString();
  const only = text("only")?.toLowerCase().split(",");
  const unknown = only?.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`--only knows ${NAMES.join(", ")}, not ${unknown}`);
  return {
    tables: tablesNamed(flags._.map(String)),
    rounds: wholeNumber("runs", text("runs")!, 1),
    bytes: parseSize(text("size")!),
    smallFiles: wholeNumber("folder", text("folder")!, 0),
    ...(only === undefined ? {} : { only }),
    keepGoing: flags["strict"] !== true,
  };
}

function tablesNamed(words: readonly string[]): readonly TableName[] {
  if (words.length === 0) return TABLES;
  const named = new Set(words.flatMap((word): readonly TableName[] => {
    const table = TABLES.find((name) => name === word);
    const tables = table === undefined ? GROUPS[word] : [table];
    if (tables !== undefined) return tables;
    const known = [...Object.keys(GROUPS), ...TABLES].join(", ");
    throw new Error(`there is no table ${word}; there are ${known}`);
  }));
  return TABLES.filter((name) => named.has(name));
}

function wholeNumber(flag: string, text: string, least: number): number {
  const number = Number(text);
  if (text !== "" && Number.isInteger(number) && number >= least) return number;
  throw new Error(`--${flag} wants a whole number, ${least} or more`);
}
