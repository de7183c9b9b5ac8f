/**
 * A program's help text, generated from the same table that its command line is parsed with.
 *
 * @module
 */

import { environmentName, type Program } from "./flags.ts";
import type { Option, OptionTable } from "./options.ts";

/** The terminal width that help is formatted for. */
const HELP_COLUMNS = 80;

/**
 * The help of `program`: usage, options, environment variables and examples; ends in a newline.
 *
 * @param unread why environment variables are not read, if they are not
 */
export function helpText<T extends OptionTable>(
  program: Program<T>,
  version: string,
  unread?: string,
): string {
  const options = Object.values(program.options);
  const rows = options.map((option) => [optionNames(option), option.help] as const);
  const words = program.argument && `${program.argument.name}${program.surplus ? "" : "..."}`;
  const usage = ["Usage:", program.name, "[options]", words];
  const argument = program.argument && [program.argument.name, program.argument.help] as const;
  const variable = options.find((option) => option.environment);
  const lines = [
    ...wrap(`${program.name} (Shoal ${version}): ${program.summary}`, HELP_COLUMNS),
    "",
    usage.filter(Boolean).join(" "),
    "",
    ...columns(argument ? [argument, ["", ""], ...rows] : rows),
    "",
  ];
  if (options.some(({ value }) => value === "RATE" || value === "SIZE")) {
    lines.push("Sizes and rates take the binary suffixes K, M and G.");
  }
  if (variable) {
    const text = "Every option can be set by an environment variable too: " +
      `--${variable.flag} by ${environmentName(variable)}, and so on.`;
    lines.push(...wrap(text, HELP_COLUMNS));
    if (unread !== undefined) lines.push(...wrap(`Now ${unread}.`, HELP_COLUMNS));
  }
  lines.push(
    "",
    "Examples:",
    ...program.examples.flatMap(([command, meaning]) => [
      `  ${command}`,
      `      ${meaning}`,
    ]),
  );
  return lines.join("\n") + "\n";
}

/** The names of an option with its value: `-t, --tracker URL`. */
export function optionNames(option: Option<unknown>): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${option.flag}${option.value === undefined ? "" : ` ${option.value}`}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.flatMap(([name, help]) =>
    wrap(help, HELP_COLUMNS - left).map((part, i) =>
      `${(i === 0 ? `  ${name}` : "").padEnd(left)}${part}`.trimEnd()
    )
  );
}

/** Wraps `text` at word boundaries into lines of at most `cells` characters. */
function wrap(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > cells) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
