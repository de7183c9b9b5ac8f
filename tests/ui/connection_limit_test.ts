/**
 * Who stays connected to a page when more want to than there is room for.
 * @module
 */

import { assertEquals } from "@std/assert";
import { ConnectionLimit } from "../../lib/ui/connection_limit.ts";

const OWNER = "127.0.0.1";

/** ConnectionLimit of connections by name, and whoever has gone for another. */
function seatsFor(most: number) {
  const seats = new ConnectionLimit<string>(most);
  const gone: string[] = [];
  return {
    seats,
    gone,
    come: (address: string, ...names: string[]) => {
      for (const name of names) {
        const leaving = seats.add(name, address);
        if (leaving !== undefined) gone.push(leaving);
      }
    },
  };
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

Deno.test("whoever comes is let in, and of the host that holds most the first makes room", () => {
  const { seats, gone, come } = seatsFor(4);
  come("10.0.0.1", "a");
  come("10.0.0.2", "b1", "b2", "b3");
  come("10.0.0.3", "c");
  come("10.0.0.4", "d");
  assertEquals([gone, seats.size], [["b1", "b2"], 4]);
});

Deno.test("addresses of one IPv6 network count as one host, and IPv4 in IPv6 as IPv4", () => {
  const { gone, come } = seatsFor(3);
  come("2001:db8::1", "a1");
  come("2001:db8::2", "a2");
  come("10.0.0.1", "b1");
  come("::ffff:10.0.0.2", "c1");
  assertEquals(gone, ["a1"]);
  come("::ffff:10.0.0.1", "b2");
  assertEquals(gone, ["a1", "b1"]);
});

Deno.test("a flood from the network takes nothing from the owner, who finds room whenever he comes", () => {
  const { seats, gone, come } = seatsFor(10);
  come(OWNER, "tab");
  come("10.0.0.1", ...numbered("x", 500));
  come(OWNER, ...numbered("tab", 9));
  assertEquals(gone.filter((name) => name.startsWith("tab")), []);
  come("10.0.0.2", "late");
  assertEquals([gone.at(-1), seats.size], ["late", 10]);
});

Deno.test("from many hosts that say nothing, those are safe who were welcome", () => {
  const { seats, gone, come } = seatsFor(10);
  come("10.0.0.1", "colleague1", "colleague2", "colleague3");
  for (const name of ["colleague1", "colleague2", "colleague3"]) seats.authorize(name);
  for (let i = 0; i < 100; i++) come(`10.1.${i}.1`, `x${i}`);
  assertEquals(gone.length, 93);
  assertEquals(gone.filter((name) => name.startsWith("colleague")), []);
});

Deno.test("a program of this machine that opens connections does not push out the owner's tabs", () => {
  const { seats, gone, come } = seatsFor(10);
  come(OWNER, ...numbered("tab", 6));
  for (const name of numbered("tab", 6)) seats.authorize(name);
  come("::1", ...numbered("x", 200));
  assertEquals(gone.filter((name) => name.startsWith("tab")), []);
  come(OWNER, "tab6");
  assertEquals(gone.at(-1)!.startsWith("x"), true);
});

Deno.test("who has left holds no seat", () => {
  const { seats, gone, come } = seatsFor(2);
  come(OWNER, "a", "b");
  seats.remove("a");
  seats.remove("a");
  come(OWNER, "c");
  assertEquals([gone, seats.size], [[], 2]);
});
