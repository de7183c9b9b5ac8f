import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { concat, fromHex, hex, utf8 } from "../../../lib/codec/bytes.ts";
import {
  type AnnounceEvent,
  compactPeer,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type FoundEntry,
  packEntries,
  peersOf,
  transactionOf,
} from "../../../lib/codec/discovery/udp_tracker.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import {
  INFO_HASH,
  REQUESTS,
  RESPONSES,
  STARTED,
  TRANSACTION_ID,
} from "../../support/vectors/tracker_vectors.ts";

const permissions = "none";

/** The least bytes that make a request of each type. */
const SHORTEST = { connect: 16, announce: 98, scrape: 16, find: 18, list: 22, reach: 18, who: 40 };

Deno.test("requests to a tracker are the bytes other programs send", { permissions }, () => {
  for (const { title, hex: bytes, value } of REQUESTS) {
    assertEquals(hex(encodeRequest(value)), bytes, title);
    assertEquals(decodeRequest(fromHex(bytes)), value, title);
  }
});

Deno.test("answers of a tracker are the bytes other programs send", { permissions }, () => {
  for (const { title, hex: bytes, value, family } of RESPONSES) {
    assertEquals(hex(encodeResponse(value)), bytes, title);
    assertEquals(decodeResponse(fromHex(bytes), family), value, title);
    assertStrictEquals(transactionOf(fromHex(bytes)), TRANSACTION_ID, title);
  }
});

Deno.test("a request cut anywhere is none, or one with less in it", { permissions }, () => {
  let none = 0;
  for (const { title, hex: bytes, value } of REQUESTS) {
    const whole = fromHex(bytes);
    for (let length = 0; length < whole.length; length++) {
      const request = decodeRequest(whole.subarray(0, length));
      if (length < SHORTEST[value.type]) {
        assertStrictEquals(request, undefined, `${title} ${length}`);
      }
      if (request === undefined) none++;
      else assertStrictEquals(request.type, value.type);
    }
  }
  assert(none > 400, `${none}`);
});

Deno.test("an answer cut anywhere is refused, or one with less in it", { permissions }, () => {
  let refused = 0;
  for (const { hex: bytes, value, family } of RESPONSES) {
    const whole = fromHex(bytes);
    for (let length = 0; length < whole.length; length++) {
      try {
        assertStrictEquals(decodeResponse(whole.subarray(0, length), family).type, value.type);
      } catch (error) {
        assert(error instanceof ProtocolError, `${error}`);
        refused++;
      }
    }
  }
  assert(refused > 150, `${refused}`);
});

Deno.test("a request with bytes after its end is understood", { permissions }, () => {
  for (const { title, hex: bytes, value } of REQUESTS) {
    const more = decodeRequest(concat(fromHex(bytes), new Uint8Array(2)));
    assertEquals(more, value, title);
  }
});

Deno.test("a packet that is no request of a tracker's client is none", { permissions }, () => {
  assertStrictEquals(decodeRequest(fromHex("00000417271019810000000011223344")), undefined);
  assertStrictEquals(decodeRequest(fromHex("01020304050607080000000411223344")), undefined);
  const invalidName = "010203040506070853480001112233440002c328";
  assertStrictEquals(decodeRequest(fromHex(invalidName)), undefined);
});

Deno.test("a list of peers that ends within one is refused", { permissions }, () => {
  const answer = fromHex(RESPONSES[1]!.hex);
  for (let extra = 1; extra < 6; extra++) {
    const longer = concat(answer, new Uint8Array(extra));
    assertThrows(() => decodeResponse(longer, 4), ProtocolError, "middle");
  }
  assertThrows(() => decodeResponse(answer, 6), ProtocolError, "middle");
});

Deno.test("peers that cannot be reached are left out of a list", { permissions }, () => {
  const compact = fromHex("0a0000011ae1" + "0a0000020000" + "000000001ae1" + "7f0000010001");
  assertEquals(peersOf(compact, 4), [
    { host: "10.0.0.1", port: 6881 },
    { host: "127.0.0.1", port: 1 },
  ]);
  assertEquals(peersOf(compactPeer("2001:db8::1", 6881), 6), [{ host: "2001:db8::1", port: 6881 }]);
  assertEquals(hex(compactPeer("::ffff:10.0.0.1", 6881)), "0a0000011ae1");
});

Deno.test("a number of wanted peers beyond 31 bits reads as negative", { permissions }, () => {
  const packet = encodeRequest({ ...STARTED, numWant: -1 });
  assertEquals(hex(packet.subarray(92, 96)), "ffffffff");
  const request = decodeRequest(packet);
  assert(request?.type === "announce" && request.numWant === -1);
});

Deno.test("an unknown event counts as none", { permissions }, () => {
  const packet = encodeRequest(STARTED);
  packet[83] = 9;
  const request = decodeRequest(packet);
  assert(request?.type === "announce" && request.event === "none");
});

Deno.test("byte counts beyond 64 bits are sent as the greatest there is", { permissions }, () => {
  const packet = encodeRequest({ ...STARTED, leftBytes: Infinity, uploadedBytes: -5 });
  assertEquals(hex(packet.subarray(64, 80)), "ff".repeat(8) + "00".repeat(8));
  const request = decodeRequest(packet);
  assert(request?.type === "announce" && request.leftBytes === 2 ** 64);
});

Deno.test("announces of all kinds come back as they were sent", { permissions }, () => {
  const random = seededRandom(41);
  const events: AnnounceEvent[] = ["none", "completed", "started", "stopped", "paused"];
  const covered = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const event = events[integerFrom(random, 0, 4)]!;
    const request = {
      ...STARTED,
      event,
      infoHash: pseudoRandomBytes(20, i),
      downloadedBytes: Math.floor(random() * 2 ** integerFrom(random, 0, 53)),
      leftBytes: Math.floor(random() * 2 ** integerFrom(random, 0, 53)),
      key: integerFrom(random, 0, 2 ** 32 - 1),
      numWant: integerFrom(random, -(2 ** 31), 2 ** 31 - 1),
      port: integerFrom(random, 0, 65535),
      urlData: "/x".repeat(integerFrom(random, 0, 1) * integerFrom(random, 1, 382)),
    };
    covered.add(`${event} ${Math.ceil(request.urlData.length / 255)}`);
    assertEquals(decodeRequest(encodeRequest(request)), request);
  }
  assertStrictEquals(covered.size, 20, "every event with no, one, two and three options");
});

Deno.test("the entries of a find come back as they were sent, in 1200 bytes at most", {
  permissions,
}, () => {
  const random = seededRandom(42);
  let cut = 0;
  for (let i = 0; i < 200; i++) {
    const entries = Array.from({ length: integerFrom(random, 0, 20) }, (): FoundEntry => {
      const which = integerFrom(random, 1, 3);
      return {
        ...(which !== 2 && { v1Hash: pseudoRandomBytes(20, i + 1) }),
        ...(which !== 1 && { v2Hash: pseudoRandomBytes(32, i + 2) }),
        length: Math.floor(random() * Number.MAX_SAFE_INTEGER),
        seeders: integerFrom(random, 0, 2 ** 32 - 1),
        leechers: integerFrom(random, 0, 2 ** 32 - 1),
        name: "ä".repeat(integerFrom(random, 1, 127)),
      };
    });
    const packed = packEntries(entries);
    if (packed.length < entries.length) cut++;
    assertEquals(packed, entries.slice(0, packed.length));
    const response = {
      type: "find",
      transactionId: i,
      total: entries.length,
      entries: packed,
    } as const;
    const packet = encodeResponse(response);
    assert(packet.length <= 1200);
    assertEquals(decodeResponse(packet, 4), response);
  }
  assert(cut > 50 && cut < 180, `${cut}`);
});

Deno.test(
  "a find answer that promises more entries than it holds is refused",
  { permissions },
  () => {
    const packet = fromHex(RESPONSES[5]!.hex);
    packet[13] = 2;
    assertThrows(() => decodeResponse(packet, 4), ProtocolError, "within an entry");
    packet.set([0xff, 0xff], 12);
    assertThrows(() => decodeResponse(packet, 4), ProtocolError, "within an entry");
  },
);

Deno.test("a find answer with an entry that proves nothing is refused", { permissions }, () => {
  const response = { type: "find", transactionId: 1, total: 1 } as const;
  const entry = { length: 1, seeders: 1, leechers: 1 };
  const withoutHash = encodeResponse({ ...response, entries: [{ ...entry, name: "a" }] });
  assertThrows(() => decodeResponse(withoutHash, 4), ProtocolError, "without a hash or a name");
  const nameless = encodeResponse({
    ...response,
    entries: [{ ...entry, name: "", v1Hash: INFO_HASH }],
  });
  assertThrows(() => decodeResponse(nameless, 4), ProtocolError, "without a hash or a name");
});

Deno.test("no packet of random bytes does more than be refused", { permissions }, () => {
  const random = seededRandom(43);
  const seen: Record<string, number> = {};
  for (let i = 0; i < 4000; i++) {
    const vectors = random() < 0.5 ? REQUESTS : RESPONSES;
    const bytes = fromHex(vectors[integerFrom(random, 0, vectors.length - 1)]!.hex);
    for (let flips = integerFrom(random, 0, 6); flips > 0; flips--) {
      bytes[integerFrom(random, 0, bytes.length - 1)] = integerFrom(random, 0, 255);
    }
    const request = decodeRequest(bytes);
    seen[request?.type ?? "none"] = (seen[request?.type ?? "none"] ?? 0) + 1;
    try {
      const response = decodeResponse(bytes, random() < 0.5 ? 4 : 6);
      seen[`${response.type} answer`] = (seen[`${response.type} answer`] ?? 0) + 1;
    } catch (error) {
      assert(error instanceof ProtocolError, `${error}`);
      seen["refused"] = (seen["refused"] ?? 0) + 1;
    }
  }
  assertStrictEquals(Object.keys(seen).length, 16, JSON.stringify(seen));
  assert(Object.values(seen).every((count) => count > 20), JSON.stringify(seen));
});

Deno.test("an error's text loses the zeros some trackers put at its end", { permissions }, () => {
  const packet = concat(fromHex("0000000311223344"), utf8("go away"), Uint8Array.of(0, 0));
  const response = decodeResponse(packet, 4);
  assert(response.type === "error" && response.message === "go away");
});
