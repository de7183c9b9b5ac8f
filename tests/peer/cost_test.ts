/**
 * What a block costs the machine, counted in looks at what peers have and in peers that are asked again,
 * not in time: so the figures are the same on every machine.
 * @module
 */

import { assertGreater, assertLess } from "@std/assert";
import { LeecherMachine, type MachineOptions } from "../../bench/micro/leecher_machine.ts";
import { encodeDontHave } from "../../lib/codec/wire/extension.ts";
import type { Message } from "../../lib/codec/wire/message.ts";
import { Download } from "../../lib/peer/download/download.ts";
import { RarestFirst } from "../../lib/peer/download/rarest_first.ts";
import { OurExtension } from "../../lib/peer/extension/extended_handshake.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";

const permissions = "none";
const BLOCKS = 3000;
const BLOCKS_PER_PIECE = 16;

/** Work for a block, on average. */
interface Cost {
  /** Bits of what peers have that are looked at. */
  readonly looks: number;
  /** Times that a peer is considered for more requests. */
  readonly settlings: number;
}

function costOf(options: MachineOptions): Cost {
  const machine = new LeecherMachine(options);
  for (let i = 0; i < BLOCKS; i++) machine.deliver(); // until it runs evenly
  let looks = 0, settlings = 0;
  const { get, nextCommon } = Bitfield.prototype;
  const { poll: settle } = Download.prototype;
  Bitfield.prototype.get = function (index) {
    looks++;
    return get.call(this, index);
  };
  Bitfield.prototype.nextCommon = function (other, from) {
    looks++;
    return nextCommon.call(this, other, from);
  };
  Download.prototype.poll = function (connection, nowMs) {
    settlings++;
    settle.call(this, connection, nowMs);
  };
  try {
    for (let i = 0; i < BLOCKS; i++) machine.deliver();
  } finally {
    Object.assign(Bitfield.prototype, { get, nextCommon });
    Object.assign(Download.prototype, { settle });
  }
  return { looks: looks / BLOCKS, settlings: settlings / BLOCKS };
}

Deno.test(
  "what a block costs does not depend on the number of pieces, whatever peers have of them",
  {
    permissions,
  },
  () => {
    for (const holding of ["everything", "halves", "hundredths"] as const) {
      const few = costOf({ pieces: 2000, peers: 30, holding });
      const many = costOf({ pieces: 100_000, peers: 30, holding });
      const figures = `${holding}: ${JSON.stringify({ few, many })}`;
      assertGreater(few.looks, 2, figures);
      assertLess(many.looks, few.looks * 1.6, figures);
      assertLess(many.settlings, few.settlings * 1.2, figures);
    }
  },
);

Deno.test("with 500 peers a block makes as few of them be asked again as with ten", {
  permissions,
}, () => {
  for (const holding of ["everything", "halves"] as const) {
    for (const peers of [10, 100, 500]) {
      const { looks, settlings } = costOf({ pieces: 3000, peers, holding });
      const figures = `${holding}, ${peers} peers: ${looks} looks, ${settlings} settlings`;
      assertGreater(settlings, 1, figures);
      assertLess(settlings, 2.5, figures);
      // Each peer is told of each piece, and whether we still want something of it is looked at.
      assertLess(looks - 2 * peers / BLOCKS_PER_PIECE, 5, figures);
    }
  }
});

Deno.test("where a piece is one block, its cost is that of a piece", { permissions }, () => {
  for (const peers of [10, 100]) {
    const { settlings } = costOf({ pieces: 20_000, peers, blocksPerPiece: 1 });
    assertLess(settlings, 8, `${peers} peers`);
  }
});

/** What these messages of one peer, said again and again, make a leecher look at: each, on average. */
function looksPerMessage(pieces: number, messages: readonly Message[]): number {
  const machine = new LeecherMachine({ pieces, peers: 3 });
  const [flipper] = machine.swarm.connections.values();
  let looks = 0;
  const { nextCommon } = Bitfield.prototype;
  const { increment, decrement } = RarestFirst.prototype;
  const counted = <Args extends unknown[], T>(method: (...args: Args) => T) =>
    function (this: unknown, ...args: Args): T {
      looks++;
      return method.apply(this, args);
    };
  const say = () => {
    for (const message of messages) {
      machine.swarm.received(flipper!, message, machine.nowMs);
      machine.swarm.poll(machine.nowMs);
      machine.swarm.pollActions();
    }
  };
  say(); // who loses its first piece is counted from then on
  Bitfield.prototype.nextCommon = counted(nextCommon);
  Object.assign(RarestFirst.prototype, {
    increment: counted(increment),
    decrement: counted(decrement),
  });
  try {
    for (let turn = 0; turn < 200; turn++) say();
  } finally {
    Object.assign(Bitfield.prototype, { nextCommon });
    Object.assign(RarestFirst.prototype, { increment, decrement });
  }
  return looks / (200 * messages.length);
}

Deno.test("no message makes us look at every piece, however often a peer changes its mind", {
  permissions,
}, () => {
  const payload = encodeDontHave(7);
  const lost = { type: "extended", id: OurExtension.dontHave, payload } as const;
  const flips: Message[][] = [
    [lost, { type: "have", piece: 7 }],
    [{ type: "choke" }, { type: "unchoke" }],
    [{ type: "interested" }, { type: "notInterested" }],
    [{ type: "cancel", piece: 7, begin: 0, length: 16_384 }],
    [{ type: "reject", piece: 7, begin: 0, length: 16_384 }],
    [{ type: "allowedFast", piece: 7 }, { type: "suggest", piece: 7 }],
  ];
  for (const messages of flips) {
    const looks = looksPerMessage(40_000, messages);
    assertLess(looks, 40, `${messages.map(({ type }) => type)}: ${looks} looks a message`);
  }
});
