/**
 * The cost of one block for the whole state machine, from its message to the requests that follow, by the
 * number of pieces and of peers. The figures of a group should be similar. A peer still costs something,
 * because every piece is announced to every peer.
 *
 *     deno bench -A bench/micro/swarm_state_bench.ts
 *
 * @module
 */

import { LeecherMachine, type MachineOptions } from "./leecher_machine.ts";
import { SeederMachine } from "./seeder_machine.ts";

const BLOCKS = 100;
/** Blocks delivered before the measurement, until the engine has compiled the hot code. */
const WARM_UP_BLOCKS = 10_000;

function fetching(group: string, options: MachineOptions): void {
  const { pieces, peers, holding = "everything", blocksPerPiece = 16 } = options;
  let machine: LeecherMachine | undefined;
  const has = { everything: "all", halves: "a half", hundredths: "a hundredth" }[holding];
  const name = `${BLOCKS} blocks, ${pieces.toLocaleString("en")} pieces of ${blocksPerPiece}, ` +
    `${peers} peers with ${has}`;
  Deno.bench(name, { group }, (b) => {
    if (!machine?.isBusy) {
      machine = new LeecherMachine(options);
      for (let i = 0; i < WARM_UP_BLOCKS && machine.isBusy; i++) machine.deliver();
      if (!machine.isBusy) machine = new LeecherMachine(options);
    }
    b.start();
    for (let i = 0; i < BLOCKS; i++) machine.deliver();
    b.end();
  });
}

for (const pieces of [1000, 10_000, 100_000]) fetching("by pieces", { pieces, peers: 50 });
for (const holding of ["halves", "hundredths"] as const) {
  for (const pieces of [1000, 10_000, 100_000]) {
    fetching(`by pieces, ${holding}`, { pieces, peers: 50, holding });
  }
}
for (const holding of ["everything", "halves"] as const) {
  for (const peers of [10, 100, 500]) {
    fetching(`by peers, ${holding}`, { pieces: 10_000, peers, holding });
  }
}
for (const pieces of [10_000, 100_000]) {
  fetching("pieces of one block", { pieces, peers: 50, blocksPerPiece: 1 });
}

for (const peers of [10, 100, 500]) {
  let machine: SeederMachine | undefined;
  const name = `32 blocks served, ${peers} peers that want more`;
  Deno.bench(name, { group: "serving" }, (b) => {
    machine ??= new SeederMachine({ pieces: 10_000, peers });
    b.start();
    machine.serve();
    b.end();
  });
}
