/**
 * A leecher and a seeder as a page sees them.
 * @module
 */

import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import type { TransferSnapshot } from "../../lib/ui/snapshot.ts";
import { type StatusInput, statusText } from "../../lib/ui/status_text.ts";
import { WatchedTransfer } from "../../lib/ui/watched_transfer.ts";
import type { TransferDetails, TransferStats } from "../../mod.ts";
import { connection, details, leecherSnapshot, stats } from "../support/page/page_fixtures.ts";

const RESULT: NonNullable<TransferDetails["result"]> = {
  path: "/data/file.iso",
  bytes: 1_000_000,
  seconds: 4,
  verifiedBy: "SHA-256",
  v2Root: "ab".repeat(32),
  sources: [{ address: "10.0.0.7:6881", client: "Shoal 0.1.0", bytes: 800_000 }],
};
const DEAD = {
  url: "udp://t:1",
  ok: false,
  error: "tracker udp://t:1 does not answer, next try in 4 s",
};
const REFUSAL = "tracker udp://r:1 refuses: not registered here";
const REFUSING = {
  url: "udp://r:1",
  ok: false,
  error: `${REFUSAL}, next try in 4 s`,
  fault: { code: "tracker-refuses", sentence: REFUSAL },
} as const;

interface Case {
  of: Partial<TransferStats>;
  program?: StatusInput["program"];
  look?: Partial<TransferDetails>;
  hashing?: StatusInput["hashing"];
  says: string;
  tone: string;
}

const giving = connection({ downloadRate: 1 });
const taking = connection({ uploadRate: 1 });
const connected = (n: number) => ({ known: n, connecting: 0, connected: n, away: 0, banned: 0 });
const half = { doneBytes: 43, totalBytes: 100 };

const CASES: Case[] = [
  { of: { state: "lookup", name: "" }, says: "starting", tone: "work" },
  {
    of: { state: "lookup", name: "a.iso" },
    says: 'looking for somebody who has "a.iso"',
    tone: "work",
  },
  { of: { state: "hashing" }, hashing: half, says: "hashing the file, 43%", tone: "work" },
  { of: { state: "checking" }, hashing: half, says: "checking what is on disk, 43%", tone: "work" },
  { of: { state: "checking" }, says: "checking what is on disk", tone: "work" },
  {
    of: { state: "metadata" },
    says: "looking for peers with the torrent's metadata",
    tone: "work",
  },
  {
    of: { state: "metadata", peers: connected(2) },
    says: "asking 2 peers for the torrent's metadata",
    tone: "work",
  },
  {
    of: { state: "metadata" },
    look: { reason: "the tracker does not help" },
    says: "waiting: the tracker does not help",
    tone: "wait",
  },
  {
    of: { connections: [giving, giving, connection()], peers: connected(3) },
    says: "downloading from 2 peers",
    tone: "work",
  },
  {
    of: { peers: connected(1), connections: [connection()] },
    says: "connected to 1 peer, waiting for the first data",
    tone: "work",
  },
  { of: {}, says: "looking for peers", tone: "work" },
  {
    of: { state: "waiting" },
    look: { reason: "seeder 10.0.0.7:6881 not reachable (refused), trying again" },
    says: "waiting: seeder 10.0.0.7:6881 not reachable (refused), trying again",
    tone: "wait",
  },
  {
    of: { state: "verifying" },
    says: "download complete, checking the whole file",
    tone: "work",
  },
  {
    of: { state: "flushing" },
    says: "download complete, writing to disk",
    tone: "work",
  },
  {
    of: { state: "seeding", connections: [taking] },
    look: { result: RESULT },
    says: "complete, SHA-256 verified; seeding: sending to 1 peer",
    tone: "good",
  },
  {
    of: { state: "seeding", havePieces: 4 },
    program: "seeder",
    says: "sharing: no peers connected",
    tone: "good",
  },
  {
    of: { state: "seeding", havePieces: 4, connections: [connection()] },
    program: "seeder",
    says: "sharing: 1 peer connected, none is downloading now",
    tone: "good",
  },
  {
    of: { state: "seeding", havePieces: 4 },
    program: "seeder",
    look: { trackers: [DEAD] },
    says: "sharing: no tracker answers, so other peers cannot find this one; no peers connected",
    tone: "wait",
  },
  {
    of: { state: "seeding", havePieces: 4 },
    program: "seeder",
    look: { trackers: [DEAD, REFUSING] },
    says:
      "sharing: tracker udp://r:1 refuses: not registered here, so other peers cannot find this one; " +
      "no peers connected",
    tone: "wait",
  },
  {
    of: { state: "seeding", havePieces: 4 },
    program: "seeder",
    look: { reachable: false },
    says: "sharing: port 6881 unreachable from the tracker: firewall? no peers connected",
    tone: "wait",
  },
  {
    of: { state: "seeding", havePieces: 4, connections: [connection({ flags: "i2" })] },
    program: "seeder",
    look: { reachable: false },
    says: "sharing: 1 peer connected, none is downloading now",
    tone: "good",
  },
  {
    of: { state: "seeding", havePieces: 4, superSeeding: true, connections: [taking] },
    program: "seeder",
    says: "handing out gradually: sending to 1 peer",
    tone: "good",
  },
  {
    of: { state: "seeding", havePieces: 4, connections: [taking] },
    program: "seeder",
    look: { trackers: [DEAD, { url: "udp://b.example:1", ok: true }] },
    says: "sharing: sending to 1 peer; 1 of 2 trackers fails",
    tone: "wait",
  },
  {
    of: { state: "seeding", havePieces: 3 },
    program: "seeder",
    says: "the file has changed: 1 chunk of 4 no longer match and are not sent; start again to " +
      "share it as it is now",
    tone: "bad",
  },
  { of: { state: "stopped" }, says: "stopped before it was complete", tone: "bad" },
  { of: { state: "stopped" }, look: { result: RESULT }, says: "stopped", tone: "good" },
];

Deno.test("every state has a sentence with its reason", () => {
  for (const { of, program = "leecher", look = {}, hashing, says, tone } of CASES) {
    const told = { program, stats: stats(of), details: details(look), hashing, port: 6881 };
    assertEquals(statusText(told), { sentence: says, tone } as never, says);
  }
  assertEquals(new Set(CASES.map(({ of }) => of.state)).size, 10, "all states, and the default");
});

Deno.test("of a thousand peers the 500 most active are sent, and all are counted", () => {
  const connections = Array.from(
    { length: 1000 },
    (_, n) =>
      connection({ address: `10.0.${n >> 8}.${n & 255}:1`, downloadRate: n % 10, flags: "id2" }),
  );
  const strangers = [{ address: "a:1", client: "", state: "away", complete: false, badPieces: 0 }];
  const snapshot = leecherSnapshot(
    { connections, peers: connected(1000) },
    { strangers } as Partial<TransferDetails>,
  );
  assertEquals([snapshot.peers.length, snapshot.others.length], [500, 0]);
  assertEquals(snapshot.known.connected, 1000);
  assertEquals(snapshot.peers[0]!.downRate, 9);
  assertEquals(snapshot.peers[499]!.downRate, 5);
  assertEquals(snapshot.peers[0]!.flags, ["connected to us", "serves us", "BitTorrent v2"]);
  assertLess(JSON.stringify(snapshot).length, 200_000);
});

Deno.test("who is not connected is listed beside, with the reason", () => {
  const { others } = leecherSnapshot({}, {
    strangers: [{
      address: "10.0.0.9:6881",
      client: "",
      state: "banned",
      reason: "sent corrupt data (piece 7)",
      complete: false,
      badPieces: 2,
    }],
  });
  assertEquals(others, [{
    address: "10.0.0.9:6881",
    client: "",
    state: "banned",
    complete: false,
    reason: "sent corrupt data (piece 7)",
    badPieces: 2,
  }]);
});

Deno.test("strangers' texts have a bound, and stay what they are below it", () => {
  const long = "\u202e<b>".repeat(10_000);
  const snapshot = leecherSnapshot(
    { connections: [connection({ client: long, address: `http://${long}/` })] },
    { trackers: [{ url: long, ok: false, error: long }], reason: long },
  );
  assertLessOrEqual(JSON.stringify(snapshot).length, 5000);
  assertEquals(snapshot.peers[0]!.client.slice(0, 8), "\u202e<b>\u202e<b>");
});

Deno.test("a tracker's row says how it stands with it, and when it is asked again", () => {
  const { trackers } = leecherSnapshot({}, {
    trackers: [
      { url: "udp://a:1", ok: true, seeders: 3, leechers: 2, nextInSeconds: 50 },
      { ...DEAD, nextInSeconds: 3 },
      { url: "udp://c:1" },
    ],
  });
  assertEquals(trackers, [
    { url: "udp://a:1", ok: true, sentence: "answers", seeders: 3, leechers: 2, nextSeconds: 50 },
    { url: "udp://t:1", ok: false, sentence: "tracker udp://t:1 does not answer", nextSeconds: 3 },
    { url: "udp://c:1", ok: true, sentence: "has not answered yet" },
  ]);
});

Deno.test("what ends seeding is said with how far it is", () => {
  const sentence = (end: TransferDetails["end"]) =>
    leecherSnapshot({ copies: 12, uploadedBytes: 430_000 }, { ...(end && { end }) }).stop?.sentence;
  assertEquals(sentence({ atCopies: 20 }), "12 of 20 complete");
  assertEquals(sentence({ atRatio: 2 }), "ratio 0.43 of 2");
  assertEquals(sentence({ inSeconds: 61 }), "2 min left");
  assertEquals(sentence({ inSeconds: 59.2, atCopies: 20 }), "12 of 20 complete, 60 s left");
  assertEquals(sentence(undefined), undefined);
});

Deno.test("the result has hashes, time, average rate and who gave how much", () => {
  const { result } = leecherSnapshot({ state: "seeding" }, { result: RESULT });
  assertEquals(result, {
    v2Root: RESULT.v2Root!,
    seconds: 4,
    averageRate: 200_000,
    bytes: 1_000_000,
    verifiedBy: "SHA-256",
    sources: RESULT.sources,
  });
});

Deno.test("of a hundred thousand files the first hundred are sent, and all are counted", () => {
  let asked = 0;
  const first = (most: number) => {
    asked = most;
    return Array.from({ length: most }, (_, i) => ({
      path: `${i}/${"x".repeat(4000)}`,
      bytes: 10,
      haveBytes: i % 11,
      isChosen: i !== 1,
    }));
  };
  const snapshot = leecherSnapshot({}, { files: 100_000, fileView: { count: 100_000, first } });
  assertEquals([asked, snapshot.files, snapshot.fileRows!.length], [100, 100_000, 100]);
  assertEquals(snapshot.fileRows![3]!.haveBytes, 3);
  assertEquals("haveBytes" in snapshot.fileRows![1]!, false, "not chosen");
  assertEquals(JSON.stringify(snapshot.fileRows).length < 50_000, true);
});

Deno.test("who asks for later files gets those, and how many come before them", () => {
  const first = (most: number, skipped = 0) => [
    { path: `${most} after ${skipped}`, bytes: 1, haveBytes: 1, isChosen: true },
  ];
  const watched = new WatchedTransfer("leecher");
  const facts = details({ files: 1000, fileView: { count: 1000, first } });
  watched.show({ port: 1, stats: () => stats(), details: () => facts });
  const told = ({ fileRows, skippedFiles }: TransferSnapshot) => [fileRows![0]!.path, skippedFiles];
  assertEquals(told(watched.view().snapshot()), ["100 after 0", undefined]);
  assertEquals(told(watched.view().snapshot({ files: 300 })), ["100 after 300", 300]);
});
