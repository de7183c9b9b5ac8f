/**
 * The benchmark of trackers still runs, with a small crowd.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { measure, startShoal } from "../../bench/machine/tracker.ts";

Deno.test({
  name: "a crowd from many addresses announces itself to a tracker, and is told peers",
  // The load is made with Linux's own system calls.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const crowd = { peers: 3000, swarms: 10, addresses: 6 };
    const run = await measure(startShoal, crowd, 1000);
    assertEquals(run.lost, 0);
    // In swarms of 300 all get the 50 peers they want, but for seeders, who are told leechers only.
    assert(run.peersPerAnswer > 49, JSON.stringify(run));
    assert(run.announcesPerSecond > 0 && run.joinsPerSecond > 0, JSON.stringify(run));
  },
});
