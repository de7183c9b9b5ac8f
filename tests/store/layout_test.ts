import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { parseInfo } from "../../lib/codec/torrent/info.ts";
import { TorrentError } from "../../lib/errors.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import {
  type FileSpan,
  Layout,
  type LayoutFile,
  type LayoutSource,
} from "../../lib/store/layout.ts";
import { V1_INFO } from "../support/vectors/wire_vectors.ts";

const permissions = "none";
const KIB16 = 16384;

const real = (length: number): LayoutFile => ({ length, pad: false });
const pad = (length: number): LayoutFile => ({ length, pad: true });

function layoutOf(
  version: LayoutSource["version"],
  pieceLength: number,
  ...files: LayoutFile[]
): Layout {
  return Layout.of({ version, pieceLength, files });
}

function numbersOf(layout: Layout) {
  const pieces = [...layout.pieces()];
  return {
    sizes: pieces.map((piece) => layout.pieceSize(piece)),
    data: pieces.map((piece) => layout.dataLength(piece)),
    servable: pieces.map((piece) => layout.servableLength(piece)),
    blocks: pieces.map((piece) => layout.blockCount(piece)),
  };
}

/** The lengths to ask for in every piece, block by block. */
function requestsOf(layout: Layout, v2Connection: boolean): number[][] {
  return [...layout.pieces()].map((piece) =>
    Array.from(
      { length: layout.blockCount(piece) },
      (_, block) => layout.blockLength(piece, block, v2Connection),
    )
  );
}

/** Spans as `file@offset+length`, with where they stand in the range when that is not 0. */
function spansText(spans: FileSpan[]): string[] {
  return spans.map(({ file, offset, length, at }) =>
    `${file}@${offset}+${length}` + (at === 0 ? "" : ` at ${at}`)
  );
}

function wholeSpans(layout: Layout): string[][] {
  return [...layout.pieces()].map((piece) => spansText(layout.spans(piece, 0, layout.pieceLength)));
}

Deno.test({
  name: "a v1 file is cut into pieces, the last one short",
  permissions,
  fn() {
    const layout = layoutOf("v1", 32768, real(100_000));
    assertEquals([layout.pieceCount, layout.totalLength], [4, 100_000]);
    assertEquals(numbersOf(layout), {
      sizes: [32768, 32768, 32768, 1696],
      data: [32768, 32768, 32768, 1696],
      servable: [32768, 32768, 32768, 1696],
      blocks: [2, 2, 2, 1],
    });
    assertEquals(requestsOf(layout, false)[3], [1696]);
    assertEquals(wholeSpans(layout)[3], ["0@98304+1696"]);
    assertEquals(layout.piecesOf(0), { first: 0, count: 4 });
  },
});

Deno.test({
  name: "a parsed info dictionary has a layout",
  permissions,
  fn() {
    const layout = Layout.of(parseInfo(V1_INFO));
    assertEquals(numbersOf(layout), numbersOf(layoutOf("v1", 32768, real(100_000))));
  },
});

Deno.test({
  name: "v1 files lie one behind another, pieces across their ends",
  permissions,
  fn() {
    const layout = layoutOf("v1", KIB16, real(1), real(5), real(0), real(16385));
    assertEquals([layout.pieceCount, layout.totalLength], [2, 16391]);
    assertEquals(numbersOf(layout).sizes, [16384, 7]);
    assertEquals(wholeSpans(layout), [["0@0+1", "1@0+5 at 1", "3@0+16378 at 6"], ["3@16378+7"]]);
    const files = [0, 1, 2, 3].map((file) => layout.piecesOf(file));
    assertEquals(files, [
      { first: 0, count: 1 },
      { first: 0, count: 1 },
      { first: 0, count: 0 },
      { first: 0, count: 2 },
    ]);
    const first = layout.pieceIndex(0)!;
    assertThrows(() => layout.fileOf(first), TypeError);
    assertThrows(() => layout.piecesOf(4), RangeError, "no file 4");
  },
});

Deno.test({
  name: "a v2 file ends its last piece; peers may ask beyond, into the gap",
  permissions,
  fn() {
    const root = new Uint8Array(32);
    const layout = layoutOf("v2", 32768, { length: 81_921, pad: false, root });
    assertEquals(numbersOf(layout), {
      sizes: [32768, 32768, 16385],
      data: [32768, 32768, 16385],
      servable: [32768, 32768, 32768],
      blocks: [2, 2, 2],
    });
    for (const v2Connection of [true, false]) {
      assertEquals(requestsOf(layout, v2Connection)[2], [16384, 1]);
    }
    const last = layout.pieceIndex(2)!;
    assertEquals(spansText(layout.spans(last, KIB16, KIB16)), ["0@81920+1"]);
    assertEquals(spansText(layout.spans(last, KIB16 + 1, KIB16 - 1)), []);
    const { root: itsRoot, ...place } = layout.fileOf(last);
    assertEquals(place, { file: 0, pieceInFile: 2 });
    assertStrictEquals(itsRoot, root);
  },
});

Deno.test({
  name: "every v2 file that has bytes begins a piece of its own",
  permissions,
  fn() {
    const layout = layoutOf("v2", KIB16, real(1), real(5), real(0), real(16385));
    assertEquals([layout.pieceCount, layout.totalLength], [4, 16391]);
    assertEquals(numbersOf(layout), {
      sizes: [1, 5, 16384, 1],
      data: [1, 5, 16384, 1],
      servable: [16384, 16384, 16384, 16384],
      blocks: [1, 1, 1, 1],
    });
    assertEquals(wholeSpans(layout), [["0@0+1"], ["1@0+5"], ["3@0+16384"], ["3@16384+1"]]);
    const owners = [...layout.pieces()].map((piece) => layout.fileOf(piece));
    assertEquals(owners, [
      { file: 0, pieceInFile: 0 },
      { file: 1, pieceInFile: 0 },
      { file: 3, pieceInFile: 0 },
      { file: 3, pieceInFile: 1 },
    ]);
    assertEquals([0, 1, 2, 3].map((file) => layout.piecesOf(file).count), [1, 1, 0, 2]);
  },
});

Deno.test({
  name: "a single-file hybrid has no pad: its last piece is short for everybody",
  permissions,
  fn() {
    const layout = layoutOf("hybrid", 32768, real(100_000));
    assertEquals(numbersOf(layout).sizes, [32768, 32768, 32768, 1696]);
    assertEquals(numbersOf(layout).servable, [32768, 32768, 32768, 32768]);
    assertEquals(requestsOf(layout, false), requestsOf(layout, true));
  },
});

Deno.test({
  name: "in a hybrid, v1 peers count pads as part of a piece and v2 peers do not",
  permissions,
  fn() {
    const files = [
      real(1),
      pad(16383),
      real(5),
      pad(16379),
      real(0),
      real(16385),
      pad(16383),
    ];
    const layout = layoutOf("hybrid", KIB16, ...files);
    assertEquals([layout.pieceCount, layout.totalLength], [4, 16391]);
    assertEquals(numbersOf(layout), {
      sizes: [16384, 16384, 16384, 16384],
      data: [1, 5, 16384, 1],
      servable: [16384, 16384, 16384, 16384],
      blocks: [1, 1, 1, 1],
    });
    assertEquals(requestsOf(layout, false), [[16384], [16384], [16384], [16384]]);
    assertEquals(requestsOf(layout, true), [[1], [5], [16384], [1]]);
    assertEquals(wholeSpans(layout), [["0@0+1"], ["2@0+5"], ["5@0+16384"], ["5@16384+1"]]);
    assertEquals([...layout.pieces()].map((piece) => layout.fileOf(piece).file), [0, 2, 5, 5]);
    assertEquals(files.map((_, file) => layout.piecesOf(file).count), [1, 0, 1, 0, 0, 2, 0]);

    const withoutTail = layoutOf("hybrid", KIB16, ...files.slice(0, -1));
    assertEquals(numbersOf(withoutTail).sizes, [16384, 16384, 16384, 1]);
    assertEquals(numbersOf(withoutTail).data, [1, 5, 16384, 1]);
    assertEquals(requestsOf(withoutTail, false)[3], [1]);
  },
});

Deno.test({
  name: "blocks that are nothing but pad are not asked for",
  permissions,
  fn() {
    const layout = layoutOf("hybrid", 65536, real(20_000), pad(45_536), real(1));
    assertEquals(numbersOf(layout), {
      sizes: [65536, 1],
      data: [20_000, 1],
      servable: [65536, 65536],
      blocks: [2, 1],
    });
    assertEquals(requestsOf(layout, false), [[16384, 16384], [1]]);
    assertEquals(requestsOf(layout, true), [[16384, 3616], [1]]);
    const first = layout.pieceIndex(0)!;
    assertEquals(layout.blockLength(first, 2, false), 0);
    assertEquals(layout.blockLength(first, -1, false), 0);
    assertEquals(layout.blockLength(first, NaN, true), 0);
  },
});

Deno.test({
  name: "a pad in a v1 torrent is part of its pieces and of no file",
  permissions,
  fn() {
    const layout = layoutOf("v1", 10, pad(3), real(4), pad(25), real(2));
    assertEquals([layout.pieceCount, layout.totalLength], [4, 6]);
    assertEquals(numbersOf(layout).sizes, [10, 10, 10, 4]);
    assertEquals(wholeSpans(layout), [["1@0+4 at 3"], [], [], ["3@0+2 at 2"]]);
  },
});

Deno.test({
  name: "a torrent of nothing has no pieces",
  permissions,
  fn() {
    for (const version of ["v1", "v2", "hybrid"] as const) {
      for (const files of [[], [real(0)], [real(0), real(0)]]) {
        const layout = layoutOf(version, KIB16, ...files);
        assertEquals([layout.pieceCount, layout.totalLength], [0, 0]);
        assertEquals([...layout.pieces()], []);
        assertEquals(layout.pieceIndex(0), undefined);
      }
    }
  },
});

Deno.test({
  name: "only a number that is a piece of the torrent becomes a piece index",
  permissions,
  fn() {
    const layout = layoutOf("v1", KIB16, real(3 * KIB16));
    for (const n of [0, 1, 2]) assertEquals(layout.pieceIndex(n) as number | undefined, n);
    for (const n of [-1, 3, 0xffffffff, 0.5, NaN, Infinity]) {
      assertEquals(layout.pieceIndex(n), undefined);
    }
  },
});

Deno.test({
  name: "addresses stay exact far beyond 32 bits",
  permissions,
  fn() {
    const huge = 2 ** 45 + 7;
    const layout = layoutOf("v2", 2 ** 24, real(3), real(huge), real(1));
    assertEquals(layout.pieceCount, 1 + 2 ** 21 + 1 + 1);
    const last = layout.pieceIndex(2 ** 21 + 1)!;
    assertEquals(layout.pieceSize(last), 7);
    assertEquals(layout.fileOf(last), { file: 1, pieceInFile: 2 ** 21 });
    assertEquals(spansText(layout.spans(last, 0, KIB16)), [`1@${2 ** 45}+7`]);
  },
});

Deno.test({
  name: "a torrent too large to address, or with no piece length, is refused",
  permissions,
  fn() {
    const tooLarge: LayoutFile[][] = [
      [real(2 ** 53)],
      [real(2 ** 52), real(2 ** 52)],
      [real(2 ** 50)],
    ];
    for (const files of tooLarge) {
      for (const version of ["v1", "v2", "hybrid"] as const) {
        assertThrows(() => layoutOf(version, KIB16, ...files), TorrentError, "too large");
      }
    }
    for (const pieceLength of [0, -1, 0.5, NaN, Infinity]) {
      assertThrows(() => layoutOf("v1", pieceLength, real(1)), TorrentError, "piece length");
    }
  },
});

Deno.test({
  name: "a hybrid whose pads leave a file inside a piece, or a piece without a file, is refused",
  permissions,
  fn() {
    const misaligned: LayoutFile[][] = [
      [real(1), real(1)],
      [real(1), pad(16382), real(1)],
      [real(1), pad(16384), real(1)],
      [pad(KIB16), real(1)],
      [real(1), pad(2 * KIB16 - 1)],
      [real(1), pad(2 * KIB16 - 1), real(1)],
      [pad(1)],
    ];
    for (const files of misaligned) {
      assertThrows(() => layoutOf("hybrid", KIB16, ...files), TorrentError, "hybrid");
    }
    layoutOf("hybrid", KIB16, real(1), pad(3));
  },
});

Deno.test({
  name: "how many bytes of a file lie in some pieces, be they shared with other files or not",
  permissions,
  fn() {
    const shared = layoutOf("v1", 10, real(15), real(0), real(3), real(12));
    const aligned = layoutOf("v2", KIB16, real(KIB16 + 5), real(7));
    const bytes = (layout: Layout, file: number, ...pieces: number[]) => {
      const field = new Bitfield(layout.pieceCount);
      for (const piece of pieces) field.set(piece);
      return layout.bytesIn(file, field);
    };
    assertEquals([0, 1, 2, 3].map((file) => bytes(shared, file, 1)), [5, 0, 3, 2]);
    assertEquals([0, 1, 2, 3].map((file) => bytes(shared, file, 0, 1, 2)), [15, 0, 3, 12]);
    assertEquals([0, 1, 2, 3].map((file) => bytes(shared, file)), [0, 0, 0, 0]);
    assertEquals([bytes(aligned, 0, 1), bytes(aligned, 1, 1)], [5, 0]);
    assertEquals([bytes(aligned, 0, 0, 2), bytes(aligned, 1, 0, 2)], [KIB16, 7]);
    assertThrows(() => bytes(shared, 4), RangeError);
  },
});
