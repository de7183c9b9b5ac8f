/** The messages by which peers tell each other of peers (BEP 11). @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { dictOf, encode } from "../../../lib/codec/bencode.ts";
import { concat, fromHex, hex, utf8 } from "../../../lib/codec/bytes.ts";
import {
  decodePex,
  encodePex,
  PexFlag,
  type PexMessage,
  type PexPeer,
} from "../../../lib/codec/wire/pex.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";

/** 10.4 of the protocol facts: the payload behind message id and extension number. */
const VECTOR = "64353a616464656431323a0a0000011ae10a000002c8d5373a61646465642e66323a0210" +
  "363a61646465643631383a20010db80000000000000000000000011ae1383a6164646564362e66313a00" +
  "373a64726f70706564363a0a0000031ae1383a64726f7070656436303a65";

const MESSAGE: PexMessage = {
  added: [
    { host: "10.0.0.1", port: 6881, flags: PexFlag.seed },
    { host: "10.0.0.2", port: 51413, flags: PexFlag.reachable },
    { host: "2001:db8::1", port: 6881, flags: 0 },
  ],
  dropped: [{ host: "10.0.0.3", port: 6881 }],
};

function added(lists: Record<string, Uint8Array | number>): readonly PexPeer[] {
  return decodePex(encode(dictOf(lists))).added;
}

function addresses(peers: readonly { host: string; port: number }[]): string[] {
  return peers.map(({ host, port }) => `${host} ${port}`);
}

Deno.test({
  name: "a list of peers has, byte for byte, the form of BEP 11, and reads back",
  permissions,
  fn() {
    assertEquals(hex(encodePex(MESSAGE)), VECTOR);
    assertEquals(decodePex(fromHex(VECTOR)), MESSAGE);
  },
});

Deno.test({
  name: "whatever is listed reads back as it was, IPv4 before IPv6",
  permissions,
  fn() {
    const random = seededRandom(11);
    const integer = (most: number) => integerFrom(random, 0, most);
    let peers = 0;
    for (let run = 0; run < 200; run++) {
      const list = Array.from({ length: integer(50) }, (_, i): PexPeer => {
        const host = integer(1) === 0
          ? `10.${run}.${i}.${integer(255)}`
          : `2001:db8:${(run + 1).toString(16)}:${(i + 1).toString(16)}:1:1:1:1`;
        return { host, port: 1 + integer(65_534), flags: integer(255) };
      });
      const sorted = [
        ...list.filter(({ host }) => !host.includes(":")),
        ...list.filter(({ host }) => host.includes(":")),
      ];
      const message = { added: list, dropped: list.map(({ host, port }) => ({ host, port })) };
      const read = decodePex(encodePex(message));
      assertEquals(read.added, sorted);
      assertEquals(addresses(read.dropped), addresses(sorted));
      peers += list.length;
    }
    assert(peers > 4000, `${peers} peers went both ways`);
  },
});

Deno.test({
  name: "a message that lists nobody at all is no error",
  permissions,
  fn() {
    assertEquals(decodePex(utf8("de")), { added: [], dropped: [] });
    assertEquals(decodePex(encodePex({ added: [], dropped: [] })), { added: [], dropped: [] });
  },
});

Deno.test({
  name: "lists of a wrong type or length lose what cannot be read, and nothing else",
  permissions,
  fn() {
    const one = Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1);
    assertEquals(added({ added: 7 }), []);
    assertEquals(addresses(added({ added: concat(one, Uint8Array.of(10, 0, 0)) })), [
      "10.0.0.1 6881",
    ]);
    assertEquals(added({ added6: new Uint8Array(17) }), []);
    const [withoutFlags] = added({ "added": one, "added.f": 3 });
    assertEquals(withoutFlags!.flags, 0);
    const two = added({
      "added": concat(one, Uint8Array.of(10, 0, 0, 2, 0, 1)),
      "added.f": Uint8Array.of(2),
    });
    assertEquals(two.map(({ flags }) => flags), [2, 0]);
  },
});

Deno.test({
  name: "ports that do not exist and addresses named twice are skipped",
  permissions,
  fn() {
    const list = Uint8Array.of(10, 0, 0, 1, 0, 0, 10, 0, 0, 1, 0, 9, 10, 0, 0, 1, 0, 9);
    assertEquals(addresses(added({ added: list })), ["10.0.0.1 9"]);
    const mapped = concat(fromHex("00000000000000000000ffff0a000001"), Uint8Array.of(0, 9));
    assertEquals(addresses(added({ added: list, added6: mapped })), ["10.0.0.1 9"]);
  },
});

Deno.test({
  name: "of a list without end only the first two hundred are read",
  permissions,
  fn() {
    const list = new Uint8Array(6 * 100_000).map((_, i) => i % 6 < 4 ? i >> (i % 6) : 1);
    const read = added({ added: list, added6: new Uint8Array(18 * 50_000).fill(1) });
    assert(read.length <= 201 && read.length > 100, `${read.length}`);
  },
});

Deno.test({
  name: "a payload that is no dictionary costs the connection, at every cut of a good one",
  permissions,
  fn() {
    for (const text of ["", "i1e", "le", "4:spam", "d", "d5:added6:abc", "x"]) {
      assertThrows(() => decodePex(utf8(text)), ProtocolError, undefined, text);
    }
    const whole = fromHex(VECTOR);
    for (let end = 0; end < whole.length; end++) {
      assertThrows(() => decodePex(whole.subarray(0, end)), ProtocolError);
    }
    assertEquals(decodePex(concat(whole, Uint8Array.of(0))), MESSAGE, "trailing bytes are borne");
  },
});
