/**
 * Programs that are bound by the permissions of files even when the tests run as root.
 * @module
 */

import { fromFileUrl } from "@std/path";
import { Program, type StartOptions } from "../../../support/process.ts";

/** What lets root read and write files that their permissions close to it. */
const OVERRIDES = "-dac_override,-dac_read_search";

/** One of Shoal's programs, without root's power to ignore the permissions of files. */
export function startBound(
  script: "tracker" | "seeder" | "leecher",
  args: string[],
  options?: StartOptions,
): Program {
  const path = fromFileUrl(new URL(`../../../${script}.ts`, import.meta.url));
  const words = ["run", "-A", path, ...args];
  if (Deno.uid() !== 0) return Program.start(Deno.execPath(), words, options);
  const bound = ["--inh-caps", OVERRIDES, "--bounding-set", OVERRIDES, Deno.execPath(), ...words];
  return Program.start("setpriv", bound, options);
}
