/**
 * Looking a file up, and trackers that know nothing, say nothing or refuse.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { fromHex } from "../../lib/codec/bytes.ts";
import { decodeRequest, encodeResponse } from "../../lib/codec/discovery/udp_tracker.ts";
import { freePort } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  failure,
  leech,
  magnetLink,
  ShoalSeeder,
  ShoalTracker,
  startLeecher,
} from "../support/clients/shoal.ts";
import { FakeTracker } from "../support/network/udp_peer.ts";

const LOCAL = ["--host", "127.0.0.1", "-p", "0"];
const CONNECTION_ID = fromHex("0102030405060708");
const V1 = "0123456789abcdef0123456789abcdef01234567";

/** A tracker that connects everybody and refuses everything else. */
function refusingTracker(reason: string): FakeTracker {
  return new FakeTracker((packet) => {
    const request = decodeRequest(packet)!;
    const { transactionId } = request;
    return [encodeResponse(
      request.type === "connect"
        ? { type: "connect", transactionId, connectionId: CONNECTION_ID }
        : { type: "error", transactionId, message: reason },
    )];
  });
}

Deno.test("a name that nobody hosts: exit 3", async () => {
  await using tracker = await ShoalTracker.start(["--interval", "1"]);
  const sentence = await failure("leecher", ["nothing.iso", "-t", tracker.url, ...LOCAL], 3);
  assertMatch(sentence, /^nobody hosts "nothing\.iso" at udp:\S+; check the name/);
});

Deno.test("a name that means two files: exit 3, and the hashes to choose from", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await ShoalTracker.start();
  const contents = ["the one", "the other one"];
  const seeders: ShoalSeeder[] = [];
  try {
    for (const [i, content] of contents.entries()) {
      await temp.folder(`${i}`);
      const path = await temp.file(join(`${i}`, "same.txt"), content);
      const seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
      seeders.push(seeder);
      await seeder.program.line(/^tracker \S+ answers: 1 seeder/);
    }
    const args = ["same.txt", "-t", tracker.url, ...LOCAL];
    const [sentence, ...choices] = (await failure("leecher", args, 3)).split("\n");
    assertMatch(sentence!, /^2 different files are called same\.txt; run the command again with/);
    assertEquals(choices.length, 2);
    for (const [i, seeder] of seeders.entries()) {
      const { v1 } = seeder.hashes;
      const choice = choices.find((line) => line.includes(v1!));
      assertMatch(choice!, new RegExp(`^ {2}${v1} +${contents[i]!.length} bytes, 1 seeding$`));
      const copy = await leech(v1!, await temp.folder(`copy${i}`), ["-t", tracker.url]);
      assertEquals(await Deno.readTextFile(copy), contents[i]!);
    }
  } finally {
    for (const seeder of seeders) await seeder[Symbol.asyncDispose]();
  }
});

Deno.test("a name, and a tracker that says nothing or is not there: exit 6", async () => {
  await using silent = new FakeTracker(() => []);
  const urls = [silent.url, `udp://127.0.0.1:${freePort()}`];
  const sentences = await Promise.all(
    urls.map((url) => failure("leecher", ["a.iso", "-t", url, ...LOCAL], 6)),
  );
  for (const sentence of sentences) {
    assertMatch(sentence, /^tracker udp:\S+ (does not answer|cannot be reached)/);
  }
});

Deno.test("a name, and a tracker that cannot look up names: exit 6", async () => {
  await using tracker = refusingTracker("unknown action");
  const sentence = await failure("leecher", ["a.iso", "-t", tracker.url, ...LOCAL], 6);
  assertMatch(sentence, /cannot look up names .*unknown action/);
});

Deno.test("a link, and a tracker that refuses: its words are shown, and peers are found otherwise", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.txt", "the content");
  await using tracker = refusingTracker("not \x1b[2Jregistered here");
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  const refusal = /^warning: tracker udp:\S+ refuses: not \[2Jregistered here, next try in \d+ s$/;
  await seeder.program.line(refusal);
  const folder = await temp.folder("copy");
  const link = magnetLink(seeder.hashes, [tracker.url]);
  await using leecher = startLeecher(link, folder);
  await leecher.line(refusal);
  await leecher.line(
    /^waiting: tracker udp:\S+ refuses: not \[2Jregistered here, next try in \d+ s; ask who runs it/,
  );
  leecher.kill("SIGINT");
  assertEquals(await leecher.exit(), 7);
  await leech(link, folder, ["--peer", seeder.address]);
});

Deno.test("a seeder shows why a tracker of chosen torrents refuses its announces", async () => {
  await using temp = await TempFolder.create();
  const allowed = await temp.file("allowed", `${V1}\n`);
  await using tracker = await ShoalTracker.start(["--allow", allowed]);
  const path = await temp.file("a.txt", "the content");
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  await seeder.program.line(
    /^warning: tracker udp:\S+ refuses: this tracker does not serve this torrent, next try in \d+ s$/,
  );
});

Deno.test("a link, and a tracker that says nothing: it waits and says when it asks again", async () => {
  await using temp = await TempFolder.create();
  await using silent = new FakeTracker(() => []);
  await using leecher = startLeecher(V1, temp.path, ["-t", silent.url, "--json"]);
  const [, code, reason] = await leecher.line(
    /^{"type":"stalled",.*"code":"(tracker-\w+)","reason":"([^"]+)"/,
    { from: "stdout" },
  );
  assertEquals(code, "tracker-silent");
  assertMatch(
    reason!,
    /^tracker udp:\S+ does not answer, next try in \d+ s; is it running, and its UDP port open\?$/,
  );
});

Deno.test("a link to a file that is not on the tracker: it waits and says so, until the time is up", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await ShoalTracker.start();
  const args = ["-t", tracker.url, "--timeout", "1.5"];
  await using leecher = startLeecher(V1, temp.path, args);
  await leecher.line(/^waiting: no such file on the tracker: nobody shares it there yet; check/);
  assertEquals(await leecher.exit(), 2);
  assertMatch(
    leecher.stderr.at(-1)!,
    /^leecher: not complete after 1\.5 s; run the same command again to continue \(no such file on/,
  );
});

Deno.test("a seeder that cannot be reached is named, with the reason", async () => {
  await using temp = await TempFolder.create();
  const address = `127.0.0.1:${freePort()}`;
  const args = ["--peer", address, "--stall-timeout", "1"];
  await using leecher = startLeecher(V1, temp.path, args);
  await leecher.line(
    new RegExp(
      `^waiting: seeder ${address} unreachable: is it still running\\? \\(refuses connections, `,
    ),
  );
  assertEquals(await leecher.exit(), 2);
  assertMatch(leecher.stderr.at(-1)!, /^leecher: nothing came for 1 s; run the same command again/);
});
