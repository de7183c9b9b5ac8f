/**
 * Encrypted handshakes: known ones byte by byte, both sides with each other, and strangers that break
 * the rules.
 * @module
 */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  concat,
  equalBytes,
  fromHex,
  fromLatin1,
  hex,
  writeUint16,
  writeUint32,
} from "../../../lib/codec/bytes.ts";
import {
  initiate,
  MAX_PADDING,
  type MseExchange,
  type MseOutcome,
  respond,
} from "../../../lib/codec/wire/mse.ts";
import {
  ciphersOf,
  disguise,
  hashedInfoHash,
  markOf,
  mayBeKey,
  publicKey,
  sharedSecret,
  undisguise,
} from "../../../lib/codec/wire/mse_keys.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";

const permissions = "none";

const SECRET_A = Uint8Array.from({ length: 20 }, (_, i) => i);
const SECRET_B = Uint8Array.from({ length: 20 }, (_, i) => 0x20 + i);
const INFO_HASH = fromHex("82a78d717fa1d94cbb9a488bfbc6a102881234f4");
const OTHER_HASH = new Uint8Array(20).fill(7);
const NONE = new Uint8Array();

/** Finds one of these info-hashes by its hash. */
function knowing(...infoHashes: Uint8Array[]) {
  return (hashed: Uint8Array) =>
    infoHashes.find((infoHash) => equalBytes(hashedInfoHash(infoHash), hashed));
}

const YA = fromHex(
  "7fba71c678158bd55ef1cc04a919d1b05f79f9da403c67e82bb1a99a7b4bc4ec221cca6c3a78171a40f2cc12e3d9d445" +
    "4338f7e4b9b33de5e82ab04e86f5cd43aaf9dad923988501c371d3159935de5499e5d726e740b1eabbf4a3dd03c68071",
);
const YB = fromHex(
  "7d4a395314ebcaf20c363f8d78be211c52c3e4bc5d5ef0bb9f42590b1915a80348a6c47abb1d2321572c9e8b70b18bea" +
    "3a8df095bc0ebd9746d7b0e50ead3a142ddab5d402e83870c2885ee2803bd41873414dd1cdb378dc7fab98ea21e89c40",
);
const SHARED = fromHex(
  "30087ae73bddb51c36671015d08d9207fedf12a8bdd9d9826af51ac3e303da5a41415e59a86132281e6c2df7c66155c1" +
    "d68f956bdd34db97aa5cd5de107b47404992fb9879e065d352d89a9ceaf68ee2ed42cafa1abe7af9e19703a6fdbbf47c",
);
const MARK = "840a079fc63b958b9e3f700c52d5b3f82129c244";
const DISGUISED = "7f97be5bfe54d6769e5291913e9bee3fb302053f";
/** Zeros, an offer of both, no padding, 68 bytes follow. */
const OFFER = "c081a4bc6f563b0575499f9062e1ffa4";
const FIRST_BYTES = "c5ba1f1742ebdecf01910cfdbd84bf73a52f5af447b9cb2c9a66d6dc31de3f23fcb99c0b" +
  "a81ff01728f8c1a252dbe3f7248f89b1eae0120331e515d22847b937bd5c24e4";
/** Zeros, RC4 chosen, no padding. */
const CHOICE_RC4 = "c48a65b8134e7dabc8783f9871e9";
const REPLY = "456c79311198f46956b046824c50c76eee73f8c0cfc9e756a40014588b2962411e2cbbc9" +
  "2fbf938acea5a8d50e08593f6c6f589a468520364c24fe7fb270a440e05f9406";

const PROTOCOL = "13426974546f7272656e742070726f746f636f6c0000000000100004";
const HANDSHAKE_A = fromHex(PROTOCOL + hex(INFO_HASH) + "2d5858303130302d6162636465666768696a6b6c");
const HANDSHAKE_B = concat(
  fromHex(PROTOCOL + hex(INFO_HASH)),
  fromLatin1("-YY0200-ABCDEFGHIJKL"),
);

const A = { secret: SECRET_A, padding: NONE };
const B = { secret: SECRET_B, padding: NONE };

/** One side of an exchange, fed by hand. */
class Side {
  sent: Uint8Array = NONE;
  outcome: MseOutcome | undefined;

  constructor(readonly exchange: MseExchange) {
    this.#run(undefined);
  }

  /** What arrives, so many bytes at a time. */
  feed(bytes: Uint8Array, atOnce = Infinity): this {
    for (let at = 0; at < bytes.length; at += atOnce) {
      assert(this.outcome === undefined, "bytes after the end belong to the stream");
      this.#run(bytes.subarray(at, at + atOnce));
    }
    return this;
  }

  /** What has been sent since the last time. */
  take(): Uint8Array {
    const { sent } = this;
    this.sent = NONE;
    return sent;
  }

  #run(arrived: Uint8Array | undefined): void {
    for (let bytes = arrived;;) {
      const { done, value } = this.exchange.next(bytes);
      bytes = undefined;
      if (done) return void (this.outcome = value);
      if (value === undefined) return;
      this.sent = concat(this.sent, value);
    }
  }
}

const fromA = concat(YA, fromHex(MARK + DISGUISED + OFFER + FIRST_BYTES));

/** The bytes of an initiator that need not keep to the rules. */
function initiator(parts: {
  padding?: Uint8Array;
  infoHash?: Uint8Array;
  proof?: Uint8Array;
  offer?: number;
  innerPadding?: number;
  firstBytes?: Uint8Array;
  firstLength?: number;
  then?: Uint8Array;
}): Uint8Array {
  const { padding = NONE, infoHash = INFO_HASH, firstBytes = HANDSHAKE_A } = parts;
  const { proof = new Uint8Array(8), offer = 3, innerPadding = 0, then = NONE } = parts;
  const numbers = new Uint8Array(6);
  writeUint16(numbers, writeUint32(numbers, 0, offer), innerPadding);
  const length = new Uint8Array(2);
  writeUint16(length, 0, parts.firstLength ?? firstBytes.length);
  const padded = new Uint8Array(Math.min(innerPadding, 1000)).fill(5);
  const inner = concat(proof, numbers, padded, length, firstBytes, then);
  return concat(
    publicKey(SECRET_A),
    padding,
    markOf(SHARED),
    disguise(infoHash, SHARED),
    ciphersOf(SHARED, infoHash).fromInitiator.apply(inner),
  );
}

function refused(bytes: Uint8Array, message: string, atOnce = Infinity): void {
  const side = new Side(respond(B, knowing(OTHER_HASH, INFO_HASH)));
  assertThrows(() => side.feed(bytes, atOnce), ProtocolError, message);
}

Deno.test("keys, secret and hashes are those that other programs compute", { permissions }, () => {
  assertEquals(publicKey(SECRET_A), YA);
  assertEquals(publicKey(SECRET_B), YB);
  assertEquals(sharedSecret(YB, SECRET_A), SHARED);
  assertEquals(sharedSecret(YA, SECRET_B), SHARED);
  assertEquals(hex(markOf(SHARED)), MARK);
  assertEquals(hex(disguise(INFO_HASH, SHARED)), DISGUISED);
  const told = undisguise(fromHex(DISGUISED), SHARED);
  assertEquals(knowing(OTHER_HASH, INFO_HASH)(told), INFO_HASH);
  assertEquals(knowing(OTHER_HASH)(told), undefined);
});

Deno.test("a key is 96 bytes long whatever it is worth", { permissions }, () => {
  assertEquals(hex(publicKey(Uint8Array.of(5))), "20".padStart(192, "0"));
  for (const key of [0, 1, 255]) {
    assertEquals(sharedSecret(new Uint8Array(96).fill(key), SECRET_B).length, 96);
  }
});

Deno.test("text is told from a key, and no key is taken for text", { permissions }, () => {
  assertEquals(mayBeKey(fromLatin1("GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:6881\r\n")), false);
  for (let i = 0; i < 200; i++) {
    assert(mayBeKey(publicKey(pseudoRandomBytes(20, i)).subarray(0, 48)), `${i}`);
  }
});

Deno.test("an initiator says what other programs expect of it", { permissions }, () => {
  const side = new Side(initiate(A, INFO_HASH, HANDSHAKE_A));
  assertEquals(side.take(), YA);
  side.feed(YB);
  assertEquals(hex(side.take()), MARK + DISGUISED + OFFER + FIRST_BYTES);
  side.feed(fromHex(CHOICE_RC4 + REPLY));
  assertEquals(side.outcome!.received, HANDSHAKE_B);
  assert(side.outcome!.ciphers !== undefined);
});

Deno.test(
  "a responder understands a known initiator, however its bytes are cut",
  { permissions },
  () => {
    let splits = 0;
    const check = (side: Side) => {
      splits++;
      assertEquals(side.outcome!.received, HANDSHAKE_A);
      assertEquals(side.outcome!.infoHash, INFO_HASH);
      const plain = concat(YB, ciphersOf(SHARED, INFO_HASH).fromResponder.apply(choice(1)));
      assertEquals(side.take(), plain);
      assertEquals(side.outcome!.ciphers, undefined);
    };
    for (let at = 1; at < fromA.length; at++) {
      const side = new Side(respond(B, knowing(OTHER_HASH, INFO_HASH)));
      check(side.feed(fromA.subarray(0, at)).feed(fromA.subarray(at)));
    }
    for (const atOnce of [1, 2, 13]) {
      check(new Side(respond(B, knowing(INFO_HASH))).feed(fromA, atOnce));
    }
    assertEquals(splits, 96 + 40 + 16 + 68 - 1 + 3);
  },
);

/** Zeros, a choice, no padding. */
function choice(value: number): Uint8Array {
  const bytes = new Uint8Array(14);
  writeUint32(bytes, 8, value);
  return bytes;
}

Deno.test("where only RC4 is offered, both directions go on in it", { permissions }, () => {
  const then = fromLatin1("what follows the handshake");
  for (const atOnce of [Infinity, 1]) {
    const side = new Side(respond(B, knowing(INFO_HASH)));
    const bytes = initiator({ offer: 2 });
    side.feed(bytes, atOnce);
    assertEquals(hex(side.take()), hex(YB) + CHOICE_RC4);
    const { ciphers, received } = side.outcome!;
    assertEquals(received, HANDSHAKE_A);
    assertEquals(hex(ciphers!.outgoing.apply(HANDSHAKE_B.slice())), REPLY);
  }
  const side = new Side(respond(B, knowing(INFO_HASH))).feed(initiator({ offer: 2, then }));
  assertEquals(side.outcome!.received, concat(HANDSHAKE_A, then));
});

Deno.test("both sides find each other behind any padding", { permissions }, () => {
  let exchanges = 0;
  for (const padding of [0, 1, 20, 255, MAX_PADDING]) {
    for (const atOnce of [1, 97, Infinity]) {
      const blur = pseudoRandomBytes(padding, padding);
      const a = new Side(initiate({ ...A, padding: blur }, INFO_HASH, HANDSHAKE_A));
      const b = new Side(respond({ ...B, padding: blur }, knowing(INFO_HASH)));
      b.feed(a.take(), atOnce);
      a.feed(b.take(), atOnce);
      b.feed(a.take(), atOnce);
      a.feed(b.take(), atOnce);
      assertEquals(b.outcome!.received, HANDSHAKE_A);
      assertEquals([a.outcome!.received, a.outcome!.ciphers], [NONE, undefined]);
      exchanges++;
    }
  }
  assertEquals(exchanges, 15);
});

Deno.test(
  "padding inside is passed over, and the handshake may come later",
  { permissions },
  () => {
    for (const innerPadding of [0, 1, MAX_PADDING]) {
      const bytes = initiator({ innerPadding, firstBytes: NONE });
      const side = new Side(respond(B, knowing(INFO_HASH))).feed(bytes, 50);
      assertEquals(side.outcome!.received, NONE);
    }
  },
);

Deno.test(
  "an initiator that breaks the rules is refused as soon as it is seen",
  { permissions },
  () => {
    const endless = pseudoRandomBytes(2 ** 20, 1);
    const proof = new Uint8Array(8).with(7, 1);
    refused(initiator({ proof }), "has other keys");
    refused(initiator({ infoHash: new Uint8Array(20) }), "asks for a torrent that is not here");
    refused(initiator({ offer: 0 }), "offers encryption 0, which is none");
    refused(initiator({ offer: 4 }), "offers encryption 4, which is none");
    refused(initiator({ innerPadding: 513 }), "sends 513 bytes where 512 are allowed");
    refused(initiator({ firstLength: 69 }), "sends 69 bytes where 68 are allowed");
    refused(concat(YA, endless), "does not end its padding");
    refused(concat(YA, pseudoRandomBytes(MAX_PADDING + 20, 1)), "does not end its padding", 1);
    refused(
      initiator({ padding: pseudoRandomBytes(MAX_PADDING + 1, 1) }),
      "does not end its padding",
    );
  },
);

Deno.test("a responder that breaks the rules is refused as well", { permissions }, () => {
  const dial = () => new Side(initiate(A, INFO_HASH, HANDSHAKE_A)).feed(YB);
  const says = (bytes: Uint8Array) => ciphersOf(SHARED, INFO_HASH).fromResponder.apply(bytes);
  const refuses = (bytes: Uint8Array, message: string) =>
    assertThrows(() => dial().feed(bytes), ProtocolError, message);
  const padded = choice(2);
  writeUint16(padded, 12, 513);
  refuses(says(choice(3)), "chose encryption 3, which was not offered");
  refuses(says(choice(0)), "chose encryption 0, which was not offered");
  refuses(says(padded), "sends 513 bytes where 512 are allowed");
  refuses(pseudoRandomBytes(MAX_PADDING + 8, 3), "does not end its padding");
  const plain = dial().feed(concat(says(choice(1)), HANDSHAKE_B));
  assertEquals([plain.outcome!.received, plain.outcome!.ciphers], [HANDSHAKE_B, undefined]);
});

Deno.test("an exchange costs about as much as its comment says", { permissions }, () => {
  const startedMs = performance.now();
  for (let i = 0; i < 100; i++) new Side(respond(B, knowing(INFO_HASH))).feed(fromA);
  assertLess((performance.now() - startedMs) / 100, 10); // 0.3 ms; slow and busy machines are slower
});
