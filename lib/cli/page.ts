/**
 * The page of a running program, if it has one.
 *
 * @module
 */

import { type Page, servePage } from "../../mod.ts";
import { isPermittedCode } from "../runtime/permissions.ts";
import { namedErrorText } from "./text/advice.ts";
import type { Screen } from "./terminal/screen.ts";

/** Where the page's own files are. */
const PAGE_FILES = new URL("../ui/page/", import.meta.url);

/** What the user wants of the page, and of words. */
interface PageWish {
  /** Where to serve it; `auto`, the default, has one while somebody sits at a terminal. */
  readonly ui?: "auto" | "off" | { readonly host: string; readonly port: number };
  /** Nobody would learn where the page is. */
  readonly quiet?: boolean;
}

/**
 * Serves the page and says where; `undefined` where there is to be none.
 *
 * @throws {ShoalError} when it cannot be served where the user wants it
 */
export async function openPage(
  program: "leecher" | "seeder" | "tracker",
  { ui = "auto", quiet = false }: PageWish,
  screen: Screen,
  isWatched = Deno.stderr.isTerminal(),
): Promise<Page | undefined> {
  if (ui === "off" || (ui === "auto" && (quiet || !isWatched))) return undefined;
  if (ui === "auto" && !isPermittedCode(PAGE_FILES)) return undefined;
  let page: Page;
  try {
    page = await servePage({ program, ...(ui === "auto" ? {} : ui) });
  } catch (error) {
    if (ui !== "auto") throw error;
    // Nobody asked for it, so it is no reason to stop that there is none.
    screen.tell({ text: `no page can be served: ${namedErrorText(error)}`, level: "detail" });
    return undefined;
  }
  screen.say(`page: ${page.url}`);
  return page;
}
