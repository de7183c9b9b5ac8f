/**
 * The pictures of a client with many torrents: the list of them, and the files of a folder that comes.
 *
 * @module
 */

import { Client, Leecher, Seeder, servePage, Tracker } from "../mod.ts";
import type { Page } from "playwright-core";
import type { TestBrowser } from "../support/browser.ts";
import { writePseudoRandomFile } from "../support/content.ts";
import { TempFolder } from "../support/temp.ts";
import { shootScene } from "./picture.ts";

const MIB = 2 ** 20;
const HERE = { host: "127.0.0.1", localDiscovery: false } as const;

/** What is shared, with its size in MiB. */
const SHARED: readonly (readonly [string, number])[] = [
  ["course-week-01.zip", 9],
  ["course-week-02.zip", 14],
  ["course-week-03.zip", 11],
  ["lab-handbook.pdf", 3],
  ["ubuntu-24.04.3-server-amd64.iso", 64],
  ["windows-drivers.tar.zst", 48],
];

/** What is downloaded: its size in MiB, and how many MiB come in a second. */
const WANTED: readonly (readonly [string, number, number])[] = [
  ["debian-13-live.iso", 300, 6],
  ["lab-image-2026.qcow2", 150, 3],
  ["weights.safetensors", 90, 1.5],
];

/** The folder that is downloaded: its files with their sizes in MiB, and its MiB in a second. */
const FOLDER = "lecture-recordings-2026";
const RECORDINGS = [
  ["01-introduction.mp4", 8],
  ["02-processes.mp4", 14],
  ["03-memory.mp4", 11],
  ["04-files.mp4", 17],
  ["05-networks.mp4", 13],
  ["slides/all.pdf", 2],
  ["slides/exercises.pdf", 1],
  ["timetable.txt", 0.004],
] as const;
const FOLDER_RATE = 1.2;

/** How long the downloads run before the first picture. */
const BEFORE_MS = 14_000;

/** How long the page of the folder is open before its picture: it notes rates from then on. */
const NOTED_MS = 6000;

/** Takes them. */
export async function shootList(browser: TestBrowser, folder: string): Promise<void> {
  await using temp = await TempFolder.create();
  await using cast = new AsyncDisposableStack();
  const tracker = cast.use(await Tracker.listen({ host: "127.0.0.1", port: 0 }));
  const trackers = [`udp://127.0.0.1:${tracker.addr.port}`];
  const client = cast.use(await Client.start({ ...HERE, trackers }));
  const file = async (name: string, mib: number) => {
    const path = temp.join(name);
    await writePseudoRandomFile(path, Math.round(mib * MIB), Math.ceil(mib));
    return path;
  };
  const shared: Seeder[] = [];
  for (const [name, mib] of SHARED) {
    shared.push(await client.seed(await file(name, mib), { cache: false }));
  }
  const download = async (path: string, rate: number) => {
    const options = { ...HERE, trackers, cache: false, uploadLimit: rate * MIB };
    const { magnet } = cast.use(await Seeder.start(path, options));
    return client.download(magnet, { out: temp.join("got/") });
  };
  for (const [name, mib, rate] of WANTED) await download(await file(name, mib), rate);
  await Deno.mkdir(temp.join(`${FOLDER}/slides`), { recursive: true });
  for (const [name, mib] of RECORDINGS) await file(`${FOLDER}/${name}`, mib);
  const recordings = await download(temp.join(FOLDER), FOLDER_RATE);
  const friend = { ...HERE, out: temp.join("friend/"), downloadLimit: MIB / 4 };
  cast.use(await Leecher.start(shared[2]!.magnet, friend));
  const nobody = `magnet:?xt=urn:btih:${"0123456789".repeat(4)}&dn=simulation-results.h5`;
  await client.download(nobody, { peers: ["127.0.0.1:9"], out: temp.join("alone/") });
  const page = cast.use(await servePage({ program: "leecher" }));
  page.show(client);
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS));
  await shootScene(browser, { name: "list", url: page.url, heights: [1000, 1000] }, folder);
  const url = `${page.url}#torrent=${recordings.id}`;
  const prepare = async (tab: Page) => {
    await tab.locator("#files-title").waitFor();
    await tab.waitForTimeout(NOTED_MS);
  };
  await shootScene(browser, { name: "files", url, heights: [1700, 3000], prepare }, folder);
}
