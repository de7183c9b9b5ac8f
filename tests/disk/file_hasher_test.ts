/**
 * Hashing pieces as they are on disk: every way in which pieces, files and reads can overlap.
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { equalBytes, hex } from "../../lib/codec/bytes.ts";
import { sha1 } from "../../lib/codec/hash.ts";
import { paddedBlocks, pieceHash } from "../../lib/codec/torrent/merkle.ts";
import { FileHasher } from "../../lib/disk/file_hasher.ts";
import { SyncFileCache } from "../../lib/disk/open_files.ts";
import type { HashResult, WorkerSetup } from "../../lib/disk/worker_jobs.ts";
import { GcPacer } from "../../lib/runtime/gc.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";

const MIB = 1024 * 1024;

interface Entry {
  length: number;
  pad: boolean;
}

const file = (length: number): Entry => ({ length, pad: false });
const pad = (length: number): Entry => ({ length, pad: true });

/** A torrent on disk, and what its pieces should hash to. */
class OnDisk implements Disposable {
  readonly layout: Layout;
  readonly #setup: WorkerSetup;
  readonly #contents: Uint8Array<ArrayBuffer>[];
  readonly #files = new SyncFileCache();
  readonly #hasher: FileHasher;

  private constructor(setup: WorkerSetup, contents: Uint8Array<ArrayBuffer>[]) {
    this.#setup = setup;
    this.#contents = contents;
    this.layout = new Layout(setup.layout);
    this.#hasher = new FileHasher(setup, this.layout, this.#files, new GcPacer(Infinity));
  }

  static async write(
    temp: TempFolder,
    version: "v1" | "v2" | "hybrid",
    pieceLength: number,
    files: Entry[],
  ): Promise<OnDisk> {
    const contents = files.map(({ length, pad }, i) =>
      pad ? new Uint8Array(length) : pseudoRandomBytes(length, i)
    );
    const paths = await Promise.all(
      files.map(({ pad }, i) => pad ? "" : temp.file(`${i}.bin`, contents[i]!)),
    );
    return new OnDisk({ layout: { version, pieceLength, files }, paths }, contents);
  }

  hash(first = 0, count = this.layout.pieceCount - first): HashResult {
    const { version } = this.layout;
    const wanted = { sha256: version !== "v1", sha1: version !== "v2" };
    return this.#hasher.hash(first as PieceIndex, count, wanted);
  }

  /** Holds what was found for `count` pieces from `first` on against the content; counts the good ones. */
  check(found: HashResult, first = 0): number {
    let good = 0;
    for (const [i, readable] of found.readable.entries()) {
      if (readable === 0) continue;
      const piece = first + i as PieceIndex;
      const { root, sha1 } = this.#expected(piece);
      if (found.roots.length > 0) {
        assertEquals(hex(found.roots.subarray(i * 32, i * 32 + 32)), hex(root!), `piece ${piece}`);
      }
      if (found.sha1s.length > 0) {
        assert(equalBytes(found.sha1s.subarray(i * 20, i * 20 + 20), sha1), `piece ${piece}`);
      }
      good++;
    }
    return good;
  }

  #expected(piece: PieceIndex): { root?: Uint8Array; sha1: Uint8Array } {
    const { pieceLength, version } = this.layout;
    const bytes = new Uint8Array(this.layout.pieceSize(piece));
    for (const { file, offset, length, at } of this.layout.spans(piece, 0, pieceLength)) {
      bytes.set(this.#contents[file]!.subarray(offset, offset + length), at);
    }
    if (version === "v1") return { sha1: sha1(bytes) };
    const { length } = this.#setup.layout.files[this.layout.fileOf(piece).file]!;
    const data = bytes.subarray(0, this.layout.dataLength(piece));
    return { root: pieceHash(data, paddedBlocks(length, pieceLength)), sha1: sha1(bytes) };
  }

  [Symbol.dispose](): void {
    this.#files.close();
  }
}

Deno.test("v1 pieces of any length over files of any length have their SHA-1", async () => {
  await using temp = await TempFolder.create();
  const files = [file(1), file(0), file(99_999), pad(333), file(2 * MIB + 5), file(7)];
  let checked = 0;
  for (const pieceLength of [1000, 16_384, 65_536, MIB - 1, MIB, MIB + 1, 4 * MIB]) {
    using disk = await OnDisk.write(temp, "v1", pieceLength, files);
    checked += disk.check(disk.hash());
  }
  assertGreater(checked, 2000);
});

Deno.test("v2 and hybrid pieces shorter and longer than a read have their hashes", async () => {
  await using temp = await TempFolder.create();
  for (const pieceLength of [16_384, 131_072, MIB, 2 * MIB]) {
    const lengths = [1, pieceLength, 16_385, 3 * pieceLength + 17_000, 5 * MIB + 1];
    using v2 = await OnDisk.write(temp, "v2", pieceLength, lengths.map(file));
    assertEquals(v2.check(v2.hash()), v2.layout.pieceCount);
    const padded = lengths.flatMap((length, i) => {
      const short = -length % pieceLength + pieceLength;
      return short === pieceLength || i === lengths.length - 1
        ? [file(length)]
        : [file(length), pad(short)];
    });
    using hybrid = await OnDisk.write(temp, "hybrid", pieceLength, padded);
    assertEquals(hybrid.check(hybrid.hash()), hybrid.layout.pieceCount);
  }
});

Deno.test("a stretch in the middle is hashed like the whole", async () => {
  await using temp = await TempFolder.create();
  using disk = await OnDisk.write(temp, "hybrid", 65_536, [file(3 * MIB + 70_000)]);
  for (const [first, count] of [[0, 1], [5, 17], [16, 16], [40, 10]] as const) {
    assertEquals(disk.check(disk.hash(first, count), first), count);
  }
});

Deno.test("of files that are short or gone only the pieces they lack are unreadable", async () => {
  await using temp = await TempFolder.create();
  const files = [file(100_000), file(3 * MIB), file(50_000), file(50_000)];
  using disk = await OnDisk.write(temp, "v1", 32_768, files);
  await Deno.truncate(temp.join("1.bin"), MIB + 300_000);
  await Deno.remove(temp.join("3.bin"));
  const found = disk.hash();
  const unreadable = [...found.readable.keys()].filter((i) => found.readable[i] === 0);
  const pieceAt = (address: number) => Math.floor(address / 32_768);
  const short = { from: pieceAt(100_000 + MIB + 300_000), to: pieceAt(100_000 + 3 * MIB - 1) };
  const gone = { from: pieceAt(150_000 + 3 * MIB), to: disk.layout.pieceCount - 1 };
  const between = ({ from, to }: typeof gone) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);
  assertEquals(unreadable, [...new Set([...between(short), ...between(gone)])]);
  assertEquals(disk.check(found), disk.layout.pieceCount - unreadable.length);
});
