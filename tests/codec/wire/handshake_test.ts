import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, fromLatin1 } from "../../../lib/codec/bytes.ts";
import {
  decodeHandshake,
  decodeHandshakeHead,
  encodeHandshake,
  type Handshake,
  HANDSHAKE_HEAD_LENGTH,
  HANDSHAKE_LENGTH,
} from "../../../lib/codec/wire/handshake.ts";
import { ProtocolError } from "../../../lib/errors.ts";

const permissions = "none";

const PROTOCOL = "13426974546f7272656e742070726f746f636f6c";
const V1_HASH = "82a78d717fa1d94cbb9a488bfbc6a102881234f4";
const PEER = "2d5858303130302d6162636465666768696a6b6c";
const NOTHING = { extensions: false, fast: false, dht: false, v2Upgrade: false };

function handshake(parts: Partial<Handshake>): Handshake {
  return { ...NOTHING, infoHash: fromHex(V1_HASH), peerId: fromHex(PEER), ...parts };
}

const VECTORS: [name: string, wire: string, value: Handshake][] = [
  [
    "extensions only",
    PROTOCOL + "0000000000100000" + V1_HASH + PEER,
    handshake({ extensions: true }),
  ],
  [
    "extensions and fast",
    PROTOCOL + "0000000000100004" + V1_HASH + PEER,
    handshake({ extensions: true, fast: true }),
  ],
  [
    "a hybrid by its v1 hash",
    PROTOCOL + "0000000000100014" + "65e92d78667b9db35c31608b7f4bfaeae3881e9d" + PEER,
    handshake({
      extensions: true,
      fast: true,
      v2Upgrade: true,
      infoHash: fromHex("65e92d78667b9db35c31608b7f4bfaeae3881e9d"),
    }),
  ],
  [
    "the answer that upgrades it to v2",
    PROTOCOL + "0000000000100004" + "61ccc0331966a0a55fd78d46eb1875b0506646ff" +
    "2d5959303230302d4142434445464748494a4b4c",
    handshake({
      extensions: true,
      fast: true,
      infoHash: fromHex("61ccc0331966a0a55fd78d46eb1875b0506646ff"),
      peerId: fromLatin1("-YY0200-ABCDEFGHIJKL"),
    }),
  ],
  [
    "libtorrent with a DHT node",
    PROTOCOL + "0000000000100005" + V1_HASH + PEER,
    handshake({ extensions: true, fast: true, dht: true }),
  ],
];

Deno.test({
  name: "handshakes are read and written as their published bytes",
  permissions,
  fn() {
    for (const [name, wire, value] of VECTORS) {
      assertEquals(decodeHandshake(fromHex(wire)), value, name);
      assertEquals(encodeHandshake(value), fromHex(wire), name);
    }
  },
});

Deno.test({
  name: "each of the sixteen sets of features survives the wire",
  permissions,
  fn() {
    for (let set = 0; set < 16; set++) {
      const value = handshake({
        extensions: (set & 1) !== 0,
        fast: (set & 2) !== 0,
        dht: (set & 4) !== 0,
        v2Upgrade: (set & 8) !== 0,
      });
      assertEquals(decodeHandshake(encodeHandshake(value)), value);
    }
  },
});

Deno.test({
  name: "reserved bits that mean other things are ignored",
  permissions,
  fn() {
    const wire = PROTOCOL + "ffffffffffefffea" + V1_HASH + PEER;
    assertEquals(decodeHandshake(fromHex(wire)), handshake({}));
  },
});

Deno.test({
  name: "a torrent can be looked up before the peer id has arrived",
  permissions,
  fn() {
    for (const [name, wire, value] of VECTORS) {
      const { peerId: _, ...head } = value;
      assertEquals(
        decodeHandshakeHead(fromHex(wire).subarray(0, HANDSHAKE_HEAD_LENGTH)),
        head,
        name,
      );
    }
  },
});

Deno.test({
  name: "a handshake that is cut off, too long or of another protocol is refused",
  permissions,
  fn() {
    const wire = fromHex(VECTORS[0]![1]);
    for (let length = 0; length < HANDSHAKE_LENGTH; length++) {
      assertThrows(() => decodeHandshake(wire.subarray(0, length)), ProtocolError, "bytes long");
      if (length >= HANDSHAKE_HEAD_LENGTH) continue;
      assertThrows(
        () => decodeHandshakeHead(wire.subarray(0, length)),
        ProtocolError,
        "bytes long",
      );
    }
    assertThrows(() => decodeHandshake(new Uint8Array(69)), ProtocolError, "bytes long");
    for (let i = 0; i < 20; i++) {
      const other = wire.slice();
      other[i]! ^= 0x20;
      assertThrows(() => decodeHandshake(other), ProtocolError, "does not speak", `byte ${i}`);
    }
    const http = fromLatin1(
      "GET / HTTP/1.1\r\nHost: 127.0.0.1:6881\r\nUser-Agent: browser/1.0\r\n\r\n...",
    );
    assertThrows(() => decodeHandshake(http.subarray(0, 68)), ProtocolError, "does not speak");
  },
});

Deno.test({
  name: "what was read of a handshake does not change when the receive buffer does",
  permissions,
  fn() {
    const wire = fromHex(VECTORS[0]![1]);
    const value = decodeHandshake(wire);
    wire.fill(0);
    assertEquals(value, VECTORS[0]![2]);
  },
});

Deno.test({
  name: "a handshake is not written with a hash or a peer id of the wrong length",
  permissions,
  fn() {
    const v2Hash = new Uint8Array(32);
    assertThrows(() => encodeHandshake(handshake({ infoHash: v2Hash })), RangeError, "info-hash");
    assertThrows(() => encodeHandshake(handshake({ peerId: v2Hash })), RangeError, "peer id");
  },
});
