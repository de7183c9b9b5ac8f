import { assert, assertEquals, assertMatch } from "@std/assert";
import { completionSentence, sentenceFor } from "../../lib/cli/text/messages.ts";
import type { TransferEvent } from "../../mod.ts";

const pure = { permissions: "none" } as const;

function textOf(event: TransferEvent): string | undefined {
  return sentenceFor(event)?.text;
}

Deno.test("each event that matters has its sentence", pure, () => {
  const cases: [TransferEvent, string | undefined][] = [
    [{ type: "hashing", doneBytes: 1, totalBytes: 2 }, undefined],
    [{ type: "listening", port: 6881 }, "listening on TCP port 6881"],
    [
      { type: "lookup", name: "a.iso" },
      'looking for "a.iso" on the tracker',
    ],
    [
      { type: "lookup", name: "a.iso", localNetwork: true },
      'looking for "a.iso" on the local network and the tracker',
    ],
    [
      { type: "trackerFound", url: "udp://10.0.0.2:6969" },
      "using the tracker udp://10.0.0.2:6969 of the local network",
    ],
    [
      { type: "metadata", name: "a.iso", bytes: 2048, v1Hash: "ab", v2Hash: "cd" },
      "a.iso, 2 KiB, v1 ab, v2 cd",
    ],
    [{ type: "metadata", name: "a.iso", bytes: 2048, v2Hash: "cd" }, "a.iso, 2 KiB, v2 cd"],
    [
      { type: "metadata", name: "a", bytes: 2048, files: 3, v2Hash: "cd" },
      "a/, 3 files, 2 KiB, v2 cd",
    ],
    [
      { type: "resumed", haveBytes: 512, totalBytes: 1024 },
      "continuing: 50.0% (512 B) is here already and verified",
    ],
    [{ type: "resumed", haveBytes: 0, totalBytes: 1024 }, undefined],
    [{ type: "resumed", haveBytes: 1024, totalBytes: 1024 }, undefined],
    [
      { type: "tracker", url: "udp://h:1", ok: true, seeders: 1, leechers: 2 },
      "tracker udp://h:1 answers: 1 seeder, 2 leechers",
    ],
    [
      {
        type: "tracker",
        url: "udp://h:1",
        ok: false,
        error: "tracker udp://h:1 refuses: not allowed, next try in 2 s",
      },
      "tracker udp://h:1 refuses: not allowed, next try in 2 s",
    ],
    [
      { type: "tracker", url: "udp://h:1", ok: false },
      "tracker udp://h:1 does not answer, trying again",
    ],
    [
      { type: "reach", port: 6881, reachable: false, tracker: "udp://h:1" },
      "port 6881 unreachable from the tracker: others cannot connect to this machine; " +
      "open TCP port 6881 in the firewall",
    ],
    [
      { type: "reach", port: 6881, reachable: true, tracker: "udp://h:1" },
      "TCP port 6881 can be reached from tracker udp://h:1",
    ],
    [
      { type: "peer", address: "10.0.0.2:1", state: "connected", client: "qBittorrent" },
      "connected to 10.0.0.2:1 (qBittorrent)",
    ],
    [
      { type: "peer", address: "10.0.0.2:1", state: "away", reason: "timeout" },
      "10.0.0.2:1 is away: timeout",
    ],
    [{ type: "peer", address: "10.0.0.2:1", state: "available" }, undefined],
    [
      { type: "peer", address: "10.0.0.2:1", state: "banned", reason: "it sent corrupt data" },
      "banned 10.0.0.2:1: it sent corrupt data",
    ],
    [
      { type: "piece", piece: 7, bytes: 524288, from: ["a:1", "b:2"] },
      "chunk 7 verified (512 KiB from a:1, b:2)",
    ],
    [
      { type: "pieceFailed", piece: 7, from: ["a:1"] },
      "chunk 7 from a:1 is corrupt; getting it again",
    ],
    [
      { type: "pieceLost", piece: 7, path: "a.iso" },
      "a.iso has changed: chunk 7 no longer matches and is not served any more; " +
      "start again to share the file as it is now",
    ],
    [
      { type: "stalled", code: "no-seeder", reason: "nobody has the file" },
      "waiting: nobody has the file",
    ],
    [
      {
        type: "complete",
        verifiedBy: "SHA-256",
        path: "a.iso",
        bytes: 2 ** 30,
        seconds: 2,
        sources: [{ address: "h:1", bytes: 2 ** 29 }, { address: "h:2", bytes: 2 ** 29 }],
      },
      "a.iso: 1 GiB in 2.0s, 512 MiB/s",
    ],
    [
      {
        type: "complete",
        verifiedBy: "SHA-256",
        path: "photos",
        bytes: 2 ** 20,
        files: 1,
        seconds: 1,
        sources: [{ address: "h:1", bytes: 2 ** 20 }],
      },
      "photos: 1 file, 1 MiB in 1.0s, 1 MiB/s",
    ],
    [
      {
        type: "complete",
        verifiedBy: "SHA-256",
        path: "a.iso",
        bytes: 2 ** 30,
        seconds: 2,
        sources: [{ address: "h:1", bytes: 2 ** 29 }],
      },
      "a.iso: 1 GiB, 512 MiB of it now in 2.0s, 256 MiB/s",
    ],
    [
      {
        type: "complete",
        verifiedBy: "SHA-256",
        path: "a.iso",
        bytes: 2 ** 30,
        seconds: 2,
        sources: [],
      },
      "a.iso: 1 GiB, all of it was here already",
    ],
    [
      {
        type: "complete",
        verifiedBy: "SHA-256",
        path: "a.iso",
        bytes: 0,
        seconds: 0,
        sha256: "e3b0",
        sources: [],
      },
      "a.iso: 0 B, sha-256 e3b0",
    ],
    [{ type: "warning", message: "the disk is slow" }, "the disk is slow"],
  ];
  const covered = new Set<string>();
  for (const [event, text] of cases) {
    assertEquals(textOf(event), text);
    covered.add(event.type);
  }
  assertEquals(covered.size, 15);
});

Deno.test("what strangers chose cannot drive the terminal", pure, () => {
  const evil = "\x1b]0;x\x07\n";
  const events: TransferEvent[] = [
    { type: "metadata", name: evil, bytes: 1 },
    { type: "tracker", url: evil, ok: false, error: evil },
    { type: "tracker", url: evil, ok: true },
    { type: "peer", address: evil, state: "connected", client: evil },
    { type: "peer", address: evil, state: "banned", client: evil, reason: evil },
    { type: "lookup", name: evil },
    { type: "trackerFound", url: evil },
    { type: "piece", piece: 1, bytes: 1, from: [evil] },
    { type: "pieceFailed", piece: 1, from: [evil] },
    { type: "pieceLost", piece: 1, path: evil },
    { type: "stalled", code: "no-seeder", reason: evil },
    { type: "complete", verifiedBy: "SHA-256", path: evil, bytes: 1, seconds: 1, sources: [] },
    { type: "warning", message: evil },
  ];
  for (const event of events) {
    const text = textOf(event);
    assert(text !== undefined && !/\p{Cc}/u.test(text), event.type);
  }
});

Deno.test("bad news is a warning, routine is a detail", pure, () => {
  assertEquals(sentenceFor({ type: "pieceFailed", piece: 1, from: [] })?.level, "warning");
  assertEquals(sentenceFor({ type: "listening", port: 1 })?.level, "detail");
  assertEquals(sentenceFor({ type: "stalled", code: "no-seeder", reason: "x" })?.level, "news");
});

Deno.test("a finished leecher says what verified it, and how to stop it", pure, () => {
  assertEquals(
    completionSentence("SHA-256", true),
    "complete, SHA-256 verified; seeding, Ctrl-C stops, -e exits when done",
  );
  assertMatch(completionSentence("SHA-1", false), /^complete, SHA-1 verified$/);
});
