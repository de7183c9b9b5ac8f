import { assert, assertEquals } from "@std/assert";
import {
  Layout,
  type LayoutFile,
  type LayoutSource,
  type PieceIndex,
} from "../../lib/store/layout.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";

const permissions = "none";
const KIB16 = 16384;

const real = (length: number): LayoutFile => ({ length, pad: false });
const pad = (length: number): LayoutFile => ({ length, pad: true });

/** What a byte-by-byte reading of the rules says lies at each address. */
type Model = ({ file: number; offset: number } | undefined)[];

/** Random files in one of the three layouts, and the address line written out byte by byte. */
function randomTorrent(random: () => number): { source: LayoutSource; model: Model } {
  const version = (["v1", "v2", "hybrid"] as const)[integerFrom(random, 0, 2)]!;
  const pieceLength = integerFrom(random, 1, 20);
  const files: LayoutFile[] = [];
  const model: Model = [];
  const skip = (length: number) => {
    for (let i = 0; i < length; i++) model.push(undefined);
    return length;
  };
  const gap = () => (pieceLength - model.length % pieceLength) % pieceLength;
  const fileCount = integerFrom(random, 0, 8);
  for (let i = 0; i < fileCount; i++) {
    const length = random() < 0.25 ? 0 : integerFrom(random, 1, 50);
    if (version === "v1" && random() < 0.2) files.push(pad(skip(integerFrom(random, 1, 30))));
    if (version === "v2" && length > 0) skip(gap());
    if (version === "hybrid" && length > 0 && gap() > 0) files.push(pad(skip(gap())));
    for (let offset = 0; offset < length; offset++) model.push({ file: files.length, offset });
    files.push(real(length));
  }
  if (version === "hybrid" && gap() > 0 && random() < 0.5) files.push(pad(skip(gap())));
  return { source: { version, pieceLength, files }, model };
}

Deno.test({
  name: "the spans of all pieces tile every file exactly once, in every layout",
  permissions,
  fn() {
    const covered = { v1: 0, v2: 0, hybrid: 0, spans: 0, bytes: 0, empty: 0, pads: 0 };
    for (let seed = 0; seed < 900; seed++) {
      const { source } = randomTorrent(seededRandom(seed));
      const layout = new Layout(source);
      const reached = source.files.map(() => 0);
      for (const piece of layout.pieces()) {
        let at = 0;
        for (const span of layout.spans(piece, 0, layout.pieceLength)) {
          assertEquals(span.offset, reached[span.file], `seed ${seed}`);
          assert(span.length > 0 && span.at >= at, `seed ${seed}`);
          reached[span.file]! += span.length;
          at = span.at + span.length;
          covered.spans++;
        }
        assert(at <= layout.pieceSize(piece), `seed ${seed}`);
        if (source.version !== "v1") assertEquals(at, layout.dataLength(piece), `seed ${seed}`);
      }
      const lengths = source.files.map((file) => file.pad ? 0 : file.length);
      assertEquals(reached, lengths, `seed ${seed}`);
      assertEquals(layout.totalLength, lengths.reduce((a, b) => a + b, 0));
      covered[source.version]++;
      covered.bytes += layout.totalLength;
      covered.empty += source.files.filter((file) => file.length === 0).length;
      covered.pads += source.files.filter((file) => file.pad).length;
    }
    assert(covered.v1 > 200 && covered.v2 > 200 && covered.hybrid > 200, JSON.stringify(covered));
    assert(covered.spans > 5000 && covered.bytes > 50_000, JSON.stringify(covered));
    assert(covered.empty > 300 && covered.pads > 500, JSON.stringify(covered));
  },
});

Deno.test({
  name: "every range of every piece maps to the bytes that a byte-by-byte model puts there",
  permissions,
  fn() {
    let ranges = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = seededRandom(seed);
      const { source, model } = randomTorrent(random);
      const layout = new Layout(source);
      assertEquals(layout.pieceCount, Math.ceil(model.length / source.pieceLength));
      for (const piece of layout.pieces()) {
        const begin = integerFrom(random, 0, source.pieceLength - 1);
        const length = integerFrom(random, 0, source.pieceLength + 3);
        const found: Model = Array(length).fill(undefined);
        for (const span of layout.spans(piece, begin, length)) {
          for (let i = 0; i < span.length; i++) {
            found[span.at + i] = { file: span.file, offset: span.offset + i };
          }
        }
        const start = piece * source.pieceLength;
        const inPiece = model.slice(
          start + begin,
          start + Math.min(begin + length, source.pieceLength),
        );
        const expected = Array.from({ length }, (_, i) => inPiece[i]);
        assertEquals(found, expected, `seed ${seed} piece ${piece}`);
        ranges++;
      }
    }
    assert(ranges > 2000, `${ranges} ranges`);
  },
});

Deno.test({
  name: "piece numbers, owners and sizes agree with one another in every layout",
  permissions,
  fn() {
    let owners = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { source, model } = randomTorrent(seededRandom(seed));
      const layout = new Layout(source);
      for (const piece of layout.pieces()) {
        const slice = model.slice(piece * source.pieceLength, (piece + 1) * source.pieceLength);
        const lastReal = slice.findLastIndex((byte) => byte !== undefined) + 1;
        const isLast = piece === layout.pieceCount - 1;
        if (source.version !== "v2") assertEquals(layout.pieceSize(piece), slice.length);
        if (source.version === "v1") continue;
        assertEquals(layout.dataLength(piece), lastReal);
        assertEquals(layout.servableLength(piece), source.pieceLength);
        assert(isLast || slice.length === source.pieceLength);
        const { file, pieceInFile } = layout.fileOf(piece);
        assertEquals(slice[0], { file, offset: pieceInFile * source.pieceLength });
        const { first, count } = layout.piecesOf(file);
        assertEquals(piece - first, pieceInFile);
        assert(pieceInFile < count);
        owners++;
      }
      for (const [file] of source.files.entries()) {
        const bytes = model.flatMap((byte, at) => byte?.file === file ? [at] : []);
        const pieces = new Set(bytes.map((at) => Math.floor(at / source.pieceLength)));
        const { first, count } = layout.piecesOf(file);
        assertEquals(count, pieces.size);
        if (count > 0) assertEquals(first, Math.min(...pieces));
      }
    }
    assert(owners > 1000, `${owners} owners`);
  },
});

Deno.test({
  name: "the blocks to ask for cover each piece and overlap nowhere",
  permissions,
  fn() {
    let blocks = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const pieceLength = KIB16 << integerFrom(random, 0, 3);
      const files: LayoutFile[] = [];
      for (let i = integerFrom(random, 1, 4); i > 0; i--) {
        const length = integerFrom(random, 1, 5 * pieceLength);
        files.push(real(length));
        if (length % pieceLength !== 0) files.push(pad(pieceLength - length % pieceLength));
      }
      const layouts = [
        new Layout({ version: "hybrid", pieceLength, files }),
        new Layout({ version: "v1", pieceLength: pieceLength + (seed % 3), files }),
        new Layout({ version: "v2", pieceLength, files: files.filter((file) => !file.pad) }),
      ];
      for (const layout of layouts) {
        for (const piece of layout.pieces()) {
          const asV1 = sumOfBlocks(layout, piece, false);
          const asV2 = sumOfBlocks(layout, piece, true);
          assertEquals(asV2, layout.dataLength(piece));
          const blockEnd = layout.blockCount(piece) * KIB16;
          const expected = layout.version === "hybrid"
            ? Math.min(blockEnd, layout.pieceSize(piece))
            : layout.dataLength(piece);
          assertEquals(asV1, expected);
          assert(asV1 <= layout.servableLength(piece));
          blocks += layout.blockCount(piece);
        }
      }
    }
    assert(blocks > 5000, `${blocks} blocks`);
  },
});

/** Adds up the blocks of a piece; all but the last must be whole. */
function sumOfBlocks(layout: Layout, piece: PieceIndex, v2Connection: boolean): number {
  let sum = 0;
  for (let block = 0; block < layout.blockCount(piece); block++) {
    assertEquals(sum, block * KIB16);
    const length = layout.blockLength(piece, block, v2Connection);
    assert(length > 0 && length <= KIB16);
    sum += length;
  }
  assertEquals(layout.blockLength(piece, layout.blockCount(piece), v2Connection), 0);
  return sum;
}
