/**
 * Reads what tests hold against the code from a document: tables, blocks and diagrams that a comment in
 * front of them names, `<!-- bytes: have -->` for instance.
 * @module
 */

/** A row of a table: cell by heading, without backticks around a whole cell. */
export type Row = Readonly<Record<string, string>>;

/** A table under the name that its comment gives it. */
export interface NamedTable {
  /** What stands before the colon of the comment, or all of it: `bytes`. */
  readonly kind: string;
  /** What stands after it, or nothing: `have`. */
  readonly name: string;
  readonly headings: readonly string[];
  readonly rows: readonly Row[];
}

/** A block between fences. */
export interface Fenced {
  /** `mermaid` */
  readonly language: string;
  readonly lines: readonly string[];
}

/** The text of a document of this project, by its path from the root. */
export function documentText(path: string): Promise<string> {
  return Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
}

/** The documents for users and contributors: the programs and commands in them are run by tests. */
export const GUIDES: readonly string[] = [
  "README.md",
  "docs/manual.md",
  "docs/compatibility.md",
  "docs/library.md",
  "CONTRIBUTING.md",
];

/** All {@link GUIDES} as one text. */
export async function guidesText(): Promise<string> {
  return (await Promise.all(GUIDES.map(documentText))).join("\n");
}

/** All tables that have a name. */
export function namedTables(text: string): NamedTable[] {
  const pattern = /<!-- ([^\n]*?) -->\n\n((?:\|[^\n]*\n)+)/g;
  return [...text.matchAll(pattern)].map(([, comment, table]) => {
    const [kind = "", name = ""] = comment!.split(": ");
    const [headings = [], , ...rows] = table!.trim().split("\n").map(cellsOf);
    return {
      kind,
      name,
      headings,
      rows: rows.map((cells) => Object.fromEntries(cells.map((cell, i) => [headings[i]!, cell]))),
    };
  });
}

/** How many tables there are, with a name or without. */
export function tableCount(text: string): number {
  return [...text.matchAll(/^\|(?: :?-+:? \|)+$/gm)].length;
}

/** The lines of the block that this comment names. */
export function namedBlock(text: string, name: string): string[] {
  const block = new RegExp(`<!-- ${name} -->\n\n\`\`\`\\w*\n([^]*?)\n\`\`\`\n`).exec(text);
  if (block === null) throw new Error(`the document has no block "${name}"`);
  return block[1]!.split("\n");
}

/** All blocks between fences. */
export function fencedBlocks(text: string): Fenced[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)\n```$/gm)].map(([, language, lines]) => ({
    language: language!,
    lines: lines!.split("\n"),
  }));
}

function cellsOf(line: string): string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|").replace(/^`([^`]*)`$/, "$1"));
}
