/**
 * Files that are read while they are downloaded.
 * @module
 */

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { type Leecher, OptionError, ShoalError } from "../../mod.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  addressOf,
  leechFrom,
  makeOrigin,
  seed,
  withinReason,
} from "../support/clients/library.ts";

const MIB = 2 ** 20;

/** A seeder that needs some seconds for a file of 4 MiB, and a leecher of it. */
async function slowDownload(temp: TempFolder, stack: AsyncDisposableStack) {
  const origin = await makeOrigin(temp, 4 * MIB);
  const seeder = stack.use(
    await seed(origin.path, { pieceLength: 32_768, uploadLimit: 1.5 * MIB }),
  );
  const options = { out: temp.join("copy") + "/", peers: [addressOf(seeder)] };
  const leeching = stack.use(await leechFrom(seeder.magnet, options));
  return { origin, seeder, ...leeching };
}

/** All bytes of a stream. */
async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return await withinReason(new Response(stream).bytes(), () => "the stream does not end");
}

/** The first chunk, and how much of the download was there when it came. */
async function firstChunk(leecher: Leecher, reader: ReadableStreamDefaultReader<Uint8Array>) {
  const { value } = await withinReason(reader.read(), () => "nothing comes");
  const { haveBytes, totalBytes } = leecher.stats();
  return { chunk: value!, share: haveBytes / totalBytes };
}

Deno.test("the first bytes of a stream come long before the download is complete, and all of them in the end", async () => {
  await using temp = await TempFolder.create();
  await using stack = new AsyncDisposableStack();
  const { origin, leecher, complete } = await slowDownload(temp, stack);
  const file = leecher.file(0);
  const stream = file.stream(); // the metadata is still to come
  assertEquals([file.name, file.length, file.progress], [undefined, undefined, 0]);
  const [first, whole] = stream.tee();
  const { chunk, share } = await firstChunk(leecher, first.getReader());
  assertLess(share, 0.25);
  assertEquals(chunk, origin.bytes.subarray(0, chunk.length));
  assertEquals([file.name, file.length], ["data.bin", 4 * MIB]);
  assert(file.progress > 0 && file.progress < 1);
  assertEquals(await bytesOf(whole), origin.bytes);
  await complete();
  assertEquals(file.progress, 1);
});

Deno.test("two readers of far places and one that goes away are served at once", async () => {
  await using temp = await TempFolder.create();
  await using stack = new AsyncDisposableStack();
  const { origin, leecher, complete } = await slowDownload(temp, stack);
  const file = leecher.file(0);
  const ends = [[3 * MIB - 7, 3 * MIB + 300_000], [2 * MIB + 1, 2 * MIB + 300_001]] as const;
  const gone = file.stream({ start: MIB });
  await gone.cancel();
  const parts = await Promise.all(ends.map(async ([start, end]) => {
    const bytes = await bytesOf(file.stream({ start, end }));
    return { bytes, haveBytes: leecher.stats().haveBytes };
  }));
  for (const [i, [start, end]] of ends.entries()) {
    assertEquals(parts[i]!.bytes, origin.bytes.subarray(start, end));
    assertLess(parts[i]!.haveBytes, 2 * MIB, "what was asked for came first");
  }
  await complete();
});

Deno.test("a super-seeder gives what a reader waits for, although it chooses the order otherwise", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 16 * MIB);
  await using seeder = await seed(origin.path, { pieceLength: 131_072, uploadLimit: 4 * MIB });
  const options = { out: temp.join("copy") + "/", peers: [addressOf(seeder)] };
  await using leeching = await leechFrom(seeder.magnet, options);
  const { leecher } = leeching;
  const start = 13 * MIB;
  const bytes = await bytesOf(leecher.file(0).stream({ start, end: start + MIB }));
  assertLess(leecher.stats().haveBytes, 10 * MIB, "it came out of turn");
  assertEquals(bytes, origin.bytes.subarray(start, start + MIB));
});

Deno.test("a stream goes on when the download is complete, and can be read from the seeder too", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB + 77);
  await using seeder = await seed(origin.path, { pieceLength: 32_768 });
  const options = { out: temp.join("copy") + "/", peers: [addressOf(seeder)] };
  await using leeching = await leechFrom(seeder.magnet, options);
  const reader = leeching.leecher.file(0).stream().getReader();
  let length = (await reader.read()).value!.length;
  await leeching.complete();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    assertEquals(next.value, origin.bytes.subarray(length, length + next.value.length));
    length += next.value.length;
  }
  assertEquals(length, MIB + 77);
  assertEquals(await bytesOf(leeching.leecher.file(0).stream()), origin.bytes);
  assertEquals(await bytesOf(seeder.file(0).stream({ start: 5 })), origin.bytes.subarray(5));
  assertEquals([seeder.file(0).name, seeder.file(0).progress], ["data.bin", 1]);
});

Deno.test("a file that has changed since ends its stream: nothing else is handed out", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  await using seeder = await seed(origin.path, { pieceLength: 32_768 });
  await Deno.writeFile(origin.path, pseudoRandomBytes(MIB, 2));
  const error = await assertRejects(() => bytesOf(seeder.file(0).stream()), ShoalError);
  assertEquals([error.name, error.code], ["DiskError", "content-changed"]);
});

/** A folder of three files, whose pieces they share where the format is v1. */
async function folder(temp: TempFolder): Promise<{ path: string; files: Uint8Array[] }> {
  const path = await temp.folder("things");
  const files = [300_000, 200_001, 0].map((length, i) => pseudoRandomBytes(length, 3 + i));
  for (const [i, bytes] of files.entries()) await Deno.writeFile(join(path, `${i}.bin`), bytes);
  return { path, files };
}

Deno.test("each file of a folder is a stream of its own, and those not chosen are none", async () => {
  for (const format of ["v1", "v2", "hybrid"] as const) {
    await using temp = await TempFolder.create();
    const { path, files } = await folder(temp);
    await using seeder = await seed(path, { pieceLength: 32_768, format });
    const options = { out: temp.join("copy") + "/", peers: [addressOf(seeder)], select: [1, 2] };
    await using leeching = await leechFrom(seeder.magnet, options);
    const { leecher } = leeching;
    for (const index of [1, 2]) {
      assertEquals(await bytesOf(leecher.file(index).stream()), files[index], format);
    }
    assertEquals([1, 2].map((index) => leecher.file(index).name), ["1.bin", "2.bin"]);
    await leeching.complete();
    assertEquals(await bytesOf(leecher.file(1).stream({ end: 10 })), files[1]!.subarray(0, 10));
    assertEquals([1, 2].map((index) => leecher.file(index).progress), [1, 1]);
    const error = await assertRejects(() => bytesOf(leecher.file(0).stream()), OptionError);
    assertEquals([error.code, error.message], [
      "not-selected",
      '"0.bin" is not among the files to download',
    ]);
    assertEquals(leeching.log.of("pieceLost"), [], "reading does no harm");
    assertThrows(() => leecher.file(3), OptionError, 'there is no file 3: "things" has 3');
  }
});

Deno.test("a stream ends with the download: when it is closed, fails, or has no such file", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  await using seeder = await seed(origin.path, { pieceLength: 32_768 });
  const out = temp.join("copy") + "/";
  const link = seeder.torrent.magnet(); // without the address of the seeder
  {
    await using leeching = await leechFrom(link, { out, peers: ["127.0.0.1:9"] });
    const reading = bytesOf(leeching.leecher.file(0).stream());
    const closing = leeching.leecher.close();
    const error = await assertRejects(() => reading, ShoalError);
    assertEquals([error.code, error.message], [
      "interrupted",
      "closed before the file was read to its end",
    ]);
    await closing;
    const late = await assertRejects(() => bytesOf(leeching.leecher.file(0).stream()), ShoalError);
    assertEquals(late.code, "interrupted");
  }
  {
    const options = { out, peers: ["127.0.0.1:9"], stallTimeoutSeconds: 0.2 };
    await using leeching = await leechFrom(link, options);
    const reading = bytesOf(leeching.leecher.file(0).stream());
    const error = await assertRejects(() => reading, ShoalError);
    assertEquals(error.name, "DownloadTimeoutError");
  }
  await using leeching = await leechFrom(seeder.magnet, { out, peers: [addressOf(seeder)] });
  const { leecher } = leeching;
  const wrong = await assertRejects(() => bytesOf(leecher.file(1).stream()), OptionError);
  assertEquals(wrong.code, "no-such-index");
  for (const index of [-1, 0.5, NaN]) assertThrows(() => leecher.file(index), OptionError);
  for (const range of [{ start: -1 }, { start: 5, end: 4 }, { start: 0.5 }, { end: NaN }]) {
    assertThrows(() => leecher.file(0).stream(range), OptionError, "is no part of a file");
  }
});
