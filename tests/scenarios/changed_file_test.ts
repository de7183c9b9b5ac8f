/**
 * A file that changes while it is shared: what no longer matches is not given to anybody.
 * @module
 */

import { assert, assertEquals, assertGreater, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { TempFolder } from "../../support/temp.ts";
import {
  addressOf,
  EventLog,
  leechFrom,
  makeOrigin,
  type Origin,
  seed,
} from "../support/clients/library.ts";
import { ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";

const MIB = 2 ** 20;
const PIECE = 32_768;

/** Turns over a byte of each of these pieces. */
async function change({ path, bytes }: Origin, pieces: Iterable<number>): Promise<void> {
  using file = await Deno.open(path, { write: true });
  for (const piece of pieces) {
    await file.seek(piece * PIECE + 9, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(bytes[piece * PIECE + 9]! ^ 1));
  }
}

function* range(from: number, to: number): Generator<number> {
  for (let i = from; i < to; i++) yield i;
}

for (const format of ["v1", "v2", "hybrid"] as const) {
  Deno.test(`of a ${format} file that changed before anybody asked, what is still right is given`, async () => {
    await using temp = await TempFolder.create();
    const origin = await makeOrigin(temp, MIB);
    const told = new EventLog();
    await using seeder = await seed(origin.path, {
      format,
      pieceLength: PIECE,
      onEvent: told.listener,
    });
    await change(origin, range(0, 4));
    await using leeching = await leechFrom(seeder.magnet, {
      out: await temp.folder("copy"),
      peers: [addressOf(seeder)],
    });
    for (let n = 1; n <= 4; n++) await told.until("pieceLost", () => true, n);
    await leeching.log.until("piece", () => true, 28);
    assertEquals(leeching.log.of("pieceFailed"), []);
    assertEquals(told.of("pieceLost").map(({ piece }) => piece).sort(), [0, 1, 2, 3]);
    assertEquals(told.of("pieceLost")[0]!.path, origin.path);
    assertEquals(leeching.log.of("piece").length, 28);
    assert(leeching.log.of("peer").every(({ state }) => state !== "banned"));
  });
}

Deno.test("a file cut short while it is shared is given as far as it goes", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  const told = new EventLog();
  await using seeder = await seed(origin.path, { pieceLength: PIECE, onEvent: told.listener });
  await Deno.truncate(origin.path, MIB / 2);
  await using leeching = await leechFrom(seeder.magnet, {
    out: await temp.folder("copy"),
    peers: [addressOf(seeder)],
  });
  await leeching.log.until("piece", () => true, 16);
  await told.until("pieceLost", () => true, 16);
  assertEquals(leeching.log.of("pieceFailed"), []);
});

Deno.test("a file that is gone is not given, and said to be gone", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 4 * PIECE);
  const told = new EventLog();
  await using seeder = await seed(origin.path, { pieceLength: PIECE, onEvent: told.listener });
  await Deno.remove(origin.path);
  await using _leeching = await leechFrom(seeder.magnet, {
    out: await temp.folder("copy"),
    peers: [addressOf(seeder)],
  });
  await told.until("pieceLost", () => true, 4);
});

Deno.test("a file that was only touched is given whole", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  const told = new EventLog();
  await using seeder = await seed(origin.path, { pieceLength: PIECE, onEvent: told.listener });
  await Deno.utime(origin.path, new Date(), new Date(Date.now() + 60_000));
  await using leeching = await leechFrom(seeder.magnet, {
    out: await temp.folder("copy"),
    peers: [addressOf(seeder)],
  });
  await leeching.complete();
  assertEquals(told.of("pieceLost"), []);
});

Deno.test("a file changed in the middle: the seeder says so, and started again shares it as it is", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 4 * MIB);
  const args = ["-s", "32K", "-t", "udp://127.0.0.1:9"];
  const folder = await temp.folder("copy");
  await using seeder = await ShoalSeeder.start(origin.path, [...args, "--upload-limit", "2M"]);
  await using leecher = startLeecher(seeder.magnet, folder);
  await leecher.line(/^chunk \d+ verified/, { nth: 16 });
  await change(origin, range(0, 128));
  const [warning] = await seeder.program.line(/^warning: .* has changed: .*/);
  assertMatch(
    warning,
    /^warning: .*\/data\.bin has changed: chunk \d+ no longer matches and is not served any more; start again to share the file as it is now$/,
  );
  await leecher.line(/^waiting: 1 peer connected, but none has what is missing; /);
  assert(!leecher.stderr.some((line) => line.includes("corrupt")));
  // What it has got is right.
  const chunks = leecher.stderr.map((line) => /^chunk (\d+) verified/.exec(line)?.[1])
    .filter((chunk) => chunk !== undefined).map(Number);
  assertGreater(chunks.length, 15);
  const part = await Deno.readFile(join(folder, "data.bin.part"));
  for (const chunk of chunks) {
    const [got, original] = [part, origin.bytes].map((bytes) =>
      bytes.subarray(chunk * PIECE, (chunk + 1) * PIECE)
    );
    assertEquals(got, original);
  }
  await using again = await ShoalSeeder.start(origin.path, args);
  assertNotEquals(again.hashes, seeder.hashes);
  const other = await temp.folder("other");
  await using second = startLeecher(again.magnet, other);
  assertEquals(await second.exit(), 0);
  assertEquals(await Deno.readFile(join(other, "data.bin")), await Deno.readFile(origin.path));
});
