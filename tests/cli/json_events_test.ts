import { assert, assertEquals, assertMatch } from "@std/assert";
import { jsonLine } from "../../lib/cli/output/event_log.ts";
import {
  type JsonEvent,
  jsonEvent,
  metadataEvent,
  progressEvent,
  rollCallEvents,
  sharingEvent,
  swarmsEvent,
  torrentEvent,
  trackerEvent,
} from "../../lib/cli/output/json_events.ts";
import {
  createTorrent,
  type Seeder,
  type StallCode,
  type TrackerStats,
  type TransferEvent,
} from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { faultsOf, schema, types } from "../support/project/event_schema.ts";

const TIME = "2026-03-01T12:00:00.000Z";
const V1 = "1".repeat(40);
const V2 = "2".repeat(64);
const ADDRESS = "[2001:db8::1]:6881";
const from = [ADDRESS, "https://example.org/file.iso"];
const PEERS = { known: 9, connecting: 1, connected: 4, away: 2, banned: 0 };

/** The types of events of which each can be about one of several torrents. */
const NUMBERED: readonly JsonEvent["type"][] = [
  ...["hashing", "lookup", "metadata", "sharing", "resumed", "tracker", "peer", "piece"] as const,
  ...["pieceFailed", "pieceLost", "stalled", "progress", "complete", "torrent"] as const,
  ...["verified", "onDone", "warning", "added", "removed", "failed"] as const,
];

/** For each type what the programs may print, with all that is optional and without. */
async function samples(): Promise<Record<JsonEvent["type"], JsonEvent[]>> {
  await using temp = await TempFolder.create();
  const options = { comment: "text", private: true, trackers: ["udp://10.0.0.2:6969"] };
  const file = await createTorrent(await temp.file("a", "content"), { ...options, cache: false });
  await temp.folder("folder");
  await temp.file("folder/b", "content");
  await temp.file("folder/c", "other content");
  const folder = await createTorrent(temp.join("folder"), { format: "v1", cache: false });
  const seeder = { magnet: "magnet:?", trackers: [], embeddedTracker: true };
  const stats = {
    ...{ totalBytes: 9, haveBytes: 1, downloadedBytes: 2, uploadedBytes: 3, wastedBytes: 4 },
    ...{ downloadRate: 1.5, uploadRate: 0.1, pieces: 3, havePieces: 1, copies: 0, peers: PEERS },
    ...{ name: "a", connections: [], sources: [] },
  };
  const result = { path: "a", bytes: 7, seconds: 1.23456, verifiedBy: "SHA-256" as const };
  const swarm = { infoHash: V1, host: "2001:db8::1", port: 6881, seeder: true };
  const rolled = rollCallEvents({
    ...{ name: "a", infoHash: V1, sentence: "1 of 2 complete", complete: 1, recipients: 2 },
    expected: 2,
    machines: [
      { state: "missing", label: "pc7", port: 0, sinceSeconds: 0 },
      {
        ...{ state: "lost", label: "pc8", host: "10.0.0.8", port: 6881, progress: 0.5 },
        ...{ sinceSeconds: 1, rateBytesPerSecond: 2, etaSeconds: 3 },
        ...{ isSource: true, isPartial: true, isUnreachable: true, isUnlisted: true },
      },
    ],
  });
  return {
    started: [
      { type: "started", program: "tracker", version: "0.1.0", pid: 1 },
      { type: "started", program: "leecher", version: "0.1.0", pid: 1, argument: "\x1b\u202e" },
      { type: "started", program: "seeder", version: "0.1.0", pid: 1, arguments: ["a", "b"] },
    ],
    added: [{ type: "added", argument: "a.iso" }],
    removed: [{ type: "removed", because: "limit" }, { type: "removed", because: "duplicate" }],
    failed: [
      { type: "failed", argument: "a.iso", message: "the disk is full", exitCode: 9 },
      { type: "failed", argument: "b", message: "nobody", exitCode: 3, code: "no-such-file" },
    ],
    page: [{ type: "page", url: "http://127.0.0.1:8080/" }],
    hashing: [jsonEvent({ type: "hashing", doneBytes: 0, totalBytes: 7 })],
    listening: [
      jsonEvent({ type: "listening", port: 6881 }),
      { type: "listening", port: 6969, url: "udp://10.0.0.2:6969" },
    ],
    lookup: [
      jsonEvent({ type: "lookup", name: "a" }),
      jsonEvent({ type: "lookup", name: "a", localNetwork: true }),
    ],
    trackerFound: [jsonEvent({ type: "trackerFound", url: "udp://10.0.0.2:6969" })],
    metadata: [
      jsonEvent({ type: "metadata", name: "a", bytes: 7, files: 2, v1Hash: V1, v2Hash: V2 }),
      metadataEvent(file),
      metadataEvent(folder),
    ],
    sharing: [
      sharingEvent(seeder as unknown as Seeder, undefined),
      sharingEvent(seeder as unknown as Seeder, "a.torrent"),
    ],
    resumed: [jsonEvent({ type: "resumed", haveBytes: 1, totalBytes: 7 })],
    tracker: [
      jsonEvent({ type: "tracker", url: "udp://h:1", ok: false, error: "it does not answer" }),
      jsonEvent({
        ...{ type: "tracker", url: "udp://h:1", ok: true, seeders: 1, leechers: 0, peers: 1 },
        intervalSeconds: 5,
      }),
    ],
    reach: [
      jsonEvent({ type: "reach", port: 6881, reachable: false, tracker: "udp://h:1" }),
    ],
    localDiscovery: [
      jsonEvent({ type: "localDiscovery", addresses: ["10.0.0.3"] }),
      jsonEvent({ type: "localDiscovery", addresses: [], error: "no network" }),
    ],
    peer: [
      jsonEvent({ type: "peer", address: ADDRESS, state: "available" }),
      jsonEvent({ type: "peer", address: ADDRESS, state: "away", client: "x", reason: "gone" }),
    ],
    piece: [jsonEvent({ type: "piece", piece: 0, bytes: 7, from })],
    pieceFailed: [jsonEvent({ type: "pieceFailed", piece: 0, from })],
    pieceLost: [jsonEvent({ type: "pieceLost", piece: 0, path: "a" })],
    stalled: [jsonEvent({ type: "stalled", code: "no-seeder", reason: "nobody is there" })],
    progress: [
      progressEvent({ ...stats, state: "lookup" }),
      progressEvent({ ...stats, state: "downloading", etaSeconds: 1 / 3, untilCopies: 2 }),
    ],
    complete: [
      jsonEvent({ type: "complete", ...result, sources: [] }),
      jsonEvent({
        ...{ type: "complete", ...result, files: 2, v2Root: V2, sha256: V2 },
        sources: [{ address: ADDRESS, bytes: 7, client: "x" }, { address: ADDRESS, bytes: 0 }],
      }),
    ],
    torrent: [torrentEvent(file), torrentEvent(folder)],
    verified: [
      { type: "verified", ok: false, path: "a", badPieces: 1, pieces: 1, badFiles: [], files: 1 },
    ],
    onDone: [
      { type: "onDone", command: "notify", ok: true, exitCode: 0 },
      { type: "onDone", command: "notify", ok: false, error: "cannot be started" },
    ],
    swarm: [
      trackerEvent({ type: "joined", ...swarm }),
      trackerEvent({ type: "expired", ...swarm, name: "a", label: "pc7" }),
    ],
    rollCall: [rolled[0]!],
    machine: rolled.slice(1),
    swarms: [
      swarmsEvent({ torrents: 1, seeders: 1, leechers: 0, announces: 7 } as TrackerStats),
    ],
    warning: [
      jsonEvent({ type: "warning", message: "careful" }),
      trackerEvent({ type: "warning", message: "careful" }),
    ],
    dropped: [{ type: "dropped", events: 1 }],
    error: [
      { type: "error", message: "the disk is full", exitCode: 9 },
      { type: "error", message: "no such file", exitCode: 3, code: "no-such-file" },
    ],
    stopped: [{ type: "stopped", exitCode: 0, seconds: 1.5 }],
  };
}

/** The reasons to stall, as the schema has them. */
function codes(): string[] {
  return schema.$defs["code"]!.enum!;
}

/** As it is printed, perhaps with the number of its torrent. */
function printed({ type, ...fields }: JsonEvent, torrent?: number): Record<string, unknown> {
  const about = torrent === undefined ? {} : { torrent };
  return JSON.parse(jsonLine({ type, time: TIME, ...about, ...fields }));
}

/** The number of an event's torrent, for the types that have one. */
function numberFor(type: string): number | undefined {
  return NUMBERED.some((numbered) => numbered === type) ? 7 : undefined;
}

/** Those that appear only if there are several torrents. */
const ONLY_OF_SEVERAL = new Set<string>(["added", "removed", "failed"]);

Deno.test("the schema in docs/events.md knows every type of event, and no other", async () => {
  assertEquals([...types].sort(), Object.keys(await samples()).sort());
  const objects = Object.keys(schema.$defs).filter((name) => {
    return schema.$defs[name]!.properties?.["type"] !== undefined;
  });
  assertEquals(objects.sort(), [...types].sort());
});

Deno.test("every event is as the schema has it, with all that is optional and without", async () => {
  const seen: Record<string, Set<string>> = {};
  for (const [type, events] of Object.entries(await samples())) {
    for (const event of events) {
      assertEquals(event.type, type);
      const number = numberFor(type);
      assertEquals(faultsOf(printed(event, number)), "", JSON.stringify(event));
      const isAlone = faultsOf(printed(event)) === "";
      assertEquals(isAlone, !ONLY_OF_SEVERAL.has(type), JSON.stringify(event));
      for (const field of Object.keys(printed(event, number))) {
        (seen[type] ??= new Set()).add(field);
      }
    }
  }
  for (const type of types) {
    const { properties } = schema.$defs[type]!;
    assertEquals([...seen[type]!].sort(), Object.keys(properties!).sort(), type);
  }
});

Deno.test("the schema knows every reason to stall", () => {
  const all: Record<StallCode, true> = {
    "no-source": true,
    "no-local-peer": true,
    "asking-tracker": true,
    "tracker-silent": true,
    "tracker-refuses": true,
    "tracker-fails": true,
    "no-such-file": true,
    connecting: true,
    unreachable: true,
    banned: true,
    "no-metadata": true,
    "no-hashes": true,
    "no-seeder": true,
    choked: true,
    slow: true,
  };
  assertEquals(codes().sort(), Object.keys(all).sort());
});

Deno.test("the schema refuses what is missing, what is too much and what is of another kind", async () => {
  let refused = 0;
  for (const events of Object.values(await samples())) {
    const event = printed(events[0]!, numberFor(events[0]!.type));
    assert(faultsOf({ ...event, more: 1 }) !== "", `${event["type"]} with one field more`);
    for (const field of schema.$defs[event["type"] as string]!.required!) {
      const { [field]: _, ...others } = event;
      assert(faultsOf(others) !== "", `${event["type"]} without ${field}`);
      assert(faultsOf({ ...event, [field]: null }) !== "", `${event["type"]} with no ${field}`);
      refused++;
    }
  }
  assert(refused > 2 * types.length);
});

Deno.test("the document describes each type, each code and each field that is not plain", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/events.md", import.meta.url));
  for (const type of types) assertMatch(text, new RegExp(`^\\| \`${type}\` +\\| \\S`, "m"));
  for (const name of codes()) assertMatch(text, new RegExp(`^\\| \`${name}\` +\\| \\S`, "m"));
});

Deno.test("a line can be shown on a terminal as it is, and read back as it was", () => {
  const name = "a\u202egpj.exe\x1b[2J\x9b\u2028\n文件👍";
  const line = jsonLine({ name });
  assertEquals(JSON.parse(line), { name });
  assertEquals(line, '{"name":"a\\u202egpj.exe\\u001b[2J\\u009b\\u2028\\n文件👍"}\n');
});

Deno.test("the library's events are printed under the names that its users know", () => {
  const events: TransferEvent[] = [
    { type: "lookup", name: "a" },
    { type: "metadata", name: "a", bytes: 7 },
    { type: "localDiscovery", addresses: ["10.0.0.2"] },
    { type: "piece", piece: 1, bytes: 7, from: ["10.0.0.3:1"] },
    { type: "pieceFailed", piece: 1, from: [] },
    { type: "pieceLost", piece: 1, path: "a" },
    { type: "stalled", code: "slow", reason: "r" },
  ];
  for (const event of events) assertEquals(jsonEvent(event) as TransferEvent, event);
});
