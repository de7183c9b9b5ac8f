import { assert, assertEquals } from "@std/assert";
import {
  decodeLocalAnswer,
  encodeLocalQuestion,
  type LocalAnswer,
} from "../../../lib/codec/discovery/local_question.ts";
import { LocalResponder, type OfferedTorrent } from "../../../lib/discovery/local/responder.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";

const pure = { permissions: "none" } as const;
const HERE = "10.0.0.1";
const ASKER = "10.0.0.9";
const PORT = 6881;

/** A machine in 10.0.0.0/24, and its clock. */
class Machine {
  nowMs = 1_000_000;
  readonly responder = new LocalResponder((host) =>
    host.startsWith("10.0.0.")
      ? HERE
      : this.own6 && host.startsWith("fe80::")
      ? this.own6
      : undefined
  );

  constructor(readonly own6?: string) {}

  /** What it answers to a packet. */
  hears(packet: Uint8Array, host = ASKER): LocalAnswer[] {
    const replies = this.responder.received(packet, host, this.nowMs);
    const length = replies.reduce((sum, { packet: answer }) => sum + answer.length, 0);
    assert(length <= packet.length, "the answers are longer than their question");
    return replies.map(({ packet: answer, from }) => {
      assertEquals(from, host.startsWith("10.") ? HERE : this.own6);
      return decodeLocalAnswer(answer)!;
    });
  }

  asked(name: string, host = ASKER): LocalAnswer[] {
    return this.hears(question(name), host);
  }

  askedForTracker(host = ASKER): LocalAnswer[] {
    return this.hears(encodeLocalQuestion({ type: "findTracker", transactionId: 7 }), host);
  }
}

function question(name: string): Uint8Array {
  return encodeLocalQuestion({ type: "findName", transactionId: 7, name });
}

function torrent(changes: Partial<OfferedTorrent> = {}): OfferedTorrent {
  const hashes = { v1Hash: pseudoRandomBytes(20, 1), v2Hash: pseudoRandomBytes(32, 1) };
  return { name: "file.iso", length: 5, port: PORT, ...hashes, ...changes };
}

Deno.test("a torrent is told to those who ask for exactly its name", pure, () => {
  const machine = new Machine();
  const { v1Hash, v2Hash } = torrent();
  machine.responder.addTorrent(torrent({ name: "caf\u00e9.iso" }));
  const entries = [{ v1Hash, v2Hash, length: 5, seeders: 1, leechers: 0 }];
  const expected = { type: "peerHas", transactionId: 7, port: PORT, total: 1, entries };
  assertEquals(machine.asked("caf\u00e9.iso"), [expected as LocalAnswer]);
  assertEquals(machine.asked("cafe\u0301.iso"), [expected as LocalAnswer], "another spelling");
  for (const name of ["caf\u00e9", "Caf\u00e9.iso", "caf\u00e9.iso ", "other"]) {
    assertEquals(machine.asked(name), [], name);
  }
});

Deno.test("what is taken back is told no more, and what is left is", pure, () => {
  const machine = new Machine();
  const [first, second] = [torrent(), torrent({ v1Hash: pseudoRandomBytes(20, 2) })];
  machine.responder.addTorrent(first);
  machine.responder.addTorrent(second);
  const [both] = machine.asked("file.iso");
  assert(both?.type === "peerHas" && both.total === 2 && both.entries.length === 2);
  machine.responder.removeTorrent(first);
  machine.responder.removeTorrent(first);
  const [one] = machine.asked("file.iso");
  assert(one?.type === "peerHas" && one.total === 1);
  assertEquals(machine.responder.isEmpty, false);
  machine.responder.removeTorrent(second);
  assertEquals([machine.asked("file.iso"), machine.responder.isEmpty], [[], true]);
});

Deno.test("a tracker is told with its port, and with what it lists", pure, () => {
  const machine = new Machine();
  const asked: string[] = [];
  const entry = { v1Hash: pseudoRandomBytes(20, 3), length: 9, seeders: 4, leechers: 1 };
  const tracker = {
    port: 6969,
    find: (name: string, host: string) => {
      asked.push(`${name} ${host}`);
      return name === "known" ? { total: 3, entries: [entry] } : { total: 0, entries: [] };
    },
  };
  machine.responder.addTracker(tracker);
  machine.responder.addTorrent(torrent({ name: "known" }));
  const answers = machine.asked("known");
  assertEquals(answers.map(({ type, port }) => [type, port]), [
    ["peerHas", PORT],
    ["trackerLists", 6969],
  ]);
  assertEquals(machine.asked("unknown"), []);
  assertEquals(asked, [`known ${ASKER}`, `unknown ${ASKER}`]);
  assertEquals(machine.askedForTracker(), [{ type: "trackerHere", transactionId: 7, port: 6969 }]);
  machine.responder.removeTracker(tracker);
  assertEquals(machine.askedForTracker(), []);
});

Deno.test(
  "a name that is being prepared is told as coming, until the torrent itself is here",
  pure,
  () => {
    const machine = new Machine();
    const preparation = { port: PORT, includes: (name: string) => name === "caf\u00e9.iso" };
    machine.responder.addPreparation(preparation);
    assertEquals(machine.responder.isEmpty, false);
    const coming: LocalAnswer = { type: "peerPrepares", transactionId: 7, port: PORT };
    assertEquals(machine.asked("cafe\u0301.iso"), [coming]);
    assertEquals([machine.asked("other"), machine.askedForTracker()], [[], []]);
    const ready = torrent({ name: "caf\u00e9.iso" });
    machine.responder.addTorrent(ready);
    assertEquals(machine.asked("caf\u00e9.iso").map(({ type }) => type), ["peerHas"]);
    machine.responder.removeTorrent(ready);
    machine.responder.addPreparation({ ...preparation, port: 7000 });
    assertEquals(machine.asked("caf\u00e9.iso").length, 1, "one answer says it");
    machine.responder.removePreparation(preparation);
    assertEquals(machine.asked("caf\u00e9.iso"), [{ ...coming, port: 7000 }]);
    machine.responder.addPreparation({ ...preparation, host: "10.0.0.2" });
  },
);

Deno.test("what listens on one address is told where that address is asked from", pure, () => {
  const machine = new Machine();
  machine.responder.addTorrent(torrent({ host: "10.0.0.2" }));
  assertEquals(machine.asked("file.iso"), []);
  machine.responder.addTorrent(torrent({ host: HERE, port: 7000 }));
  machine.responder.addTorrent(torrent({ host: "0.0.0.0", port: 7001 }));
  assertEquals(machine.asked("file.iso").map(({ port }) => port), [7000, 7001]);
});

Deno.test("nobody outside the networks of this machine is answered", pure, () => {
  const machine = new Machine();
  machine.responder.addTorrent(torrent());
  for (const host of ["10.0.1.9", "192.168.0.9", "203.0.113.5", "fe80::1"]) {
    assertEquals(machine.asked("file.iso", host), [], host);
  }
});

Deno.test("noise is not answered, nor a question with no room for an answer", pure, () => {
  const machine = new Machine();
  machine.responder.addTorrent(torrent());
  for (const length of [0, 4, 12, 20, 85]) {
    assertEquals(machine.hears(question("file.iso").subarray(0, length)), [], `${length} bytes`);
  }
  assertEquals(machine.hears(question("file.iso").subarray(0, 86)).length, 1);
  assertEquals(machine.hears(pseudoRandomBytes(1200, 1)), []);
});

Deno.test(
  "a host that asks without end is answered at a steady rate, and others as ever",
  pure,
  () => {
    const machine = new Machine();
    machine.responder.addTorrent(torrent());
    const answered = (host: string, times: number) => {
      let count = 0;
      for (let i = 0; i < times; i++) count += machine.asked("file.iso", host).length;
      return count;
    };
    assertEquals(answered("10.0.0.66", 10_000), 100);
    assertEquals(answered(ASKER, 1), 1);
    machine.nowMs += 13_000;
    assertEquals(answered("10.0.0.66", 10_000), 100);
    machine.nowMs += 2_000;
    assertEquals(answered("10.0.0.66", 10_000), 16);
  },
);

Deno.test("all hosts together cause no more answers than a machine has time for", pure, () => {
  const machine = new Machine();
  machine.responder.addTorrent(torrent());
  let answers = 0;
  for (let i = 0; i < 40_000; i++) answers += machine.asked("file.iso", `10.0.0.${i}`).length;
  assertEquals(answers, 26_000);
  machine.nowMs += 1_000;
  for (let i = 0; i < 40_000; i++) answers += machine.asked("file.iso", `10.0.0.${i}x`).length;
  assertEquals(answers, 28_100);
});

Deno.test(
  "who forges every other address of a network keeps nobody in it from an answer",
  pure,
  () => {
    const machine = new Machine();
    machine.responder.addTorrent(torrent());
    for (let second = 0; second < 60; second++) {
      for (let round = 0; round < (second === 0 ? 40 : 4); round++) {
        for (let i = 10; i < 255; i++) machine.asked("file.iso", `10.0.0.${i}`);
      }
      assertEquals(machine.asked("file.iso", ASKER).length, 1, `after ${second} s`);
      machine.nowMs += 1_000;
    }
  },
);

Deno.test("who forges addresses of IPv6 keeps nobody from an answer over IPv4", pure, () => {
  const machine = new Machine("fe80::1");
  machine.responder.addTorrent(torrent());
  let answers = 0;
  for (let i = 1; i < 40_000; i++) {
    answers += machine.asked("file.iso", `fe80::${i.toString(16)}`).length;
  }
  assertEquals(answers, 26_000);
  assertEquals(machine.asked("file.iso").length, 1);
});

Deno.test("all answers to a question together are no longer than the question", pure, () => {
  const machine = new Machine();
  const entry = { v1Hash: pseudoRandomBytes(20, 3), length: 9, seeders: 4, leechers: 1 };
  const entries = Array.from({ length: 17 }, () => entry);
  machine.responder.addTracker({ port: 6969, find: () => ({ total: 17, entries }) });
  for (const port of [7000, 7001, 7002]) machine.responder.addTorrent(torrent({ port }));
  const ports = (length: number) =>
    machine.hears(question("file.iso").subarray(0, length))
      .map(({ port }) => port);
  assertEquals(ports(85), []);
  assertEquals(ports(171), [7000]);
  assertEquals(ports(172), [7000, 7001]);
  assertEquals(ports(1200), [7000, 7001, 7002, 6969]);
  for (const port of [6970, 6971]) {
    machine.responder.addTracker({ port, find: () => ({ total: 0, entries: [] }) });
  }
  assertEquals(machine.askedForTracker().length, 1);
});

Deno.test("a thousand torrents cost an entry each, and one is found among them", pure, () => {
  const machine = new Machine();
  const all = Array.from({ length: 1000 }, (_, i) => torrent({ name: `file ${i}` }));
  for (const each of all) machine.responder.addTorrent(each);
  assertEquals(machine.asked("file 7").length, 1);
  for (const each of all) machine.responder.removeTorrent(each);
  assertEquals(machine.responder.isEmpty, true);
});
