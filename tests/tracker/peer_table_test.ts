import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { PeerTable } from "../../lib/tracker/tables/peer_table.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";

const permissions = "none";

Deno.test("a roster keeps what belongs to a peer together, however it grows and shrinks", {
  permissions,
}, () => {
  const random = seededRandom(8);
  for (const stride of [3, 9]) {
    const roster = new PeerTable(stride);
    const model: { address: number[]; note: number; heardMs: number }[] = [];
    let nowMs = 1_700_000_000_000.25;
    let longest = 0;
    for (let step = 0; step < 6000; step++) {
      nowMs += integerFrom(random, 0, 5);
      const adds = step % 3000 < 1500 ? 0.7 : 0.3;
      if (random() < adds || model.length === 0) {
        const address = Array.from({ length: stride }, () => integerFrom(random, 0, 65_535));
        roster.add(Uint16Array.from(address), 70_000 + address[0]!, nowMs);
        assertStrictEquals(roster.flags(model.length), 0);
        const note = integerFrom(random, 0, 2 ** 31 - 1);
        roster.setFlags(model.length, note);
        model.push({ address, note, heardMs: nowMs });
      } else {
        const place = integerFrom(random, 0, model.length - 1);
        roster.swap(place, model.length - 1);
        [model[place], model[model.length - 1]] = [model.at(-1)!, model[place]!];
        roster.pop();
        model.pop();
      }
      longest = Math.max(longest, model.length);
      assertStrictEquals(roster.length, model.length);
      if (step % 50 !== 0) continue;
      for (const [place, { address, note, heardMs }] of model.entries()) {
        const at = place * stride;
        assertEquals([...roster.words.subarray(at, at + stride)], address);
        assertStrictEquals(roster.flags(place), note);
        assertStrictEquals(roster.silentMs(place, nowMs), Math.floor(nowMs) - Math.floor(heardMs));
      }
    }
    assert(longest > 300, `${longest}`);
  }
});

Deno.test("silence is measured across the point where milliseconds begin anew", {
  permissions,
}, () => {
  const roster = new PeerTable(3);
  for (const wrapMs of [2 ** 31, 2 ** 32, 5 * 2 ** 32]) {
    roster.add(new Uint16Array(3), 1, wrapMs - 40);
    const place = roster.length - 1;
    assertStrictEquals(roster.silentMs(place, wrapMs + 60), 100);
    assertStrictEquals(roster.silentMs(place, wrapMs - 50), -10, "a clock that went back");
    roster.touch(place, 0, wrapMs + 50);
    assertStrictEquals(roster.silentMs(place, wrapMs + 60), 10);
  }
});
