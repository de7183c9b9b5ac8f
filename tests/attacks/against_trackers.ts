/**
 * Strangers who want a tracker to forget others, or to have no time for them.
 * @module
 */

import { ShoalTracker } from "../support/clients/shoal.ts";
import type { Arena, Attack } from "./arena.ts";
import { AttackingAnnouncer } from "./attacking_announcer.ts";

const QUICK_MS = 20;
const HONEST_ANNOUNCES = 200;

/** A tracker as it is by default. */
async function start(arena: Arena, ...args: string[]): Promise<ShoalTracker> {
  const usual = ["--interval", "60", "--peer-ttl", "150"];
  return arena.use(await ShoalTracker.start([...usual, ...args]));
}

function portOf(tracker: ShoalTracker): number {
  return Number(new URL(tracker.url).port);
}

/** Milliseconds that announces of an honest host take, one after the other: p50 and p99. */
async function announceTimes(port: number): Promise<{ p50: number; p99: number }> {
  using honest = await AttackingAnnouncer.connect("127.0.7.7", port);
  const times: number[] = [];
  for (let n = 0; n < HONEST_ANNOUNCES; n++) {
    const startMs = performance.now();
    await honest.announce({ torrent: `honest ${n}` });
    times.push(performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))]!;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Fills a tracker from several addresses with made-up names. */
async function inventNames(port: number, addresses: number, names: number, longer = "") {
  for (let host = 0; host < addresses; host++) {
    using stranger = await AttackingAnnouncer.connect(`127.0.9.${1 + host}`, port);
    await stranger.announceMany(names, (n) => ({
      torrent: `${host} ${n}`,
      port: 1000 + n % 60_000,
      name: `fake ${host} ${n}${longer}.iso`,
    }));
  }
}

const inventedNames: Attack = {
  name: "invented-names",
  story:
    "Five addresses announce 50,000 names; then somebody announces a file, which is looked up.",
  async run(arena) {
    const tracker = await start(arena);
    await inventNames(portOf(tracker), 5, 10_000);
    using honest = await AttackingAnnouncer.connect("127.0.7.7", portOf(tracker));
    await honest.announce({ torrent: "honest", name: "honest.iso" });
    const answer = await honest.find("honest.iso");
    const found = answer.type === "find" ? answer.entries.length : 0;
    return { holds: found === 1, measured: `${found} found` };
  },
};

const fullTracker: Attack = {
  name: "full-tracker",
  story: "Twenty addresses announce 200,000 torrents; then a newcomer announces one.",
  async run(arena) {
    const tracker = await start(arena);
    for (let host = 0; host < 20; host++) {
      using stranger = await AttackingAnnouncer.connect(`127.0.8.${1 + host}`, portOf(tracker));
      await stranger.announceMany(10_000, (n) => ({ torrent: `${host} ${n}`, port: 1 + n }));
    }
    using newcomer = await AttackingAnnouncer.connect("127.0.7.7", portOf(tracker));
    const answer = await newcomer.announce({ torrent: "honest", name: "honest.iso" });
    const measured = answer.type === "error" ? `told "${answer.message}"` : "answered";
    return { holds: answer.type === "announce", measured };
  },
};

const namesakes: Attack = {
  name: "namesakes",
  story: "One host announces 10,000 torrents under one name and asks for it without end.",
  async run(arena) {
    const tracker = await start(arena);
    const port = portOf(tracker);
    using stranger = await AttackingAnnouncer.connect("127.0.9.9", port);
    await stranger.announceMany(10_000, (n) => ({
      torrent: `${n}`,
      port: 1000 + n,
      name: "same.iso",
    }));
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) await stranger.find("same.iso");
    })();
    const { p50, p99 } = await announceTimes(port);
    stop.abort();
    await asking;
    const measured = `announces of others: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
    return { holds: p99 < QUICK_MS, measured };
  },
};

/** Opens the page's events with a search, and reads them. */
async function browse(url: string, search: string, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(new URL(`/api/events?q=${search}`, url), { signal });
    await response.body!.pipeTo(new WritableStream());
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function withPage(arena: Arena): Promise<{ tracker: ShoalTracker; page: string }> {
  const tracker = await start(arena, "--ui", "127.0.0.1:0");
  const [page] = await tracker.program.line(/http:\/\/127\.0\.0\.1:\d+\//, { from: "stderr" });
  return { tracker, page };
}

const searchingBrowsers: Attack = {
  name: "searching-browsers",
  story: "Fifty browsers search 50,000 made-up names on the tracker's page.",
  async run(arena) {
    const { tracker, page } = await withPage(arena);
    await inventNames(portOf(tracker), 5, 10_000, "n".repeat(200));
    const stop = new AbortController();
    const browsing = Array.from({ length: 50 }, (_, n) => browse(page, String(n), stop.signal));
    const { p50, p99 } = await announceTimes(portOf(tracker));
    stop.abort();
    await Promise.all(browsing);
    const measured = `announces of others: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
    return { holds: p99 < QUICK_MS, measured };
  },
};

/** All of them. */
export const againstTrackers: readonly Attack[] = [
  inventedNames,
  fullTracker,
  namesakes,
  searchingBrowsers,
];
