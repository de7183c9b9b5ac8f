/**
 * What the programs print with --json, held against the schema in docs/events.md.
 * @module
 */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { writePseudoRandomFile } from "../../support/content.ts";
import { Program, type StartOptions } from "../../support/process.ts";
import { ScriptedPeer } from "../../support/scripted_peer.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";
import { eventsIn, type PrintedEvent } from "../support/project/event_schema.ts";

type Script = "tracker" | "seeder" | "leecher";

const HERE = ["--host", "127.0.0.1", "--port", "0", "--json", "-q"];
const PIECE = 16_384;

function start(script: Script, args: string[], options?: StartOptions): Program {
  return Program.shoal(script, [...HERE, ...args], options);
}

/** Waits for an event of this type whose other fields match. */
async function event(
  program: Program,
  type: string,
  pattern = /(?:)/,
): Promise<PrintedEvent> {
  const { source } = pattern;
  const [line] = await program.line(new RegExp(`^\\{"type":"${type}",.*${source}.*$`), {
    from: "stdout",
  });
  return eventsIn([line])[0]!;
}

/** All that a program printed that ended with this exit code, in the right order. */
async function told(program: Program, exitCode: number): Promise<PrintedEvent[]> {
  assertEquals(await program.exit(), exitCode, program.transcript());
  const events = eventsIn(program.stdout);
  assertEquals(events[0]!.type, "started");
  assertEquals(events.at(-1)!.type, exitCode === 0 ? "stopped" : "error");
  assertEquals(events.at(-1)!["exitCode"], exitCode);
  const times = events.map(({ time }) => time);
  assertEquals(times, times.toSorted());
  return events;
}

function ofType(events: PrintedEvent[], type: string): PrintedEvent[] {
  return events.filter((event) => event.type === type);
}

async function trackerUrl(tracker: Program): Promise<string> {
  return (await event(tracker, "listening"))["url"];
}

/** A tracker's URL at which nobody answers. */
const NOBODY = "udp://127.0.0.1:9";

Deno.test("a transfer, told by all three programs from start to end", async () => {
  await using folder = await TempFolder.create();
  const path = folder.join("a file.iso");
  const length = 2 * 2 ** 20 + 1;
  await writePseudoRandomFile(path, length, 1);
  await using tracker = start("tracker", ["--interval", "1", "--ui", "127.0.0.1:0"]);
  const url = await trackerUrl(tracker);
  const torrentFile = folder.join("a.torrent");
  const seederArgs = [path, "--no-cache", "-t", url, "-s", "64K", "-o", torrentFile];
  await using seeder = start("seeder", [...seederArgs, "--upload-limit", "1M"]);
  const sharing = await event(seeder, "sharing");
  assertEquals(
    [sharing["torrentFile"], sharing["hostsTracker"], sharing["trackers"]],
    [torrentFile, false, [url]],
  );
  await event(tracker, "swarm", /"change":"joined"/);

  const out = await folder.folder("copy");
  await using leecher = start("leecher", [
    "-e",
    "-t",
    url,
    "-o",
    out,
    "--on-done",
    "true",
    "a file.iso",
  ]);
  const events = await told(leecher, 0);
  const pieces = ofType(events, "piece");
  assertEquals(pieces.reduce((sum, { bytes }) => sum + bytes, 0), length);
  assertEquals(new Set(pieces.map(({ piece }) => piece)).size, 33);
  const [complete] = ofType(events, "complete");
  assertEquals([complete!["path"], complete!["bytes"]], [`${out}/a file.iso`, length]);
  assertEquals(complete!["sources"][0].bytes, length);
  assertEquals(
    ofType(events, "metadata")[0]!["v2Hash"],
    /1220([0-9a-f]{64})/.exec(sharing["magnet"])![1],
  );
  const progress = ofType(events, "progress");
  assertGreater(progress.length, 1);
  assertEquals(progress.at(-1)!["haveBytes"], length);
  const types = events.map(({ type }) => type);
  assertEquals(types.slice(0, 2), ["started", "lookup"]);
  assertEquals(types.slice(-2), ["progress", "stopped"]);
  const news = types.filter((type) => type !== "progress"); // that comes every second
  assertEquals(news.slice(-3), ["complete", "onDone", "stopped"]);
  assert(types.includes("listening") && types.includes("peer") && types.includes("tracker"));

  await event(seeder, "peer", /"state":"away"/);
  await event(tracker, "swarm", /"change":"left"/);
  for (const program of [seeder, tracker]) program.kill("SIGINT");
  const shared = ofType(await told(seeder, 0), "progress").at(-1)!;
  assertGreater(shared["uploadedBytes"], length - 1);
  const watched = await told(tracker, 0);
  assertMatch(ofType(watched, "page")[0]!["url"], /^http:\/\/127\.0\.0\.1:\d+\//);
  assertGreater(ofType(watched, "swarms").at(-1)!["announces"], 1);
});

Deno.test("a failure is told with the exit code of the program", async () => {
  await using tracker = start("tracker", ["--interval", "1"]);
  const url = await trackerUrl(tracker);
  await using leecher = start("leecher", ["-t", url, "no-such-file.iso"]);
  const [error] = ofType(await told(leecher, 3), "error");
  assertMatch(error!["message"], /no-such-file\.iso/);
  assertEquals(error!["code"], "no-such-file");
});

Deno.test("a command line that makes no sense is told as an error, and as nothing else", async () => {
  await using seeder = start("seeder", ["--prot", "7000", "x"]);
  assertEquals(await seeder.exit(), 28);
  const [error, ...others] = eventsIn(seeder.stdout);
  assertEquals([error!.type, error!["exitCode"], others.length], ["error", 28, 0]);
  assertMatch(error!["message"], /--port/);
});

Deno.test("SHOAL_JSON does what --json does", async () => {
  const args = ["--host", "127.0.0.1", "--port", "0"];
  await using tracker = Program.shoal("tracker", args, { env: { SHOAL_JSON: "1" } });
  await event(tracker, "listening");
  tracker.kill("SIGTERM");
  await told(tracker, 0);
});

Deno.test("a leecher that cannot go on says why, by a code and a sentence, and where it was stopped", async () => {
  await using folder = await TempFolder.create();
  const args = ["-o", folder.path, "-t", NOBODY, "1".repeat(40)];
  await using leecher = start("leecher", args);
  const stalled = await event(leecher, "stalled");
  assertMatch(stalled["code"], /^(asking-tracker|tracker-silent|tracker-fails)$/);
  assertMatch(stalled["reason"], /tracker/);
  leecher.kill("SIGINT");
  const [error] = ofType(await told(leecher, 7), "error");
  assertMatch(error!["message"], /same command to continue/);
});

Deno.test("what was here already is told when a download continues", async () => {
  await using folder = await TempFolder.create();
  const path = folder.join("a.bin");
  await writePseudoRandomFile(path, 64 * PIECE, 2);
  const seederArgs = ["--no-cache", "--no-tracker", "-s", "16K", "--upload-limit", "200K", path];
  await using seeder = start("seeder", seederArgs);
  const { magnet } = await event(seeder, "sharing");
  const out = await folder.folder("copy");
  await using first = start("leecher", ["-o", out, magnet]);
  await first.line(/^\{"type":"piece",/, { nth: 8 });
  first.kill("SIGINT");
  await told(first, 7);
  await using second = start("leecher", ["-o", out, magnet]);
  const resumed = await event(second, "resumed");
  assertGreater(resumed["haveBytes"], 8 * PIECE - 1);
  assertEquals(resumed["totalBytes"], 64 * PIECE);
});

Deno.test("a corrupt piece is told, and that its sender is banned", async () => {
  await using folder = await TempFolder.create();
  const path = folder.join("a.bin");
  await writePseudoRandomFile(path, 8 * PIECE, 3);
  const torrent = await torrentOf(path, { pieceLength: PIECE });
  const content = await Deno.readFile(path);
  await using liar = new ScriptedPeer(torrent, content, {
    block: (_, honest) => honest.map((byte) => byte ^ 1),
  });
  const file = await folder.file("a.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  const args = ["-o", await folder.folder("copy"), "--peer", liar.address, "-t", NOBODY, file];
  await using leecher = start("leecher", args);
  assertEquals((await event(leecher, "pieceFailed"))["from"], [liar.address]);
  assertEquals((await event(leecher, "peer", /"state":"banned"/))["address"], liar.address);
  eventsIn(leecher.stdout);
});

Deno.test("a seeder tells of what it leaves out, and of a file that changes", async () => {
  await using folder = await TempFolder.create();
  const shared = await folder.folder("shared");
  await writePseudoRandomFile(`${shared}/a.bin`, 4 * PIECE, 4);
  await Deno.symlink("/dev/null", `${shared}/link`);
  await using seeder = start("seeder", ["--no-cache", "--no-tracker", "-s", "16K", shared]);
  const { magnet } = await event(seeder, "sharing");
  assertMatch((await event(seeder, "warning"))["message"], /link/);
  await writePseudoRandomFile(`${shared}/a.bin`, 4 * PIECE, 5);
  await using leecher = start("leecher", ["-o", await folder.folder("copy"), magnet]);
  assertMatch((await event(seeder, "pieceLost"))["path"], /a\.bin$/);
  eventsIn(seeder.stdout);
  eventsIn(leecher.stdout);
});

Deno.test("--list and --verify tell what they find as one event", async () => {
  await using folder = await TempFolder.create();
  const path = folder.join("a.bin");
  await writePseudoRandomFile(path, 4 * PIECE + 1, 6);
  const torrent = await torrentOf(path, { pieceLength: PIECE, comment: "a\nb" });
  const file = await folder.file("a.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  await using lister = start("leecher", ["--list", file]);
  const [listed] = ofType(await told(lister, 0), "torrent");
  assertEquals([listed!["files"], listed!["pieces"], listed!["comment"]], [
    [{ path: "a.bin", bytes: 4 * PIECE + 1 }],
    5,
    "a\nb",
  ]);
  await using checker = start("leecher", ["--verify", "-o", folder.path, file]);
  const [fine] = ofType(await told(checker, 0), "verified");
  assertEquals([fine!["ok"], fine!["badPieces"]], [true, 0]);
  await Deno.writeFile(path, new Uint8Array(4 * PIECE + 1));
  await using failing = start("leecher", ["--verify", "-o", folder.path, file]);
  const [wrong] = ofType(await told(failing, 32), "verified");
  assertEquals([wrong!["ok"], wrong!["badPieces"], wrong!["badFiles"]], [false, 5, ["a.bin"]]);
});
