/**
 * A lab of seven machines: one shares files, folders and a watched folder, and six get them by their names,
 * with nothing else typed and nothing configured.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256OfFile, writePseudoRandomFile } from "../../../support/content.ts";
import type { Program } from "../../../support/process.ts";
import { TempFolder } from "../../../support/temp.ts";
import { type EmptyNetwork, localNetworkTest } from "../../support/network/network.ts";
import { remembering, startOn } from "../../support/network/users.ts";

const NAMES = ["a.iso", "b & c.iso", "ünïcode.iso", "photos", "course material"];
/** Six programs start at once on what may be a busy machine. */
const DEADLINE_MS = 180_000;

/** The shared things, and the watched folder. */
async function makeOrigin(temp: TempFolder): Promise<{ folder: string; watched: string }> {
  const folder = await temp.folder("origin");
  for (const [i, name] of NAMES.slice(0, 3).entries()) {
    await writePseudoRandomFile(`${folder}/${name}`, 1_000_000 + i, i);
  }
  for (const [i, name] of NAMES.slice(3).entries()) {
    await Deno.mkdir(`${folder}/${name}/week 1`, { recursive: true });
    await writePseudoRandomFile(`${folder}/${name}/week 1/1.raw`, 300_000 + i, 10 + i);
    await writePseudoRandomFile(`${folder}/${name}/2.raw`, 200_001 + i, 20 + i);
    await Deno.writeTextFile(`${folder}/${name}/empty`, "");
  }
  return { folder, watched: await temp.folder("watched") };
}

/** The SHA-256 of every file below a path, by its path from there. */
async function contentOf(path: string, below = ""): Promise<Record<string, string>> {
  if ((await Deno.stat(path)).isFile) return { [below]: await sha256OfFile(path) };
  const all: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    Object.assign(all, await contentOf(`${path}/${name}`, `${below}/${name}`));
  }
  return all;
}

async function assertSame(copies: string, origin: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    assertEquals(await contentOf(`${copies}/${name}`), await contentOf(`${origin}/${name}`), name);
  }
}

/** A machine that gets what is named, and its folder. */
interface Recipient {
  readonly machine: EmptyNetwork;
  readonly cwd: string;
}

/** Runs `leecher.ts -e NAME...` on all machines at once. Resolves when all have ended. */
async function getOnAll(
  recipients: readonly Recipient[],
  namesOf: (i: number) => readonly string[],
): Promise<Program[]> {
  await using stack = new AsyncDisposableStack();
  const leechers = recipients.map(({ machine, cwd }, i) =>
    stack.use(startOn(machine, "leecher", ["-e", ...namesOf(i)], { cwd }))
  );
  for (const [i, leecher] of leechers.entries()) {
    assertEquals(await leecher.exit(DEADLINE_MS), 0, leecher.transcript());
    assertEquals(leecher.stdout.toSorted(), namesOf(i).toSorted());
  }
  return leechers;
}

async function recipientsIn(temp: TempFolder, machines: EmptyNetwork[]): Promise<Recipient[]> {
  return await Promise.all(
    machines.map(async (machine, i) => ({ machine, cwd: await temp.folder(`machine ${i + 1}`) })),
  );
}

localNetworkTest(
  "six machines get three files and two folders of one seeder, and then what is dropped into its watched " +
    "folder, with nothing typed but the names",
  7,
  async (server, ...machines) => {
    await using temp = await TempFolder.create();
    const { folder, watched } = await makeOrigin(temp);
    const env = await remembering(await temp.folder("cache"));
    const words = [...NAMES, "--watch", watched];
    await using seeder = startOn(server, "seeder", words, { cwd: folder, env });
    await seeder.line(/^sharing until Ctrl-C$/, { timeoutMs: DEADLINE_MS });
    assertEquals(seeder.stdout.length, NAMES.length);
    const recipients = await recipientsIn(temp, machines);
    // Three machines get one thing alone first; what is here already is checked, and shared on meanwhile.
    await getOnAll(recipients.slice(0, 3), (i) => [NAMES[2 * i]!]);
    await getOnAll(recipients, () => NAMES);
    for (const { cwd } of recipients) await assertSame(cwd, folder, NAMES);

    // The leechers ask while it is still being copied: its seeder has not even taken it up.
    const dropped = `${watched}/new.iso`;
    using file = await Deno.open(dropped, { create: true, append: true });
    await file.write(crypto.getRandomValues(new Uint8Array(50_000)));
    await using stack = new AsyncDisposableStack();
    const leechers = recipients.map(({ machine, cwd }) =>
      stack.use(startOn(machine, "leecher", ["-e", "new.iso"], { cwd }))
    );
    const waits = leechers.map(async (leecher) => {
      const [line] = await leecher.line(/^warning: .*new\.iso.*$/, { timeoutMs: DEADLINE_MS });
      assertMatch(line, /^warning: 10\.77\.0\.1 is about to share "new\.iso", .*: waiting for it$/);
    });
    let isAwaited = false;
    const allWait = Promise.all(waits).finally(() => isAwaited = true);
    while (!isAwaited) {
      await file.write(crypto.getRandomValues(new Uint8Array(1000)));
      await new Promise((resolve) => setTimeout(resolve, 200)); // a copy that takes its time
    }
    await allWait;
    const startMs = performance.now();
    for (const leecher of leechers) {
      assertEquals(await leecher.exit(DEADLINE_MS), 0, leecher.transcript());
    }
    const seconds = (performance.now() - startMs) / 1000;
    for (const { cwd } of recipients) await assertSame(cwd, watched, ["new.iso"]);
    // Ten seconds on a machine that has time; here six programs share it with other tests.
    assert(seconds < 100, `the last copy came ${seconds} s after the file was still`);
  },
);
