/**
 * The packets of a UDP tracker as hex, made with another program, and what they say.
 * @module
 */

import { fromHex, utf8 } from "../../../lib/codec/bytes.ts";
import type {
  AnnounceRequest,
  TrackerRequest,
  TrackerResponse,
} from "../../../lib/codec/discovery/udp_tracker.ts";

export const TRANSACTION_ID = 0x11223344;
export const CONNECTION_ID = fromHex("0102030405060708");
export const INFO_HASH = fromHex("82a78d717fa1d94cbb9a488bfbc6a102881234f4");
export const OTHER_INFO_HASH = fromHex("65e92d78667b9db35c31608b7f4bfaeae3881e9d");
export const PEER_ID = utf8("-XX0100-abcdefghijkl");

const ids = { connectionId: CONNECTION_ID, transactionId: TRANSACTION_ID };

/** `started`, 100,000 bytes left, without options. */
export const STARTED: AnnounceRequest = {
  type: "announce",
  ...ids,
  infoHash: INFO_HASH,
  peerId: PEER_ID,
  downloadedBytes: 0,
  leftBytes: 100_000,
  uploadedBytes: 0,
  event: "started",
  key: 0xdeadbeef,
  numWant: -1,
  port: 6881,
  urlData: "",
};

const HEAD = "0102030405060708000000011122334482a78d717fa1d94cbb9a488bfbc6a102881234f4" +
  "2d5858303130302d6162636465666768696a6b6c";

const STARTED_HEX = HEAD +
  "000000000000000000000000000186a000000000000000000000000200000000deadbeefffffffff1ae1";

/** Requests by what they are, with their bytes. */
export const REQUESTS: { title: string; hex: string; value: TrackerRequest }[] = [
  {
    title: "connect",
    hex: "00000417271019800000000011223344",
    value: { type: "connect", transactionId: TRANSACTION_ID },
  },
  { title: "announce started", hex: STARTED_HEX, value: STARTED },
  {
    title: "announce with URLData",
    hex: STARTED_HEX + "020c2f6469723f613d6226633d64",
    value: { ...STARTED, urlData: "/dir?a=b&c=d" },
  },
  {
    title: "announce completed",
    hex: HEAD +
      "00000000000186a0000000000000000000000000000000000000000100000000deadbeefffffffff1ae1",
    value: { ...STARTED, event: "completed", downloadedBytes: 100_000, leftBytes: 0 },
  },
  {
    title: "announce stopped",
    hex: HEAD +
      "000000000000000000000000000186a000000000000000000000000300000000deadbeef000000001ae1",
    value: { ...STARTED, event: "stopped", numWant: 0 },
  },
  {
    title: "scrape of two",
    hex: "0102030405060708000000021122334482a78d717fa1d94cbb9a488bfbc6a102881234f4" +
      "65e92d78667b9db35c31608b7f4bfaeae3881e9d",
    value: { type: "scrape", ...ids, infoHashes: [INFO_HASH, OTHER_INFO_HASH] },
  },
  {
    title: "find by name",
    hex: "0102030405060708534800011122334400086469736b2e69736f",
    value: { type: "find", ...ids, name: "disk.iso" },
  },
  {
    title: "list from 258",
    hex: "01020304050607085348000111223344000000000102",
    value: { type: "list", ...ids, offset: 258 },
  },
  {
    title: "reach",
    hex: "01020304050607085348000211223344" + "1ae1",
    value: { type: "reach", ...ids, port: 6881 },
  },
  {
    title: "who from 258",
    hex: "01020304050607085348000311223344" + "82a78d717fa1d94cbb9a488bfbc6a102881234f4" +
      "00000102",
    value: { type: "who", ...ids, infoHash: INFO_HASH, offset: 258 },
  },
];

/** Answers by what they are, with their bytes and the family they come over. */
export const RESPONSES: { title: string; hex: string; family: 4 | 6; value: TrackerResponse }[] = [
  {
    title: "connect",
    hex: "00000000112233440102030405060708",
    family: 4,
    value: { type: "connect", ...ids },
  },
  {
    title: "announce over IPv4",
    hex: "00000001112233440000070800000003000000050a0000011ae10a000002c8d5",
    family: 4,
    value: {
      type: "announce",
      transactionId: TRANSACTION_ID,
      intervalSeconds: 1800,
      leechers: 3,
      seeders: 5,
      peers: fromHex("0a0000011ae10a000002c8d5"),
    },
  },
  {
    title: "announce over IPv6",
    hex: "000000011122334400000708000000000000000120010db80000000000000000000000011ae1",
    family: 6,
    value: {
      type: "announce",
      transactionId: TRANSACTION_ID,
      intervalSeconds: 1800,
      leechers: 0,
      seeders: 1,
      peers: fromHex("20010db80000000000000000000000011ae1"),
    },
  },
  {
    title: "scrape",
    hex: "0000000211223344000000050000003200000003000000000000000000000000",
    family: 4,
    value: {
      type: "scrape",
      transactionId: TRANSACTION_ID,
      swarms: [
        { seeders: 5, completed: 50, leechers: 3 },
        { seeders: 0, completed: 0, leechers: 0 },
      ],
    },
  },
  {
    title: "error",
    hex: "000000031122334462616420636f6e6e656374696f6e206964",
    family: 4,
    value: { type: "error", transactionId: TRANSACTION_ID, message: "bad connection id" },
  },
  {
    title: "find with one v1 torrent",
    hex: "53480001112233440000000900018" + "2a78d717fa1d94cbb9a488bfbc6a102881234f4" +
      "00".repeat(32) + "0000000100000000" + "00000002" + "00000003" + "0003" + "612e62",
    family: 4,
    value: {
      type: "find",
      transactionId: TRANSACTION_ID,
      total: 9,
      entries: [{ v1Hash: INFO_HASH, length: 2 ** 32, seeders: 2, leechers: 3, name: "a.b" }],
    },
  },
  {
    title: "reach",
    hex: "53480002112233" + "44" + "02",
    family: 4,
    value: { type: "reach", transactionId: TRANSACTION_ID, reach: "unreachable" },
  },
  {
    title: "who with a machine that is lost, and one that was never seen",
    hex: "5348000311223344" + "00000009" + "00000003" + "00000008" + "00000008" + "0003" +
      "040a20d0" + "000000b4" + "ffffffffffffffff" + "1ae1" + "0403" + "0a000007" + "706337" +
      "0104138800000e10" + "00100000" + "0000003c" + "1ae2" + "1000" +
      "20010db8000000000000000000000001" +
      "0600ffff00000000ffffffffffffffff0000" + "0005" + "c3a974c3a9",
    family: 4,
    value: {
      type: "who",
      transactionId: TRANSACTION_ID,
      total: 9,
      complete: 3,
      recipients: 8,
      expected: 8,
      machines: [
        {
          state: "lost",
          label: "pc7",
          host: "10.0.0.7",
          port: 6881,
          progress: 0.84,
          sinceSeconds: 180,
          isPartial: true,
          isUnlisted: true,
        },
        {
          state: "downloading",
          host: "2001:db8::1",
          port: 6882,
          progress: 0.5,
          sinceSeconds: 3600,
          rateBytesPerSecond: 1_048_576,
          etaSeconds: 60,
          isUnreachable: true,
        },
        { state: "missing", label: "été", port: 0, sinceSeconds: 0 },
      ],
    },
  },
];
