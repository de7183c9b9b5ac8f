/**
 * A real headless Chromium that opens the page as a user would.
 *
 * @module
 */

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { CHROMIUM } from "./foreign.ts";

/** For running as root in containers, without a screen and without update checks. */
const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  // Containers have little shared memory, and a tab crashes without it.
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a page may take to show what it should. */
const PATIENCE_MS = 20_000;

/** How a tab is opened; by default 1,280 by 900 pixels in light mode. */
export interface TabOptions extends BrowserContextOptions {
  width?: number;
  height?: number;
}

/** A running browser; `await using` ends it. */
export class TestBrowser implements AsyncDisposable {
  /** Errors reported by pages; a test expects none. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts a browser. */
  static async start(): Promise<TestBrowser> {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: SWITCHES });
    return new TestBrowser(browser);
  }

  /** Opens a tab with its own storage. */
  async open(url: string, options: TabOptions = {}): Promise<Page> {
    const { width = 1280, height = 900, ...more } = options;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      reducedMotion: "reduce",
      ...more,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#watch(context);
    const page = await context.newPage();
    await page.goto(url, { waitUntil: "load" });
    return page;
  }

  #watch(context: BrowserContext): void {
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
    context.on("console", (message) => {
      // The browser itself reports lost connections.
      const isOwn = message.type() === "error" && !message.text().startsWith("Failed to load");
      if (isOwn) this.complaints.push(message.text());
    });
    context.on("dialog", (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** Waits until the page has drawn a program's state. */
export async function drawn(page: Page): Promise<void> {
  await page.locator("main .panel").first().waitFor();
}

/** Waits until the state sentence matches, and returns it. */
export async function sentence(page: Page, pattern: RegExp): Promise<string> {
  const heading = page.locator("h1").filter({ hasText: pattern });
  await heading.waitFor();
  return (await heading.textContent())!;
}
