/**
 * The pictures of the list of torrents: downloads under way, one that nobody can send, and what is shared.
 *
 * @module
 */

import { Leecher, Seeder, servePage, type TorrentCollection, Tracker } from "../mod.ts";
import { drawn, type TestBrowser } from "../support/browser.ts";
import { writePseudoRandomFile } from "../support/content.ts";
import { TempFolder } from "../support/temp.ts";
import { shoot } from "./picture.ts";

const MIB = 2 ** 20;
const HERE = { host: "127.0.0.1", localDiscovery: false, cache: false } as const;

/** What is shared, with its size in MiB. */
const SHARED: readonly (readonly [string, number])[] = [
  ["course-week-01.zip", 9],
  ["course-week-02.zip", 14],
  ["course-week-03.zip", 11],
  ["lab-handbook.pdf", 3],
  ["ubuntu-24.04.3-server-amd64.iso", 64],
  ["windows-drivers.tar.zst", 48],
  ["lecture-recordings-2025.tar", 56],
];

/** What is downloaded: its size in MiB, and how many MiB come in a second. */
const WANTED: readonly (readonly [string, number, number])[] = [
  ["debian-13-live.iso", 150, 6],
  ["lab-image-2026.qcow2", 120, 3],
  ["weights.safetensors", 90, 1.5],
];

/** How long the downloads run before the first picture. */
const BEFORE_MS = 12_000;

/** Takes them. */
export async function shootList(browser: TestBrowser): Promise<void> {
  await using temp = await TempFolder.create();
  await using cast = new AsyncDisposableStack();
  const tracker = cast.use(await Tracker.listen({ host: "127.0.0.1", port: 0 }));
  const options = { ...HERE, trackers: [`udp://127.0.0.1:${tracker.addr.port}`] };
  const file = async (name: string, mib: number) => {
    const path = temp.join(name);
    await writePseudoRandomFile(path, mib * MIB, mib);
    return path;
  };
  const shown: (Seeder | Leecher)[] = [];
  for (const [name, mib] of SHARED) {
    shown.push(cast.use(await Seeder.start(await file(name, mib), options)));
  }
  for (const [name, mib, rate] of WANTED) {
    const path = await file(name, mib);
    const source = cast.use(await Seeder.start(path, { ...options, uploadLimit: rate * MIB }));
    shown.push(
      cast.use(await Leecher.start(source.magnet, { ...options, out: temp.join("got/") })),
    );
  }
  const [, , shared] = shown as Seeder[];
  const friend = { ...options, out: temp.join("friend/"), downloadLimit: MIB / 2 };
  cast.use(await Leecher.start(shared!.magnet, friend));
  const nobody = `magnet:?xt=urn:btih:${"0123456789".repeat(4)}&dn=simulation-results.h5`;
  const alone = { ...HERE, peers: ["127.0.0.1:9"], out: temp.join("alone/") };
  shown.push(cast.use(await Leecher.start(nobody, alone)));
  const page = cast.use(await servePage({ program: "seeder" }));
  page.show(collection(shown));
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS));
  await shootAll(browser, page.url);
}

async function shootAll(browser: TestBrowser, url: string): Promise<void> {
  for (const [size, width, height] of [["", 1400, 1000], ["-phone", 360, 1300]] as const) {
    const tab = await browser.open(url, { width, height, bypassCSP: true });
    await drawn(tab);
    for (const colorScheme of ["light", "dark"] as const) {
      await tab.emulateMedia({ colorScheme });
      await shoot(tab, `list${size}${colorScheme === "dark" ? "-dark" : ""}`);
    }
  }
}

/** Seeders and leechers of their own as if they were those of one client. */
function collection(torrents: readonly (Seeder | Leecher)[]): TorrentCollection {
  return {
    torrents: torrents.map((torrent, i) => ({
      id: i + 1,
      port: torrent.port,
      done: torrent.done,
      ...(torrent instanceof Leecher && { complete: torrent.complete }),
      stats: () => torrent.stats(),
      details: () => torrent.details(),
    })),
    on: (listener) => {
      const ends = torrents.map((torrent, i) =>
        torrent.on((event) => listener({ ...event, torrent: i + 1 }))
      );
      return () => ends.forEach((end) => end());
    },
  };
}
