/**
 * Which machines have a torrent, by the tracker without a socket.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { hex } from "../../lib/codec/bytes.ts";
import type { TrackerCore } from "../../lib/tracker/core/tracker_core.ts";
import { machineName, rollSentence, rollTone, slowestOf } from "../../lib/tracker/roll_sentence.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import {
  type AnnounceDetails,
  Asker,
  START_MS,
  trackerCore,
} from "../support/tracker/tracker_asker.ts";
import { INFO_HASH } from "../support/vectors/tracker_vectors.ts";

const permissions = "none";
const HASH = hex(INFO_HASH);
const SIZE = 1_000_000;
const DAY_MS = 24 * 3600 * 1000;

/** A machine of a lab that announces one file, as Shoal does. */
class LabMachine {
  readonly asker: Asker;

  constructor(core: TrackerCore, readonly number: number, port = 6881) {
    this.asker = new Asker(core, `10.0.0.${number}`, 50_000 + number);
    this.port = port;
  }

  readonly port: number;

  /** Announces, `seconds` after the start, with this many percent missing. */
  announce(seconds: number, percentLeft: number, details: AnnounceDetails = {}): this {
    this.asker.nowMs = START_MS + 1000 * seconds;
    this.asker.connect();
    const hosted = { name: "file.iso", length: SIZE, label: `pc${this.number}` };
    const leftBytes = SIZE * percentLeft / 100;
    this.asker.announce({ port: this.port, leftBytes, hosted, ...details });
    return this;
  }
}

/** The roll-call after so many seconds: its sentence, its tone, and each machine with its state. */
function rollAfter(core: TrackerCore, seconds: number, hash = HASH) {
  core.expire(START_MS + 1000 * seconds);
  const roll = core.rollCalls.of(hash, START_MS + 1000 * seconds);
  return {
    roll,
    sentence: rollSentence(roll),
    tone: rollTone(roll),
    states: roll.machines.map((machine) => `${machineName(machine)} ${machine.state}`),
  };
}

Deno.test("the headline counts who has it, who gets it and who is lost, without the first seeder", {
  permissions,
}, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  for (const n of [2, 3, 4, 5]) {
    new LabMachine(core, n).announce(0, 100)
      .announce(40, 0, { event: "completed", downloadedBytes: SIZE });
  }
  new LabMachine(core, 6).announce(0, 100).announce(40, 50);
  const lost = new LabMachine(core, 7).announce(0, 100).announce(40, 20);
  lost.announce(41, 16, { event: "stopped" });
  const { sentence, tone, states, roll } = rollAfter(core, 45);
  assertEquals(sentence, "4 of 6 complete, 1 downloading, 1 lost at 84 %");
  assertEquals(tone, "bad");
  assertEquals(states.slice(0, 2), ["pc7 lost", "pc6 downloading"]);
  assertEquals(roll.machines[0]!.sinceSeconds, 4);
  assertEquals(roll.machines.filter(({ isSource }) => isSource).map(machineName), ["pc1"]);
});

Deno.test("all is well only when all have it, and nobody is lost", { permissions }, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  assertEquals([rollAfter(core, 0).sentence, rollAfter(core, 0).tone], ["1 of 1 complete", "good"]);
  const leecher = new LabMachine(core, 2).announce(3, 100);
  assertEquals(rollAfter(core, 3).tone, "work");
  leecher.announce(9, 0, { event: "completed", downloadedBytes: SIZE });
  assertEquals(rollAfter(core, 12).tone, "good");
  leecher.announce(14, 0, { event: "stopped" });
  const left = rollAfter(core, 15);
  assertEquals([left.sentence, left.tone], ["1 of 1 complete", "good"]);
  assertEquals(left.states, ["pc1 complete", "pc2 left"]);
  assertEquals(rollTone(core.rollCalls.of("ab".repeat(20), START_MS)), "wait");
});

Deno.test("who falls silent is lost when it expires, since it was last heard of", {
  permissions,
}, () => {
  const core = trackerCore();
  const seeder = new LabMachine(core, 1).announce(0, 0);
  new LabMachine(core, 2).announce(0, 100).announce(60, 25);
  for (const seconds of [60, 120, 160]) seeder.announce(seconds, 0);
  assertEquals(rollAfter(core, 160).sentence, "0 of 1 complete, 1 silent");
  seeder.announce(240, 0);
  const { sentence, roll } = rollAfter(core, 240);
  assertEquals(sentence, "0 of 1 complete, 1 lost at 75 %");
  assertEquals([roll.machines[0]!.label, roll.machines[0]!.sinceSeconds], ["pc2", 180]);
});

Deno.test("a machine that comes back is no longer lost: at the same port, or with the same label", {
  permissions,
}, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  for (const n of [2, 3, 4]) {
    new LabMachine(core, n).announce(0, 100).announce(5, 30, { event: "stopped" });
  }
  assertEquals(rollAfter(core, 6).sentence, "0 of 3 complete, 3 lost");
  new LabMachine(core, 2).announce(10, 30, { hosted: { name: "file.iso", length: SIZE } });
  new LabMachine(core, 3, 6999).announce(10, 30);
  const stranger = { hosted: { name: "file.iso", length: SIZE, label: "pc9" } };
  new LabMachine(core, 4, 6999).announce(10, 30, stranger);
  const { sentence, states } = rollAfter(core, 11);
  assertEquals(sentence, "0 of 4 complete, 3 downloading, 1 lost at 70 %");
  assertEquals(states[0], "pc4 lost");
});

Deno.test("an address that passes to another machine does not hide who had it before", {
  permissions,
}, () => {
  const core = trackerCore();
  const address = new LabMachine(core, 2);
  const as = (label: string) => ({ hosted: { name: "file.iso", length: SIZE, label } });
  new LabMachine(core, 1).announce(0, 0);
  address.announce(0, 100).announce(20, 60, { event: "stopped" });
  address.asker.nowMs = START_MS + 30_000;
  address.asker.connect();
  address.asker.announce({ port: 6881, leftBytes: SIZE }); // it has a link, and no name and label to tell
  assertEquals(rollAfter(core, 30).sentence, "0 of 1 complete, 1 downloading");
  address.announce(31, 100, as("pc3")).announce(40, 30, { ...as("pc3"), event: "stopped" });
  address.announce(50, 100, as("pc4"));
  const { states, sentence } = rollAfter(core, 50);
  assertEquals(states.slice(0, 2).sort(), ["pc2 lost", "pc3 lost"]);
  assertEquals(states.slice(2), ["pc4 downloading", "pc1 complete"]);
  assertEquals(sentence, "0 of 3 complete, 1 downloading, 2 lost at 70 % and 40 %");
  address.announce(60, 50, as("pc2"));
  assertEquals(rollAfter(core, 60).sentence, "0 of 2 complete, 1 downloading, 1 lost at 70 %");
  assertEquals(core.rollCalls.dismiss(HASH, { host: "10.0.0.2", port: 6881 }), 2);
  assertEquals(rollAfter(core, 61).sentence, "0 of 1 complete, 1 downloading");
});

Deno.test("who got it is a recipient still when it starts again, and after the tracker did", {
  permissions,
}, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  const leecher = new LabMachine(core, 2).announce(0, 100).announce(5, 0, { downloadedBytes: 9 });
  leecher.announce(6, 0, { event: "stopped" }).announce(9, 0, { event: "started" });
  assertEquals(rollAfter(core, 10).sentence, "1 of 1 complete");
  const restarted = trackerCore();
  new LabMachine(restarted, 1).announce(0, 0);
  new LabMachine(restarted, 2).announce(0, 0, { downloadedBytes: SIZE });
  assertEquals(rollAfter(restarted, 1).sentence, "1 of 1 complete");
});

Deno.test(
  "what has left is remembered for a day, or until it is dismissed",
  { permissions },
  () => {
    const core = trackerCore();
    const seeder = new LabMachine(core, 1).announce(0, 0);
    for (const n of [2, 3]) {
      new LabMachine(core, n).announce(0, 100).announce(5, 30, { event: "stopped" });
    }
    assertEquals(core.rollCalls.dismiss(HASH, { host: "10.0.0.2", port: 1 }), 0);
    assertEquals(core.rollCalls.dismiss(HASH, { host: "10.0.0.2", port: 6881 }), 1);
    assertEquals(rollAfter(core, 6).sentence, "0 of 1 complete, 1 lost at 70 %");
    seeder.announce(DAY_MS / 1000, 0);
    assertEquals(rollAfter(core, DAY_MS / 1000 + 4).sentence, "0 of 1 complete, 1 lost at 70 %");
    assertEquals(rollAfter(core, DAY_MS / 1000 + 6).sentence, "1 of 1 complete");
    assertEquals(core.attendance.departures.size, 0);
  },
);

Deno.test("a torrent that all have left can be looked at still, under either hash of a hybrid", {
  permissions,
}, () => {
  const core = trackerCore();
  const v2Hash = pseudoRandomBytes(32, 2);
  const hosted = { name: "file.iso", length: SIZE, label: "pc2", v2Hash };
  for (const infoHash of [INFO_HASH, v2Hash.slice(0, 20)]) {
    new LabMachine(core, 2).announce(0, 100, { infoHash, hosted })
      .announce(5, 30, { infoHash, hosted, event: "stopped" });
  }
  assertEquals(core.swarms.peers, 0);
  const [abandoned, ...others] = core.rollCalls.abandoned(START_MS + 6000);
  assertEquals([abandoned?.name, abandoned?.torrent, others], ["file.iso", hex(v2Hash), []]);
  for (const hash of [HASH, hex(v2Hash)]) {
    assertEquals(rollAfter(core, 6, hash).sentence, "0 of 1 complete, 1 lost at 70 %");
  }
});

Deno.test("of a nameless torrent nobody is remembered, and a displaced peer is not lost", {
  permissions,
}, () => {
  const core = trackerCore({ limits: { maxPeers: 1 } });
  new LabMachine(core, 1).announce(0, 50, { urlData: "" }).announce(1, 50, { event: "stopped" });
  assertEquals(core.attendance.departures.size, 0);
  new LabMachine(core, 2).announce(2, 50);
  new LabMachine(core, 3).announce(3, 50);
  assertEquals([core.swarms.peers, core.attendance.departures.size], [1, 0]);
});

Deno.test(
  "a stranger's churn does not push out those that others have lost",
  { permissions },
  () => {
    const core = trackerCore({ limits: { maxDepartures: 10 } });
    new LabMachine(core, 1).announce(0, 0);
    new LabMachine(core, 2).announce(0, 100).announce(1, 30, { event: "stopped" });
    for (let port = 1000; port < 1100; port++) {
      const stranger = new Asker(core, "198.51.100.7");
      const hosted = { name: "file.iso", length: SIZE };
      stranger.announce({ port, leftBytes: 5, hosted });
      stranger.announce({ port, leftBytes: 5, hosted, event: "stopped" });
    }
    assertEquals(core.attendance.departures.size, 10);
    assert(rollAfter(core, 2).states.includes("pc2 lost"));
  },
);

Deno.test("the slowest is told with its rate and the time it will take, from what it announces", {
  permissions,
}, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  new LabMachine(core, 2).announce(0, 100).announce(10, 50);
  new LabMachine(core, 3).announce(0, 100).announce(10, 80);
  const { roll } = rollAfter(core, 10);
  const slowest = slowestOf(roll.machines)!;
  assertEquals(machineName(slowest), "pc3");
  assertAlmostEquals(slowest.rateBytesPerSecond!, 20_000, 1);
  assertAlmostEquals(slowest.etaSeconds!, 40, 0.1);
  new LabMachine(core, 2).announce(20, 50);
  const stalled = slowestOf(rollAfter(core, 20).roll.machines)!;
  assertEquals([stalled.label, stalled.rateBytesPerSecond, stalled.etaSeconds], [
    "pc2",
    0,
    undefined,
  ]);
});

Deno.test("a machine that wants some of the files is complete when it has those", {
  permissions,
}, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  const hosted = { name: "file.iso", length: SIZE, label: "pc2", selectedBytes: 200_000 };
  const part = new LabMachine(core, 2).announce(0, 90, { hosted });
  assertEquals(rollAfter(core, 0).roll.machines[0]!.progress, 0.5);
  part.announce(10, 80, { hosted });
  const { roll, sentence, tone } = rollAfter(core, 10);
  assertEquals([sentence, tone], ["1 of 1 complete", "good"]);
  assertEquals(roll.machines.filter(({ isPartial }) => isPartial).map(machineName), ["pc2"]);
});

Deno.test("a machine that announces itself over IPv4 and IPv6 is one", { permissions }, () => {
  const core = trackerCore();
  new LabMachine(core, 1).announce(0, 0);
  const hosted = { name: "file.iso", length: SIZE, label: "pc2" };
  const twin = new Asker(core, "fd00::2");
  new LabMachine(core, 2).announce(0, 50);
  twin.announce({ leftBytes: SIZE / 2, hosted });
  assertEquals(rollAfter(core, 1).sentence, "0 of 1 complete, 1 downloading");
  new LabMachine(core, 2).announce(3, 50, { event: "stopped" });
  twin.announce({ leftBytes: SIZE / 2, hosted, event: "stopped" });
  assertEquals(rollAfter(core, 4).sentence, "0 of 1 complete, 1 lost at 50 %");
  // Two machines that were cloned with their name are two.
  new LabMachine(core, 5).announce(6, 50, { hosted: { ...hosted, label: "clone" } });
  new LabMachine(core, 6).announce(6, 50, { hosted: { ...hosted, label: "clone" } });
  const { sentence } = rollAfter(core, 7);
  assertEquals(sentence, "0 of 3 complete, 2 downloading, 1 lost at 50 %");
});

Deno.test("with a list of expected machines those are counted, and the missing ones named", {
  permissions,
}, () => {
  const core = trackerCore();
  core.rollCalls.expected = [
    ...["PC2", "pc3.lab.example", "pc4", "pc9"].map((label) => ({ label })),
    ...["10.0.0.5", "10.0.0.8"].map((host) => ({ host })),
  ];
  new LabMachine(core, 1).announce(0, 0);
  new LabMachine(core, 2).announce(0, 100).announce(5, 0, { downloadedBytes: SIZE });
  new LabMachine(core, 3).announce(0, 100).announce(5, 0, { downloadedBytes: SIZE })
    .announce(6, 0, { event: "stopped" });
  new LabMachine(core, 4).announce(5, 50);
  new LabMachine(core, 5).announce(5, 50);
  const { sentence, tone, roll, states } = rollAfter(core, 7);
  assertEquals(
    sentence,
    "2 of 6 complete, 2 downloading, 2 never seen, 1 not on the list",
  );
  assertEquals([tone, roll.expected, roll.recipients], ["bad", 6, 6]);
  assertEquals(states.slice(0, 2), ["pc9 missing", "10.0.0.8 missing"]);
  core.rollCalls.expected = [{ label: "pc1" }, { label: "pc2" }];
  const all = rollAfter(core, 10);
  assertEquals(all.sentence, "2 of 2 complete, 3 not on the list");
});

Deno.test("what an expected machine left behind at another address is no other machine", {
  permissions,
}, () => {
  const core = trackerCore();
  core.rollCalls.expected = [{ label: "pc2" }];
  const hosted = { name: "file.iso", length: SIZE, label: "pc2" };
  new LabMachine(core, 2).announce(0, 50).announce(1, 50, { event: "stopped" });
  new LabMachine(core, 77).announce(2, 40, { hosted });
  assertEquals(rollAfter(core, 3).states, ["pc2 downloading"]);
});

Deno.test(
  "a machine of the tracker's own is expected by its address, though it comes from loopback",
  {
    permissions,
  },
  () => {
    const core = trackerCore({ addressFor: () => "10.0.0.200" });
    core.rollCalls.expected = [{ host: "10.0.0.200" }];
    new Asker(core, "127.0.0.1").announce({ hosted: { name: "file.iso", length: SIZE } });
    assertEquals(rollAfter(core, 1).sentence, "0 of 1 complete, 1 downloading");
  },
);

Deno.test("a label is taken from private addresses only, bounded and harmless", {
  permissions,
}, () => {
  const core = trackerCore();
  let nowMs = START_MS;
  const label = (host: string, text: string) => {
    const encoded = encodeURIComponent(text);
    const urlData = `/announce?dn=file.iso&xl=${SIZE}&label=${encoded}`;
    new Asker(core, host).announce({ urlData });
    return core.rollCalls.of(HASH, nowMs += 5000).machines.find((one) => one.host === host)?.label;
  };
  assertEquals(label("10.0.0.1", "pc1"), "pc1");
  assertEquals(label("127.0.0.1", "pc2"), "pc2");
  assertEquals(label("fd00::1", "pc3"), "pc3");
  assertEquals(label("203.0.113.9", "pc4"), undefined);
  assertEquals(label("2001:db8::9", "pc5"), undefined);
  assertEquals(label("10.0.0.2", "\u001b[31mred\u001b]0;title\u0007\u202e\n"), "red");
  assertEquals(label("10.0.0.3", "é".repeat(400)), "é".repeat(32));
  assertEquals(label("10.0.0.4", "\u0007\u200b"), undefined);
});

Deno.test("labels are bounded in number, with a share for each network", { permissions }, () => {
  const core = trackerCore({ limits: { maxNotes: 10 } });
  new LabMachine(core, 1).announce(0, 0);
  const flood = new Asker(core, "192.168.7.7");
  for (let port = 1000; port < 1100; port++) {
    flood.announce({ port, hosted: { name: "file.iso", length: SIZE, label: `x${port}` } });
  }
  assertEquals(core.attendance.notes.size, 10);
  assert(rollAfter(core, 1).states.includes("pc1 complete"));
  for (let port = 1000; port < 1100; port++) flood.announce({ port, event: "stopped" });
  assertEquals(core.attendance.notes.size, 1);
});

Deno.test("peers without a label cost no note", { permissions }, () => {
  const core = trackerCore();
  for (let n = 1; n < 100; n++) {
    new Asker(core, `10.0.0.${n}`).announce({ leftBytes: 5 });
    new Asker(core, `10.0.1.${n}`).announce({ hosted: { name: "file.iso", length: SIZE } });
  }
  assertEquals(core.attendance.notes.size, 0);
});

Deno.test("a client is told the roll-call by the page, on private addresses only", {
  permissions,
}, () => {
  const core = trackerCore();
  core.rollCalls.expected = [{ label: "pc200" }];
  for (let n = 1; n <= 100; n++) new LabMachine(core, n).announce(0, 50);
  const asker = new Asker(core, "10.0.0.250");
  const seen = new Set<string>();
  let pages = 0;
  for (let offset = 0;; pages++) {
    const { connectionId } = asker;
    const request = { type: "who", connectionId, transactionId: 1, infoHash: INFO_HASH, offset };
    const answer = asker.who(INFO_HASH, offset);
    assert(request.offset === offset);
    assertEquals([answer.total, answer.complete, answer.expected], [101, 0, 1]);
    if (answer.machines.length === 0) break;
    for (const { label } of answer.machines) seen.add(label!);
    offset += answer.machines.length;
  }
  assertEquals([seen.size, pages], [101, 3]);
  for (const host of ["203.0.113.9", "2001:db8::9"]) {
    const stranger = new Asker(core, host);
    const { connectionId } = stranger;
    const request = { type: "who", connectionId, transactionId: 1, infoHash: INFO_HASH, offset: 0 };
    const answer = stranger.ask(request as Parameters<Asker["ask"]>[0]);
    assertEquals(answer, {
      type: "error",
      transactionId: 1,
      message: "told on private addresses only",
    });
  }
});

Deno.test("a flood of questions gets short answers, and the page of the tracker goes on", {
  permissions,
}, () => {
  const core = trackerCore();
  const machines = 3000;
  for (let n = 0; n < machines; n++) {
    new Asker(core, `10.0.${n >> 8}.${n & 255}`).announce({
      hosted: { name: `file${n % 20}`, length: SIZE },
      infoHash: pseudoRandomBytes(20, n % 20),
    });
  }
  const asker = new Asker(core, "10.9.9.9");
  const { connectionId } = asker;
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    asker.nowMs = START_MS + i;
    const answer = asker.ask({
      ...{ type: "who", connectionId, transactionId: 1, offset: 0 },
      infoHash: pseudoRandomBytes(20, i % 20),
    });
    if (answer.type === "error") refused++;
  }
  assert(refused > 20, `${refused}`);
  const hash = hex(pseudoRandomBytes(20, 3));
  assertEquals(core.rollCalls.of(hash, START_MS + 400).machines.length, machines / 20);
  asker.nowMs = START_MS + 3000;
  assertEquals(asker.who(pseudoRandomBytes(20, 4)).total, machines / 20);
});

Deno.test("no answer is longer than 1,200 bytes, whatever the labels", { permissions }, () => {
  const core = trackerCore();
  for (let n = 1; n < 60; n++) {
    const hosted = { name: "file.iso", length: SIZE, label: `${n}`.padEnd(64, "x") };
    new Asker(core, `fd00::${n}`).announce({ hosted });
  }
  const asker = new Asker(core, "10.0.0.250");
  const { total, machines } = asker.who();
  assertEquals([total, machines.length], [59, 11]);
  const packet = new Uint8Array(40);
  packet.set(asker.connectionId);
  packet.set([0x53, 0x48, 0, 3], 8);
  packet.set(INFO_HASH, 16);
  assertLessOrEqual(asker.send(packet)!.length, 1200);
});
