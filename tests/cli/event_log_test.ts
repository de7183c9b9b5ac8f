import { assert, assertEquals, assertLess } from "@std/assert";
import { BufferedOutput } from "../../lib/cli/output/buffered_output.ts";
import { EventLog } from "../../lib/cli/output/event_log.ts";
import { type JsonEvent, swarmsEvent } from "../../lib/cli/output/json_events.ts";
import type { TrackerStats } from "../../mod.ts";
import { SlowSink } from "../support/programs/slow_sink.ts";
import { eventsIn } from "../support/project/event_schema.ts";

const START_MS = Date.UTC(2026, 2, 1, 12);

function logOn() {
  const sink = new SlowSink();
  const outlet = new BufferedOutput((error) => {
    throw error;
  });
  const clock = { nowMs: START_MS };
  const log = new EventLog({ outlet, sink, nowMs: () => clock.nowMs });
  const flushed = async () => {
    sink.open();
    await outlet.flush();
    return eventsIn(sink.lines);
  };
  return { log, sink, outlet, clock, flushed };
}

function piece(piece: number): JsonEvent {
  return { type: "piece", piece, bytes: 16_384, from: ["10.0.0.7:6881"] };
}

function figures(announces: number): JsonEvent {
  return swarmsEvent({ torrents: 0, seeders: 0, leechers: 0, announces } as TrackerStats);
}

function progress(haveBytes: number): JsonEvent {
  const peers = { known: 0, connecting: 0, connected: 0, away: 0, banned: 0 };
  const moved = { downloadedBytes: 0, uploadedBytes: 0, wastedBytes: 0 };
  const rates = { downloadRate: 0, uploadRate: 0, pieces: 1, havePieces: 0, copies: 0 };
  const state = { state: "downloading", totalBytes: 100, haveBytes } as const;
  return { type: "progress", ...state, ...moved, ...rates, peers };
}

Deno.test("an event is a line with its type and its time", async () => {
  const { log, sink, flushed } = logOn();
  log.tell({ type: "lookup", name: "a" });
  log.transfer({ type: "pieceLost", piece: 7, path: "b" });
  await flushed();
  assertEquals(
    sink.text,
    '{"type":"lookup","time":"2026-03-01T12:00:00.000Z","name":"a"}\n' +
      '{"type":"pieceLost","time":"2026-03-01T12:00:00.000Z","piece":7,"path":"b"}\n',
  );
});

Deno.test("without --json there are no events, and nobody is asked for figures", () => {
  const log = new EventLog();
  log.tell(piece(1));
  log.follow(() => {
    throw new Error("asked");
  });
  log.tell({ type: "stopped", exitCode: 0, seconds: 1 });
  assert(!log.isOn);
});

Deno.test("of figures a slow reader gets the newest only", async () => {
  const { log, sink, flushed } = logOn();
  log.tell({ type: "lookup", name: "a" });
  await sink.take(); // the look-up is on its way, what comes now waits
  for (let announces = 1; announces <= 100; announces++) {
    log.tell(figures(announces));
    if (announces % 50 === 0) log.tell(piece(announces));
  }
  const told = (await flushed()).map(({ type, announces, piece }) => [type, announces ?? piece]);
  assertEquals(told, [["lookup", undefined], ["piece", 50], ["swarms", 100], ["piece", 100]]);
});

Deno.test("who does not read at all misses pieces, is told how many, and gets the end", async () => {
  const { log, sink, outlet, flushed } = logOn();
  const PIECES = 20_000;
  for (let i = 0; i < PIECES; i++) log.tell(piece(i));
  assert(outlet.isFull);
  log.tell(figures(1));
  log.tell({
    type: "complete",
    path: "a",
    bytes: 1,
    seconds: 1,
    verifiedBy: "SHA-256",
    sources: [],
  });
  const told = await flushed();
  const pieces = told.filter(({ type }) => type === "piece");
  const dropped = told.filter(({ type }) => type === "dropped");
  assertLess(sink.text.length, 400_000);
  assertEquals(dropped.length, 1);
  assertEquals(pieces.length + dropped[0]!["events"], PIECES);
  assertEquals(pieces.map(({ piece }) => piece), pieces.map((_, i) => i));
  assertEquals(told.slice(-3).map(({ type }) => type), ["swarms", "dropped", "complete"]);
});

Deno.test("the figures are told when they have changed, and as they are in the end", async () => {
  const { log, outlet, sink, flushed } = logOn();
  let announces = 1;
  sink.open();
  log.follow(() => figures(announces));
  log.tell({ type: "stopped", exitCode: 0, seconds: 1 });
  await outlet.flush();
  log.tell({ type: "stopped", exitCode: 0, seconds: 2 });
  announces++;
  log.tell({ type: "stopped", exitCode: 0, seconds: 3 });
  log.close();
  const told = await flushed();
  assertEquals(told.map(({ announces, seconds }) => announces ?? -seconds), [1, -1, -2, 2, -3]);
});

Deno.test("hashing is told of at its beginning, once a second, and at its end", async () => {
  const { log, clock, sink, flushed } = logOn();
  sink.open();
  for (let doneBytes = 0; doneBytes <= 100; doneBytes++) {
    log.tell({ type: "hashing", doneBytes, totalBytes: 100 });
    clock.nowMs += 30;
    await new Promise((resolve) => setTimeout(resolve));
  }
  log.tell({ type: "hashing", doneBytes: 0, totalBytes: 50 });
  const told = (await flushed()).map(({ doneBytes }) => doneBytes);
  assertEquals(told, [0, 34, 68, 100, 0]);
});

Deno.test("an event of one of several torrents has its number behind its time", async () => {
  const { log, sink, flushed } = logOn();
  log.tell({ type: "added", argument: "a.iso" }, 1);
  log.transfer({ type: "pieceLost", piece: 7, path: "b" }, 2);
  await flushed();
  assertEquals(
    sink.text,
    '{"type":"added","time":"2026-03-01T12:00:00.000Z","torrent":1,"argument":"a.iso"}\n' +
      '{"type":"pieceLost","time":"2026-03-01T12:00:00.000Z","torrent":2,"piece":7,"path":"b"}\n',
  );
});

Deno.test("of the figures of several torrents a slow reader gets the newest of each", async () => {
  const { log, sink, flushed } = logOn();
  log.tell({ type: "lookup", name: "a" });
  await sink.take();
  for (let i = 1; i <= 60; i++) log.tell(progress(i), 1 + i % 2);
  const told = (await flushed()).map(({ type, torrent, haveBytes }) => [type, torrent, haveBytes]);
  assertEquals(told, [["lookup", undefined, undefined], ["progress", 2, 59], ["progress", 1, 60]]);
});

Deno.test("the figures of one torrent are told before it is complete, and not those of the others", async () => {
  const { log, sink, flushed } = logOn();
  sink.open();
  const asked: (number | undefined)[] = [];
  log.followEach((only) => {
    asked.push(only);
    return [[2, progress(5)] as const];
  });
  const sources: never[] = [];
  const result = { path: "a", bytes: 1, seconds: 1, verifiedBy: "SHA-256", sources } as const;
  log.tell({ type: "complete", ...result }, 2);
  log.close();
  const told = (await flushed()).map(({ type, torrent }) => [type, torrent]);
  assertEquals([asked, told], [[2], [["progress", 2], ["complete", 2]]]);
});

Deno.test("events of very many torrents do not fill the memory when nobody reads", async () => {
  const { log, outlet, flushed } = logOn();
  const argument = "a".repeat(1_000_000);
  for (let torrent = 1; torrent <= 100; torrent++) log.tell({ type: "added", argument }, torrent);
  assert(outlet.isStuck);
  log.tell({ type: "stopped", exitCode: 0, seconds: 1 });
  const told = await flushed();
  const added = told.filter(({ type }) => type === "added").length;
  assertEquals(told.slice(added).map(({ type, events }) => [type, events]), [
    ["dropped", 100 - added],
    ["stopped", undefined],
  ]);
  assertLess(added, 70);
});
