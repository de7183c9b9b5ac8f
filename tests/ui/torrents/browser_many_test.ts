/// <reference lib="dom" />
/**
 * The list of torrents in a real browser: a thousand of them, without a mouse, for a screen reader, and with
 * hostile names.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { drawn, sentence, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { mixedClient } from "../../support/page/fake_torrents.ts";
import { rowsOf, scrollToRow, serveClient } from "../../support/page/torrent_list.ts";

const WIDE = { width: 1400 };
const DEBIAN = "debian-13.2.0-amd64-netinst.iso";

foreignTest(
  "a thousand torrents are drawn, sorted and updated without a wait",
  ["chromium"],
  async () => {
    const client = mixedClient(995);
    await using page = await serveClient(client);
    await using browser = await TestBrowser.start();
    for (const width of [1400, 360]) {
      const tab = await browser.open(page.url, { width });
      await drawn(tab);
      assertEquals(await rowsOf(tab).count(), width === 360 ? 50 : 100);
      assertEquals(await tab.getByRole("table").getAttribute("aria-rowcount"), "1000");
      await scrollToRow(tab, 999);
      assertEquals(await tab.getByRole("button", { name: /^Show/ }).count(), 0);
      const ms = await tab.evaluate(() => {
        const button = [...document.querySelectorAll("thead button")]
          .find(({ textContent }) => textContent === "Name") as HTMLElement;
        return new Promise<number>((resolve) => {
          const startMs = performance.now();
          button.click();
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - startMs)));
        });
      });
      assertLess(ms, 1000);
      // Of an update only the row that has changed is touched.
      const touched = tab.evaluate(() =>
        new Promise<number>((resolve) => {
          const body = document.querySelector(".torrents tbody")!;
          new MutationObserver((records) => {
            const row = ({ target }: MutationRecord) =>
              (target instanceof Element ? target : target.parentElement!).closest("tr");
            resolve(new Set(records.map(row)).size);
          }).observe(body, {
            subtree: true,
            childList: true,
            characterData: true,
            attributes: true,
          });
        })
      );
      const [debian] = client.torrents;
      debian!.figures = { ...debian!.figures, haveBytes: debian!.figures.haveBytes + 1e7 };
      assertEquals(await touched, 1);
      await tab.context().close();
    }
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "by keyboard alone: filter, state, columns, then the torrents; Enter opens one",
  ["chromium"],
  async () => {
    await using page = await serveClient(mixedClient(2));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    const focused = () =>
      tab.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
        const isMarked = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
        return `${isMarked ? "" : "unmarked "}${
          document.activeElement!.id || document.activeElement!.textContent!.trim()
        }`;
      });
    const walk: string[] = [];
    for (let i = 0; i < 14; i++) {
      await tab.keyboard.press("Tab");
      walk.push(await focused());
    }
    assertEquals(walk, [
      ...["filter", "All 6", "Waiting 1", "Downloading 2", "Seeding 3"],
      ...["Name", "State", "Progress", "Down", "Up", "Time left", "Peers", "Size"],
      "lab-image-2026.qcow2",
    ]);
    await tab.keyboard.press("Enter");
    await tab.locator("[aria-current=page]:focus", { hasText: "lab-image" }).waitFor();
    await tab.keyboard.press("Shift+Tab");
    assertEquals(await focused(), "All torrents 6");
    await tab.keyboard.press("Enter");
    await tab.locator("a:focus", { hasText: "lab-image" }).waitFor();
  },
);

foreignTest(
  "a screen reader is told what comes, completes and fails, several together, and nothing else",
  ["chromium"],
  async () => {
    const client = mixedClient(1);
    await using page = await serveClient(client);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    const spoken = tab.locator("#spoken[role=status][aria-live=polite]");
    const [debian, llama, lab] = client.torrents;
    const grown = { ...debian!.figures, haveBytes: debian!.figures.totalBytes * 0.5 };
    debian!.figures = grown;
    await tab.getByText("50.0%").waitFor();
    assertEquals(await spoken.textContent(), "");
    debian!.figures = { ...grown, haveBytes: grown.totalBytes, state: "seeding" };
    client.tell(1, { type: "piece", piece: 1, bytes: 1, from: [] });
    for (const name of ["a.iso", "b.iso", "c.iso"]) client.seed(name);
    lab!.fail(new Error("no space left"));
    client.close(lab!);
    await spoken.getByText(
      `Failed: lab-image-2026.qcow2. Complete: ${DEBIAN}. New: 3 torrents`,
    ).waitFor({ state: "attached" });
    assertMatch(await sentence(tab, /^1\xa0failed/), /: no space left$/);
    await tab.locator(".tone", { hasText: "Needs attention" }).waitFor();
    client.close(llama!);
  },
);

foreignTest(
  "a tab that nobody looks at keeps its title, and the list is up to date when it is shown",
  ["chromium"],
  async () => {
    const client = mixedClient(1);
    await using page = await serveClient(client);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    const show = (isHidden: boolean) =>
      tab.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await show(true);
    client.seed("new.iso");
    await tab.waitForFunction(() =>
      document.title === "1 waiting, 2 downloading, 3 seeding, Shoal"
    );
    await show(false);
    await tab.getByRole("link", { name: "new.iso" }).waitFor();
    client.seed("newer.iso");
    await tab.getByRole("link", { name: "newer.iso" }).waitFor();
    assertEquals(await rowsOf(tab).count(), 7);
    assertEquals(browser.complaints, []);
  },
);

foreignTest("markup in names and reasons is text", ["chromium"], async () => {
  const client = mixedClient(1);
  const name = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202egpj.exe';
  client.seed(name);
  client.download(name, 0.2, {
    state: "waiting",
    waiting: { code: "unreachable", sentence: name },
  });
  await using page = await serveClient(client);
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url, WIDE);
  await drawn(tab);
  assertEquals(await tab.locator("body img, body script, body iframe").count(), 0);
  assertEquals(await tab.getByRole("link", { name: name.replace("\u202e", "\u2426") }).count(), 2);
  assert(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assertEquals(browser.complaints, []);
});
