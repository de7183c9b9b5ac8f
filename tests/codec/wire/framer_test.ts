import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { concat, equalBytes, fromHex } from "../../../lib/codec/bytes.ts";
import { Framer, type FramerOptions, MAX_MESSAGE_LENGTH } from "../../../lib/codec/wire/framer.ts";
import { HANDSHAKE_LENGTH } from "../../../lib/codec/wire/handshake.ts";
import { encodeMessage, type Message, MessageId } from "../../../lib/codec/wire/message.ts";
import { lengthFits, MAX_BLOCK_LENGTH } from "../../../lib/codec/wire/message_types.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { formulaBytes, pseudoRandomBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import { WIRE_VECTORS } from "../../support/vectors/wire_vectors.ts";

const permissions = "none";
const IDLE_CAPACITY = 16 * 1024;

/** What the framer has to say now, as bytes again: views do not outlive the next read. */
function drain(framer: Framer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let message = framer.next(); message !== undefined; message = framer.next()) {
    frames.push(encodeMessage(message));
  }
  return frames;
}

/** Fills the space of a framer as a socket would, `most` bytes at a time. */
function readInto(framer: Framer, bytes: Uint8Array, most = Infinity): void {
  for (let offset = 0; offset < bytes.length;) {
    const space = framer.space();
    assert(space.length > 0);
    const chunk = bytes.subarray(offset, offset + Math.min(space.length, most));
    space.set(chunk);
    framer.advance(chunk.length);
    offset += chunk.length;
  }
}

function prefixed(length: number, id: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(0, length);
  head[4] = id;
  return concat(head, payload);
}

Deno.test({
  name: "a message arrives whole however the network cuts it in two",
  permissions,
  fn() {
    let splits = 0;
    for (const { name, wire } of WIRE_VECTORS) {
      for (let split = 1; split < wire.length; split++) {
        const framer = new Framer();
        framer.push(wire.subarray(0, split));
        assertStrictEquals(framer.next(), undefined, name);
        assertEquals(framer.buffered, split);
        framer.push(wire.subarray(split));
        const frames = drain(framer);
        assert(frames.length === 1 && equalBytes(frames[0]!, wire), `${name} split at ${split}`);
        assertEquals(framer.buffered, 0);
        splits++;
      }
    }
    assertEquals(splits, WIRE_VECTORS.reduce((sum, { wire }) => sum + wire.length - 1, 0));
    assert(splits > 2500);
  },
});

Deno.test({
  name: "messages arrive one byte at a time, each with its last byte",
  permissions,
  fn() {
    const framer = new Framer();
    for (const { name, wire } of WIRE_VECTORS) {
      for (let i = 0; i < wire.length; i++) {
        const space = framer.space();
        space[0] = wire[i]!;
        framer.advance(1);
        const frames = drain(framer);
        assertEquals(frames.length, i === wire.length - 1 ? 1 : 0, name);
        if (frames.length === 1) assert(equalBytes(frames[0]!, wire), name);
      }
    }
    assertEquals(framer.capacity, IDLE_CAPACITY);
  },
});

Deno.test({
  name: "all messages arrive at once from one read, in order",
  permissions,
  fn() {
    const framer = new Framer();
    readInto(framer, concat(...WIRE_VECTORS.map(({ wire }) => wire)));
    const messages: Message[] = [];
    for (let m = framer.next(); m !== undefined; m = framer.next()) messages.push(m);
    assertEquals(messages, WIRE_VECTORS.map(({ message }) => message));
  },
});

Deno.test({
  name: "a stream of two messages survives every pair of cuts",
  permissions,
  fn() {
    const wires = [fromHex("0000000d06000000010000400000004000"), fromHex("0000000101")];
    const stream = concat(...wires);
    let cuts = 0;
    for (let first = 1; first < stream.length - 1; first++) {
      for (let second = first + 1; second < stream.length; second++, cuts++) {
        const framer = new Framer();
        const frames: Uint8Array[] = [];
        const parts = [[0, first], [first, second], [second, stream.length]];
        for (const [from, to] of parts) {
          readInto(framer, stream.subarray(from, to));
          frames.push(...drain(framer));
        }
        assertEquals(frames, wires, `${first} ${second}`);
      }
    }
    assertEquals(cuts, 20 * 21 / 2);
  },
});

Deno.test({
  name: "the handshake is taken raw, and messages behind it follow",
  permissions,
  fn() {
    const stream = concat(formulaBytes(HANDSHAKE_LENGTH), fromHex("0000000102"));
    for (let split = 0; split <= stream.length; split++) {
      const framer = new Framer();
      framer.push(stream.subarray(0, split));
      let handshake = framer.take(HANDSHAKE_LENGTH);
      assertEquals(handshake !== undefined, split >= HANDSHAKE_LENGTH);
      if (handshake !== undefined) assertEquals(handshake, formulaBytes(HANDSHAKE_LENGTH));
      framer.push(stream.subarray(split));
      handshake ??= framer.take(HANDSHAKE_LENGTH);
      assertEquals(handshake?.length, HANDSHAKE_LENGTH);
      assertEquals(framer.next(), { type: "interested" });
      assertEquals(framer.next(), undefined);
    }
  },
});

Deno.test({
  name: "a length beyond every message is refused with its fourth byte, and nothing is allocated",
  permissions,
  fn() {
    for (const claim of ["ffffffff", "80000000", "7fffffff", "0010000a"]) {
      const framer = new Framer();
      const prefix = fromHex(claim);
      for (let i = 0; i < 3; i++) {
        readInto(framer, prefix.subarray(i, i + 1));
        assertEquals(framer.next(), undefined);
      }
      readInto(framer, prefix.subarray(3));
      assertThrows(() => framer.next(), ProtocolError, "cannot be");
      assertThrows(() => framer.next(), ProtocolError, "cannot be");
      assertEquals(framer.capacity, IDLE_CAPACITY);
    }
    assertEquals(MAX_MESSAGE_LENGTH + 1, 0x0010000a);
  },
});

Deno.test({
  name: "a length that the id does not allow is refused with the fifth byte, whatever was claimed",
  permissions,
  fn() {
    let refused = 0;
    for (let id = 0; id < 256; id++) {
      const known = Object.values(MessageId).includes(id as never);
      for (const length of [1, 2, 3, 4, 5, 6, 9, 12, 13, 14, 48, 49, 50, MAX_MESSAGE_LENGTH]) {
        const framer = new Framer();
        readInto(framer, prefixed(length, id));
        if (lengthFits(id, length)) {
          assertEquals(framer.next() !== undefined, length === 1);
        } else {
          assert(known);
          assertThrows(() => framer.next(), ProtocolError, `id ${id}`);
          refused++;
        }
        assertEquals(framer.capacity, IDLE_CAPACITY);
      }
    }
    assert(refused > 200, `${refused} refused`);
  },
});

Deno.test({
  name: "a claimed mebibyte allocates nothing; the buffer grows only as bytes arrive",
  permissions,
  fn() {
    const framer = new Framer();
    readInto(framer, prefixed(MAX_MESSAGE_LENGTH, MessageId.bitfield));
    assertEquals(framer.next(), undefined);
    framer.space();
    assertEquals(framer.capacity, IDLE_CAPACITY);
    const slice = new Uint8Array(1000);
    let doublings = 0;
    for (let left = MAX_MESSAGE_LENGTH - 1; left > 0; left -= slice.length) {
      const before = framer.capacity;
      readInto(framer, slice.subarray(0, Math.min(left, slice.length)));
      if (framer.capacity > before) doublings++;
      // Twice what has arrived, and the least that is worth a read.
      assert(framer.capacity <= Math.max(IDLE_CAPACITY, 2 * (framer.buffered + 4096)));
      if (left > slice.length) assertEquals(framer.next(), undefined);
    }
    const message = framer.next();
    assert(message?.type === "bitfield" && message.bits.length === MAX_MESSAGE_LENGTH - 1);
    assertEquals(framer.buffered, 0);
    assert(doublings >= 6 && doublings <= 8, `${doublings} doublings`);
  },
});

Deno.test({
  name: "the longest message of each kind passes through the smallest buffer",
  permissions,
  fn() {
    const longest: [id: number, length: number][] = [
      [MessageId.bitfield, MAX_MESSAGE_LENGTH],
      [MessageId.piece, 9 + MAX_BLOCK_LENGTH],
      [99, MAX_MESSAGE_LENGTH],
    ];
    for (const [id, length] of longest) {
      const framer = new Framer({ initialCapacity: 1, maxCapacity: 1 });
      const wire = prefixed(length, id, formulaBytes(length - 1));
      // Reads end exactly at the message's end: what stays behind is less than a whole message.
      readInto(framer, wire.subarray(0, -1));
      assertEquals(framer.next(), undefined);
      readInto(framer, wire.subarray(-1));
      const message = framer.next()!;
      assertEquals(message.type === "unknown", id === 99);
      if (message.type === "bitfield") assert(equalBytes(message.bits, wire.subarray(5)));
      if (message.type === "piece") assert(equalBytes(message.block, wire.subarray(13)));
      assert(framer.capacity <= 4 + MAX_MESSAGE_LENGTH);
    }
  },
});

Deno.test({
  name: "a busy connection reads ever more at once, and gives the memory back when it falls quiet",
  permissions,
  fn() {
    const framer = new Framer();
    const block = encodeMessage({ type: "piece", piece: 0, begin: 0, block: formulaBytes(16384) });
    const capacities = new Set<number>();
    let received = 0;
    for (let carry = block.subarray(0, 0); received < 200;) {
      const space = framer.space();
      const needed = Math.ceil((space.length - carry.length) / block.length);
      const stream = concat(carry, ...Array<Uint8Array>(Math.max(0, needed)).fill(block));
      space.set(stream.subarray(0, space.length));
      carry = stream.subarray(space.length);
      framer.advance(space.length);
      capacities.add(framer.capacity);
      received += drain(framer).length;
    }
    const kibibytes = [...capacities].map((bytes) => bytes / 1024);
    assertEquals(kibibytes, [16, 32, 64, 128, 256, 512, 1024]);

    const quiet = new Framer();
    quiet.push(new Uint8Array(1024 * 1024));
    drain(quiet);
    let reads = 0;
    while (quiet.capacity > IDLE_CAPACITY) {
      readInto(quiet, fromHex("00000000"));
      drain(quiet);
      assert(++reads < 300);
    }
    assert(reads > 100, "a short pause does not count");
    readInto(quiet, fromHex("00000000"));
    assertEquals(quiet.capacity, IDLE_CAPACITY);
  },
});

Deno.test({
  name: "views stay as they were until the next read",
  permissions,
  fn() {
    const framer = new Framer();
    const wires = [formulaBytes(300), formulaBytes(700)].map((block, piece) =>
      encodeMessage({ type: "piece", piece, begin: 0, block })
    );
    readInto(framer, concat(...wires, fromHex("000000")));
    const first = framer.next();
    const second = framer.next();
    assertEquals(framer.next(), undefined);
    assert(first?.type === "piece" && second?.type === "piece");
    assertEquals(first.block, formulaBytes(300));
    assertEquals(second.block, formulaBytes(700));
    assertStrictEquals(first.block.buffer, second.block.buffer);
    readInto(framer, fromHex("0000"));
    assertEquals(framer.next(), { type: "keepAlive" });
    assertEquals(framer.buffered, 1);
  },
});

Deno.test({
  name: "a framer says so when it is misused: nothing taken, or more read than there was room for",
  permissions,
  fn() {
    const framer = new Framer();
    assertThrows(() => framer.advance(framer.space().length + 1), RangeError);
    assertThrows(() => framer.advance(-1), RangeError);
    assertThrows(() => framer.advance(NaN), RangeError);
    assertThrows(
      () => {
        for (;;) framer.advance(framer.space().length);
      },
      RangeError,
      "nobody took",
    );
    assert(framer.capacity <= 4 + MAX_MESSAGE_LENGTH);
    assertEquals(framer.next(), { type: "keepAlive" });
    assert(framer.space().length >= 4);
  },
});

Deno.test({
  name: "random messages come through random cuts unchanged",
  permissions,
  fn() {
    const seen = new Map<string, number>();
    const cutsInside = { prefix: 0, body: 0, between: 0 };
    for (let seed = 0; seed < 120; seed++) {
      const random = seededRandom(seed);
      const wires = Array.from({ length: 40 }, () => {
        const message = randomMessage(random);
        seen.set(message.type, (seen.get(message.type) ?? 0) + 1);
        return encodeMessage(message);
      });
      const options: FramerOptions = { initialCapacity: 4096, maxCapacity: 4096 << (seed % 6) };
      const framer = new Framer(options);
      const received: Uint8Array[] = [];
      const stream = concat(...wires);
      const longest = integerFrom(random, 1, 3) ** integerFrom(random, 1, 8);
      for (let offset = 0; offset < stream.length;) {
        const size = Math.min(integerFrom(random, 1, longest), stream.length - offset);
        const chunk = stream.subarray(offset, offset + size);
        if (random() < 0.5) framer.push(chunk);
        else readInto(framer, chunk);
        received.push(...drain(framer));
        const left = framer.buffered;
        cutsInside[left === 0 ? "between" : left < 4 ? "prefix" : "body"]++;
        offset += size;
      }
      assertEquals(received.length, wires.length, `seed ${seed}`);
      assert(received.every((frame, i) => equalBytes(frame, wires[i]!)), `seed ${seed}`);
    }
    assertEquals(seen.size, Object.keys(MessageId).length + 1, "every message was sent");
    assertEquals([...seen.values()].reduce((a, b) => a + b), 120 * 40);
    assert([...seen.values()].every((count) => count > 100), JSON.stringify([...seen]));
    const { prefix, body, between } = cutsInside;
    assert(prefix > 1000 && body > 10_000 && between > 1000, JSON.stringify(cutsInside));
  },
});

/** One of all messages, each kind as likely, blocks and payloads of up to 300 bytes. */
function randomMessage(random: () => number): Message {
  const names = ["keepAlive", ...Object.keys(MessageId)] as Exclude<Message["type"], "unknown">[];
  const type = names[integerFrom(random, 0, names.length - 1)]!;
  const number = () => integerFrom(random, 0, 0xffffffff);
  const bytes = (length: number) => pseudoRandomBytes(length, number());
  const some = (least: number) => bytes(integerFrom(random, least, 300));
  switch (type) {
    case "have":
    case "suggest":
    case "allowedFast":
      return { type, piece: number() };
    case "request":
    case "cancel":
    case "reject":
      return { type, piece: number(), begin: number(), length: number() };
    case "bitfield":
      return { type, bits: some(0) };
    case "piece":
      return { type, piece: number(), begin: number(), block: some(0) };
    case "port":
      return { type, port: integerFrom(random, 0, 0xffff) };
    case "extended":
      return { type, id: integerFrom(random, 0, 255), payload: some(0) };
    case "hashRequest":
    case "hashReject":
      return { type, ...randomRange(), length: number() };
    case "hashes": {
      const length = integerFrom(random, 1, 8);
      const hashes = bytes(32 * (length + integerFrom(random, 0, 3)));
      return { type, ...randomRange(), length, hashes };
    }
    default:
      return { type };
  }

  function randomRange() {
    return { root: bytes(32), baseLayer: number(), index: number(), proofLayers: number() };
  }
}
