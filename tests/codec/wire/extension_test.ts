import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { dictOf, encode } from "../../../lib/codec/bencode.ts";
import { concat, fromHex, fromLatin1, utf8 } from "../../../lib/codec/bytes.ts";
import {
  decodeDontHave,
  decodeExtendedHandshake,
  decodeMetadataMessage,
  DONT_HAVE_EXTENSION,
  encodeDontHave,
  encodeExtendedHandshake,
  encodeMetadataMessage,
  type ExtendedHandshake,
  METADATA_EXTENSION,
  METADATA_PIECE_LENGTH,
  type MetadataMessage,
  metadataPieceCount,
  metadataPieceLength,
} from "../../../lib/codec/wire/extension.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { formulaBytes, pseudoRandomBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import {
  EXTENDED_HANDSHAKE_PAYLOAD,
  METADATA_DATA_PAYLOAD,
  V1_INFO,
  wireVector,
} from "../../support/vectors/wire_vectors.ts";

const permissions = "none";

/** Payload of an extended message vector: behind length, message id and extension number. */
const payloadOf = (name: string) => wireVector(name).wire.subarray(6);

const FULL: ExtendedHandshake = {
  ids: new Map([[DONT_HAVE_EXTENSION, 7], [METADATA_EXTENSION, 2], ["ut_pex", 1]]),
  port: 6881,
  client: "Test 1.0",
  yourIp: fromHex("7f000001"),
  requestQueue: 250,
  metadataSize: 153,
};

Deno.test({
  name: "extended handshakes are read and written as their published bytes",
  permissions,
  fn() {
    const vectors: [Uint8Array, ExtendedHandshake][] = [
      [EXTENDED_HANDSHAKE_PAYLOAD, FULL],
      [payloadOf("bare extended handshake"), { ids: new Map() }],
      [payloadOf("extended handshake of a seed"), { ids: new Map(), uploadOnly: true }],
    ];
    for (const [payload, handshake] of vectors) {
      assertEquals(decodeExtendedHandshake(payload), handshake);
      assertEquals(encodeExtendedHandshake(handshake), payload);
    }
  },
});

Deno.test({
  name: "an extension can be switched off, and uploading only taken back",
  permissions,
  fn() {
    const handshake = { ids: new Map([["ut_pex", 0]]), uploadOnly: false, superSeeding: false };
    assertEquals(decodeExtendedHandshake(encodeExtendedHandshake(handshake)), handshake);
  },
});

Deno.test({
  name: "known keys of the wrong type or out of range are ignored, the others still count",
  permissions,
  fn() {
    const wrong = [fromLatin1("x"), -1, 2n ** 62n, [], new Map([["a", 1]])];
    let ignored = 0;
    for (
      const key of [
        "m",
        "p",
        "v",
        "yourip",
        "reqq",
        "metadata_size",
        "upload_only",
        "super_seeding",
      ]
    ) {
      for (const value of wrong) {
        const right = key === "v" && value instanceof Uint8Array ||
          ["upload_only", "super_seeding"].includes(key) && value === -1 ||
          key === "m" && value instanceof Map;
        if (right) continue;
        const fields = { m: new Map([["ut_metadata", 3]]), reqq: 77, [key]: value };
        const handshake = decodeExtendedHandshake(encode(dictOf(fields)));
        assertEquals(handshake, {
          ids: new Map(key === "m" ? [] : [["ut_metadata", 3]]),
          ...(key !== "reqq" && { requestQueue: 77 }),
        }, `${key} ${value}`);
        ignored++;
      }
    }
    assertEquals(ignored, 8 * 5 - 4);
    for (const fields of [{ p: 0 }, { p: 65536 }, { reqq: 0 }, { metadata_size: 0 }]) {
      assertEquals(decodeExtendedHandshake(encode(dictOf(fields))), { ids: new Map() });
    }
  },
});

Deno.test({
  name: "extension numbers that are no byte are ignored",
  permissions,
  fn() {
    const m = new Map<string, number | Uint8Array | []>([
      ["a", 255],
      ["b", 256],
      ["c", -1],
      ["d", fromLatin1("1")],
      ["e", []],
      ["f", 0],
    ]);
    const { ids } = decodeExtendedHandshake(encode(dictOf({ m })));
    assertEquals(ids, new Map([["a", 255], ["f", 0]]));
  },
});

Deno.test({
  name: "an extended handshake with unsorted keys, unknown keys or bytes behind it is still read",
  permissions,
  fn() {
    const payload = fromLatin1("d1:v4:Test1:md2:zzi9e6:ut_pexi1ee12:complete_agoi-1ee tail");
    assertEquals(decodeExtendedHandshake(payload), {
      ids: new Map([["zz", 9], ["ut_pex", 1]]),
      client: "Test",
    });
  },
});

Deno.test({
  name: "a client's name cannot act on a terminal or fill it",
  permissions,
  fn() {
    const clientOf = (v: string) => decodeExtendedHandshake(encode(dictOf({ v: utf8(v) }))).client;
    assertEquals(clientOf("qBittorrent/4.5.2"), "qBittorrent/4.5.2");
    assertEquals(clientOf("Füß \u{1F41F} 1.0"), "Füß \u{1F41F} 1.0");
    assertEquals(clientOf("\x1b[2J\x07evil\r\nlines\u202e"), "[2J evil lines");
    assertEquals(clientOf(" \u2028 "), "");
    assertEquals(clientOf("\u{1F41F}".repeat(1000)), "\u{1F41F}".repeat(64));
    const bytes = encode(dictOf({ v: fromHex("c32841") }));
    assertEquals(decodeExtendedHandshake(bytes).client, "\ufffd(A");
  },
});

Deno.test({
  name: "what was read of an extended handshake does not change when the receive buffer does",
  permissions,
  fn() {
    const payload = EXTENDED_HANDSHAKE_PAYLOAD.slice();
    const handshake = decodeExtendedHandshake(payload);
    payload.fill(0);
    assertEquals(handshake, FULL);
  },
});

Deno.test({
  name:
    "an extended handshake that is cut off, deep, crowded or no dictionary costs its sender the connection",
  permissions,
  fn() {
    for (let length = 0; length < EXTENDED_HANDSHAKE_PAYLOAD.length; length++) {
      const cut = EXTENDED_HANDSHAKE_PAYLOAD.subarray(0, length);
      assertThrows(() => decodeExtendedHandshake(cut), ProtocolError);
      assertThrows(() => decodeMetadataMessage(cut), ProtocolError);
    }
    const hostile = [
      "i1e",
      "le",
      "4:spam",
      "d1:m" + "l".repeat(50_000) + "e".repeat(50_001),
      "d1:ml" + "le".repeat(50_000) + "ee",
      "d1:v99999999999999999999:x",
    ];
    for (const payload of hostile) {
      assertThrows(() => decodeExtendedHandshake(fromLatin1(payload)), ProtocolError);
      assertThrows(() => decodeMetadataMessage(fromLatin1(payload)), ProtocolError);
    }
  },
});

Deno.test({
  name: "metadata messages are read and written as their published bytes",
  permissions,
  fn() {
    const vectors: [Uint8Array, Exclude<MetadataMessage, { type: "unknown" }>][] = [
      [payloadOf("metadata request"), { type: "request", piece: 0 }],
      [METADATA_DATA_PAYLOAD, { type: "data", piece: 0, totalSize: 153, data: V1_INFO }],
      [payloadOf("metadata reject"), { type: "reject", piece: 0 }],
    ];
    for (const [payload, message] of vectors) {
      assertEquals(decodeMetadataMessage(payload), message);
      assertEquals(encodeMetadataMessage(message), payload);
    }
    const data = decodeMetadataMessage(METADATA_DATA_PAYLOAD);
    assert(data.type === "data");
    assertStrictEquals(data.data.buffer, METADATA_DATA_PAYLOAD.buffer, "not copied");
  },
});

Deno.test({
  name: "metadata of every awkward size is cut into pieces and put together again",
  permissions,
  fn() {
    const sizes = [1, 153, 16383, 16384, 16385, 32767, 32768, 32769, 100_000];
    for (const size of sizes) {
      const metadata = formulaBytes(size);
      const parts: Uint8Array[] = [];
      for (let piece = 0; piece < metadataPieceCount(size); piece++) {
        const start = piece * METADATA_PIECE_LENGTH;
        const data = metadata.subarray(start, start + metadataPieceLength(piece, size));
        assert(data.length > 0, "no piece is empty, not even behind a full one");
        const sent = encodeMetadataMessage({ type: "data", piece, totalSize: size, data });
        const message = decodeMetadataMessage(concat(sent, fromLatin1("tail")));
        assert(message.type === "data" && message.totalSize === size);
        assertEquals(message.piece, piece);
        parts.push(message.data);
      }
      assertEquals(concat(...parts), metadata);
      assertEquals(metadataPieceLength(parts.length, size), 0);
    }
  },
});

Deno.test({
  name: "metadata that is not all there, or of a piece beyond its size, is refused",
  permissions,
  fn() {
    for (let cut = 1; cut <= V1_INFO.length; cut++) {
      const payload = METADATA_DATA_PAYLOAD.subarray(0, METADATA_DATA_PAYLOAD.length - cut);
      assertThrows(() => decodeMetadataMessage(payload), ProtocolError, "not all there");
    }
    const data = (fields: Record<string, number | bigint | undefined>) =>
      concat(encode(dictOf({ msg_type: 1, ...fields })), new Uint8Array(40_000));
    decodeMetadataMessage(data({ piece: 1, total_size: 16385 }));
    const hostile = [
      { piece: 1, total_size: 16384 },
      { piece: 0, total_size: 0 },
      { piece: 0, total_size: -5 },
      { piece: 0 },
      { piece: 0, total_size: 2n ** 63n - 1n },
      { piece: 0xffffffff, total_size: 16385 },
    ];
    for (const fields of hostile) {
      assertThrows(() => decodeMetadataMessage(data(fields)), ProtocolError, "not all there");
    }
    for (const piece of [-1, undefined, 2 ** 32, 2n ** 63n - 1n]) {
      assertThrows(() => decodeMetadataMessage(data({ piece })), ProtocolError, "names no piece");
    }
  },
});

Deno.test({
  name: "a metadata message of an unknown kind is ignored, one without a kind is refused",
  permissions,
  fn() {
    for (const kind of [3, -1, 99]) {
      assertEquals(decodeMetadataMessage(encode(dictOf({ msg_type: kind }))), { type: "unknown" });
    }
    for (const msg_type of [undefined, fromLatin1("0"), [], 2n ** 60n]) {
      const payload = encode(dictOf({ msg_type, piece: 0 }));
      assertThrows(() => decodeMetadataMessage(payload), ProtocolError, "of what kind");
    }
  },
});

Deno.test({
  name: "a don't-have message names its piece in four bytes, no more and no less",
  permissions,
  fn() {
    assertEquals(encodeDontHave(5), payloadOf("don't have"));
    for (const piece of [0, 5, 0x80000000, 0xffffffff]) {
      assertEquals(decodeDontHave(encodeDontHave(piece)), piece);
    }
    for (const length of [0, 3, 5, 8]) {
      assertThrows(() => decodeDontHave(new Uint8Array(length)), ProtocolError, "cannot carry");
    }
  },
});

Deno.test({
  name: "a mangled extension message is read or refused, and never breaks anything else",
  permissions,
  fn() {
    const counts = { read: 0, refused: 0 };
    const originals = [EXTENDED_HANDSHAKE_PAYLOAD, METADATA_DATA_PAYLOAD];
    for (let seed = 0; seed < 4000; seed++) {
      const random = seededRandom(seed);
      const payload = originals[seed % 2]!.slice();
      for (let changes = integerFrom(random, 1, 4); changes > 0; changes--) {
        const at = integerFrom(random, 0, Math.min(payload.length, 100) - 1);
        payload.set(pseudoRandomBytes(1, integerFrom(random, 0, 0xffffffff)), at);
      }
      try {
        if (seed % 2 === 0) decodeExtendedHandshake(payload);
        else decodeMetadataMessage(payload);
        counts.read++;
      } catch (error) {
        assert(error instanceof ProtocolError, `seed ${seed}: ${error}`);
        counts.refused++;
      }
    }
    assert(counts.read > 300 && counts.refused > 300, JSON.stringify(counts));
  },
});
