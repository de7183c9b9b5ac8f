/**
 * The command that starts the leecher, matching how this program was started.
 *
 * @module
 */

import { dirname, fromFileUrl, join, relative } from "@std/path";
import { infoHashIn, magnetIn } from "../../codec/torrent/link_text.ts";
import { MagnetError } from "../../errors.ts";
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
 * The command that downloads a file by its name on the local network. `undefined` when the name would be read
 * as something else, or cannot be typed.
 */
export function localCommand(program: string, name: string): string | undefined {
  if (!isPlainName(name)) return undefined;
  return [program, ...nameWords(name)].join(" ");
}

/**
 * The command that downloads a file by its name from a tracker that knows it. `undefined` as for
 * {@link localCommand}, and without such a tracker.
 *
 * @param trackers the trackers' URLs as the leecher reaches them
 */
export function nameCommand(
  program: string,
  name: string,
  trackers: readonly string[],
): string | undefined {
  if (!isPlainName(name)) return undefined;
  const tracker = trackers.find((url) => url.startsWith("udp:"));
  if (tracker === undefined) return undefined;
  const options = DEFAULT_TRACKER.test(tracker) ? [] : ["-t", shellQuote(tracker)];
  return [program, ...options, ...nameWords(name)].join(" ");
}

function nameWords(name: string): string[] {
  return name.startsWith("-") ? ["--", shellQuote(name)] : [shellQuote(name)];
}

/** Whether a leecher takes this word for a name, and a terminal shows all of it. */
function isPlainName(name: string): boolean {
  const looksElse = /\.torrent$|^[a-z][a-z0-9+.-]*:|[/\\]/i;
  if (name.trim() !== name || name === "" || looksElse.test(name)) return false;
  return name === printable(name) && magnetIn(name) === undefined && !isInfoHash(name);
}

/** Whether this is an info-hash, or almost one. */
function isInfoHash(name: string): boolean {
  try {
    return infoHashIn(name) !== undefined;
  } catch (error) {
    if (error instanceof MagnetError) return true;
    throw error;
  }
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
