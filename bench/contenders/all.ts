/**
 * The measured programs, and which of them this machine has.
 *
 * @module
 */

import { aria2 } from "./aria2.ts";
import type { Contender } from "./contender.ts";
import { libtorrent } from "./libtorrent.ts";
import { nginx } from "./nginx.ts";
import { shoal } from "./shoal.ts";
import { webtorrent } from "./webtorrent.ts";

export const CONTENDERS: readonly Contender[] = [shoal, libtorrent, aria2, webtorrent, nginx];

/** The available ones among `names` (default: all), after printing a line about each. */
export async function present(
  names: readonly string[] | undefined,
): Promise<{ contenders: Contender[]; lines: string[] }> {
  const contenders: Contender[] = [];
  const lines: string[] = [];
  for (const contender of CONTENDERS) {
    const { name, advice } = contender;
    if (names !== undefined && !names.includes(name.toLowerCase())) continue;
    const version = await contender.version();
    if (version !== undefined) contenders.push(contender);
    lines.push(version ?? `left out: ${name} is not here (${advice})`);
  }
  return { contenders, lines };
}
