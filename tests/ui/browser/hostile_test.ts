/// <reference lib="dom" />
/**
 * What strangers say, and quantities nobody thought of, in a real browser.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { Leecher, servePage } from "../../../mod.ts";
import { drawn, sentence, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { LOCAL, makeOrigin, seed } from "../../support/clients/library.ts";
import { countOf, seenCells } from "../../support/page/map_reader.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import { mockLeecher, mockMap, mockPeer, mockTracker } from "../../support/page/mock_snapshots.ts";
import { TempFolder } from "../../../support/temp.ts";

const MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202egpj.exe';
/** What a page makes of it: a sign where a mark turned the reading around. */
const SHOWN = MARKUP.replace("\u202e", "\u2426");

/** Elements that only markup in a text can have made. */
function intruders(tab: Page): Promise<number> {
  return tab.locator("body img, body script, body iframe").count();
}

foreignTest(
  "a file name of 255 bytes with markup and a right-to-left mark is text",
  ["chromium"],
  async () => {
    await using temp = await TempFolder.create();
    const start = "<img src=x onerror=alert(1)><script>alert(2)<b>\u202egpj.exe";
    const name = start + "m".repeat(255 - new TextEncoder().encode(start).length);
    const { path } = await makeOrigin(temp, 50_000, { name });
    await using seeder = await seed(path);
    await using page = await servePage({ program: "seeder" });
    page.show(seeder);
    // The mark goes no further than the disk: a torrent's names have none.
    const told = name.replace("\u202e", "");
    await using browser = await TestBrowser.start();
    for (const width of [1280, 360]) {
      const tab = await browser.open(page.url, { width });
      await drawn(tab);
      assertEquals(await tab.locator(".name").innerText(), told);
      assertEquals(await intruders(tab), 0);
      assert(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      assertEquals(await tab.title(), `0.00× ${told}`);
    }
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "markup in what peers and trackers call themselves is text wherever it stands",
  ["chromium"],
  async () => {
    const leecher = mockLeecher(1, 3);
    await using page = await MockPage.serve({
      ...leecher,
      sentence: `waiting: ${MARKUP}`,
      name: MARKUP,
      path: `/tmp/${MARKUP}`,
      link: `magnet:?dn=${MARKUP}`,
      peers: [{ ...mockPeer(0), address: MARKUP, client: MARKUP }],
      others: [{
        ...{ address: MARKUP, client: MARKUP, complete: false, badPieces: 1, reason: MARKUP },
        state: "banned",
      }],
      trackers: [{ url: MARKUP, ok: false, sentence: MARKUP }],
      result: { ...leecher.result!, sources: [{ address: MARKUP, client: MARKUP, bytes: 1 }] },
    }, mockMap(1));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await drawn(tab);
    await tab.locator("section[aria-labelledby=peers-title] summary").click();
    const shown = (await tab.locator("main").innerText()).split(SHOWN).length - 1;
    assertEquals(shown, 12);
    assertEquals(await intruders(tab), 0);

    const { selected, ...tracker } = mockTracker();
    page.snapshot = {
      ...tracker,
      sentence: MARKUP,
      swarms: [{ ...tracker.swarms[0]!, name: MARKUP }],
      selected: {
        ...selected!,
        rollCall: MARKUP,
        peers: [{ ...selected!.peers[0]!, client: MARKUP }],
      },
    };
    await tab.locator(".roll-call", { hasText: SHOWN }).waitFor();
    assertEquals((await tab.locator("main").innerText()).split(SHOWN).length - 1, 5);
    assertEquals(await intruders(tab), 0);
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "were markup to get into the page all the same, the browser would not run what is in it",
  ["chromium"],
  async () => {
    await using page = await MockPage.serve(mockLeecher(0.4), mockMap(0.4));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await drawn(tab);
    const refused = await tab.evaluate(() =>
      new Promise<string>((resolve) => {
        document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
          resolve(effectiveDirective));
        document.body.insertAdjacentHTML("beforeend", '<img src="data:," onerror="alert(1)">');
      })
    );
    assertEquals(refused, "script-src-attr");
    assertEquals(browser.complaints.filter((what) => what.startsWith("a dialog")), []);
  },
);

foreignTest(
  "a page opened before the metadata is there says what is waited for and fits it all in later",
  ["chromium"],
  async () => {
    await using temp = await TempFolder.create();
    await using page = await servePage({ program: "leecher" });
    const what = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&dn=some.iso";
    const trackers = ["udp://127.0.0.1:9"]; // nobody is there
    await using leecher = await Leecher.start(what, { ...LOCAL, trackers, out: temp.path });
    page.show(leecher);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await sentence(tab, /^Waiting: tracker udp:\/\/127\.0\.0\.1:9 does not answer/);
    const text = await tab.locator("main").innerText();
    assert(text.includes("some.iso") && text.includes("size not known yet"), text);
    assert(text.includes("as soon as the number of chunks is known"), text);
    assert(!/NaN|undefined|Infinity/.test(text), text);
    assertEquals(await tab.title(), "0% some.iso");
    assertMatch(await tab.getByRole("textbox", { name: "Link" }).inputValue(), /0123456789abcdef/);
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "of a thousand peers the most active are drawn, and a keystroke is answered at once",
  ["chromium"],
  async () => {
    await using page = await MockPage.serve(mockLeecher(0.4, 1000), mockMap(0.4));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await drawn(tab);
    await tab.getByText("The 500 most active are listed.").waitFor();
    const rows = tab.getByRole("table", { name: /^Connected peers/ }).locator("tbody tr");
    assertEquals(await rows.count(), 50);
    await tab.getByRole("button", { name: "Show all 500" }).click();
    await tab.getByRole("button", { name: "Show the first 50" }).waitFor();
    assertEquals(await rows.count(), 500);
    const ms = await tab.evaluate(() => {
      const button = [...document.querySelectorAll("thead button")]
        .find(({ textContent }) => textContent === "Address") as HTMLElement;
      const startMs = performance.now();
      button.click();
      return new Promise<number>((resolve) =>
        new MutationObserver(() => resolve(performance.now() - startMs))
          .observe(document.querySelector("tbody")!, { childList: true })
      );
    });
    assertLess(ms, 1000);
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "200,000 chunks are 4,000 squares, and what is half there looks half there",
  ["chromium"],
  async () => {
    const map = mockMap(0.4, 200_000);
    await using page = await MockPage.serve(
      { ...mockLeecher(0.4), pieces: 200_000, havePieces: 80_000 },
      map,
    );
    await using browser = await TestBrowser.start();
    for (const width of [1280, 360]) {
      const tab = await browser.open(page.url, { width });
      await drawn(tab);
      await tab.getByText("One square stands for 50 chunks.").waitFor();
      const cells = await seenCells(tab);
      assertEquals(cells.length, 4000);
      const bytes = [...atob(map.verified)].map((character) => character.charCodeAt(0));
      const state = [...atob(map.state)].map((character) => character.charCodeAt(0));
      assertEquals(
        countOf(cells, "verified"),
        bytes.filter((share, i) => share === 255 || share > 0 && state[i] === 0).length,
      );
      assertEquals(countOf(cells, "flight"), state.filter((bits) => bits === 1).length);
      assertEquals(countOf(cells, "failed"), state.filter((bits) => bits === 2).length);
      assertEquals(countOf(cells, "something else"), 0);
      assert(countOf(cells, "flight") > 0 && countOf(cells, "failed") > 0);
    }
    assertEquals(browser.complaints, []);
  },
);
