/**
 * The machines of a test's network, as people use them: nothing is set, and programs find each other
 * themselves.
 * @module
 */

import { fromFileUrl } from "@std/path";
import { denoFolder } from "../../../support/deno_folder.ts";
import type { Program, StartOptions } from "../../../support/process.ts";
import type { EmptyNetwork } from "./network.ts";

/** As a user has it: nothing is set. */
export const NOTHING_SET = { SHOAL_LOCAL_DISCOVERY: "on", SHOAL_HIDDEN: "off" };

/** Starts one of the three programs on a machine. */
export function startOn(
  machine: EmptyNetwork,
  script: "tracker" | "seeder" | "leecher",
  args: string[],
  options: StartOptions = {},
): Program {
  const path = fromFileUrl(new URL(`../../../${script}.ts`, import.meta.url));
  const env = { ...NOTHING_SET, ...options.env };
  return machine.start(Deno.execPath(), ["run", "-A", path, ...args], { ...options, env });
}

/** An environment in which hashes are remembered in a folder of the test's own. */
export async function remembering(cache: string): Promise<Record<string, string>> {
  return { XDG_CACHE_HOME: cache, DENO_DIR: await denoFolder() };
}
