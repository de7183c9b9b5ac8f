/**
 * A folder in which everything of the project is, and what a test makes there stays.
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { cp } from "node:fs/promises";
import { TempFolder } from "../../../support/temp.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));

/**
 * Makes one, of links to the project's own files; what is made by its tasks is left out.
 *
 * @param copied what is to be a copy instead, for those who ask where a file really is
 */
export async function playground(copied: readonly string[] = []): Promise<TempFolder> {
  const folder = await TempFolder.create();
  for (const name of copied) await cp(join(ROOT, name), folder.join(name), { recursive: true });
  const skipped = [".git", "dist", ...copied];
  for await (const { name } of Deno.readDir(ROOT)) {
    if (!skipped.includes(name)) await Deno.symlink(join(ROOT, name), folder.join(name));
  }
  return folder;
}
