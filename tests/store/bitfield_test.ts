import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex } from "../../lib/codec/bytes.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";

const permissions = "none";

Deno.test({
  name: "a bitfield reads the wire: the high bit of the first byte is piece 0",
  permissions,
  fn() {
    const ten = Bitfield.fromBytes(fromHex("8040"), 10);
    assertEquals([...ten.ones()], [0, 9]);
    assertEquals([ten.count, ten.isFull, ten.isEmpty], [2, false, false]);
    assertEquals(ten.bytes(), fromHex("8040"));
    const four = Bitfield.fromBytes(fromHex("f0"), 4);
    assertEquals([four.count, four.isFull, four.isEmpty], [4, true, false]);
  },
});

Deno.test({
  name: "a bitfield with any spare bit set is refused, for every length",
  permissions,
  fn() {
    let refused = 0;
    for (let length = 0; length <= 70; length++) {
      const bytes = new Uint8Array(Math.ceil(length / 8));
      assert(Bitfield.fromBytes(bytes, length).isEmpty);
      for (let spare = length; spare < bytes.length * 8; spare++) {
        const hostile = bytes.slice();
        hostile[spare >>> 3] = 0x80 >>> (spare & 7);
        assertThrows(() => Bitfield.fromBytes(hostile, length), ProtocolError, "spare bit");
        refused++;
      }
    }
    assertEquals(refused, 8 * 28 + (7 + 6 + 5 + 4 + 3 + 2));
  },
});

Deno.test({
  name: "a bitfield of the wrong number of bytes is refused",
  permissions,
  fn() {
    for (const length of [0, 1, 7, 8, 9, 10, 16, 1000]) {
      const right = Math.ceil(length / 8);
      for (const byteCount of [right - 1, right + 1, right + 100]) {
        if (byteCount < 0) continue;
        const bytes = new Uint8Array(byteCount);
        assertThrows(() => Bitfield.fromBytes(bytes, length), ProtocolError, "bytes");
      }
    }
  },
});

Deno.test({
  name: "setting and clearing say whether anything changed, and the count follows",
  permissions,
  fn() {
    const field = new Bitfield(33);
    assertEquals([field.set(32), field.set(32), field.count], [true, false, 1]);
    assertEquals([field.get(32), field.get(31), field.get(33)], [true, false, false]);
    assertEquals([field.clear(32), field.clear(32), field.count], [true, false, 0]);
    assert(field.isEmpty);
  },
});

Deno.test({
  name: "pieces that do not exist are not there to have, and cannot be set",
  permissions,
  fn() {
    const field = new Bitfield(10);
    field.fill();
    for (const index of [-1, 10, 15, 16, 2 ** 32, 2 ** 32 + 1, NaN, Infinity]) {
      assertEquals(field.get(index), false);
      assertThrows(() => field.set(index), RangeError, "outside");
      assertThrows(() => field.clear(index), RangeError, "outside");
    }
    assertThrows(() => field.set(1.5), RangeError, "outside");
    assertEquals(field.count, 10);
    for (const length of [-1, 1.5, NaN]) assertThrows(() => new Bitfield(length), RangeError);
  },
});

Deno.test({
  name: "a filled bitfield has every bit and no spare one, for every length",
  permissions,
  fn() {
    for (let length = 0; length <= 130; length++) {
      const field = new Bitfield(length);
      field.fill();
      assertEquals([field.count, field.isFull, field.isEmpty], [length, true, length === 0]);
      assertEquals([...field.ones()].length, length);
      assertEquals(Bitfield.fromBytes(field.bytes(), length).count, length);
    }
  },
});

Deno.test({
  name: "the bytes handed in and out are independent of the bitfield",
  permissions,
  fn() {
    const wire = fromHex("8040");
    const field = Bitfield.fromBytes(wire, 10);
    wire.fill(0xff);
    field.bytes().fill(0xff);
    field.set(3);
    assertEquals([...field.ones()], [0, 3, 9]);
  },
});

Deno.test({
  name: "a bitfield agrees with a plain set through random changes",
  permissions,
  fn() {
    const covered = { set: 0, clear: 0, lengths: new Set<number>() };
    for (let seed = 0; seed < 60; seed++) {
      const random = seededRandom(seed);
      const length = integerFrom(random, 1, 200);
      covered.lengths.add(length % 32);
      const field = new Bitfield(length);
      const model = new Set<number>();
      for (let step = 0; step < 100; step++) {
        const index = integerFrom(random, 0, length - 1);
        if (random() < 0.7) {
          covered.set++;
          assertEquals(field.set(index), !model.has(index));
          model.add(index);
        } else {
          covered.clear++;
          assertEquals(field.clear(index), model.delete(index));
        }
        assertEquals(field.count, model.size);
      }
      const ordered = [...model].sort((a, b) => a - b);
      assertEquals([...field.ones()], ordered);
      assertEquals(Bitfield.fromBytes(field.bytes(), length).count, model.size);
    }
    assert(covered.set > 3000 && covered.clear > 1000);
    assert(covered.lengths.size > 20);
  },
});

Deno.test({
  name: "what two bitfields have in common is found in order, wherever words and bytes end",
  permissions: "none",
  fn() {
    let found = 0;
    for (let seed = 0; seed < 60; seed++) {
      const random = seededRandom(seed);
      const length = integerFrom(random, 1, 200);
      const [one, other] = [new Bitfield(length), new Bitfield(length)];
      const share = seed % 3 === 0 ? 0.05 : 0.7;
      const expected: number[] = [];
      for (let i = 0; i < length; i++) {
        const [a, b] = [random() < share, random() < share];
        if (a) one.set(i);
        if (b) other.set(i);
        if (a && b) expected.push(i);
      }
      for (let from = 0; from <= length; from++) {
        const next = expected.find((index) => index >= from) ?? -1;
        assertEquals(one.nextCommon(other, from), next, `seed ${seed} from ${from}`);
        if (next >= 0) found++;
      }
    }
    assert(found > 2000, `${found}`);
  },
});
