/** Keys, states, constants and diagrams in `docs/protocol.md` are those of the code. @module */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { decode, encode } from "../../lib/codec/bencode.ts";
import type { BencodeDict } from "../../lib/codec/bencode_value.ts";
import { fromHex, hex, utf8 } from "../../lib/codec/bytes.ts";
import { Action } from "../../lib/codec/discovery/udp_tracker.ts";
import { formatMagnet } from "../../lib/codec/torrent/magnet.ts";
import { buildInfo, buildMetainfo, parseMetainfo } from "../../lib/codec/torrent/metainfo.ts";
import {
  DONT_HAVE_EXTENSION,
  encodeExtendedHandshake,
  METADATA_EXTENSION,
} from "../../lib/codec/wire/extension.ts";
import { MessageId } from "../../lib/codec/wire/message.ts";
import { encodePex, PEX_EXTENSION } from "../../lib/codec/wire/pex.ts";
import {
  type PeerEvent,
  type PeerState,
  TRANSITIONS,
} from "../../lib/peer/connection/peer_state.ts";
import { OurExtension } from "../../lib/peer/extension/extended_handshake.ts";
import { documentText, fencedBlocks, namedTables, type Row } from "../support/project/document.ts";
import { constantsNamed, sourcesBelow } from "../support/project/source_constants.ts";
import { formulaFile, infoOf } from "../support/vectors/torrent_vectors.ts";

const DOCUMENT = await documentText("docs/protocol.md");
const TABLES = namedTables(DOCUMENT);

function rowsOf(kind: string, name = ""): readonly Row[] {
  const table = TABLES.find((table) => table.kind === kind && table.name === name);
  assert(table !== undefined, `the document has no table "${kind}: ${name}"`);
  return table.rows;
}

/** The keys of a bencoded dictionary. */
function keysIn(bytes: Uint8Array): string[] {
  return [...(decode(bytes) as BencodeDict).keys()];
}

/** The names in backticks of a cell. */
function namesIn(cell: string): string[] {
  return cell.includes("`") ? [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!) : [cell];
}

Deno.test("the examples of bencoding are canonical", () => {
  let examples = 0;
  for (const { example } of rowsOf("bencoding")) {
    for (const text of namesIn(example!)) {
      assertEquals(encode(decode(utf8(text))), utf8(text));
      examples++;
    }
  }
  assertEquals(examples, 5);
});

Deno.test("info dictionaries have the keys of the table, by version", () => {
  const single = [formulaFile(["a.bin"], 16_385)];
  const several = [...single, formulaFile(["b.bin"], 5)];
  const rows = rowsOf("keys", "info");
  for (const version of ["v1", "v2", "hybrid"] as const) {
    const keys = new Set<string>();
    for (const files of [single, several]) {
      for (const key of keysIn(buildInfo({ ...infoOf(version, files, 16_384), private: true }))) {
        keys.add(key);
      }
    }
    const expected = rows.filter((row) => row[version] === "yes").map(({ key }) => key!);
    assertEquals([...keys].sort(), expected.sort(), version);
  }
});

Deno.test("torrent files have the keys of the table, and those that are only read are read", () => {
  const root = fromHex("ab".repeat(32));
  const infoBytes = buildInfo(infoOf("v1", [formulaFile(["a.bin"], 5)], 16_384));
  const full = buildMetainfo({
    infoBytes,
    trackers: [["udp://a:1"], ["udp://b:1"]],
    pieceLayers: new Map([[hex(root), root]]),
    webSeeds: ["http://a/"],
    comment: "c",
    createdBy: "d",
    creationDateSeconds: 1,
  });
  const rows = rowsOf("keys", "torrent");
  const written = rows.filter((row) => row.written === "yes").map(({ key }) => key!);
  assertEquals(keysIn(full), written.sort());
  const read = rows.filter((row) => row.written === "no").map(({ key }) => key!);
  assertEquals(read, ["comment.utf-8"]);
  const dict = decode(buildMetainfo({ infoBytes, comment: "old" })) as BencodeDict;
  dict.set(read[0]!, utf8("new"));
  assertEquals(parseMetainfo(encode(dict)).comment, "new");
});

Deno.test("magnet links have the parameters of the table", () => {
  const peer = { host: "127.0.0.1", port: 1 };
  const link = formatMagnet({
    v1Hash: new Uint8Array(20),
    v2Hash: new Uint8Array(32),
    name: "n",
    length: 1,
    trackers: ["udp://a:1", "udp://b:1"],
    webSeeds: ["http://a/", "http://b/"],
    peers: [peer, { ...peer, port: 2 }],
    selectOnly: [0, 2],
  });
  const names = link.slice("magnet:?".length).split("&").map((part) => part.split("=")[0]!);
  const rows = rowsOf("keys", "magnet");
  assertEquals([...new Set(names)].sort(), rows.map(({ parameter }) => parameter!).sort());
  for (const { parameter, repeatable } of rows) {
    const count = names.filter((name) => name === parameter).length;
    assertEquals(count, repeatable === "yes" ? 2 : 1, parameter);
  }
});

Deno.test("extended messages have the keys and numbers of the tables", () => {
  const handshake = encodeExtendedHandshake({
    ids: new Map(),
    port: 1,
    client: "c",
    yourIp: new Uint8Array(4),
    requestQueue: 1,
    metadataSize: 1,
    uploadOnly: true,
    superSeeding: true,
  });
  const keys = (name: string) => rowsOf("keys", name).map(({ key }) => key!).sort();
  assertEquals(keysIn(handshake), keys("extended handshake"));
  assertEquals(keysIn(encodePex({ added: [], dropped: [] })), keys("pex"));
  const numbers = rowsOf("extensions").map(({ name, number }) => [name, Number(number)]);
  assertEquals(Object.fromEntries(numbers), {
    [METADATA_EXTENSION]: OurExtension.metadata,
    [DONT_HAVE_EXTENSION]: OurExtension.dontHave,
    [PEX_EXTENSION]: OurExtension.exchange,
  });
});

Deno.test("every message is a command, control or data, and is so once", () => {
  const classed = rowsOf("classes").flatMap(({ messages }) => namesIn(messages!));
  const all = [...Object.keys(Action), "handshake", "keepAlive", ...Object.keys(MessageId)];
  assertEquals(classed.sort(), all.sort());
});

Deno.test("the table of peer states is the code's, cell by cell", () => {
  const states = Object.keys(TRANSITIONS) as PeerState[];
  const rows = rowsOf("peer states");
  const events = new Set(Object.values(TRANSITIONS).flatMap((row) => Object.keys(row)));
  assertEquals(new Set(rows.map(({ event }) => event)), events);
  assertEquals(rows.length, events.size);
  let cells = 0;
  for (const row of rows) {
    assertEquals(Object.keys(row), ["event", ...states]);
    for (const state of states) {
      const next = TRANSITIONS[state][row.event as PeerEvent] ?? "–";
      assertEquals(row[state], next, `${row.event}, ${state}`);
      cells++;
    }
  }
  assertEquals(cells, 40);
});

/** The words of the document for what the table of the test says. */
const FLAGS: Readonly<Record<string, string>> = {
  amChoking: "am choking",
  amInterested: "am interested",
  peerChoking: "peer choking",
  peerInterested: "peer interested",
};

function inWords(cell: string): string {
  if (cell === "-") return "–";
  if (cell === "x") return "close";
  const words = cell.split(" ").map((token) => {
    if (token === "queued") return "queue";
    const flag = FLAGS[token.slice(1)];
    return flag === undefined ? `send \`${token}\`` : `${flag} ${token[0] === "+" ? "on" : "off"}`;
  });
  return words.join(", ");
}

Deno.test("what becomes of each message is what the machine's own table says", async () => {
  const test = await documentText("tests/peer/message_table_test.ts");
  const lines = /const TABLE = `\n([^`]*)`/.exec(test)![1]!.trim().split("\n");
  const expected = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  const rows = rowsOf("messages");
  assertEquals(rows.length, expected.length);
  assertGreater(rows.length, 30);
  for (const [i, [message, ...cells]] of expected.entries()) {
    assertEquals(Object.values(rows[i]!), [message, ...cells.map(inWords)]);
  }
  const states = /const STATES = \[([^\]]*)\]/.exec(test)![1]!;
  const headings = Object.keys(rows[0]!).slice(1);
  assertEquals(headings, [...states.matchAll(/"(\w+)"/g)].map(([, state]) => state!));
  assertEquals(rowsOf("connection flags").map(({ flag }) => flag), Object.values(FLAGS));
});

Deno.test("constants have the values that the document gives", async () => {
  const rows = rowsOf("constants");
  assertGreater(rows.length, 55);
  for (const { constant, value, where } of rows) {
    const values = await constantsNamed(where!, constant!);
    assert(values.includes(Number(value)), `${constant} in ${where} is ${values}, not ${value}`);
  }
});

Deno.test("the tracker refuses in the document's words", async () => {
  const sources = await Promise.all((await sourcesBelow("lib/tracker")).map(documentText));
  const refusals = sources.flatMap((source) => {
    const direct = source.matchAll(/\breturn "([^"]* [^"]*)"|#refuse\(packet, "([^"]+)"\)/g);
    const named = source.matchAll(/#refuse\(packet, ([A-Z_]+)\)/g);
    return [
      ...[...direct].map(([, said, refused]) => said ?? refused!),
      ...[...named].map(([, name]) => new RegExp(`const ${name} = "([^"]+)"`).exec(source)![1]!),
    ];
  });
  const listed = rowsOf("errors").map((row) => row["Shoal's tracker says"]!);
  assertEquals(listed.sort(), [...new Set(refusals)].sort());
});

const PART = "[A-Z]";
const STATEMENT = new RegExp(
  `^(participant (${PART}) as .+|(${PART})(-->>|->>|--x|-x)(${PART}): .+` +
    `|Note over (${PART})(?:,(${PART}))?: .+|(?:loop|alt|else|par|and) .+|else|end)$`,
);

Deno.test("each diagram is a sequence diagram of participants that it declares", () => {
  const diagrams = fencedBlocks(DOCUMENT).filter(({ language }) => language === "mermaid");
  assertEquals(diagrams.length, 9);
  for (const { lines: [first, ...lines] } of diagrams) {
    assertEquals(first, "sequenceDiagram");
    const declared = new Set<string>(), named = new Set<string>();
    let depth = 0;
    for (const line of lines.map((line) => line.trim())) {
      const [, , participant, ...parts] = STATEMENT.exec(line) ?? [];
      assert(STATEMENT.test(line) && !/[;#]/.test(line), `no statement: ${line}`);
      if (participant !== undefined) declared.add(participant);
      for (const part of parts) if (/^[A-Z]$/.test(part ?? "")) named.add(part!);
      if (/^(loop|alt|par)\b/.test(line)) depth++;
      if (line === "end") depth--;
    }
    assertEquals(depth, 0, "every block ends");
    assertEquals(named, declared);
  }
});
