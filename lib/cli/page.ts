/**
 * Opens the page of a running program, if the user wants one.
 *
 * @module
 */

import { type Page, servePage } from "../../mod.ts";
import { isPermittedCode } from "../runtime/permissions.ts";
import type { Screen } from "./terminal/screen.ts";
import { namedErrorText } from "./text/advice.ts";

/** Where the page's own files are. */
const PAGE_FILES = new URL("../ui/page/", import.meta.url);

/** The options that decide whether and where a page is served. */
interface PageFlags {
  /** Where to serve it; `auto`, the default, serves one only when the program runs in a terminal. */
  readonly ui?: "auto" | "off" | { readonly host: string; readonly port: number };
  /** No page by default, since its address is not printed. */
  readonly quiet?: boolean;
}

/**
 * Serves the page and prints its address. Returns `undefined` when there is no page.
 *
 * @throws {ShoalError} when it cannot be served at the address that the user gave
 */
export async function openPage(
  program: "leecher" | "seeder" | "tracker",
  { ui = "auto", quiet = false }: PageFlags,
  screen: Screen,
  isTerminal = Deno.stderr.isTerminal(),
): Promise<Page | undefined> {
  if (ui === "off" || (ui === "auto" && (quiet || !isTerminal))) return undefined;
  if (ui === "auto" && !isPermittedCode(PAGE_FILES)) return undefined;
  let page: Page;
  try {
    page = await servePage({ program, ...(ui === "auto" ? {} : ui) });
  } catch (error) {
    if (ui !== "auto") throw error;
    // The user did not ask for a page, so the program goes on without one.
    screen.tell({ text: `no page can be served: ${namedErrorText(error)}`, level: "detail" });
    return undefined;
  }
  screen.say(`page: ${page.url}`);
  return page;
}
