/**
 * Attacks on real programs that take too long for the tests, each with an honest user beside it.
 *
 *     deno task attack [NAME...]
 *
 * All of them without a name, one after the other; they use loopback and networks of their own, which needs
 * Linux. Exit code 1 when one of them succeeds.
 * @module
 */

import { againstClients } from "./against_clients.ts";
import { againstLeechers } from "./against_leechers.ts";
import { againstRollCalls } from "./against_roll_calls.ts";
import { againstSeeders } from "./against_seeders.ts";
import { againstTrackers } from "./against_trackers.ts";
import { againstLocalNetwork } from "./against_local_network.ts";
import { Arena } from "./arena.ts";

const attacks = [
  ...againstSeeders,
  ...againstLeechers,
  ...againstTrackers,
  ...againstRollCalls,
  ...againstClients,
  ...againstLocalNetwork,
];
const unknown = Deno.args.find((name) => !attacks.some((attack) => attack.name === name));
if (unknown !== undefined) {
  console.error(`no attack is called ${unknown}; there are`);
  for (const { name, story } of attacks) console.error(`  ${name.padEnd(24)} ${story}`);
  Deno.exit(2);
}
let succeeded = 0;
for (const { name, story, run } of attacks) {
  if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
  console.log(`\n${name}: ${story}`);
  await using arena = await Arena.open();
  const { holds, measured } = await run(arena);
  console.log(`  ${holds ? "withstood" : "SUCCEEDED"}: ${measured}`);
  if (!holds) succeeded++;
}
console.log(`\n${succeeded} attacks succeeded`);
Deno.exit(succeeded === 0 ? 0 : 1);
