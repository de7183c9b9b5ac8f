/**
 * Whom a tracker dials back, and whom it tells of it.
 * @module
 */

import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { hex } from "../../lib/codec/bytes.ts";
import { encodeRequest } from "../../lib/codec/discovery/udp_tracker.ts";
import { members } from "../../lib/tracker/core/inspect.ts";
import { type PortCheck, PortChecks } from "../../lib/tracker/core/port_checks.ts";
import { RequestOrigin } from "../../lib/tracker/tables/origin.ts";
import { Asker, START_MS, trackerCore } from "../support/tracker/tracker_asker.ts";
import { INFO_HASH, OTHER_INFO_HASH } from "../support/vectors/tracker_vectors.ts";

const permissions = "none";
const MINUTE_MS = 60_000;
const KEY = Uint32Array.of(7, 8);

/** A tracker that dials back, and what it would dial. */
function setUp() {
  const checks = new PortChecks(KEY);
  const core = trackerCore({ portChecks: checks });
  let nowMs = START_MS;
  return {
    checks,
    core,
    /** Everybody who is to be dialled at once or within a minute, with the time of it. */
    drain(outcome: "reachable" | "unreachable" | "unknown" = "reachable") {
      const dialled: (PortCheck & { atMs: number })[] = [];
      for (const endMs = nowMs + MINUTE_MS; nowMs < endMs; nowMs += 50) {
        const check = checks.next(nowMs);
        if (check === undefined) continue;
        dialled.push({ ...check, atMs: nowMs });
        checks.done(check, outcome, nowMs);
      }
      return dialled;
    },
    get nowMs() {
      return nowMs;
    },
  };
}

function addresses(dialled: PortCheck[]): string[] {
  return dialled.map(({ host, port }) => `${host} ${port}`);
}

Deno.test("a new peer is dialled once, at the address its announce came from", {
  permissions,
}, () => {
  const { core, drain, checks } = setUp();
  for (const host of ["192.0.2.1", "2001:db8::7", "::ffff:192.0.2.3"]) {
    const asker = new Asker(core, host, 50_000);
    for (const infoHash of [INFO_HASH, OTHER_INFO_HASH]) asker.announce({ infoHash, port: 7000 });
    asker.announce({ port: 7000 });
  }
  assertEquals(checks.waiting, 3);
  const dialled = drain();
  assertEquals(addresses(dialled), ["192.0.2.1 7000", "2001:db8::7 7000", "192.0.2.3 7000"]);
  new Asker(core, "192.0.2.1").announce({ port: 7000 });
  assertEquals(drain(), []);
});

Deno.test(
  "a peer is told of its own port, in fewer bytes than it asked with",
  { permissions },
  () => {
    const { core, drain } = setUp();
    const asker = new Asker(core, "192.0.2.1");
    assertEquals(asker.reach(), "unknown");
    asker.announce();
    assertEquals(asker.reach(), "unknown");
    drain("unreachable");
    assertEquals([asker.reach(), asker.reach(6882)], ["unreachable", "unknown"]);
    assertEquals(new Asker(core, "::ffff:192.0.2.1").reach(), "unreachable");
    const { connectionId } = asker;
    const request = encodeRequest({ type: "reach", connectionId, transactionId: 9, port: 6881 });
    const answer = asker.send(request)!;
    assertEquals(hex(answer), "5348000200000009" + "02");
    assertLess(answer.length, request.length);
    assertEquals(core.stats().reaches, 6);
  },
);

Deno.test("nobody is told of somebody else, nor without having proved its address", {
  permissions,
}, () => {
  const { core, drain } = setUp();
  new Asker(core, "192.0.2.1").announce();
  drain();
  for (const host of ["192.0.2.2", "2001:db8::1"]) {
    assertEquals(new Asker(core, host).reach(), "unknown");
  }
  const thief = new Asker(core, "192.0.2.2");
  const { connectionId } = new Asker(core, "192.0.2.1");
  for (const id of [connectionId, new Uint8Array(8)]) {
    const question = { type: "reach", connectionId: id, transactionId: 1, port: 6881 } as const;
    const answer = thief.ask(question);
    assertEquals(answer.type, "error");
    assertLessOrEqual(thief.send(encodeRequest(question))!.length, 18);
  }
  const { waiting } = core.portChecks!;
  thief.refused({ connectionId });
  assertEquals(core.portChecks!.waiting, waiting, "who has not proved its address is not dialled");
});

Deno.test("a tracker that does not dial back knows nothing, and says so", { permissions }, () => {
  const core = trackerCore();
  const asker = new Asker(core, "192.0.2.1");
  asker.announce();
  assertEquals(asker.reach(), "unknown");
});

Deno.test("addresses that nobody can be dialled at from elsewhere are not dialled", {
  permissions,
}, () => {
  const { core, drain } = setUp();
  for (const host of ["0.0.0.0", "224.0.0.1", "255.255.255.255", "fe80::1%eth0", "ff02::1", "::"]) {
    new Asker(core, host).announce();
  }
  assertEquals(drain(), []);
});

Deno.test("who leaves, and who is refused, is not dialled", { permissions }, () => {
  const { core, checks } = setUp();
  const asker = new Asker(core, "192.0.2.1");
  asker.announce({ event: "stopped" });
  assertEquals(asker.refused({ port: 0 }), "port 0 cannot be reached");
  assertEquals(checks.waiting, 0);
});

Deno.test("a flood of ports from one address does not keep others waiting", {
  permissions,
}, () => {
  const { core, drain, checks } = setUp();
  const flood = new Asker(core, "192.0.2.1");
  for (let port = 1; port <= 1200; port++) flood.announce({ port });
  for (let port = 1; port <= 900; port++) new Asker(core, "2001:db8::1").announce({ port });
  assertEquals(checks.waiting, 1000);
  new Asker(core, "198.51.100.2").announce();
  assertEquals(checks.waiting, 1000, "one of the flood made room");
  const dialled = drain();
  const { atMs } = dialled.find(({ host }) => host === "198.51.100.2")!;
  assertLessOrEqual(atMs - START_MS, 400);
  assertEquals(dialled.length, 300, "and nobody is dialled for nothing meanwhile");
});

Deno.test("forty machines behind one address are all dialled at their first announce", {
  permissions,
}, () => {
  const { core, drain } = setUp();
  const nat = new Asker(core, "192.0.2.1");
  for (let port = 1; port <= 40; port++) nat.announce({ port });
  assertEquals(drain().length, 40);
});

Deno.test(
  "a crowd is dialled five a second, and those for whom there is no room at their next announce",
  {
    permissions,
  },
  () => {
    const { core, drain, checks } = setUp();
    const crowd = Array.from(
      { length: 1200 },
      (_, i) => new Asker(core, `10.0.${i >> 8}.${i & 255}`),
    );
    for (const asker of crowd) asker.announce();
    assertEquals(checks.waiting, 1000);
    const dialled = drain();
    assertEquals(dialled.length, 300);
    for (const [i, { atMs }] of dialled.entries()) assertEquals(atMs - START_MS, 200 * i);
    let rest = 0, minutes = 0;
    while (rest < 900) {
      for (const asker of crowd) asker.announce();
      rest += drain().length;
      assert(++minutes < 6);
    }
    assertEquals([rest, drain().length, checks.remembered], [900, 0, 1200]);
  },
);

Deno.test("at most sixteen are dialled at once, however long it takes", { permissions }, () => {
  const { core, checks } = setUp();
  for (let i = 1; i <= 40; i++) new Asker(core, `10.0.0.${i}`).announce();
  const begun: PortCheck[] = [];
  for (let ms = 0; ms < MINUTE_MS; ms += 50) {
    const check = checks.next(START_MS + ms);
    if (check !== undefined) begun.push(check);
  }
  assertEquals([begun.length, checks.waiting], [16, 24]);
  checks.done(begun[0]!, "unknown", START_MS);
  assert(checks.next(START_MS + MINUTE_MS) !== undefined);
  assertEquals(checks.remembered, 0, "what the tracker could not try, it does not know");
});

Deno.test("who comes back after its port was shut is tried again, and is not told what was", {
  permissions,
}, () => {
  const { core, drain } = setUp();
  const asker = new Asker(core, "192.0.2.1");
  asker.announce();
  drain("unreachable");
  asker.announce();
  assertEquals([drain().length, asker.reach()], [0, "unreachable"], "it only announced again");
  asker.nowMs += MINUTE_MS;
  asker.announce({ event: "stopped" });
  asker.announce();
  assertEquals(asker.reach(), "unknown");
  assertEquals([drain().length, asker.reach()], [1, "reachable"]);
  asker.announce({ event: "stopped" });
  asker.announce();
  assertEquals([drain().length, asker.reach()], [0, "reachable"], "that stands for ten minutes");
});

Deno.test("of all that come and go the newest hundred thousand are remembered", {
  permissions,
}, () => {
  const checks = new PortChecks(KEY);
  const sender = new RequestOrigin();
  const reads = (i: number) => {
    sender.read({ hostname: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 1 });
    sender.setPort(6881);
  };
  for (let i = 1; i <= 100_050; i++) {
    reads(i);
    checks.announced(sender, true, START_MS + 200 * i);
    checks.done(checks.next(START_MS + 200 * i)!, "reachable", START_MS + 200 * i);
  }
  assertEquals(checks.remembered, 100_000);
  const known = [1, 50, 51, 100_050].map((i) => {
    reads(i);
    return checks.reachOf(sender.words, 0, sender.addressWords);
  });
  assertEquals(known, ["unknown", "unknown", "reachable", "reachable"]);
});

Deno.test("who watches the tracker sees who can be reached", { permissions }, () => {
  const { core, drain } = setUp();
  new Asker(core, "192.0.2.1").announce();
  drain("unreachable");
  new Asker(core, "192.0.2.2").announce();
  drain();
  new Asker(core, "192.0.2.3").announce();
  const seen = members(core, hex(INFO_HASH), START_MS);
  assertEquals(seen.map(({ address, reachable }) => `${address} ${reachable}`).sort(), [
    "192.0.2.1:6881 false",
    "192.0.2.2:6881 true",
    "192.0.2.3:6881 undefined",
  ]);
});
