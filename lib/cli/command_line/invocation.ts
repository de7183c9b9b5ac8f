/**
 * The command that starts the leecher, matching how this program was started.
 *
 * @module
 */

import { dirname, fromFileUrl, join, relative } from "@std/path";
import { printable, shellQuote } from "../text/terminal_text.ts";

/** How this program runs, according to Deno. */
export interface Running {
  /** Compiled into one binary. */
  readonly standalone: boolean;
  /** The executable: Deno itself, or the compiled binary. */
  readonly execPath: string;
  /** The URL of the entry script. */
  readonly mainModule: string;
  /** The version of Deno. */
  readonly denoVersion: string;
  /** The current folder. */
  readonly cwd: string;
}

/** The tracker a leecher uses when given a plain name and no tracker. */
const DEFAULT_TRACKER = /^udp:\/\/(127\.0\.0\.1|localhost):6969(\/|$)/;

/** The command that starts the leecher without its arguments, quoted for a POSIX shell. */
export function leecherProgram(running: Running): string {
  if (running.standalone) {
    const suffix = running.execPath.toLowerCase().endsWith(".exe") ? ".exe" : "";
    const path = fromHere(running.cwd, join(dirname(running.execPath), `leecher${suffix}`));
    return shellQuote(/[/\\]/.test(path) ? path : `./${path}`);
  }
  return `${denoProgram(running)} run -A ${shellQuote(leecherScript(running))}`;
}

/** The command that downloads what `link` names. */
export function linkCommand(program: string, link: string): string {
  return `${program} ${shellQuote(link)}`;
}

/**
 * The command that downloads a file by its name from a tracker that knows it. `undefined` when the name
 * would be read as something else, or cannot be typed.
 *
 * @param trackers the trackers' URLs as the leecher reaches them
 */
export function nameCommand(
  program: string,
  name: string,
  trackers: readonly string[],
): string | undefined {
  const looksElse = /\.torrent$|^[a-z][a-z0-9+.-]*:|^[0-9a-f]{40}$|^[0-9a-f]{64}$|[/\\]/i;
  if (name === "" || looksElse.test(name) || name !== printable(name)) return undefined;
  const tracker = trackers.find((url) => url.startsWith("udp:"));
  if (tracker === undefined) return undefined;
  const options = DEFAULT_TRACKER.test(tracker) ? [] : ["-t", shellQuote(tracker)];
  const words = name.startsWith("-") ? ["--", shellQuote(name)] : [shellQuote(name)];
  return [program, ...options, ...words].join(" ");
}

function denoProgram({ execPath, denoVersion }: Running): string {
  // npm's launcher unpacks Deno below a folder of this name, which is not on the PATH.
  if (/[/\\]_npx[/\\]/.test(execPath)) return `npx -y deno@${denoVersion}`;
  return "deno";
}

function leecherScript({ mainModule, cwd }: Running): string {
  if (!mainModule.startsWith("file:")) return new URL("leecher.ts", mainModule).href;
  return fromHere(cwd, join(dirname(fromFileUrl(mainModule)), "leecher.ts"));
}

/** The shortest way to type `path` in `cwd`. */
function fromHere(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") ? path : short;
}
