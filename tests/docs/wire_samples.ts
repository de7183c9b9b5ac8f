/**
 * A packet or message of each kind as the codecs write it, and the bytes that each of its fields has to
 * have: what the tables of `docs/protocol.md` are compared with. @module
 */

import { concat, fromHex, hex, utf8 } from "../../lib/codec/bytes.ts";
import {
  encodeRequest,
  encodeResponse,
  formatUrlData,
  type FoundEntry,
} from "../../lib/codec/discovery/udp_tracker.ts";
import { encodeDontHave } from "../../lib/codec/wire/extension.ts";
import { encodeHandshake } from "../../lib/codec/wire/handshake.ts";
import { encodedLength, type Message, writeMessage } from "../../lib/codec/wire/message.ts";

/** What a table has to describe. */
export interface WireSample {
  readonly bytes: Uint8Array;
  /** In hex, by the name of the field in the table; what is not here is a number that the table gives. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Bytes of this many, no two of them alike. */
function distinct(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

const transactionId = 0x11223344;
const connectionId = distinct(8, 0x80);
const infoHash = distinct(20, 0x10);
const peerId = distinct(20, 0x30);
const head = { connectionId, transactionId };
const HEAD = { "connection id": hex(connectionId), "transaction id": "11223344" };
const ASKED = { "transaction id": "11223344" };

const urlData = formatUrlData("", { name: "a b", length: 77, v2Hash: distinct(32, 0x60) });
const announce = encodeRequest({
  type: "announce",
  ...head,
  infoHash,
  peerId,
  downloadedBytes: 0x0102030405,
  leftBytes: 0x0203040506,
  uploadedBytes: 0x0304050607,
  event: "stopped",
  key: 0xdeadbeef,
  numWant: -1,
  port: 6881,
  urlData,
});
const options = concat(Uint8Array.of(2, urlData.length), utf8(urlData));

const entry: FoundEntry = {
  v1Hash: infoHash,
  v2Hash: distinct(32, 0x60),
  length: 0x0102030405,
  seeders: 7,
  leechers: 9,
  name: "ä.iso",
};
const entryFields = {
  "v1 info-hash": hex(infoHash),
  "v2 info-hash": hex(distinct(32, 0x60)),
  "size": "0000000102030405",
  "seeders": "00000007",
  "leechers": "00000009",
  "name length": "0006",
  "name": hex(utf8("ä.iso")),
};
const entryBytes = fromHex(Object.values(entryFields).join(""));
const foundBytes = encodeResponse({ type: "find", transactionId, total: 3, entries: [entry] });

const whoBytes = encodeResponse({
  type: "who",
  transactionId,
  total: 9,
  complete: 3,
  recipients: 8,
  expected: 7,
  machines: [{
    ...{ state: "lost", label: "pc7", host: "10.0.0.7", port: 6881, progress: 0.84 },
    ...{ sinceSeconds: 180, rateBytesPerSecond: 1024, etaSeconds: 60 },
    ...{ isPartial: true, isUnlisted: true },
  }],
});
const machineBytes = whoBytes.subarray(26);

/** By the name of the table: everything of the tracker. */
export const TRACKER_SAMPLES: Readonly<Record<string, WireSample>> = {
  "connect request": {
    bytes: encodeRequest({ type: "connect", transactionId }),
    fields: ASKED,
  },
  "connect response": {
    bytes: encodeResponse({ type: "connect", transactionId, connectionId }),
    fields: HEAD,
  },
  "announce request": {
    bytes: announce,
    fields: {
      ...HEAD,
      "info-hash": hex(infoHash),
      "peer id": hex(peerId),
      "downloaded": "0000000102030405",
      "left": "0000000203040506",
      "uploaded": "0000000304050607",
      "event": "00000003",
      "key": "deadbeef",
      "wanted": "ffffffff",
      "port": "1ae1",
      "options": hex(options),
    },
  },
  "URLData option": {
    bytes: announce.subarray(98),
    fields: { length: hex(Uint8Array.of(urlData.length)), text: hex(utf8(urlData)) },
  },
  "announce response": {
    bytes: encodeResponse({
      type: "announce",
      transactionId,
      intervalSeconds: 60,
      leechers: 3,
      seeders: 5,
      peers: distinct(12, 0x40),
    }),
    fields: {
      ...ASKED,
      interval: "0000003c",
      leechers: "00000003",
      seeders: "00000005",
      peers: hex(distinct(12, 0x40)),
    },
  },
  "scrape request": {
    bytes: encodeRequest({ type: "scrape", ...head, infoHashes: [infoHash, peerId] }),
    fields: { ...HEAD, "info-hashes": hex(infoHash) + hex(peerId) },
  },
  "scrape response": {
    bytes: encodeResponse({
      type: "scrape",
      transactionId,
      swarms: [{ seeders: 5, completed: 50, leechers: 3 }],
    }),
    fields: { ...ASKED, counts: "000000050000003200000003" },
  },
  "find request": {
    bytes: encodeRequest({ type: "find", ...head, name: "ä.iso" }),
    fields: { ...HEAD, "name length": "0006", "name": hex(utf8("ä.iso")) },
  },
  "catalogue request": {
    bytes: encodeRequest({ type: "list", ...head, offset: 12 }),
    fields: { ...HEAD, from: "0000000c" },
  },
  "find response": {
    bytes: foundBytes,
    fields: { ...ASKED, total: "00000003", count: "0001", entries: hex(entryBytes) },
  },
  "find response without entries": {
    bytes: encodeResponse({
      type: "find",
      transactionId,
      total: 0,
      entries: [],
      settlesInSeconds: 45,
    }),
    fields: { ...ASKED, total: "00000000", count: "0000", settles: "0000002d" },
  },
  "find entry": { bytes: foundBytes.subarray(14), fields: entryFields },
  "reach request": {
    bytes: encodeRequest({ type: "reach", ...head, port: 6881 }),
    fields: { ...HEAD, port: "1ae1" },
  },
  "reach response": {
    bytes: encodeResponse({ type: "reach", transactionId, reach: "unreachable" }),
    fields: { ...ASKED, reach: "02" },
  },
  "who request": {
    bytes: encodeRequest({ type: "who", ...head, infoHash, offset: 12 }),
    fields: { ...HEAD, "info-hash": hex(infoHash), from: "0000000c" },
  },
  "who response": {
    bytes: whoBytes,
    fields: {
      ...ASKED,
      total: "00000009",
      complete: "00000003",
      recipients: "00000008",
      expected: "00000007",
      count: "0001",
      machines: hex(machineBytes),
    },
  },
  "who machine": {
    bytes: machineBytes,
    fields: {
      "state": "04",
      "flags": "0a",
      "progress": "20d0",
      "since": "000000b4",
      "rate": "00000400",
      "time left": "0000003c",
      "port": "1ae1",
      "address length": "04",
      "label length": "03",
      "address and label": "0a000007" + hex(utf8("pc7")),
    },
  },
  "error response": {
    bytes: encodeResponse({ type: "error", transactionId, message: "no" }),
    fields: { ...ASKED, message: hex(utf8("no")) },
  },
};

const range = { piece: 0x01020304, begin: 0x05060708, length: 0x4000 };
const PLACE = { piece: "01020304", begin: "05060708" };
const RANGE = { ...PLACE, bytes: "00004000" };
const hashRange = {
  root: distinct(32, 0x60),
  baseLayer: 5,
  index: 512,
  length: 2,
  proofLayers: 3,
};
const HASH_RANGE = {
  "pieces root": hex(hashRange.root),
  "base layer": "00000005",
  "index": "00000200",
  "hashes": "00000002",
  "proof layers": "00000003",
};

/** One of each kind, by its type; their payloads are three bytes where they may have any. */
const MESSAGES: readonly (readonly [Message, Record<string, string>])[] = [
  [{ type: "keepAlive" }, {}],
  [{ type: "choke" }, {}],
  [{ type: "unchoke" }, {}],
  [{ type: "interested" }, {}],
  [{ type: "notInterested" }, {}],
  [{ type: "have", piece: 7 }, { piece: "00000007" }],
  [{ type: "bitfield", bits: distinct(3, 1) }, { bits: "010203" }],
  [{ type: "request", ...range }, RANGE],
  [{ type: "piece", ...range, block: distinct(3, 1) }, { ...PLACE, block: "010203" }],
  [{ type: "cancel", ...range }, RANGE],
  [{ type: "port", port: 6881 }, { port: "1ae1" }],
  [{ type: "suggest", piece: 7 }, { piece: "00000007" }],
  [{ type: "haveAll" }, {}],
  [{ type: "haveNone" }, {}],
  [{ type: "reject", ...range }, RANGE],
  [{ type: "allowedFast", piece: 7 }, { piece: "00000007" }],
  [
    { type: "extended", id: 2, payload: distinct(3, 1) },
    { number: "02", payload: "010203" },
  ],
  [{ type: "hashRequest", ...hashRange }, HASH_RANGE],
  [
    { type: "hashes", ...hashRange, hashes: distinct(96, 0x40) },
    { ...HASH_RANGE, values: hex(distinct(96, 0x40)) },
  ],
  [{ type: "hashReject", ...hashRange }, HASH_RANGE],
];

/** By the name of the table: everything between peers. */
export const PEER_SAMPLES: Readonly<Record<string, WireSample>> = {
  "handshake": {
    bytes: encodeHandshake({
      infoHash,
      peerId,
      extensions: true,
      fast: true,
      dht: true,
      v2Upgrade: true,
    }),
    fields: {
      "protocol": hex(utf8("BitTorrent protocol")),
      "reserved": "0000000000100015",
      "info-hash": hex(infoHash),
      "peer id": hex(peerId),
    },
  },
  "lt_donthave": { bytes: encodeDontHave(7), fields: { piece: "00000007" } },
  ...Object.fromEntries(MESSAGES.map(([message, fields]) => {
    const bytes = new Uint8Array(encodedLength(message));
    writeMessage(message, bytes, 0);
    return [message.type, { bytes, fields }];
  })),
};
