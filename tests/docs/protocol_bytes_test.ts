/** The tables of bytes in `docs/protocol.md` are what the codecs write: offsets, sizes, numbers. @module */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { fromHex, hex, latin1, utf8 } from "../../lib/codec/bytes.ts";
import { LocalKind } from "../../lib/codec/discovery/local_question.ts";
import { encodeLocalSearch } from "../../lib/codec/discovery/lsd.ts";
import {
  Action,
  ANNOUNCE_EVENTS,
  encodeResponse,
  formatUrlData,
  MACHINE_STATES,
  REACH_ANSWERS,
} from "../../lib/codec/discovery/udp_tracker.ts";
import { sha256 } from "../../lib/codec/hash.ts";
import { BLOCK_LENGTH, merkleRoot, pieceHash } from "../../lib/codec/torrent/merkle.ts";
import { PieceLayer } from "../../lib/codec/torrent/piece_layer.ts";
import { encodeMetadataMessage } from "../../lib/codec/wire/extension.ts";
import { encodeHandshake } from "../../lib/codec/wire/handshake.ts";
import { PexFlag } from "../../lib/codec/wire/pex.ts";
import { formulaBytes } from "../../support/content.ts";
import {
  documentText,
  namedBlock,
  namedTables,
  type Row,
  tableCount,
} from "../support/project/document.ts";
import { LOCAL_SAMPLES } from "./local_samples.ts";
import { PEER_SAMPLES, TRACKER_SAMPLES, type WireSample } from "./wire_samples.ts";

const DOCUMENT = await documentText("docs/protocol.md");
const TABLES = namedTables(DOCUMENT);

/** Tables that hold something other than bytes; `protocol_test.ts` looks at some of them. */
const OTHER_KINDS = [
  ...["actions", "bencoding", "classes", "connection flags", "constants", "errors", "events"],
  ...["extensions", "flags", "keys", "local kinds", "machine flags", "machine states", "messages"],
  ...["metadata", "peer states", "reach", "reserved"],
];

function rowsOf(kind: string): readonly Row[] {
  const tables = TABLES.filter((table) => table.kind === kind);
  assertEquals(tables.length, 1, kind);
  return tables[0]!.rows;
}

/** The number that a field always has: its cell is a number, or begins with one in backticks. */
function literalOf(cell: string): bigint | undefined {
  const match = /^(0x[0-9a-f]+|\d+)$|^`(0x[0-9a-f]+|\d+)`/.exec(cell);
  return match === null ? undefined : BigInt(match[1] ?? match[2]!);
}

/** Compares a table with a sample, and returns how many fields that were. */
function compare(name: string, rows: readonly Row[], { bytes, fields }: WireSample): number {
  const unused = new Set(Object.keys(fields));
  let at = 0;
  for (const { offset, size, field, value } of rows) {
    const where = `${name}, ${field}`;
    assertEquals(Number(offset), at, `${where}: its offset`);
    const length = size === "n" ? bytes.length - at : Number(size);
    const actual = hex(bytes.subarray(at, at + length));
    const literal = literalOf(value!);
    const sum = /^(\d+) \+ n$/.exec(value!);
    if (literal !== undefined) {
      assertEquals(actual, literal.toString(16).padStart(2 * length, "0"), where);
    } else if (sum !== null) {
      const n = bytes.length - Number(rows.at(-1)!.offset);
      assertEquals(parseInt(actual, 16), Number(sum[1]) + n, where);
    } else assertEquals(actual, fields[field!], where);
    if (field === "length" && at === 0 && length === 4) {
      assertEquals(parseInt(actual, 16), bytes.length - 4, where);
    }
    unused.delete(field!);
    at += length;
  }
  assertEquals(at, bytes.length, `${name}: its whole length`);
  assertEquals([...unused], [], `${name}: fields that the table lacks`);
  return rows.length;
}

Deno.test("every table of the document has a name, and each of those is compared with the code", () => {
  assertEquals(TABLES.length, tableCount(DOCUMENT));
  for (const { kind } of TABLES) assert(kind === "bytes" || OTHER_KINDS.includes(kind), kind);
});

Deno.test("the tables of bytes give each packet and message as the codecs write it", () => {
  const samples = { ...TRACKER_SAMPLES, ...PEER_SAMPLES, ...LOCAL_SAMPLES };
  const tables = TABLES.filter((table) => table.kind === "bytes");
  assertEquals(tables.map((table) => table.name).sort(), Object.keys(samples).sort());
  let fields = 0;
  for (const { name, headings, rows } of tables) {
    assertEquals(headings, ["offset", "size", "field", "value"]);
    fields += compare(name, rows, samples[name]!);
  }
  assertGreater(fields, 130);
});

Deno.test("the comparison of a table with bytes notices what is wrong", () => {
  const row = { offset: "0", size: "4", field: "length", value: "1" };
  const rows = [row, { offset: "4", size: "1", field: "id", value: "`2`, always" }];
  const sample = { bytes: fromHex("0000000102"), fields: {} };
  assertEquals(compare("interested", rows, sample), 2);
  const wrong: [Row[], WireSample][] = [
    [[row, { ...rows[1]!, offset: "5" }], sample],
    [[row, { ...rows[1]!, value: "3" }], sample],
    [[row], sample],
    [rows, { bytes: fromHex("0000000202"), fields: {} }],
    [rows, { ...sample, fields: { port: "00" } }],
    [[row, { ...rows[1]!, value: "some id" }], sample],
  ];
  for (const [table, bytes] of wrong) {
    let noticed = false;
    try {
      compare("wrong", table, bytes);
    } catch {
      noticed = true;
    }
    assert(noticed, JSON.stringify(table));
  }
});

Deno.test("actions, events and flags have the document's numbers", () => {
  const actions = rowsOf("actions").map(({ action, number }) => [action, Number(number)]);
  assertEquals(Object.fromEntries(actions), Action);
  const events = rowsOf("events").map(({ event, number }) => [event, Number(number)]);
  assertEquals(events, ANNOUNCE_EVENTS.map((event, number) => [event, number]));
  const states = rowsOf("machine states").map(({ state, number }) => [state, Number(number)]);
  assertEquals(states, MACHINE_STATES.map((state, i) => [state, i]));
  for (const { flag, field } of rowsOf("machine flags")) {
    const name = field as "isSource";
    const machine = { state: "complete", port: 1, sinceSeconds: 0, [name]: true } as const;
    const counts = { total: 1, complete: 0, recipients: 0, expected: 0, machines: [machine] };
    const packet = encodeResponse({ type: "who", transactionId: 1, ...counts });
    assertEquals(packet[27], Number(flag), name);
  }
  const answers = rowsOf("reach").map(({ reach, number }) => [reach, Number(number)]);
  assertEquals(answers, REACH_ANSWERS.map((answer, number) => [answer, number]));
  const kinds = rowsOf("local kinds").map(({ kind, number }) => [kind, Number(number)]);
  assertEquals(Object.fromEntries(kinds), LocalKind);
  const flags = rowsOf("flags").map(({ bit, name }) => [name, Number(bit)]);
  assertEquals(Object.fromEntries(flags), PexFlag);
});

Deno.test("each feature of a handshake raises the bit that the document names", () => {
  const none = { extensions: false, fast: false, dht: false, v2Upgrade: false };
  const hashes = { infoHash: new Uint8Array(20), peerId: new Uint8Array(20) };
  const features = ["extensions", "dht", "fast", "v2Upgrade"]; // in the order of the table
  const rows = rowsOf("reserved");
  assertEquals(rows.length, features.length);
  for (const [i, { byte, bit }] of rows.entries()) {
    const bytes = encodeHandshake({ ...hashes, ...none, [features[i]!]: true });
    const expected = encodeHandshake({ ...hashes, ...none });
    expected[Number(byte)]! |= Number(bit);
    assertEquals(bytes, expected, features[i]);
  }
});

Deno.test("metadata messages, the announced URL and the local datagram read as in the document", () => {
  const data = new Uint8Array(BLOCK_LENGTH);
  const messages = {
    request: { type: "request", piece: 0 },
    data: { type: "data", piece: 0, totalSize: 31235, data },
    reject: { type: "reject", piece: 0 },
  } as const;
  const rows = rowsOf("metadata");
  assertEquals(rows.map(({ message }) => message), Object.keys(messages));
  for (const { message, payload } of rows) {
    const written = latin1(encodeMetadataMessage(messages[message as keyof typeof messages]));
    const text = /^`?([^`]+)/.exec(payload!)![1]!;
    assertEquals(written.slice(0, text.length), text);
    assertEquals(written.length, text.length + (message === "data" ? data.length : 0));
  }

  const v2Hash = fromHex("ab".repeat(32));
  const url = formatUrlData("", { name: "a b", length: 7, v2Hash });
  const example = /^ {4}(\/announce\?.*)$/m.exec(DOCUMENT)![1]!;
  const filled = example.replace("<name, percent-encoded>", "a%20b").replace("<bytes>", "7")
    .replace("<v2 info-hash, 64 hex digits>", hex(v2Hash));
  assertEquals(filled, url);

  const lines = namedBlock(DOCUMENT, "lsd");
  const value = (header: string) => lines.find((line) => line.startsWith(header))!.split(": ")[1]!;
  const infoHashes = [fromHex(value("Infohash"))];
  const search = { port: Number(value("Port")), infoHashes, cookie: value("cookie") };
  assertEquals(encodeLocalSearch(search, 4), utf8(lines.join("\r\n") + "\r\n\r\n\r\n"));
});

Deno.test("the vector of the v2 piece hash comes out step by step", () => {
  const lines = namedBlock(DOCUMENT, "vector").map((line) => {
    const [, name, value] = /^(\w+) = .* ([0-9a-f]{64})$/.exec(line)!;
    return [name!, fromHex(value!)] as const;
  });
  const vector = new Map(lines);
  const at = (name: string) => vector.get(name) ?? new Uint8Array(32); // z0 is zeros
  const pair = (left: string, right: string) => sha256(new Uint8Array([...at(left), ...at(right)]));
  const data = formulaBytes(65_537);
  for (let i = 0; i < 5; i++) {
    const block = data.subarray(i * BLOCK_LENGTH, (i + 1) * BLOCK_LENGTH);
    assertEquals(at(`b${i}`), sha256(block));
  }
  const sums = { p0: "b0 b1", p1: "b2 b3", p2: "b4 z0", z1: "z0 z0", q0: "p0 p1", q1: "p2 z1" };
  for (const [name, parts] of Object.entries({ ...sums, root: "q0 q1" })) {
    const [left, right] = parts.split(" ") as [string, string];
    assertEquals(at(name), pair(left, right), name);
    assert(DOCUMENT.includes(`${name} = SHA-256(${left} ‖ ${right})`));
  }
  assertEquals(vector.size, 12);
  for (let i = 0; i < 3; i++) {
    assertEquals(at(`p${i}`), pieceHash(data.subarray(i * 32_768, (i + 1) * 32_768), 2));
  }
  const pieceHashes = new Uint8Array([...at("p0"), ...at("p1"), ...at("p2")]);
  assertEquals(merkleRoot(pieceHashes, 1), at("root"));
  assertEquals([...new PieceLayer(at("root"), 65_537, 32_768).requests()], [
    { baseLayer: 1, index: 0, length: 4, proofLayers: 1 },
  ]);
});
