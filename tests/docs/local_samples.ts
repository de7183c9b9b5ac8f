/**
 * Questions and answers of the local network as the codec writes them, and the bytes that each of their fields
 * has to have: see `wire_samples.ts`. @module
 */

import { fromHex, hex, utf8 } from "../../lib/codec/bytes.ts";
import {
  encodeLocalAnswer,
  encodeLocalQuestion,
  type LocalEntry,
  MAX_LOCAL_PACKET_LENGTH,
} from "../../lib/codec/discovery/local_question.ts";
import type { WireSample } from "./wire_samples.ts";

const transactionId = 0x11223344;
const ASKED = { "transaction id": "11223344" };
const entryFields = {
  "v1 info-hash": "10".repeat(20),
  "v2 info-hash": "60".repeat(32),
  "size": "0000000102030405",
  "seeders": "00000007",
  "leechers": "00000009",
};
const entryBytes = fromHex(Object.values(entryFields).join(""));
const entry: LocalEntry = {
  v1Hash: entryBytes.slice(0, 20),
  v2Hash: entryBytes.slice(20, 52),
  length: 0x0102030405,
  seeders: 7,
  leechers: 9,
};
const tracker = encodeLocalQuestion({ type: "findTracker", transactionId });
const answer = encodeLocalAnswer(
  { type: "peerHas", transactionId, port: 6881, total: 3, entries: [entry] },
  MAX_LOCAL_PACKET_LENGTH,
)!;

/** By the name of the table: everything of the local network that is binary. */
export const LOCAL_SAMPLES: Readonly<Record<string, WireSample>> = {
  "local header": {
    bytes: tracker.subarray(0, 10),
    fields: { ...ASKED, "kind": "02" },
  },
  "findName": {
    bytes: encodeLocalQuestion({ type: "findName", transactionId, name: "ä.iso" }),
    fields: {
      ...ASKED,
      "name length": "0006",
      "name, zeros": hex(utf8("ä.iso")).padEnd(2 * (MAX_LOCAL_PACKET_LENGTH - 12), "0"),
    },
  },
  "findTracker": { bytes: tracker, fields: ASKED },
  "peerHas": {
    bytes: answer,
    fields: {
      ...ASKED,
      "port": "1ae1",
      "total": "00000003",
      "count": "0001",
      "entries": hex(entryBytes),
    },
  },
  "local entry": { bytes: answer.subarray(18), fields: entryFields },
  "trackerHere": {
    bytes: encodeLocalAnswer({ type: "trackerHere", transactionId, port: 6969 }, 12)!,
    fields: { ...ASKED, "port": "1b39" },
  },
  "peerPrepares": {
    bytes: encodeLocalAnswer({ type: "peerPrepares", transactionId, port: 6881 }, 12)!,
    fields: { ...ASKED, "port": "1ae1" },
  },
};
