import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { fromHex, hex } from "../../../lib/codec/bytes.ts";
import {
  decodeLocalAnswer,
  decodeLocalQuestion,
  encodeLocalAnswer,
  encodeLocalQuestion,
  isLocalPacket,
  type LocalAnswer,
  type LocalEntry,
  type LocalQuestion,
  MAX_LOCAL_PACKET_LENGTH,
} from "../../../lib/codec/discovery/local_question.ts";
import { encodeLocalSearch } from "../../../lib/codec/discovery/lsd.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const pure = { permissions: "none" } as const;
const transactionId = 0xcafe0001;
const V1 = "11".repeat(20);
const V2 = "22".repeat(32);
const ENTRY: LocalEntry = {
  v1Hash: fromHex(V1),
  v2Hash: fromHex(V2),
  length: 2 ** 32 + 5,
  seeders: 3,
  leechers: 2,
};

/** Written by hand, byte by byte, from docs/protocol.md. */
const NAME_QUESTION = "53484f41 01 01 cafe0001 0008 66696c652e69736f";
const TRACKER_QUESTION = "53484f41 01 02 cafe0001 0000";
const TRACKER_ANSWER = "53484f41 01 05 cafe0001 1b39";
const COMING_ANSWER = "53484f41 01 06 cafe0001 1ae1";
const NAME_ANSWER =
  `53484f41 01 04 cafe0001 1ae1 00000001 0001 ${V1} ${V2} 0000000100000005 00000003 00000002`;
const LISTED_ANSWER = NAME_ANSWER.replace("01 04", "01 03").replace(
  "00000001 0001",
  "00000009 0001",
);

function bytesOf(spaced: string): Uint8Array {
  return fromHex(spaced.replaceAll(" ", ""));
}

function answer(changes: Partial<LocalAnswer> = {}): LocalAnswer {
  const whole = { type: "peerHas", transactionId, port: 6881, total: 1, entries: [ENTRY] };
  return { ...whole, ...changes } as LocalAnswer;
}

Deno.test("questions are written byte by byte as the protocol says", pure, () => {
  const question = encodeLocalQuestion({ type: "findName", transactionId, name: "file.iso" });
  assertStrictEquals(question.length, MAX_LOCAL_PACKET_LENGTH);
  const head = bytesOf(NAME_QUESTION);
  assertStrictEquals(hex(question.subarray(0, head.length)), hex(head));
  assert(question.subarray(head.length).every((byte) => byte === 0));
  const tracker = encodeLocalQuestion({ type: "findTracker", transactionId });
  assertStrictEquals(hex(tracker), hex(bytesOf(TRACKER_QUESTION)));
});

Deno.test("answers are written byte by byte as the protocol says, and read back", pure, () => {
  const vectors: [string, LocalAnswer][] = [
    [TRACKER_ANSWER, { type: "trackerHere", transactionId, port: 6969 }],
    [COMING_ANSWER, { type: "peerPrepares", transactionId, port: 6881 }],
    [NAME_ANSWER, answer()],
    [LISTED_ANSWER, answer({ type: "trackerLists", total: 9 })],
  ];
  for (const [vector, value] of vectors) {
    const bytes = bytesOf(vector);
    assertStrictEquals(hex(encodeLocalAnswer(value, MAX_LOCAL_PACKET_LENGTH)!), hex(bytes));
    assertEquals(decodeLocalAnswer(bytes), value);
  }
});

Deno.test("a question is read from its first bytes, whatever fills it up", pure, () => {
  const question = { type: "findName", transactionId, name: "file.iso" } as const;
  assertEquals(decodeLocalQuestion(bytesOf(NAME_QUESTION)), question);
  assertEquals(decodeLocalQuestion(bytesOf(`${NAME_QUESTION} ffff`)), question);
  assertEquals(decodeLocalQuestion(bytesOf(`${TRACKER_QUESTION} 00`)), {
    type: "findTracker",
    transactionId,
  });
});

Deno.test("every packet that is cut short, or longer than any may be, is no packet", pure, () => {
  const answers = [NAME_ANSWER, LISTED_ANSWER, TRACKER_ANSWER, COMING_ANSWER];
  const vectors = [NAME_QUESTION, TRACKER_QUESTION, ...answers];
  for (const vector of vectors) {
    const bytes = bytesOf(vector);
    for (let end = 0; end < bytes.length; end++) {
      assertEquals(decodeLocalQuestion(bytes.slice(0, end)), undefined, `${vector} to ${end}`);
      assertEquals(decodeLocalAnswer(bytes.slice(0, end)), undefined, `${vector} to ${end}`);
    }
    const long = new Uint8Array(MAX_LOCAL_PACKET_LENGTH + 1);
    long.set(bytes);
    assertEquals([decodeLocalQuestion(long), decodeLocalAnswer(long)], [undefined, undefined]);
  }
});

Deno.test("what is malformed means nothing", pure, () => {
  const questions = [
    NAME_QUESTION.replace("53484f41", "53484f42"), // another magic
    NAME_QUESTION.replace(" 01 01", " 02 01"), // another version
    NAME_QUESTION.replace(" 01 01", " 01 00"), // no such kind
    NAME_QUESTION.replace(" 01 01", " 01 04"), // an answer
    NAME_QUESTION.replace("0008", "0000"), // an empty name
    NAME_QUESTION.replace("0008", "0009"), // a name that ends behind the packet
    NAME_QUESTION.replace("6669", "c328"), // no UTF-8
    NAME_QUESTION.replace("6669", "1b5b"), // it would drive a terminal
    `53484f41 01 01 cafe0001 0100 ${"61".repeat(256)}`, // longer than file systems allow
  ];
  for (const text of questions) assertEquals(decodeLocalQuestion(bytesOf(text)), undefined, text);
  const answers = [
    NAME_ANSWER.replace("53484f41", "53484f42"),
    NAME_ANSWER.replace(" 01 04", " 00 04"),
    NAME_ANSWER.replace(" 01 04", " 01 01"),
    NAME_ANSWER.replace(" 01 04", " 01 ff"),
    NAME_ANSWER.replace("1ae1", "0000"), // a port that nobody can have
    NAME_ANSWER.replace("00000001 0001", "00000001 0002"), // more entries than there are
    NAME_ANSWER.replace("00000001 0001", "00000001 0000"), // fewer
    `${NAME_ANSWER} 00`,
    NAME_ANSWER.replace(V1, "00".repeat(20)).replace(V2, "00".repeat(32)), // no hash
    NAME_ANSWER.replace("0000000100000005", "0020000000000000"), // 2^53 bytes
    TRACKER_ANSWER.replace("1b39", "0000"),
    `${TRACKER_ANSWER} 00`,
    COMING_ANSWER.replace("1ae1", "0000"),
    `${COMING_ANSWER} 00`,
  ];
  for (const text of answers) assertEquals(decodeLocalAnswer(bytesOf(text)), undefined, text);
});

Deno.test("a total below the number of entries counts as that number", pure, () => {
  const read = decodeLocalAnswer(bytesOf(NAME_ANSWER.replace("00000001 0001", "00000000 0001")));
  assertEquals(read, answer());
});

Deno.test(
  "an answer is never longer than its question, and holds as many entries as fit",
  pure,
  () => {
    const entries = Array.from({ length: 40 }, () => ENTRY);
    let whole = 0;
    for (let room = 0; room <= MAX_LOCAL_PACKET_LENGTH + 500; room++) {
      const bytes = encodeLocalAnswer(answer({ total: 40, entries }), room);
      if (bytes === undefined) {
        assert(room < 18 + 68);
        continue;
      }
      assert(bytes.length <= Math.min(room, MAX_LOCAL_PACKET_LENGTH));
      assert(bytes.length + 68 > Math.min(room, MAX_LOCAL_PACKET_LENGTH));
      const read = decodeLocalAnswer(bytes);
      assert(read?.type === "peerHas" && read.total === 40);
      whole = Math.max(whole, read.entries.length);
    }
    assertStrictEquals(whole, 17);
    const here: LocalAnswer = { type: "trackerHere", transactionId, port: 1 };
    for (const short of [here, { ...here, type: "peerPrepares" } as const]) {
      assertEquals(encodeLocalAnswer(short, 11), undefined);
      assertStrictEquals(encodeLocalAnswer(short, 12)?.length, 12);
    }
    assertEquals(encodeLocalAnswer(answer({ total: 0, entries: [] }), 1200), undefined);
  },
);

Deno.test("a name that nobody can have is not asked for", pure, () => {
  for (const name of ["", "a\x1b", "x".repeat(256), "é".repeat(128), "\ud800"]) {
    const ask = () => encodeLocalQuestion({ type: "findName", transactionId, name });
    assertThrows(ask, RangeError);
  }
});

Deno.test("no announce of local service discovery is taken for one of these", pure, () => {
  const announce = encodeLocalSearch({ port: 1, infoHashes: [ENTRY.v1Hash!] }, 4);
  assertEquals([isLocalPacket(announce), isLocalPacket(new Uint8Array(3))], [false, false]);
  assertEquals(isLocalPacket(bytesOf(TRACKER_QUESTION)), true);
});

Deno.test("what is written is read back", pure, () => {
  const random = seededRandom(11);
  const coin = () => integerFrom(random, 0, 1) === 1;
  for (let i = 0; i < 300; i++) {
    const entries = Array.from({ length: integerFrom(random, 1, 17) }, (_, k) => {
      const hasV1 = coin();
      return {
        ...(hasV1 && { v1Hash: pseudoRandomBytes(20, 100 * i + k) }),
        ...((!hasV1 || coin()) && { v2Hash: pseudoRandomBytes(32, 100 * i + k) }),
        length: integerFrom(random, 0, Number.MAX_SAFE_INTEGER),
        seeders: integerFrom(random, 0, 2 ** 32 - 1),
        leechers: integerFrom(random, 0, 2 ** 32 - 1),
      };
    });
    const head = {
      transactionId: integerFrom(random, 0, 2 ** 32 - 1),
      port: integerFrom(random, 1, 65_535),
    };
    const type = coin() ? "peerHas" : "trackerLists";
    const total = entries.length + integerFrom(random, 0, 1000);
    const value: LocalAnswer = { type, ...head, total, entries };
    assertEquals(decodeLocalAnswer(encodeLocalAnswer(value, 1200)!), value);
    const name = "ä€👍x".repeat(integerFrom(random, 1, 25));
    const question: LocalQuestion = {
      type: "findName",
      transactionId: head.transactionId,
      name: name.slice(0, 75).toWellFormed(),
    };
    assertEquals(decodeLocalQuestion(encodeLocalQuestion(question)), question);
  }
});
