/**
 * A leecher that dies at any moment, and one whose files were tampered with: what is trusted afterwards
 * was verified and written, and what is doubtful is looked at again.
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { join } from "@std/path";
import { RESUME_MAP_OFFSET } from "../../lib/disk/resume_format.ts";
import { Layout } from "../../lib/store/layout.ts";
import type { Seeder, Torrent } from "../../mod.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, leechFrom, makeOrigin, type Origin, seed } from "../support/clients/library.ts";
import { startLeecher } from "../support/clients/shoal.ts";

const MIB = 2 ** 20;
const VERIFIED = /^chunk \d+ verified/;

/** What the resume file says is verified, and that it is really so. Undefined without a resume file. */
async function provenBytes(folder: string, origin: Origin, torrent: Torrent) {
  const part = join(folder, "data.bin.part");
  const notes = await Deno.readFile(`${part}.resume`).catch(() => undefined);
  if (notes === undefined) return undefined;
  const data = await Deno.readFile(part);
  const layout = Layout.of(torrent.metainfo.info);
  let proven = 0;
  for (const piece of layout.pieces()) {
    if (notes[RESUME_MAP_OFFSET + piece] === 0) continue;
    const begin = piece * layout.pieceLength;
    const length = layout.dataLength(piece);
    const same = data.subarray(begin, begin + length).every((byte, i) =>
      byte === origin.bytes[begin + i]
    );
    assert(same, `piece ${piece} is noted as verified and is not what it should be`);
    proven += length;
  }
  return proven;
}

/** What the seeder has sent, once the connection that took it is gone. */
async function sentBytes(seeder: Seeder): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isGone = () => {
    if (seeder.stats().peers.connected === 0) resolve();
  };
  const unsubscribe = seeder.on(isGone);
  isGone();
  await promise;
  unsubscribe();
  return seeder.stats().uploadedBytes;
}

async function assertCopy(folder: string, origin: Origin): Promise<void> {
  const copy = await Deno.readFile(join(folder, "data.bin"));
  assertEquals(copy.length, origin.bytes.length);
  assert(copy.every((byte, i) => byte === origin.bytes[i]), "the copy differs from the original");
}

Deno.test("a leecher killed at about half fetches only what was missing when started again", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 8 * MIB);
  await using seeder = await seed(origin.path, { pieceLength: 65_536, uploadLimit: 4 * MIB });
  const folder = await temp.folder("copy");
  const peers = ["--peer", addressOf(seeder)];
  {
    await using leecher = startLeecher(seeder.magnet, folder, peers);
    await leecher.line(VERIFIED, { nth: 64 });
    leecher.kill("SIGKILL");
    assertEquals(await leecher.exit(), 137);
  }
  const had = await provenBytes(folder, origin, seeder.torrent) ?? 0;
  assertGreater(had, 3.9 * MIB);
  assertLess(had, 7 * MIB);
  const before = await sentBytes(seeder);
  await using leecher = startLeecher(seeder.magnet, folder, peers);
  await leecher.line(/^continuing: \d+\.\d% \(.*\) is here already and verified/);
  assertEquals(await leecher.exit(), 0);
  assertEquals(await sentBytes(seeder) - before, 8 * MIB - had);
  await assertCopy(folder, origin);
});

Deno.test("whatever moment a leecher is killed at, what it notes as verified is on disk", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 8 * MIB + 1);
  await using seeder = await seed(origin.path, { pieceLength: 16_384, uploadLimit: 6 * MIB });
  const folder = await temp.folder("copy");
  const peers = ["--peer", addressOf(seeder)];
  const random = seededRandom(20_240_607);
  const proven: number[] = [];
  for (let run = 0; run < 10; run++) {
    await using leecher = startLeecher(seeder.magnet, folder, peers);
    // The first two die before anything was verified, the others at some piece or other.
    const moment = run === 0
      ? leecher.line(/listening on/)
      : run === 1
      ? leecher.line(/^data\.bin, 8 MiB/)
      : leecher.line(VERIFIED, { nth: integerFrom(random, 1, 40) });
    const isInTime = await moment.then(() => true, () => false);
    leecher.kill("SIGKILL");
    await leecher.exit();
    // On a slow machine it may be complete before its words are heard.
    if (!isInTime) break;
    const bytes = await provenBytes(folder, origin, seeder.torrent);
    if (bytes !== undefined) proven.push(bytes);
  }
  assertGreater(proven.length, 3);
  for (const [i, bytes] of proven.entries()) {
    if (i > 0) assert(bytes >= proven[i - 1]!, `a crash lost verified data: ${proven}`);
  }
  assertGreater(proven.at(-1)!, 2 * 16_384);
  await using leecher = startLeecher(seeder.magnet, folder, peers);
  assertEquals(await leecher.exit(), 0);
  await assertCopy(folder, origin);
});

/** A download of 2 MiB in 64 pieces that was stopped in the middle; then `tamper`, then the rest. */
async function resumed(
  tamper: (part: string, origin: Origin) => Promise<void>,
  { format = "hybrid" as "v1" | "v2" | "hybrid", fromFile = false } = {},
) {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 2 * MIB);
  await using seeder = await seed(origin.path, {
    format,
    pieceLength: 32_768,
    uploadLimit: 4 * MIB,
  });
  const out = await temp.folder("copy");
  const torrent = seeder.torrent.toBytes() as Uint8Array<ArrayBuffer>;
  const what = fromFile ? await temp.file("a.torrent", torrent) : seeder.magnet;
  const options = { out, peers: [addressOf(seeder)] };
  {
    await using first = await leechFrom(what, options);
    await first.log.until("piece", () => true, 24);
  }
  const part = join(out, "data.bin.part");
  const had = await provenBytes(out, origin, seeder.torrent);
  await tamper(part, origin);
  await using second = await leechFrom(what, options);
  await second.complete();
  await assertCopy(out, origin);
  assertEquals(await Array.fromAsync(Deno.readDir(out), ({ name }) => name), ["data.bin"]);
  const [event] = second.log.of("resumed");
  return { had: had!, resumedBytes: event?.haveBytes ?? 0, fetched: second.log.of("piece").length };
}

/** Turns a byte of every piece that is there over, as much later as `laterMs`. */
async function flip(part: string, origin: Origin, laterMs: number): Promise<void> {
  const { mtime } = await Deno.stat(part);
  const notes = await Deno.readFile(`${part}.resume`);
  using file = await Deno.open(part, { write: true });
  for (let piece = 0; piece < 64; piece++) {
    if (notes[RESUME_MAP_OFFSET + piece] === 0) continue;
    await file.seek(piece * 32_768 + 5, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(origin.bytes[piece * 32_768 + 5]! ^ 1));
  }
  await file.utime(mtime!, new Date(mtime!.getTime() + laterMs));
}

/** The note of an orderly end, which a crash does not leave behind. */
async function asAfterCrash(part: string): Promise<void> {
  using file = await Deno.open(`${part}.resume`, { write: true });
  await file.seek(72, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(0));
}

for (const format of ["v1", "v2", "hybrid"] as const) {
  Deno.test(`a stopped ${format} download goes on where it was`, async () => {
    const { had, resumedBytes, fetched } = await resumed(() => Promise.resolve(), { format });
    assertGreater(had, 0);
    assertEquals(resumedBytes, had);
    assertEquals(fetched, 64 - had / 32_768);
  });

  Deno.test(`an unfinished ${format} file changed after an orderly end is fetched anew`, async () => {
    const tamper = (part: string, origin: Origin) => flip(part, origin, 5);
    assertEquals(await resumed(tamper, { format }).then(({ fetched }) => fetched), 64);
  });

  Deno.test(`an unfinished ${format} file changed after a crash is fetched anew`, async () => {
    const tamper = async (part: string, origin: Origin) => {
      await asAfterCrash(part);
      await flip(part, origin, 10_000);
    };
    assertEquals(await resumed(tamper, { format }).then(({ fetched }) => fetched), 64);
  });
}

Deno.test("of an unfinished file whose time changed, what is right is kept", async () => {
  const { had, resumedBytes } = await resumed(async (part) => {
    await Deno.utime(part, new Date(), new Date(Date.now() + 3_600_000));
  });
  assertEquals(resumedBytes, had);
});

Deno.test("a resume file cut short is not believed; the data is looked at instead", async () => {
  for (const length of [0, 50, RESUME_MAP_OFFSET, RESUME_MAP_OFFSET + 30]) {
    const { had, resumedBytes } = await resumed((part) => Deno.truncate(`${part}.resume`, length));
    assertEquals(resumedBytes, had, `cut to ${length} bytes`);
  }
});

Deno.test("a lost resume file costs a look at the data and nothing else", async () => {
  const { had, resumedBytes } = await resumed((part) => Deno.remove(`${part}.resume`));
  assertEquals(resumedBytes, had);
});

Deno.test("the resume file of another torrent is not believed", async () => {
  const { had, resumedBytes } = await resumed(async (part) => {
    const notes = await Deno.readFile(`${part}.resume`);
    notes[16]! ^= 1;
    notes.fill(1, RESUME_MAP_OFFSET, RESUME_MAP_OFFSET + 64);
    await Deno.writeFile(`${part}.resume`, notes);
  });
  assertEquals(resumedBytes, had);
});

Deno.test("a resume file from before the machine was restarted is not believed after a crash", async () => {
  const { had, resumedBytes } = await resumed(async (part) => {
    const notes = await Deno.readFile(`${part}.resume`);
    notes[72] = 0;
    notes.fill(0x30, 36, 72);
    notes.fill(1, RESUME_MAP_OFFSET, RESUME_MAP_OFFSET + 64);
    await Deno.writeFile(`${part}.resume`, notes);
  });
  assertEquals(resumedBytes, had);
});

Deno.test("hashes that were tampered with in a resume file are not believed", async () => {
  const { had, resumedBytes } = await resumed(async (part) => {
    const notes = await Deno.readFile(`${part}.resume`);
    notes[notes.length - 40]! ^= 1; // in the last piece hash, which the torrent at the end carries
    await Deno.writeFile(`${part}.resume`, notes);
  }, { format: "v2" });
  assertEquals(resumedBytes, had);
});
