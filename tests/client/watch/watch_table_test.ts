/**
 * What becomes of the entries of a watched folder, on a clock that the test moves.
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Action,
  type Look,
  LOOK_MS,
  MOST_ENTRIES,
  OLD_MS,
  STILL_MS,
  WatchTable,
} from "../../../lib/client/watch/watch_table.ts";

const pure = { permissions: "none" } as const;

/** A folder whose watch has begun before anything was in it. */
class Folder {
  readonly table = new WatchTable();
  nowMs = 0;
  /** The stamps of what is there; an empty one is a folder without files. */
  readonly there = new Map<string, string>();

  constructor(...first: string[]) {
    for (const name of first) this.there.set(name, "1");
  }

  /** Lets time pass, lists, and looks at all that is due. Returns what is to be done. */
  round(ms = 0, look: Partial<Look> = {}): string[] {
    this.nowMs += ms;
    const actions: Action[] = this.table.list(this.there.keys(), this.nowMs);
    for (const name of this.due()) {
      const stamp = this.there.get(name)!;
      const files = stamp === "" ? 0 : 1;
      const seen = { stamp, files, stillMs: 0, tookMs: 0, ...look };
      const action = this.table.looked(name, seen, this.nowMs);
      if (action !== undefined) actions.push(action);
    }
    return actions.map(({ type, name }) => `${type} ${name}`);
  }

  /** What is to be looked at after so many milliseconds. */
  due(ms = 0): string[] {
    const { open, settled } = this.table.due(this.nowMs + ms);
    return [...open, ...settled];
  }

  /** Makes one that is shared already. */
  static sharing(name: string): Folder {
    const folder = new Folder();
    folder.round();
    folder.there.set(name, "1");
    folder.round();
    folder.round(STILL_MS);
    folder.table.started(name, folder.nowMs);
    return folder;
  }
}

Deno.test("what comes in is shared when it has been still for two seconds", pure, () => {
  const folder = new Folder();
  folder.round();
  folder.there.set("a.iso", "1");
  assertEquals(folder.round(), []);
  assertEquals(folder.round(STILL_MS - 1), []);
  folder.there.set("a.iso", "2");
  assertEquals(folder.round(1), []);
  assertEquals(folder.round(STILL_MS - 1), []);
  assertEquals(folder.round(1), ["share a.iso"]);
  assertEquals(folder.round(STILL_MS), []);
});

Deno.test(
  "what was there long before the watch is shared at once, what is young is not",
  pure,
  () => {
    const old = new Folder("a.iso");
    assertEquals(old.round(0, { stillMs: OLD_MS }), ["share a.iso"]);
    const young = new Folder("a.iso");
    assertEquals(young.round(0, { stillMs: OLD_MS - 1 }), []);
    assertEquals(young.round(STILL_MS), ["share a.iso"]);
  },
);

Deno.test("what comes in later has to be still, however old its times are", pure, () => {
  const folder = new Folder();
  folder.round();
  folder.there.set("copied.iso", "1");
  assertEquals(folder.round(0, { stillMs: 1e9 }), []);
  assertEquals(folder.round(STILL_MS, { stillMs: 1e9 }), ["share copied.iso"]);
});

Deno.test("what changes is shared anew once it is still, and goes on until then", pure, () => {
  const folder = Folder.sharing("a.iso");
  folder.there.set("a.iso", "2");
  assertEquals(folder.round(LOOK_MS), []);
  assertEquals(folder.table.stateOf("a.iso"), "changed");
  assertEquals(folder.round(STILL_MS), ["reshare a.iso"]);
});

Deno.test("what changes and is as it was before is shared as it is", pure, () => {
  const folder = Folder.sharing("a.iso");
  folder.there.set("a.iso", "2");
  folder.round(LOOK_MS);
  folder.there.set("a.iso", "1");
  assertEquals(folder.round(STILL_MS), []);
  assertEquals(folder.table.stateOf("a.iso"), "shared");
});

Deno.test("what goes is stopped, also while it is being hashed", pure, () => {
  const shared = Folder.sharing("a.iso");
  shared.there.delete("a.iso");
  assertEquals(shared.round(), ["stop a.iso"]);
  const starting = new Folder("a.iso");
  starting.round(0, { stillMs: OLD_MS });
  starting.there.delete("a.iso");
  assertEquals(starting.round(), ["stop a.iso"]);
  starting.table.started("a.iso", starting.nowMs);
  assertEquals(starting.table.size, 0);
});

Deno.test("an entry is coming until it is shared, and again while it changes", pure, () => {
  const table = new WatchTable();
  const seen = (stamp: string, files = 1) => ({ stamp, files, stillMs: 0, tookMs: 0 });
  table.list(["a", "empty"], 0);
  assertEquals([table.isComing("a"), table.isComing("b")], [true, false]);
  table.looked("a", seen("1"), 0);
  table.looked("empty", seen("1", 0), 0);
  assertEquals([table.isComing("a"), table.isComing("empty")], [true, false], "no file will come");
  table.looked("a", seen("1"), 2000);
  assertEquals(table.isComing("a"), true, "it is being hashed");
  table.started("a", 2100);
  assertEquals(table.isComing("a"), false);
  table.looked("a", seen("2"), 7000);
  assertEquals(table.isComing("a"), true);
  table.looked("a", seen("2"), 9000);
  table.failed("a", 9100);
  assertEquals(table.isComing("a"), false, "nobody knows whether it will come");
});

Deno.test("what goes before it was shared needs no stopping", pure, () => {
  const folder = new Folder("a.iso");
  folder.round();
  folder.there.delete("a.iso");
  assertEquals([folder.round(), folder.table.size], [[], 0]);
});

Deno.test(
  "a folder without files waits for one, and is stopped when the last is gone",
  pure,
  () => {
    const folder = new Folder();
    folder.round();
    folder.there.set("photos", "");
    assertEquals([folder.round(), folder.round(STILL_MS), folder.round(STILL_MS)], [[], [], []]);
    folder.there.set("photos", "1");
    assertEquals([folder.round(STILL_MS), folder.round(STILL_MS)], [[], ["share photos"]]);
    folder.table.started("photos", folder.nowMs);
    folder.there.set("photos", "");
    assertEquals([folder.round(LOOK_MS), folder.round(STILL_MS)], [[], ["stop photos"]]);
  },
);

Deno.test(
  "what could not be shared is tried again when it changes, and more and more seldom",
  pure,
  () => {
    const folder = new Folder("a.iso");
    folder.round(0, { stillMs: OLD_MS });
    folder.table.failed("a.iso", folder.nowMs);
    folder.there.set("a.iso", "2");
    assertEquals([folder.round(), folder.round(STILL_MS)], [[], ["share a.iso"]]);
    const tries: number[] = [];
    const beganMs = folder.nowMs;
    folder.table.failed("a.iso", folder.nowMs);
    while (tries.length < 9) {
      if (folder.round(LOOK_MS).length === 0) continue;
      folder.table.failed("a.iso", folder.nowMs);
      tries.push((folder.nowMs - beganMs) / 60_000);
    }
    const pauses = tries.map((minutes, i) => Math.round(minutes - (tries[i - 1] ?? 0)));
    assertEquals(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  },
);

Deno.test("what is shared is looked at often if it changed lately, then more seldom", pure, () => {
  const folder = Folder.sharing("a.iso");
  const pauses: number[] = [];
  for (let lastMs = folder.nowMs; pauses.length < 60; folder.nowMs += 1000) {
    if (folder.due().length === 0) continue;
    pauses.push((folder.nowMs - lastMs) / 1000);
    lastMs = folder.nowMs;
    folder.round();
  }
  assertEquals(pauses.slice(0, 3), [4, 4, 4]);
  assertEquals(pauses.slice(-3), [30, 30, 30]);
  assertEquals(pauses, pauses.toSorted((a, b) => a - b));
});

Deno.test("what takes long to look at is looked at very seldom", pure, () => {
  const folder = Folder.sharing("a.iso");
  folder.round(LOOK_MS, { tookMs: 3000 });
  const looks = (ms: number) => folder.due(ms).length;
  assertEquals([looks(LOOK_MS), looks(900_000 - 1), looks(900_000)], [0, 0, 1]);
});

Deno.test(
  "what takes long to hash is hashed anew after a rest only, whether that succeeded or not",
  pure,
  () => {
    for (const end of ["started", "failed"] as const) {
      const folder = new Folder("large.img");
      folder.round(0, { stillMs: OLD_MS });
      folder.nowMs += 100_000;
      folder.table[end]("large.img", folder.nowMs);
      folder.there.set("large.img", "2");
      let waitedMs = 0;
      for (; folder.round(2000).length === 0; waitedMs += 2000);
      assertEquals(Math.abs(waitedMs - 400_000) <= 2000, true, `${end}: ${waitedMs} ms`);
    }
  },
);

Deno.test("those that waited longest are looked at first", pure, () => {
  const folder = new Folder("a", "b", "c");
  folder.table.list(folder.there.keys(), 0);
  const look = { stamp: "1", files: 1, stillMs: 0, tookMs: 0 };
  folder.table.looked("a", look, 0);
  assertEquals(folder.table.due(0), { open: ["b", "c", "a"], settled: [] });
});

Deno.test(
  "a lost folder stops all, and what is there when it is back counts as there before",
  pure,
  () => {
    const folder = Folder.sharing("a.iso");
    assertEquals(folder.table.clear(), [{ type: "stop", name: "a.iso" }]);
    assertEquals(folder.round(0, { stillMs: OLD_MS }), ["share a.iso"]);
  },
);

Deno.test("more than ten thousand are not taken in", pure, () => {
  const table = new WatchTable();
  const names = Array.from({ length: MOST_ENTRIES + 5 }, (_, i) => `${i}`);
  table.list(names, 0);
  assertEquals(table.size, MOST_ENTRIES);
  table.list(names.slice(5), 0);
  assertEquals([table.size, table.names.has("0"), table.names.has(`${MOST_ENTRIES + 4}`)], [
    MOST_ENTRIES,
    false,
    true,
  ]);
});
