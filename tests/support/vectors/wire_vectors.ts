/**
 * Messages of the peer wire as bytes and as values. The bytes were computed and checked against other
 * programs, not produced by the code under test.
 * @module
 */

import { fromHex } from "../../../lib/codec/bytes.ts";
import type { Message } from "../../../lib/codec/wire/message.ts";
import { formulaBytes } from "../../../support/content.ts";

/** The info dictionary of the v1 vector torrent: 100,000 bytes of formula content, 153 bytes itself. */
export const V1_INFO = fromHex(
  "64363a6c656e6774686931303030303065343a6e616d6531333a7665633130303030302e62696e31323a7069656365" +
    "206c656e67746869333237363865363a70696563657338303a9e0856c18fc0cc3d2d47135b706bcf3c6878b13c9e4d" +
    "ed75d0f4c292c0e39147cdd41dc34e3d7816388e708987069e9bc3e95184420c51bca4d1b6bcd8d45d95efc093e50d" +
    "f33bf702eeca7318dfc65465",
);

/** Root of the Merkle tree of 81,921 bytes of formula content. */
export const F81921_ROOT = fromHex(
  "f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0",
);

/** A named message: what it means and how it stands on the wire, length prefix included. */
export interface WireVector {
  readonly name: string;
  readonly wire: Uint8Array;
  readonly message: Message;
}

/** Payload of the extended handshake with everything in it. */
export const EXTENDED_HANDSHAKE_PAYLOAD = fromHex(
  "64313a6d6431313a6c745f646f6e746861766569376531313a75745f6d65746164617461693265363a75745f706578" +
    "6931656531333a6d657461646174615f73697a656931353365313a70693638383165343a726571716932353065313a" +
    "76383a5465737420312e30363a796f75726970343a7f00000165",
);

const METADATA_DATA_HEAD =
  "64383a6d73675f74797065693165353a706965636569306531303a746f74616c5f73697a65693135336565";

/** Payload of the metadata message that carries {@link V1_INFO}. */
export const METADATA_DATA_PAYLOAD = fromHex(METADATA_DATA_HEAD + hexOf(V1_INFO));

/** Payload of a peer exchange message with four addresses and two empty lists. */
export const PEER_EXCHANGE_PAYLOAD = fromHex(
  "64353a616464656431323a0a0000011ae10a000002c8d5373a61646465642e66323a0210363a61646465643631383a" +
    "20010db80000000000000000000000011ae1383a6164646564362e66313a00373a64726f70706564363a0a0000031a" +
    "e1383a64726f7070656436303a65",
);

const HASH_RANGE = {
  root: F81921_ROOT,
  baseLayer: 0,
  index: 4,
  length: 2,
  proofLayers: 2,
};
const HASH_RANGE_HEX = hexOf(F81921_ROOT) + "00000000000000040000000200000002";
const HASHES_HEX = "7134b8929526696d80e27d58378f6f01a3b87633fbcdffe4eb0f9e7e8f54c515" +
  "1f184f101c67d585ba00d24cfde36863f747fbab9e84af7760ec771e9b36ca51" +
  "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" +
  "88866eeb00fd9d7f8d4b79a31bf452581a9788c0190bf03a1e122a4a19111f80";

const LAST_BLOCK = formulaBytes(100000).subarray(3 * 32768);

/** Every message of the wire, most of them once. */
export const WIRE_VECTORS: readonly WireVector[] = [
  vector("keep-alive", "00000000", { type: "keepAlive" }),
  vector("choke", "0000000100", { type: "choke" }),
  vector("unchoke", "0000000101", { type: "unchoke" }),
  vector("interested", "0000000102", { type: "interested" }),
  vector("not interested", "0000000103", { type: "notInterested" }),
  vector("have 7", "000000050400000007", { type: "have", piece: 7 }),
  vector("bitfield of 10 pieces", "00000003058040", {
    type: "bitfield",
    bits: fromHex("8040"),
  }),
  vector("bitfield of 4 pieces", "0000000205f0", { type: "bitfield", bits: fromHex("f0") }),
  vector("request", "0000000d06000000010000400000004000", {
    type: "request",
    piece: 1,
    begin: 16384,
    length: 16384,
  }),
  vector("request of a last block", "0000000d060000000300000000000006a0", {
    type: "request",
    piece: 3,
    begin: 0,
    length: 1696,
  }),
  vector("piece", "000006a9070000000300000000" + hexOf(LAST_BLOCK), {
    type: "piece",
    piece: 3,
    begin: 0,
    block: LAST_BLOCK,
  }),
  vector("cancel", "0000000d08000000010000400000004000", {
    type: "cancel",
    piece: 1,
    begin: 16384,
    length: 16384,
  }),
  vector("port", "00000003091ae1", { type: "port", port: 6881 }),
  vector("suggest", "000000050d00000002", { type: "suggest", piece: 2 }),
  vector("have all", "000000010e", { type: "haveAll" }),
  vector("have none", "000000010f", { type: "haveNone" }),
  vector("reject", "0000000d10000000010000400000004000", {
    type: "reject",
    piece: 1,
    begin: 16384,
    length: 16384,
  }),
  vector("allowed fast", "000000051100000003", { type: "allowedFast", piece: 3 }),
  vector("extended handshake", "0000007a1400" + hexOf(EXTENDED_HANDSHAKE_PAYLOAD), {
    type: "extended",
    id: 0,
    payload: EXTENDED_HANDSHAKE_PAYLOAD,
  }),
  extended("bare extended handshake", "00000009140064313a6d646565", 0),
  extended(
    "extended handshake of a seed",
    "0000001a140064313a6d646531313a75706c6f61645f6f6e6c7969316565",
    0,
  ),
  extended(
    "metadata request",
    "0000001b140264383a6d73675f74797065693065353a706965636569306565",
    2,
  ),
  vector("metadata data", "000000c61402" + hexOf(METADATA_DATA_PAYLOAD), {
    type: "extended",
    id: 2,
    payload: METADATA_DATA_PAYLOAD,
  }),
  extended(
    "metadata reject",
    "0000001b140264383a6d73675f74797065693265353a706965636569306565",
    2,
  ),
  vector("peer exchange", "0000006e1401" + hexOf(PEER_EXCHANGE_PAYLOAD), {
    type: "extended",
    id: 1,
    payload: PEER_EXCHANGE_PAYLOAD,
  }),
  extended("don't have", "00000006140700000005", 7),
  vector("hash request", "0000003115" + HASH_RANGE_HEX, { type: "hashRequest", ...HASH_RANGE }),
  vector("hashes", "000000b116" + HASH_RANGE_HEX + HASHES_HEX, {
    type: "hashes",
    ...HASH_RANGE,
    hashes: fromHex(HASHES_HEX),
  }),
  vector("hash reject", "0000003117" + HASH_RANGE_HEX, { type: "hashReject", ...HASH_RANGE }),
];

/** The vector of that name. */
export function wireVector(name: string): WireVector {
  return WIRE_VECTORS.find((vector) => vector.name === name)!;
}

function vector(name: string, wireHex: string, message: Message): WireVector {
  return { name, wire: fromHex(wireHex), message };
}

function extended(name: string, wireHex: string, id: number): WireVector {
  return vector(name, wireHex, { type: "extended", id, payload: fromHex(wireHex.slice(12)) });
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
