/**
 * A watched folder on a real disk, on a clock that the test moves.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { FolderWatch, type Share } from "../../../lib/client/folder_watch.ts";
import { listNames } from "../../../lib/client/watch/listing.ts";
import { MOST_ENTRIES } from "../../../lib/client/watch/watch_table.ts";
import { DiskError } from "../../../lib/errors.ts";
import { Program } from "../../../support/process.ts";
import { TempFolder } from "../../../support/temp.ts";
import { FakeClock, withClock } from "../../support/fake_clock.ts";

const WATCH_STILL = fromFileUrl(
  new URL("../../support/programs/watch_still.ts", import.meta.url),
);
const POLL_SECONDS = 2;

/** The options of a watch on this clock. */
function on(clock: FakeClock) {
  return withClock({ clock, signal: new AbortController().signal });
}

/** Lets so many rounds of a watch pass. Resolves when it sleeps until the next one. */
async function rounds(clock: FakeClock, count: number): Promise<void> {
  await clock.hasAlarmIn(POLL_SECONDS);
  for (let i = 0; i < count; i++) {
    await clock.advance(POLL_SECONDS);
    await clock.hasAlarmIn(POLL_SECONDS);
  }
}

/** A watch whose shares are names in a list. */
class Stage implements AsyncDisposable {
  readonly clock = new FakeClock();
  /** What has happened since {@link news} was asked for. */
  #news: string[] = [];
  readonly shared = new Set<string>();
  /** Paths that cannot be shared, and why. */
  readonly faults = new Map<string, Error>();
  readonly #path: string;
  watch!: FolderWatch;

  private constructor(path: string) {
    this.#path = path;
  }

  static async start(path: string): Promise<Stage> {
    const stage = new Stage(path);
    const name = (path: string) => path.slice(stage.#path.length + 1);
    const tell = (text: string) => void stage.#news.push(text);
    stage.watch = await FolderWatch.start(path, {
      share: (path) => {
        const fault = stage.faults.get(name(path));
        if (fault !== undefined) return Promise.reject(fault);
        tell(`share ${name(path)}`);
        return Promise.resolve(stage.#share(name(path)));
      },
      onEnded: (path, why) => tell(`${name(path)} ${why}`),
      onFailed: (path, error) => tell(`${name(path)} failed: ${error.message}`),
      onWarning: tell,
      onBack: () => tell("back"),
    }, on(stage.clock));
    await rounds(stage.clock, 0);
    return stage;
  }

  #share(name: string): Share {
    assert(!this.shared.has(name), `${name} is shared twice`);
    this.shared.add(name);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const close = () => {
      this.shared.delete(name);
      resolve();
      return done;
    };
    return { done, close };
  }

  /** Lets so many rounds pass. Returns what happened since it was asked last. */
  async news(count = 1): Promise<string[]> {
    await rounds(this.clock, count);
    return this.#news.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.close();
    assertEquals(this.shared, new Set());
  }
}

Deno.test("a file that is put into the folder is shared two seconds after its last change", async () => {
  await using folder = await TempFolder.create();
  await using stage = await Stage.start(folder.path);
  assertEquals(await stage.news(3), []);
  await folder.file("a.iso", "one");
  assertEquals(await stage.news(), []);
  await folder.file("a.iso", "one, two");
  assertEquals(await stage.news(), []);
  assertEquals(await stage.news(), ["share a.iso"]);
  assertEquals(await stage.news(10), []);
  assertEquals(stage.watch.size, 1);
});

Deno.test("a folder in it is one share, and is shared anew when a file deep in it changes", async () => {
  await using folder = await TempFolder.create();
  await using stage = await Stage.start(folder.path);
  await folder.folder("photos/2026/05");
  assertEquals(await stage.news(3), []);
  await folder.file("photos/2026/05/a.raw", "a");
  assertEquals(await stage.news(3), ["share photos"]);
  await folder.file("photos/2026/05/b.raw", "b");
  assertEquals(await stage.news(8), ["photos changed", "share photos"]);
  await Deno.remove(folder.join("photos"), { recursive: true });
  assertEquals(await stage.news(), ["photos gone"]);
  assertEquals(stage.shared, new Set());
});

Deno.test("a file that is renamed is shared under its new name", async () => {
  await using folder = await TempFolder.create();
  await using stage = await Stage.start(folder.path);
  await folder.file("a.iso", "a");
  assertEquals(await stage.news(3), ["share a.iso"]);
  await Deno.rename(folder.join("a.iso"), folder.join("b.iso"));
  assertEquals(await stage.news(3), ["a.iso gone", "share b.iso"]);
});

Deno.test("hidden names, unfinished downloads, links, pipes and .torrent files are left out", async () => {
  await using folder = await TempFolder.create();
  const names = [".hidden", "a.iso.part", "a.iso.part.resume", "b.iso", "b.iso.aria2", "x.torrent"];
  for (const name of [...names, "y.torrent"]) await folder.file(name, name);
  await Deno.symlink("/etc/passwd", folder.join("link"));
  await new Deno.Command("mkfifo", { args: [folder.join("pipe")] }).output();
  await using stage = await Stage.start(folder.path);
  const told = (await stage.news(3)).sort();
  assertEquals(told.length, 3, told.join("\n"));
  assertMatch(told[0]!, /\/link is left out, like every link here/);
  assertMatch(told[1]!, /\/pipe is neither a file nor a folder/);
  assertMatch(told[2]!, /\/[xy]\.torrent is left out, like every \.torrent file here/);
  await Deno.remove(folder.join("b.iso.aria2"));
  assertEquals(await stage.news(3), ["share b.iso"]);
});

Deno.test("an unfinished download inside a folder does not make the folder change", async () => {
  await using folder = await TempFolder.create();
  await using stage = await Stage.start(folder.path);
  await folder.folder("photos");
  await folder.file("photos/a.raw", "a");
  assertEquals(await stage.news(3), ["share photos"]);
  for (let i = 0; i < 12; i++) {
    await folder.file("photos/b.raw.part", "b".repeat(i));
    await folder.file("photos/b.raw.part.resume", "b".repeat(i));
    assertEquals(await stage.news(), []);
  }
  await Deno.remove(folder.join("photos/b.raw.part.resume"));
  await Deno.rename(folder.join("photos/b.raw.part"), folder.join("photos/b.raw"));
  assertEquals(await stage.news(8), ["photos changed", "share photos"]);
});

Deno.test("what cannot be shared is told, does not keep the others, and is tried again when it changes", async () => {
  await using folder = await TempFolder.create();
  await using stage = await Stage.start(folder.path);
  stage.faults.set("bad", new DiskError("no permission for bad"));
  await folder.file("bad", "b");
  await folder.file("good", "g");
  const told = await stage.news(3);
  assertEquals(told.sort(), ["bad failed: no permission for bad", "share good"]);
  assertEquals(await stage.news(4), []);
  stage.faults.clear();
  await folder.file("bad", "better");
  assertEquals(await stage.news(8), ["share bad"]);
});

Deno.test("the folder vanishes: one warning, its shares stop, and all is shared again when it is back", async () => {
  await using folder = await TempFolder.create();
  const path = await folder.folder("watched");
  await Deno.writeTextFile(`${path}/a.iso`, "a");
  await using stage = await Stage.start(path);
  await stage.news(3);
  assertEquals([...stage.shared], ["a.iso"]);
  await Deno.rename(path, folder.join("elsewhere"));
  const told = await stage.news(5);
  assertEquals(told.slice(1), ["a.iso gone"]);
  assertMatch(told[0]!, /watched is gone: nothing in it is shared until it is back$/);
  assertEquals(stage.shared, new Set());
  await Deno.rename(folder.join("elsewhere"), path);
  assertEquals(await stage.news(3), ["back", "share a.iso"]);
});

Deno.test("a share that ends by itself is not started again until its file changes", async () => {
  await using folder = await TempFolder.create();
  const clock = new FakeClock();
  let starts = 0;
  await using _watch = await FolderWatch.start(folder.path, {
    share: () => {
      starts++;
      return Promise.resolve({ done: Promise.resolve(), close: () => Promise.resolve() });
    },
  }, on(clock));
  await folder.file("a.iso", "a");
  await rounds(clock, 8);
  assertEquals(starts, 1);
  await folder.file("a.iso", "ab");
  await rounds(clock, 8);
  assertEquals(starts, 2);
});

Deno.test("what is being hashed when it goes is given up, and waits for nothing", async () => {
  await using folder = await TempFolder.create();
  const clock = new FakeClock();
  const events: string[] = [];
  await using watch = await FolderWatch.start(folder.path, {
    share: (_, signal) => {
      events.push("begun");
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          events.push("given up");
          reject(signal.reason);
        });
      });
    },
    onFailed: () => events.push("failed"),
  }, on(clock));
  await folder.file("a.iso", "a");
  await rounds(clock, 3);
  await Deno.remove(folder.join("a.iso"));
  await rounds(clock, 1);
  assertEquals([events, watch.size], [["begun", "given up"], 0]);
});

Deno.test("of too many entries ten thousand are taken, those that are shared already first", async () => {
  await using folder = await TempFolder.create();
  for (let i = 0; i < MOST_ENTRIES + 7; i++) Deno.writeTextFileSync(folder.join(`${i}`), "");
  const known = new Set(["0", "77", `${MOST_ENTRIES + 6}`]);
  const { names, tooMany } = await listNames(folder.path, known, MOST_ENTRIES);
  assertEquals([names.length, tooMany], [MOST_ENTRIES, 7]);
  assert([...known].every((name) => names.includes(name)));
});

Deno.test("a thousand entries that lie still take well below one percent of a core", async () => {
  await using folder = await TempFolder.create();
  for (let i = 0; i < 1000; i++) Deno.writeTextFileSync(folder.join(`${i}`), "");
  await using program = Program.start(Deno.execPath(), ["run", "-A", WATCH_STILL, folder.path]);
  const [line] = await program.line(/^\{.*/, { from: "stdout", timeoutMs: 120_000 });
  const { shared, load } = JSON.parse(line) as { shared: number; load: number };
  assertEquals(shared, 1000);
  assertLess(load, 0.01);
});

Deno.test("who asks for a name has the folder looked at, and learns that it is coming", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.folder("watched");
  await using stage = await Stage.start(path);
  await Deno.writeTextFile(`${path}/cafe\u0301.iso`, "x");
  const asked = () => stage.watch.isComing("caf\u00e9.iso");
  assertEquals([asked(), stage.watch.isComing("other")], [false, false]);
  assertEquals(stage.watch.size, 0, "it was looked at a moment ago");
  await stage.clock.advance(0.1);
  assertEquals(asked(), false);
  await stage.clock.hasAlarmIn(POLL_SECONDS);
  assertEquals([asked(), stage.watch.size], [true, 1]);
  assertEquals(await stage.news(), ["share cafe\u0301.iso"]);
  assertEquals(asked(), false);
});

Deno.test("only a folder that exists can be watched", async () => {
  await using folder = await TempFolder.create();
  const share = () => Promise.reject(new Error());
  const file = await folder.file("a.iso", "a");
  await assertRejects(() => FolderWatch.start(file, { share }), DiskError, "only folders");
  const missing = folder.join("missing");
  await assertRejects(() => FolderWatch.start(missing, { share }), DiskError, "does not exist");
});
