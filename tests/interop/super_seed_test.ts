/**
 * A seeder that is the only source hides what it has and offers pieces one by one (BEP 16). Other programs
 * get the file from it all the same as fast as it sends.
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile } from "../../support/content.ts";
import { foreignTest } from "../../support/foreign.ts";
import { TempFolder } from "../../support/temp.ts";
import { FOREIGN_CLIENTS, type ForeignClient } from "../support/clients/foreign_clients.ts";
import { makeOrigin } from "../support/clients/library.ts";
import { onTwoMachines } from "../support/clients/two_machines.ts";
import { skipsNetworks } from "../support/network/network.ts";

const LENGTH = 6 * 2 ** 20 + 1;
const BYTES_PER_SECOND = 2 ** 20;
/** How much longer than the bound it may take; to get going, and to notice the end, comes on top. */
const SLACK = 1.25;
const START_SECONDS = 4;
/** How much more may be sent than is needed, as a part of the file. */
const WASTE = 0.1;
const NAME = "data.bin";

const CASES = {
  "it is alone": { copies: 1, present: 0 },
  "it has half of it already": { copies: 1, present: 0.5 },
  "there are two of it": { copies: 2, present: 0 },
};

/** So many of the program, each with a part of the file at first, get it from our seeder. */
async function download(client: ForeignClient, copies: number, present: number): Promise<void> {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, LENGTH);
  const part = bytes.subarray(0, LENGTH * present);
  const theirs = await Promise.all(Array.from({ length: copies }, async (_, copy) => {
    const folder = await temp.folder(`${copy}`);
    if (part.length > 0) await Deno.writeFile(join(folder, NAME), part);
    return folder;
  }));
  const shape = { content: path, format: "v1", pieceLength: 65_536 } as const;
  const who = { client: client.name, theirs, bytesPerSecond: BYTES_PER_SECOND };
  await onTwoMachines({ ...shape, ...who, temp }, async (seeder, members) => {
    await seeder.line(/^connected to/, { nth: copies });
    const startMs = performance.now();
    await members.line(/^finished$/, { from: "stdout", nth: copies, timeoutMs: 60_000 });
    const seconds = (performance.now() - startMs) / 1000;
    const needed = copies * (1 - present);
    const bound = needed * LENGTH / BYTES_PER_SECOND;
    const most = bound * SLACK + START_SECONDS + client.hesitationSeconds;
    assertLess(seconds, most, `${bound} s would do`);
    assertEquals(await members.exit(), 0);
    const [, ratio] = await seeder.line(/ 0 peers, .* ratio ([0-9.]+)$/);
    assertLess(Number(ratio), needed + WASTE, "of the file was sent");
  });
  for (const folder of theirs) {
    assertEquals(await sha256OfFile(join(folder, NAME)), await sha256OfFile(path));
  }
}

if (skipsNetworks()) {
  console.error("skipped: super-seeding to other programs needs Linux's network namespaces");
} else {
  for (const client of FOREIGN_CLIENTS) {
    const title = `${client.name} downloads from a super-seeder as fast as that sends`;
    foreignTest(title, [client.program], async (test) => {
      // Of steps at the same time none can tell whose operations are left; the test around them can.
      const alone = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      const steps = Object.entries(CASES).map(([name, { copies, present }]) =>
        test.step({ name, fn: () => download(client, copies, present), ...alone })
      );
      await Promise.all(steps);
    });
  }
}
